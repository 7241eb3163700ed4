import { expect, test } from 'vitest'
import { parseRegexBody } from '../../../compiler/model/index.ts'
import { matchesRegex } from '../../../compiler/reference/regex.ts'

function matches(source: string, flags: string, ...texts: readonly string[]): readonly boolean[] {
  const parsed = parseRegexBody(source, flags, { slashEscaped: false })
  if (!parsed.ok) throw new TypeError(parsed.fault.message)
  return texts.map((text) => matchesRegex(parsed.value.root, text))
}

test('a regex matches whole strings, point by point', () => {
  expect(matches('a|bc', '', 'a', 'bc', 'abc', '')).toEqual([true, true, false, false])
  expect(matches('[^a]', '', '😀', 'a', 'é')).toEqual([true, false, true])
  expect(matches('.', '', '\n', 'x')).toEqual([false, true])
  expect(matches('.', 's', '\n')).toEqual([true])
  expect(matches('[a-c]+', 'i', 'aBC', 'd')).toEqual([true, false])
})

test('repeats count, with and without an end', () => {
  expect(matches('a{2,3}', '', 'a', 'aa', 'aaa', 'aaaa')).toEqual([false, true, true, false])
  expect(matches('(a|b?){2,}c', '', 'c', 'abc', 'aabbc', 'ab')).toEqual([true, true, true, false])
  expect(matches('(a*)*b', '', 'b', 'aab', 'aa')).toEqual([true, true, false])
})

test('nested repeats do not take for ever', () => {
  expect(matches('(a+)+', '', `${'a'.repeat(2000)}!`)).toEqual([false])
})
