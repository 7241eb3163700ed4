import { expect, test } from 'vitest'
import { createUniverse } from '../../../compiler/algebra/index.ts'
import { finiteTexts } from '../../../compiler/analyze/describe-finite.ts'

const { languages } = createUniverse()

test('a few texts are all listed, shortest first', () => {
  const texts = ['b', '', 'aé', '😀', 'a']
  expect(finiteTexts(languages.ofTexts(texts).dfa, 5)).toEqual(['', 'a', 'b', 'aé', '😀'])
  expect(finiteTexts(languages.nothing.dfa, 5)).toEqual([])
})

test('one text too many is too many, and so are infinitely many', () => {
  expect(finiteTexts(languages.ofTexts(['a', 'b', 'c']).dfa, 2)).toBeUndefined()
  expect(finiteTexts(languages.anyText.dfa, 1_000_000)).toBeUndefined()
  const { dfa } = languages.subtract(languages.anyText, languages.ofTexts(['a']))
  expect(finiteTexts(dfa, 1_000_000)).toBeUndefined()
})
