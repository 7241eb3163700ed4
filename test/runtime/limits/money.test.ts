import fc from 'fast-check'
import { expect, test } from 'vitest'
import { toNanoUsd } from '../../../runtime/limits/index.ts'

test.each([
  [0, 0],
  [-0, 0],
  [1, 1_000_000_000],
  [0.1, 100_000_000],
  [0.1 + 0.2, 300_000_001],
  [0.000_000_001, 1],
  [1e-10, 1],
  [Number.MIN_VALUE, 1],
  [1.000_000_000_1, 1_000_000_001],
  [12.34, 12_340_000_000],
  [9_007_199.254_740_99, 9_007_199_254_740_990],
  [9_007_199.254_740_993, undefined],
  [1e21, undefined],
  [Number.MAX_VALUE, undefined],
  [-0.01, undefined],
  [Number.NaN, undefined],
  [Number.POSITIVE_INFINITY, undefined],
])('%d USD are %s nano-USD', (usd, nanoUsd) => {
  expect(toNanoUsd(usd)).toBe(nanoUsd)
})

test('whole nano-USD come back as they were', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (nanoUsd) => {
      const digits = `${nanoUsd}`.padStart(10, '0')
      const usd = Number(`${digits.slice(0, -9)}.${digits.slice(-9)}`)
      // Fifteen digits are what every double keeps.
      fc.pre(nanoUsd < 1e15)
      expect(toNanoUsd(usd)).toBe(nanoUsd)
    }),
  )
})
