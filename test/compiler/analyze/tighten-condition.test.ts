import { expect, test } from 'vitest'
import { createConditions, type SeenFacts } from '../../../compiler/analyze/tighten-condition.ts'
import { writtenOf } from './written.ts'

/** The condition after some uses, as text. */
function narrowed(condition: string, uses: readonly SeenFacts[], knowsArguments = true): string {
  const policy = writtenOf(`set office = cidr [10.0.0.1, 10.0.0.2]
autonomous agent a { allow read on x when ${condition} }`)
  const conditions = createConditions(policy)
  for (const facts of uses) conditions.add(facts, [0], knowsArguments)
  let text = policy.files[0]?.text ?? ''
  for (const { span, text: inserted } of conditions.edits(0).toReversed()) {
    text = text.slice(0, span.start) + inserted + text.slice(span.end)
  }
  return /when (.*) }/.exec(text)?.[1] ?? ''
}

const AT = (stamp: string) => ({ now: Date.parse(stamp) })

test.each([
  ['trust >= 5', [{ trust: 9.5 }, { trust: 7 }], 'trust >= 7'],
  ['cost <= 0.50', [{ cost: 0.25 }, { cost: 0 }], 'cost <= 0.25'],
  ['args.n <= 5', [{ args: { n: 5 } }], 'args.n <= 5'],
  ['args.deep.n <= 5', [{ args: { deep: { n: 2 } } }], 'args.deep.n <= 2'],
  ['len.t <= 9', [{ args: { t: 'aé😀' } }], 'len.t <= 3'],
  ['args.m in ["a", "b", "c"]', [{ args: { m: 'c' } }, { args: { m: 'a' } }], 'args.m in ["a", "c"]'],
  ['args.n in [1, 2.50]', [{ args: { n: 2.5 } }], 'args.n in [2.50]'],
  ['ip in cidr [10.0.0.0/8, 192.0.2.0/24]', [{ ip: '192.0.2.7' }], 'ip in cidr [192.0.2.0/24]'],
  ['time in hours mon 09:00-10:00, sun 09:00-10:00', [AT('2026-01-04T09:30:00Z')], 'time in hours sun 09:00-10:00'],
  ['time in hours thu 00:00-01:00, fri 00:00-01:00', [AT('1970-01-01T00:00:00Z')], 'time in hours thu 00:00-01:00'],
])('%s seen with %j', (condition, uses, expected) => {
  expect(narrowed(condition, uses)).toBe(expected)
})

test.each([
  ['not trust >= 5', [{ trust: 1 }]],
  ['args.n = 5', [{ args: { n: 5 } }]],
  ['ip in office', [{ ip: '10.0.0.1' }]],
  ['args.n <= 5', [{ args: { n: 1 } }, { args: {} }]],
  ['args.m in ["a", "b"]', [{ args: { m: 'a' } }, {}]],
  ['args.m <= 5', []],
])('%s stays as it is after %j', (condition, uses) => {
  expect(narrowed(condition, uses)).toBe(condition)
})

test('without the arguments only what is not about them is narrowed', () => {
  expect(narrowed('args.n <= 5 and trust >= 1', [{ args: { n: 1 }, trust: 2 }], false)).toBe(
    'args.n <= 5 and trust >= 2',
  )
})
