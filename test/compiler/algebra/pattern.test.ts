import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { acceptsText, compilePattern, isSmallPattern } from '../../../compiler/algebra/index.ts'
import { type PatternLiteral, parsePattern } from '../../../compiler/model/index.ts'
import { matchesPattern } from '../../../compiler/reference/pattern.ts'

function literal(text: string): PatternLiteral {
  const parsed = parsePattern(text)
  if (!parsed.ok) throw new Error(`${text}: ${parsed.fault.message}`)
  return parsed.value
}

function matched(pattern: string, resources: readonly string[]): readonly string[] {
  const dfa = compilePattern(literal(pattern))
  return resources.filter((resource) => acceptsText(dfa, resource))
}

const RESOURCES = [
  'a',
  'b',
  'a:b',
  'a:b:c',
  'a:bc',
  'ab',
  'ab:c',
  'é',
  'a:é',
  'a:bé',
  'pr-',
  'pr-1',
  'a:pr-😀',
  'a:b:c:d',
]

const glob = fc
  .array(fc.constantFrom('a', 'b', 'ab', '*'), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join(''))
const choice = fc.array(glob, { minLength: 1, maxLength: 3 }).map((options) => `{${options.join()}}`)
const segment = fc.oneof(
  glob,
  fc.array(fc.oneof(glob, choice), { minLength: 1, maxLength: 2 }).map((parts) => parts.join('')),
  fc.constantFrom('"é"', '"a b"'),
)
const pattern = fc
  .tuple(fc.array(segment, { minLength: 1, maxLength: 3 }), fc.boolean())
  .map(([segments, isRest]) => [...segments, ...(isRest ? ['**'] : [])].join(':'))
  .filter((text) => parsePattern(text).ok)
const resource = fc
  .array(fc.array(fc.constantFrom('a', 'b', 'c', 'é', ' '), { minLength: 1, maxLength: 4 }), {
    minLength: 1,
    maxLength: 4,
  })
  .map((segments) => segments.map((characters) => characters.join('')).join(':'))

describe('the automaton of a pattern', () => {
  it.each([
    ['**', RESOURCES],
    ['a', ['a']],
    ['a:*', ['a:b', 'a:bc', 'a:é', 'a:bé', 'a:pr-😀']],
    ['a:**', ['a:b', 'a:b:c', 'a:bc', 'a:é', 'a:bé', 'a:pr-😀', 'a:b:c:d']],
    ['a:b*', ['a:b', 'a:bc', 'a:bé']],
    ['{a,b}', ['a', 'b']],
    ['{a,ab}:{b,c}', ['a:b', 'ab:c']],
    ['pr-*', ['pr-', 'pr-1']],
    ['*:*:c', ['a:b:c']],
    ['*:*:**', ['a:b:c', 'a:b:c:d']],
    ['{*,x}:{c}', ['ab:c']],
    ['a:"é"', ['a:é']],
  ])('%s', (text, expected) => {
    expect(matched(text, RESOURCES)).toEqual(expected)
  })

  it('agrees with the reference on every resource', () => {
    fc.assert(
      fc.property(pattern, fc.array(resource, { minLength: 10, maxLength: 10 }), (text, resources) => {
        const expected = resources.filter((sample) => matchesPattern(literal(text), sample.split(':')))
        expect(matched(text, resources)).toEqual(expected)
      }),
      { numRuns: 500 },
    )
  })

  it('accepts nothing that is no resource', () => {
    const invalid = ['', ':', 'a:', ':a', 'a::b', 'a:*', 'a*', 'a\u0000', 'a\u009f', 'a\u007f', '\ufffd', 'a\n:b']
    expect(['**', '*:**', 'a*', '*:*', 'a:**', '{a,*}:**'].flatMap((text) => matched(text, invalid))).toEqual([])
  })

  it.each([
    ['{*,a}', '{a,*,b*}'],
    ['*:**', '{*}:**'],
    ['{a,b}c', '{ac,bc}'],
    ['{*a,a*}{*,b}', '{a*,*a}*'],
  ])('%s and %s are the same bytes', (a, b) => {
    expect(compilePattern(literal(a))).toEqual(compilePattern(literal(b)))
  })

  it('is refused above 4,096 states', () => {
    const text = `{${Array.from({ length: 40 }, (_, i) => `a${'b'.repeat(i)}*${'c'.repeat(40 - i)}${i}`).join()}}`
    expect(isSmallPattern(literal(text))).toBe(false)
    expect(() => compilePattern(literal(text))).toThrow('the automaton needs too many states')
  })

  it('fits whenever `isSmallPattern` says so', () => {
    const long = [
      `${Array.from({ length: 31 }, () => 'abcdefgh*abc').join(':')}:**`,
      Array.from({ length: 3 }, () => `"${'😀'.repeat(32)}"`).join(':'),
      `*${'ab'.repeat(60)}*${'ba'.repeat(60)}*`,
    ]
    expect(
      long.map((text) => [isSmallPattern(literal(text)), compilePattern(literal(text)).stateCount < 4097]),
    ).toEqual(long.map(() => [true, true]))
  })
})
