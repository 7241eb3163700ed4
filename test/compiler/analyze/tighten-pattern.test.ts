import fc from 'fast-check'
import { expect, test } from 'vitest'
import { acceptsText, compilePattern } from '../../../compiler/algebra/index.ts'
import { type Generalise, narrowPattern } from '../../../compiler/analyze/tighten-pattern.ts'
import { formatPattern, type PatternLiteral, parsePattern } from '../../../compiler/model/index.ts'

function patternOf(text: string): PatternLiteral {
  const parsed = parsePattern(text)
  if (!parsed.ok) throw new TypeError(parsed.fault.message)
  return parsed.value
}

function narrowed(granted: string, resources: readonly string[], generalise: Generalise): readonly string[] {
  return narrowPattern(patternOf(granted), resources, generalise).map(formatPattern)
}

const most = (count: number): Generalise => ({ kind: 'values', most: count })

test.each([
  ['docs:**', ['docs:a', 'docs:b'], { kind: 'none' }, ['docs:a', 'docs:b']],
  ['docs:**', ['docs:a', 'docs:b'], most(2), ['docs:{a,b}']],
  ['docs:**', ['docs:a', 'docs:b'], most(1), ['docs:*']],
  ['docs:**', ['docs:a:x', 'docs:b:x'], most(1), ['docs:*:x']],
  ['docs:**', ['docs:a', 'docs:b:c'], most(1), ['docs:**']],
  ['docs:**', ['docs:a', 'docs:b:c'], most(2), ['docs:a', 'docs:b:c']],
  ['docs:pr-*', ['docs:pr-1', 'docs:pr-2', 'docs:pr-3'], most(2), ['docs:pr-*']],
  ['docs:{a,b,c}', ['docs:c'], most(1), ['docs:c']],
  ['docs:*', ['docs:odd name', 'docs:b'], most(8), ['docs:*']],
  ['docs:*', ['docs:odd name'], most(8), ['docs:"odd name"']],
  ['**', ['a', 'b'], most(1), ['**']],
  ['docs:*', Array.from({ length: 65 }, (_, n) => `docs:${n}`), { kind: 'none' }, ['docs:*']],
] as const)('%s used for %j', (granted, resources, generalise, expected) => {
  expect(narrowed(granted, resources, generalise)).toEqual(expected)
})

const segment = fc.constantFrom('a', 'b', 'ab', 'x-1', 'x-2', 'odd name')
const resource = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => segments.join(':'))
const granted = fc.constantFrom('**', 'a:**', '*:*', '{a,b}:**', 'a*:x-*', '*:{a,b}', 'a:*:**', '{a,x-*}:*:*')
const how = fc.oneof(fc.constant<Generalise>({ kind: 'none' }), fc.integer({ min: 1, max: 4 }).map(most))

test('what is narrowed accepts every resource that was used, and no other than what was granted', () => {
  fc.assert(
    fc.property(granted, fc.array(resource, { maxLength: 12 }), resource, how, (pattern, some, any, generalise) => {
      const whole = compilePattern(patternOf(pattern))
      const used = some.filter((text) => acceptsText(whole, text))
      if (used.length === 0) return
      const texts = narrowed(pattern, used, generalise)
      const parts = texts.map((text) => compilePattern(patternOf(text)))
      const accepts = (text: string) => parts.some((dfa) => acceptsText(dfa, text))
      expect(used.filter((text) => !accepts(text))).toEqual([])
      if (accepts(any)) expect(acceptsText(whole, any)).toBe(true)
    }),
    { numRuns: 500 },
  )
})
