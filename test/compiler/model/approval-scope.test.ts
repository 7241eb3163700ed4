import { expect, test } from 'vitest'
import { scopeBox } from '../../../compiler/algebra/rule-box.ts'
import { createUniverse } from '../../../compiler/algebra/universe.ts'
import { readApprovalScopes } from '../../../compiler/model/approval-scope.ts'
import { jsonPlace } from '../../../compiler/model/json-place.ts'
import { parsePattern } from '../../../compiler/model/literals/pattern.ts'
import type { GrantModel } from '../../../compiler/model/policy.ts'

function grantOf(actions: readonly string[] | undefined, pattern: string): GrantModel {
  const parsed = parsePattern(pattern)
  if (!parsed.ok) throw new TypeError(parsed.fault.message)
  return { id: 0, actions, patterns: [parsed.value] }
}

/** What the parts say of each request: nothing, that it is granted, or that it needs an approval. */
function judge(grant: GrantModel, entries: readonly string[], requests: readonly string[]): readonly string[] {
  const parts = readApprovalScopes(jsonPlace(entries))(grant)
  const universe = createUniverse()
  return requests.map((request) => {
    const [action = '', resource = ''] = request.split(' ')
    const granting = parts.filter((part) => {
      const box = scopeBox(part, universe)
      const [names, texts] = [box?.get('action'), box?.get('resource')]
      const isNamed = names === undefined || (names.kind === 'names' && names.names.has(action) !== names.isExcluding)
      return isNamed && texts?.kind === 'text' && universe.languages.accepts(texts.language, resource)
    })
    if (granting.length > 1) return 'granted twice'
    const [only] = granting
    return only === undefined ? 'no' : only.approval === undefined ? 'yes' : 'approval'
  })
}

const REQUESTS = [
  'write payments',
  'write payments:a',
  'write payments:a:b',
  'write other',
  'read payments',
  'zap payments',
]

test('an entry is its action on its resource and on all below it', () => {
  expect(judge(grantOf(['read', 'write'], '**'), ['payments:write'], REQUESTS)).toEqual([
    'approval',
    'approval',
    'approval',
    'yes',
    'yes',
    'no',
  ])
})

test('of all actions all but the named ones are left alone, unknown ones too', () => {
  expect(judge(grantOf(undefined, '**'), ['payments:write'], REQUESTS)).toEqual([
    'approval',
    'approval',
    'approval',
    'yes',
    'yes',
    'yes',
  ])
})

test('an entry without a resource is an action on everything', () => {
  expect(judge(grantOf(undefined, 'payments:*'), ['write'], REQUESTS)).toEqual([
    'no',
    'approval',
    'no',
    'no',
    'no',
    'no',
  ])
})

test('a star in the place of the action is every action', () => {
  expect(judge(grantOf(['read', 'write'], '**'), ['payments:*'], REQUESTS)).toEqual([
    'approval',
    'approval',
    'approval',
    'yes',
    'approval',
    'no',
  ])
})

test('entries add up, and what overlaps needs one approval', () => {
  expect(judge(grantOf(undefined, '**'), ['payments:a:write', 'payments:write', 'zap'], REQUESTS)).toEqual([
    'approval',
    'approval',
    'approval',
    'yes',
    'yes',
    'approval',
  ])
})

test('a pattern that shares a part with the grant is cut to that part', () => {
  const requests = ['read mcp:a:x', 'read mcp:b:x', 'read mcp:a:y', 'read web:a:x']
  expect(judge(grantOf(['read'], 'mcp:*:x'), ['mcp:a:read'], requests)).toEqual(['approval', 'yes', 'no', 'no'])
})

test('what the grant does not hold leaves it as it is', () => {
  const grant = grantOf(['read'], 'mcp:a')
  expect(readApprovalScopes(jsonPlace(['mcp:b:read', 'mcp:a:write']))(grant)).toEqual([grant])
})

test('a grant that needs an approval already is not taken apart', () => {
  const grant: GrantModel = { ...grantOf(undefined, '**'), approval: {} }
  expect(readApprovalScopes(jsonPlace(['payments:write']))(grant)).toEqual([grant])
})

test('entries that are none are faults with their place', () => {
  const read = (entries: unknown) => () => readApprovalScopes(jsonPlace(entries, 'requireApprovalFor'))
  expect(read('payments:write')).toThrow('requireApprovalFor: must be a list')
  expect(read(['payments:'])).toThrow('requireApprovalFor[0]: the action is empty')
  expect(read(['write', '*:write'])).toThrow('requireApprovalFor[1]: `*` alone matches only resources of one segment')
  expect(read(Array.from({ length: 31 }, (_, n) => `act${n}`))).toThrow('must name at most 30 different actions')
})
