import fc from 'fast-check'
import { expect, test } from 'vitest'
import { visible, widthOf } from '../../grammar/visible.ts'

test('nothing that a terminal would obey is left', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 0x10ffff })), (points) => {
      const text = String.fromCodePoint(...points)
      expect(visible(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
    }),
  )
  expect(visible('a\u001b[31mb\u202e\u200b\ud800')).toBe('a<U+001B>[31mb<U+202E><U+200B><U+D800>')
})

test('plain text stays as it is', () => {
  expect(visible('größer 日本 😀')).toBe('größer 日本 😀')
})

test('wide characters take two columns and marks none', () => {
  expect(['a', 'é', '日', 'ｗ', '한', '😀', '\u0301', '→'].map(widthOf)).toEqual([1, 1, 2, 2, 2, 2, 0, 1])
})
