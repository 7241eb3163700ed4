import { describe, expect, test } from 'vitest'
import { freeAt, retryAfter, toUnits } from '../../../engine-wasm/host/meter.ts'

describe('a reading', () => {
  test.each([
    [0, 0, 0n],
    [-0, 0, 0n],
    [3, 0, 3n],
    [2.1, 0, 3n],
    ['2.000', 0, 2n],
    ['2.0001', 0, 3n],
    [1e-7, 0, 1n],
    [5e-324, 0, 1n],
    ['1.60', 9, 1_600_000_000n],
    [1.6, 9, 1_600_000_000n],
    ['0.0000000001', 9, 1n],
    [1.5e-7, 9, 150n],
    [1e-12, 9, 1n],
    [9e9, 9, 9_000_000_000_000_000_000n],
    [1e21, 0, 2n ** 64n - 1n],
    [Number.MAX_VALUE, 9, 2n ** 64n - 1n],
    ['18446744073709551615', 0, 2n ** 64n - 1n],
    ['18446744073709551616', 0, 2n ** 64n - 1n],
    ['9'.repeat(100_000), 0, 2n ** 64n - 1n],
    [`0.${'0'.repeat(100_000)}1`, 9, 1n],
  ])('%s in units of 10^-%d is %d', (value, places, units) => {
    expect(toUnits(value, places)).toBe(units)
  })

  test.each([
    ['-1'],
    [-1],
    ['01'],
    ['1e3'],
    ['1.'],
    ['.5'],
    ['+1'],
    [' 1'],
    [''],
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    [1n],
    [true],
    [null],
    [undefined],
    [{}],
    [['1']],
  ])('%s is none', (value) => {
    expect(() => toUnits(value, 9)).toThrow(TypeError)
  })
})

describe('the time to wait', () => {
  const at = (year: number, month: number, day = 1, hour = 0) => Date.UTC(year, month, day, hour)

  const windows = ['minute', 'hour', 'day', 'month'] as const
  function charge(window: (typeof windows)[number], windowStart: number | null, used: bigint, limit = 5n) {
    return freeAt(windows.indexOf(window), windowStart ?? -1, used, 1n, limit)
  }

  test.each([
    ['minute', at(2026, 3), at(2026, 3) + 1, 60],
    ['hour', at(2026, 3), at(2026, 3) + 1001, 3599],
    ['day', at(2026, 3, 30), at(2026, 3, 30, 23), 3600],
    ['month', at(2026, 1), at(2026, 1, 28), 86_400],
    ['month', at(2026, 11), at(2026, 11, 31), 86_400],
  ] as const)('is that to the end of the %s', (window, start, now, seconds) => {
    expect(retryAfter([charge(window, start, 5n)], now)).toBe(seconds)
    expect(retryAfter([charge(window, start, 5n)], new Date(now).toISOString())).toBe(seconds)
  })

  test('is the longest of the meters that are full, and nothing when none is', () => {
    const now = at(2026, 3)
    expect(retryAfter([charge('minute', now, 5n), charge('hour', now, 9n), charge('day', now, 4n)], now)).toBe(3600)
    expect(retryAfter([charge('day', now, 4n)], now)).toBe(undefined)
    expect(retryAfter([], now)).toBe(undefined)
  })

  test('is nothing when it would never pass, or no clock says when', () => {
    const now = at(2026, 3)
    expect(retryAfter([charge('minute', now, 5n), charge('day', now, 0n, 0n)], now)).toBe(undefined)
    expect(retryAfter([charge('minute', null, 5n)], undefined)).toBe(undefined)
  })
})
