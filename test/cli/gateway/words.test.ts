import { expect, test } from 'vitest'
import { wordsOf } from '../../../cli/gateway/words.ts'

test('a command line is parted at blanks, and quotes keep them', () => {
  const cases: readonly (readonly [string, readonly string[] | undefined])[] = [
    ['npx server /srv', ['npx', 'server', '/srv']],
    ['  a \t b  ', ['a', 'b']],
    [`"a b" 'c d' e"f g"h`, ['a b', 'c d', 'ef gh']],
    [`''`, ['']],
    ['', []],
    ['"open', undefined],
    ["a 'open", undefined],
    ['a;b $HOME', ['a;b', '$HOME']],
  ]
  expect(cases.map(([text]) => wordsOf(text))).toEqual(cases.map(([, words]) => words))
})
