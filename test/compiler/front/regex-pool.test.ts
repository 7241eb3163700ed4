import { expect, it } from 'vitest'
import { createRegexPool } from '../../../compiler/front/regex-pool.ts'
import { parseRegex } from '../../../compiler/model/index.ts'
import type { RegexNode } from '../../../grammar/index.ts'

function node(text: string): RegexNode {
  const parsed = parseRegex(text)
  if (!parsed.ok) throw new Error(parsed.fault.message)
  return { kind: 'regex', start: 0, end: text.length, text, value: parsed.value }
}

it('gives the same automaton to the same text, and none to a regex that is too large', () => {
  const pool = createRegexPool()
  const first = pool.get(node('/a+/'))
  expect(first?.stateCount).toBe(3)
  expect(pool.get(node('/a+/'))).toBe(first)
  expect(pool.get(node('/a+/i'))).not.toBe(first)
  expect([pool.get(node('/(a|b)*a(a|b){12}/')), pool.get(node('/(a|b)*a(a|b){12}/'))]).toEqual([undefined, undefined])
})
