import { expect, test } from 'vitest'
import { MAX_RESOURCE_SEGMENTS, toResource } from '../../../../compiler/analyze/cedar/resource.ts'

test('a resource is its segments and their number', () => {
  expect(toResource('mcp:é x:a')).toEqual({
    uid: { type: 'Resource', id: 'mcp:é x:a' },
    attrs: { count: 3, s0: 'mcp', s1: 'é x', s2: 'a' },
    parents: [],
  })
})

test('what is no resource is none', () => {
  const segments = (count: number) => Array.from({ length: count }, () => 'a').join(':')
  const texts = [
    '',
    'a:',
    ':a',
    'a::b',
    'a*',
    'a\u0000',
    'e\u0301',
    'a'.repeat(129),
    segments(MAX_RESOURCE_SEGMENTS + 1),
  ]
  expect(texts.map(toResource)).toEqual(texts.map(() => undefined))
  expect(toResource(segments(MAX_RESOURCE_SEGMENTS))?.attrs.count).toBe(32)
})
