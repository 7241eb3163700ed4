import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { sha256, toHex } from '../../../compiler/model/index.ts'

it('is SHA-256 for every length around the block border', () => {
  const bytes = Uint8Array.from({ length: 300 }, (_, i) => (i * 37) & 255)
  const lengths = Array.from({ length: 300 }, (_, length) => length)
  expect(lengths.map((length) => toHex(sha256(bytes.subarray(0, length))))).toEqual(
    lengths.map((length) => createHash('sha256').update(bytes.subarray(0, length)).digest('hex')),
  )
})

it('hashes a million bytes', () => {
  const bytes = new Uint8Array(1_000_000).fill(0x61)
  expect(toHex(sha256(bytes))).toBe(createHash('sha256').update(bytes).digest('hex'))
})
