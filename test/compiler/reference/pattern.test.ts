import { expect, test } from 'vitest'
import { ask } from './ask.ts'

function matches(pattern: string, ...resources: readonly string[]): readonly boolean[] {
  return resources.map((resource) => ask(`service agent a { allow read on ${pattern} }`, { resource }).allowed)
}

test('a star is exactly one segment, two stars one or more', () => {
  expect(matches('mcp:github:*', 'mcp:github:repos', 'mcp:github', 'mcp:github:repos:1')).toEqual([true, false, false])
  expect(matches('mcp:**', 'mcp', 'mcp:a', 'mcp:a:b:c')).toEqual([false, true, true])
  expect(matches('**', 'a', 'a:b')).toEqual([true, true])
})

test('inside a segment a star is any text, also none', () => {
  expect(matches('x:pr-*', 'x:pr-', 'x:pr-1', 'x:PR-1', 'x:pr-1:2')).toEqual([true, true, false, false])
  expect(matches('x:a*b*c', 'x:abc', 'x:a😀b-c', 'x:acb')).toEqual([true, true, false])
})

test('braces are alternatives, of texts and globs', () => {
  expect(matches('x:{issues,pulls}', 'x:issues', 'x:pulls', 'x:issue')).toEqual([true, true, false])
  expect(matches('x:a{b,c*}d', 'x:abd', 'x:acccd', 'x:ad')).toEqual([true, true, false])
})

test('a quoted segment is its text', () => {
  expect(matches('x:"a b{"', 'x:a b{', 'x:a b')).toEqual([true, false])
})
