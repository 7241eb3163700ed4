import fc from 'fast-check'
import { expect, it } from 'vitest'
import { mayOverlap, segmentAlternatives } from '../../../compiler/algebra/pattern-overlap.ts'
import { formatPattern, type PatternLiteral, parsePattern } from '../../../compiler/model/index.ts'
import { matchesPattern } from '../../../compiler/reference/pattern.ts'

function literal(text: string): PatternLiteral {
  const parsed = parsePattern(text)
  if (!parsed.ok) throw new Error(`${text}: ${parsed.fault.message}`)
  return parsed.value
}

it.each([
  ['a', 'a', true],
  ['a', 'b', false],
  ['a:b', 'a', false],
  ['a:**', 'a', false],
  ['a:**', 'a:b:c', true],
  ['a:**', 'b:**', false],
  ['**', 'a:b', true],
  ['{a,b}:x', '{b,c}:x', true],
  ['{a,b}:x', '{c,d}:x', false],
  ['a:*', 'a:b', true],
  ['a:*:**', 'a:b', false],
])('%s and %s may meet: %s', (a, b, expected) => {
  expect([mayOverlap(literal(a), literal(b)), mayOverlap(literal(b), literal(a))]).toEqual([expected, expected])
})

const segment = fc.constantFrom('a', 'b', '*', '{a,b}', '{b,c}', 'a*')
const pattern = fc
  .tuple(fc.array(segment, { minLength: 1, maxLength: 3 }), fc.boolean())
  .map(([segments, isRest]) => [...segments, ...(isRest ? ['**'] : [])].join(':'))
  .filter((text) => text !== '*')
const resource = fc.array(fc.constantFrom('a', 'b', 'c', 'ab'), { minLength: 1, maxLength: 4 })

it('two patterns that match one resource may meet', () => {
  fc.assert(
    fc.property(pattern, pattern, resource, (a, b, segments) => {
      const areBoth = matchesPattern(literal(a), segments) && matchesPattern(literal(b), segments)
      if (areBoth) expect([a, b, mayOverlap(literal(a), literal(b))]).toEqual([a, b, true])
    }),
    { numRuns: 2000 },
  )
})

it('multiplies the choices of a segment out, up to 64', () => {
  const texts = (text: string) =>
    segmentAlternatives(literal(text).segments[0] ?? [])?.map((parts) =>
      formatPattern({ segments: [parts], rest: false }),
    )
  expect([
    texts('a{b,c}*{d,e}'),
    texts('{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}')?.length,
    texts('{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}'),
  ]).toEqual([['ab*d', 'ab*e', 'ac*d', 'ac*e'], 64, undefined])
})
