import fc from 'fast-check'
import { expect, it } from 'vitest'
import { acceptsText, createBudget, TooHard } from '../../../compiler/algebra/index.ts'
import { compileTexts } from '../../../compiler/algebra/texts.ts'
import { regexDfa, textsUpTo } from './samples.ts'

const TEXTS = textsUpTo(4)

it('accepts exactly the texts', () => {
  fc.assert(
    fc.property(fc.subarray([...TEXTS], { maxLength: 12 }), (texts) => {
      const dfa = compileTexts(texts, createBudget(1e6))
      expect(TEXTS.filter((text) => acceptsText(dfa, text))).toEqual(texts)
    }),
    { numRuns: 300 },
  )
})

it('makes the bytes of the regex that lists them', () => {
  fc.assert(
    fc.property(fc.subarray([...TEXTS], { minLength: 1, maxLength: 8 }), (texts) => {
      expect(compileTexts(texts, createBudget(1e6))).toEqual(regexDfa(`(${texts.join('|')})`))
    }),
    { numRuns: 200 },
  )
})

it('shares what ends alike', () => {
  const words = ['read', 'write', 'rewrite', 'reread']
  const texts = Array.from({ length: 1000 }, (_, i) => `${String(i).padStart(3, '0')}-${words[i % 4]}`)
  expect(compileTexts(texts, createBudget(1e7)).stateCount).toBeLessThan(200)
})

it('is refused above the memory of one automaton', () => {
  expect(() => compileTexts(['a'.repeat(100_000)], createBudget(1e9))).toThrow(TooHard)
  expect(compileTexts(['a'.repeat(60_000)], createBudget(1e9)).stateCount).toBe(60_002)
})
