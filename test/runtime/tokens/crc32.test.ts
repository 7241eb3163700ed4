import { crc32 as reference } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { crc32 } from '../../../runtime/tokens/crc32.ts'

test('the check value is that of the standard', () => {
  expect(crc32('123456789', 9)).toBe(0xcbf43926)
})

test('every prefix of a text has the checksum that zlib gives it', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[ -~]*$/), fc.nat(), (text, cut) => {
      const length = cut % (text.length + 1)
      expect(crc32(text, length)).toBe(reference(text.slice(0, length)))
    }),
  )
})
