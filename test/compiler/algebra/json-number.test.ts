import fc from 'fast-check'
import { expect, it } from 'vitest'
import { numberWithin, positionOf } from '../../../compiler/algebra/json-number.ts'

const number = fc.double({ noNaN: true, noDefaultInfinity: true })

it('positions are twice the units of 10^-9, odd between two of them', () => {
  expect([0, -0, 1, -1, 1e-9, 1.5e-9, -1.5e-9, 5e-324, -5e-324, 1e21].map(positionOf)).toEqual([
    0n,
    0n,
    2_000_000_000n,
    -2_000_000_000n,
    2n,
    3n,
    -3n,
    1n,
    -1n,
    2n * 10n ** 30n,
  ])
})

it('positions never fall while numbers rise', () => {
  fc.assert(
    fc.property(number, number, (a, b) => {
      const [low, high] = a <= b ? [a, b] : [b, a]
      expect(positionOf(low) <= positionOf(high)).toBe(true)
    }),
  )
})

it('a range around a number holds one, and what is found lies in it', () => {
  fc.assert(
    fc.property(number, fc.bigInt(0n, 10n ** 12n), fc.bigInt(0n, 10n ** 12n), (some, below, above) => {
      const range = { low: positionOf(some) - below, high: positionOf(some) + above }
      const found = numberWithin(range)
      expect(found).toBeDefined()
      const position = positionOf(found ?? 0)
      expect(range.low <= position && position <= range.high).toBe(true)
    }),
    { numRuns: 1000 },
  )
})

it('some decimals are no number, and large numbers have gaps between them', () => {
  const at = (units: bigint) => numberWithin({ low: 2n * units, high: 2n * units })
  expect(at(999_999_999_999_999_999_999_999_999n)).toBeUndefined()
  expect(at((2n ** 53n + 1n) * 10n ** 9n)).toBeUndefined()
  expect(at(2n ** 53n * 10n ** 9n)).toBe(2 ** 53)
  expect(at(100_000_000n)).toBe(0.1)
  const gapAfter = (units: bigint) => numberWithin({ low: 2n * units + 1n, high: 2n * units + 1n })
  expect(gapAfter(100_000_000n)).toBe(0.1000000005)
  expect(gapAfter(10n ** 18n)).toBeUndefined()
})
