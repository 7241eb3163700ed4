import fc from 'fast-check'
import { expect, it } from 'vitest'
import { numberWithin, positionOf } from '../../../compiler/algebra/json-number.ts'

/** Doubles of every magnitude, and many that people write. */
const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer({ min: -1_000_000, max: 1_000_000 }).map((n) => n / 1000),
  fc.maxSafeInteger(),
)

it('numbers keep their order', () => {
  fc.assert(
    fc.property(number, number, (a, b) => {
      const [low, high] = a < b ? [a, b] : [b, a]
      expect(positionOf(low) <= positionOf(high)).toBe(true)
    }),
  )
})

it('where a number lies, one is found', () => {
  fc.assert(
    fc.property(number, fc.bigInt({ min: 0n, max: 1n << 70n }), fc.bigInt({ min: 0n, max: 1n << 70n }), (x, a, b) => {
      const at = positionOf(x)
      for (const range of [
        { low: at, high: at },
        { low: at - a, high: at },
        { low: at, high: at + b },
        { low: at - a, high: at + b },
      ]) {
        const found = numberWithin(range)
        const position = found === undefined ? undefined : positionOf(found)
        expect(position !== undefined && range.low <= position && position <= range.high).toBe(true)
      }
    }),
  )
})

it('between two numbers that follow each other there is none', () => {
  const view = new DataView(new ArrayBuffer(8))
  const next = (x: number) => {
    view.setFloat64(0, x)
    view.setBigInt64(0, view.getBigInt64(0) + 1n)
    return view.getFloat64(0)
  }
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: 1e7, max: 1e300 }), (x) => {
      const [low, high] = [positionOf(x) + 1n, positionOf(next(x)) - 1n]
      if (low <= high) expect(numberWithin({ low, high })).toBe(undefined)
    }),
  )
})

it('the point of a policy and the gap after it are told apart', () => {
  expect([positionOf(5), positionOf(5.0000000005), positionOf(-0.1)]).toEqual([
    10_000_000_000n,
    10_000_000_001n,
    -200_000_000n,
  ])
  expect(numberWithin({ low: 10_000_000_001n, high: 10_000_000_001n })).toBeGreaterThan(5)
  // 2^53 + 1 is no double, and neither is anything in the gaps beside it.
  const beyond = 2n * 10n ** 9n * (2n ** 53n + 1n)
  expect(numberWithin({ low: beyond - 1n, high: beyond + 1n })).toBe(undefined)
})
