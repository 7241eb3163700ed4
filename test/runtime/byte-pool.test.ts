import { expect, test } from 'vitest'
import { takeBytes } from '../../runtime/byte-pool.ts'

test('bytes that were taken are empty, and nobody else has them', () => {
  const taken = Array.from({ length: 2000 }, (_, i) => takeBytes(i % 40).fill(i % 251))
  expect(taken.map((bytes) => [...bytes])).toEqual(
    Array.from({ length: 2000 }, (_, i) => Array.from({ length: i % 40 }, () => i % 251)),
  )
  expect([...takeBytes(3)]).toEqual([0, 0, 0])
})

test('more than the pool holds is given too', () => {
  expect(takeBytes(100_000)).toHaveLength(100_000)
})
