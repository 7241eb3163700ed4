import { expect, test } from 'vitest'
import { compileRegex } from '../../../../compiler/algebra/index.ts'
import { toGlob } from '../../../../compiler/analyze/cedar/glob.ts'
import { parseRegex } from '../../../../compiler/model/index.ts'

function globOf(text: string): ReturnType<typeof toGlob> {
  const parsed = parseRegex(text)
  const compiled = parsed.ok ? compileRegex(parsed.value) : undefined
  if (!compiled?.ok) throw new TypeError(text)
  return toGlob(compiled.dfa)
}

const texts = (...list: readonly string[]) => ({ kind: 'texts', texts: list })
const pattern = (isLine: boolean, ...parts: readonly string[]) => ({ kind: 'pattern', parts, isLine })

test('a finite language is the list of its texts', () => {
  expect(globOf('/a|ab|b/')).toEqual(texts('a', 'ab', 'b'))
  expect(globOf('/[ab]c?/i')).toEqual(texts('A', 'AC', 'Ac', 'B', 'BC', 'Bc', 'a', 'aC', 'ac', 'b', 'bC', 'bc'))
  expect(globOf('/😀?é/')).toEqual(texts('é', '😀é'))
  expect(globOf('/()/')).toEqual(texts(''))
  expect(globOf('/[a-z]{1}/')).toEqual(texts(...'abcdefghijklmnopqrstuvwxyz'))
})

test('a list has at most 64 texts', () => {
  expect(globOf('/[ab]{6}/')).toMatchObject({ kind: 'texts' })
  expect(globOf('/[ab]{6}c?/')).toBeUndefined()
  expect(globOf('/[a-z][a-z]/')).toBeUndefined()
})

test('what only has `.*` between texts is a pattern', () => {
  expect(globOf('/.*/s')).toEqual(pattern(false, '', ''))
  expect(globOf('/.*/')).toEqual(pattern(true, '', ''))
  expect(globOf('/a.*/s')).toEqual(pattern(false, 'a', ''))
  expect(globOf('/\\/srv\\/.*\\.txt/')).toEqual(pattern(true, '/srv/', '.txt'))
  expect(globOf('/.*aa.*a.*/s')).toEqual(pattern(false, '', 'aa', 'a', ''))
  expect(globOf('/a\\n.*/s')).toEqual(pattern(false, 'a\n', ''))
  expect(globOf('/.*\\*.*!/s')).toEqual(pattern(false, '', '*', '!'))
  expect(globOf('/(a.*|ab.*)/s')).toEqual(pattern(false, 'a', ''))
})

test('what is nearly a pattern is none', () => {
  for (const text of [
    '/a.+/s',
    '/a\\n.*/',
    '/a.*|b.*/s',
    '/[a-z]*/',
    '/a[^b]*/',
    '/(ab)*/',
    '/a.*b|b/s',
    '/a.{0,30}/s',
  ]) {
    expect([text, globOf(text)]).toEqual([text, undefined])
  }
})
