import { expect, test } from 'vitest'
import { SourceText } from '../../grammar/source-text.ts'

test('lines and columns count from 1, columns in UTF-16 units', () => {
  const source = new SourceText('ab\n😀c\r\n\nd')
  expect([0, 2, 3, 5, 6, 8, 9, 10].map((offset) => source.place(offset))).toEqual([
    { line: 1, column: 1 },
    { line: 1, column: 3 },
    { line: 2, column: 1 },
    { line: 2, column: 3 },
    { line: 2, column: 4 },
    { line: 3, column: 1 },
    { line: 4, column: 1 },
    { line: 4, column: 2 },
  ])
})

test('offsets outside the text are its ends', () => {
  const source = new SourceText('ab')
  expect([source.place(-5), source.place(99)]).toEqual([
    { line: 1, column: 1 },
    { line: 1, column: 3 },
  ])
})

test('a line comes without its line end', () => {
  const source = new SourceText('ab\ncd\r\n\n')
  expect([1, 2, 3, 4].map((line) => source.line(line))).toEqual([
    { start: 0, end: 2 },
    { start: 3, end: 5 },
    { start: 7, end: 7 },
    { start: 8, end: 8 },
  ])
})
