import { expect, test } from 'vitest'
import { readLeb, toLeb, toSignedLeb } from '../../../compiler/emit/leb.ts'

test('an unsigned number takes seven bits a byte', () => {
  expect([0, 127, 128, 624_485, 2 ** 32 - 1].map(toLeb)).toEqual([
    [0],
    [0x7f],
    [0x80, 1],
    [0xe5, 0x8e, 0x26],
    [0xff, 0xff, 0xff, 0xff, 0x0f],
  ])
})

test('a signed number has room for its sign in the last byte', () => {
  expect([0, 63, 64, 8191, 8192, 65_536, 2 ** 31 - 1].map(toSignedLeb)).toEqual([
    [0],
    [0x3f],
    [0xc0, 0],
    [0xff, 0x3f],
    [0x80, 0xc0, 0],
    [0x80, 0x80, 4],
    [0xff, 0xff, 0xff, 0xff, 7],
  ])
})

test('what was written is read back, and its end found', () => {
  for (const value of [0, 1, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32 - 1]) {
    const bytes = toLeb(value)
    expect(readLeb(Uint8Array.from([9, ...bytes, 9]), 1)).toEqual({ value, end: 1 + bytes.length })
  }
})

test('a number that does not end is an error', () => {
  for (const bytes of [[], [0x80], [0x80, 0x80, 0x80, 0x80, 0x80, 0]]) {
    expect(() => readLeb(Uint8Array.from(bytes), 0)).toThrow('a number of the module runs over its end')
  }
})
