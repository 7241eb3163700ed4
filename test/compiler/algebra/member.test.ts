import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Box } from '../../../compiler/algebra/index.ts'
import { findInstant, findNumber, minuteOfWeek, simplestOf } from '../../../compiler/algebra/member.ts'

const UNIT = 2_000_000_000n

function ranges(some: readonly (readonly [bigint, bigint])[], specials = 0) {
  return { kind: 'ranges', specials, ranges: some.map(([low, high]) => ({ low, high })) } as const
}

it('a minute of the week counts from Monday, before 1970 too', () => {
  const at = (text: string) => Number(minuteOfWeek(BigInt(Date.parse(text))))
  expect([
    at('1970-01-01T00:00:00Z'),
    at('2026-01-05T00:00:59.999Z'),
    at('2026-01-04T23:59:00Z'),
    at('1969-12-31T23:59:59.999Z'),
    at('0000-01-03T00:00:00Z'),
    at('0000-01-02T23:59:59Z'),
  ]).toEqual([3 * 1440, 0, 10_079, 3 * 1440 - 1, 0, 10_079])
})

it('the first instant of a span at a minute of the week is found, and none too many', () => {
  const span = fc.tuple(fc.bigInt(-1_000_000_000n, 1_000_000_000n), fc.bigInt(0n, 1_000_000_000n))
  const minutes = fc.tuple(fc.bigInt(0n, 10_079n), fc.bigInt(0n, 3000n))
  fc.assert(
    fc.property(span, minutes, ([low, length], [from, width]) => {
      const to = from + width > 10_079n ? 10_079n : from + width
      const box: Box = new Map([
        ['instant.ms', ranges([[low, low + length]])],
        ['instant.minute', ranges([[from, to]])],
      ])
      const isIn = (ms: bigint) => from <= minuteOfWeek(ms) && minuteOfWeek(ms) <= to
      // Minute by minute: what holds somewhere in one holds where it begins, or where the span does.
      const start = low - (((low % 60_000n) + 60_000n) % 60_000n)
      let isThere = false
      for (let ms = start; ms <= low + length && !isThere; ms += 60_000n) isThere = isIn(ms < low ? low : ms)
      const found = findInstant(box)
      if (found !== undefined) expect([low <= found, found <= low + length, isIn(found)]).toEqual([true, true, true])
      expect(found !== undefined).toBe(isThere)
    }),
  )
})

it('numbers that are no time are negative, fractions, or beyond 2^53', () => {
  const noTime = (low: bigint, high: bigint) =>
    findNumber(
      new Map([
        ['number.value', ranges([[low, high]])],
        ['number.minute', ranges([], 1)],
      ]),
    )
  expect(noTime(0n, 0n)).toBeUndefined()
  expect(noTime(0n, 2n)).toBe(2n)
  expect(noTime(-UNIT, 5n)).toBe(-UNIT)
  expect(noTime((2n ** 53n - 1n) * UNIT, (2n ** 53n - 1n) * UNIT)).toBeUndefined()
  expect(noTime(2n ** 53n * UNIT, 2n ** 53n * UNIT)).toBe(2n ** 53n * UNIT)
})

it('of many numbers the one that reads best is taken', () => {
  const of = (low: bigint, high: bigint) => simplestOf([{ low, high }])
  expect([of(-5n, 5n), of(UNIT + 1n, 3n * UNIT), of(1n, UNIT - 1n), of(-3n * UNIT, -UNIT), of(1n, 1n)]).toEqual([
    0n,
    2n * UNIT,
    UNIT / 10n,
    -UNIT,
    1n,
  ])
})
