import { expect, test } from 'vitest'
import { coverOf } from '../../../runtime/authority/cover.ts'

test('what permissions speak of is covered, whatever they ask for', () => {
  const covers = coverOf(
    [
      { resource: 'mcp:files:*', actions: ['execute', 'read'], constraints: { maxCallsPerHour: 1 } },
      { resource: 'mcp:notes:**', actions: ['*'], constraints: { requireApproval: true } },
      { resource: 'mcp:{a,b}:x-*', actions: ['write'] },
    ],
    'files',
  )
  const cases = [
    ['execute', 'mcp:files:read', true],
    ['write', 'mcp:files:read', false],
    ['execute', 'mcp:files', false],
    ['execute', 'mcp:files:resource:x', false],
    ['anything', 'mcp:notes:resource:x', true],
    ['write', 'mcp:a:x-1', true],
    ['write', 'mcp:c:x-1', false],
    ['write', 'mcp:a:y', false],
    ['execute', 'MCP:files:read', false],
    ['', '', false],
  ] as const
  expect(cases.map(([action, resource]) => covers(action, resource))).toEqual(cases.map(([, , answer]) => answer))
})

test('no permission covers nothing, and what is none is refused by name', () => {
  expect(coverOf([], 'none')('read', 'a')).toBe(false)
  expect(() => coverOf([{ resource: 'a::b', actions: ['read'] }], 'odd')).toThrow(
    expect.objectContaining({ code: 'KVCH_E_CONFIG_INVALID' }),
  )
})
