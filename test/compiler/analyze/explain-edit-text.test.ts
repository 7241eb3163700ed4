import { expect, test } from 'vitest'
import type { GrantPlace } from '../../../compiler/analyze/explain-edit.ts'
import { placeEdit } from '../../../compiler/analyze/explain-edit-text.ts'
import { checkPolicy } from '../../../compiler/front/index.ts'
import { parsePolicy } from '../../../grammar/index.ts'

function policyOf(text: string) {
  const { file } = parsePolicy('p.kavach', text)
  return { files: [file], map: checkPolicy([file]).map }
}

function madeIn(text: string, edit: Parameters<typeof placeEdit>[0]) {
  const placed = placeEdit(edit, policyOf(text))
  if (placed === undefined) return undefined
  const { span, text: put } = placed.edit
  return { line: placed.line, text: text.slice(0, span.start) + put + text.slice(span.end) }
}

const GRANT = { id: 0, actions: ['read'], patterns: [] }
const addTo = (to: GrantPlace) => ({ kind: 'add-grant' as const, to, grant: GRANT, text: 'allow read on x' })

test.each([
  [
    'an empty block of one line',
    'policy p\nagent',
    'autonomous agent a {}',
    'autonomous agent a {\n  allow read on x\n}',
  ],
  [
    'a block of one line',
    '',
    'autonomous agent a { allow write on y }',
    'autonomous agent a { allow write on y \n  allow read on x\n}',
  ],
  ['an empty block', '', 'autonomous agent a {\n}', 'autonomous agent a {\n  allow read on x\n}'],
  [
    'a grant of several lines',
    '',
    'autonomous agent a {\n  allow write on y\n    rate 5 per day // c\n}',
    'autonomous agent a {\n  allow write on y\n    rate 5 per day // c\n  allow read on x\n}',
  ],
])('a grant goes into %s', (_, __, before, after) => {
  expect(madeIn(`policy p\n${before}\n`, addTo({ kind: 'agent', name: 'a' }))?.text).toBe(`policy p\n${after}\n`)
})

test('actions and patterns are quoted where they must be', () => {
  const text = 'policy p\nrole r {\n  allow write on a:b\n}\n'
  expect(madeIn(text, { kind: 'add-action', grant: 0, action: 'odd name' })?.text).toContain(
    'allow write, "odd name" on a:b\n',
  )
  expect(madeIn(text, { kind: 'add-pattern', grant: 0, pattern: 'x:é y' })?.text).toContain('on a:b, x:"é y"\n')
})

test('a depth is changed where it stands, and added where it does not', () => {
  const text =
    'policy p\nautonomous agent a {\n  may delegate depth 1\n}\ndelegated agent b {\n}\ndelegate a -> b {\n  allow read on x\n}\n'
  expect(madeIn(text, { kind: 'set-may-delegate', of: { kind: 'agent', name: 'a' }, depth: 3 })).toEqual({
    line: 3,
    text: text.replace('depth 1', 'depth 3'),
  })
  expect(madeIn(text, { kind: 'set-depth', from: 'a', to: 'b', depth: 2 })?.text).toBe(
    text.replace('allow read on x\n', 'allow read on x\n  depth 2\n'),
  )
})

test('a place that the text does not have is no place', () => {
  const text = 'policy p\nautonomous agent a {\n}\n'
  expect(madeIn(text, addTo({ kind: 'boundary' }))).toBeUndefined()
  expect(madeIn(text, addTo({ kind: 'delegation', from: 'a', to: 'b' }))).toBeUndefined()
  expect(madeIn(text, { kind: 'add-unless', forbid: 4, atoms: [], text: 'unless trust >= 1' })).toBeUndefined()
})
