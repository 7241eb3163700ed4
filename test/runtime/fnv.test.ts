import { expect, test } from 'vitest'
import { fnv1a } from '../../runtime/fnv.ts'

test('names have the hashes that are published for FNV-1a, and others count by their UTF-16 units', () => {
  expect(['', 'a', 'foobar', 'é'].map(fnv1a)).toEqual([0x811c9dc5, 0xe40c292c, 0xbf9cf968, 0x6c0b6c44])
})
