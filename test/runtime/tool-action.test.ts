import { expect, test } from 'vitest'
import { toolAction, toolResource } from '../../runtime/tool-action.ts'

test('every tool is executed, unless the hints of the server count', () => {
  const hints = [
    undefined,
    {},
    { readOnlyHint: true },
    { destructiveHint: true },
    { readOnlyHint: true, destructiveHint: true },
  ]
  expect(hints.map((hint) => toolAction(hint, 'execute'))).toEqual(Array(5).fill('execute'))
  expect(hints.map((hint) => toolAction(hint, 'hints'))).toEqual(['write', 'write', 'read', 'delete', 'read'])
})

test('a tool whose name would be read as another resource has none', () => {
  expect(toolResource('files', 'read_file')).toBe('mcp:files:read_file')
  expect(toolResource('files', '__proto__')).toBe('mcp:files:__proto__')
  expect(toolResource('files', 'łatka')).toBe('mcp:files:łatka')
  const odd = ['', 'resource:x', 'a*', 'a\u0000b', 'a\u0085b', 'e\u0301', '\ud800', '\ufffd', 'x'.repeat(129)]
  expect(odd.map((name) => toolResource('files', name))).toEqual(odd.map(() => undefined))
})
