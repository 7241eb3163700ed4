import { expect, test } from 'vitest'
import { isWithinHours, parseInstant, windowStart } from '../../../compiler/reference/instant.ts'

test('a time is RFC 3339 with Z, or whole milliseconds', () => {
  for (const text of [
    '2026-04-01T10:00:00Z',
    '2024-02-29T23:59:59.5Z',
    '1969-12-31T23:59:59.999Z',
    '2000-01-01T00:00:00Z',
  ]) {
    expect(parseInstant(text)).toBe(BigInt(Date.parse(text)))
  }
  expect(parseInstant('0000-01-01T00:00:00Z')).toBe(-62_167_219_200_000n)
  expect([parseInstant(0), parseInstant(2 ** 53 - 1)]).toEqual([0n, 9_007_199_254_740_991n])
  const bad = [
    '2023-02-29T00:00:00Z',
    '1900-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-04-01T24:00:00Z',
    '2026-04-01T10:00:60Z',
    '2026-04-01T10:00:00',
    '2026-04-01T10:00:00.Z',
    '2026-04-01t10:00:00Z',
    -1,
    0.5,
    2 ** 53,
    null,
  ]
  expect(bad.map(parseInstant)).toEqual(bad.map(() => undefined))
})

test('a range that wraps belongs to the day on which it starts', () => {
  const friday = { days: 0b10000, from: 22 * 60, to: 6 * 60 }
  const within = (text: string) => isWithinHours(BigInt(Date.parse(text)), [friday])
  expect(['2026-04-03T22:00:00Z', '2026-04-04T05:59:59.999Z'].map(within)).toEqual([true, true])
  expect(['2026-04-03T05:00:00Z', '2026-04-04T06:00:00Z', '2026-04-03T21:59:59.999Z'].map(within)).toEqual(
    Array(3).fill(false),
  )
})

test('the window of a month starts on its first day, in every year', () => {
  for (const text of [
    '2024-02-29T12:00:00Z',
    '2000-12-31T23:59:59Z',
    '1900-03-01T00:00:00Z',
    '1601-07-31T00:00:00Z',
    '0001-01-31T00:00:00Z',
  ]) {
    expect(windowStart(BigInt(Date.parse(text)), 'month')).toBe(BigInt(Date.parse(`${text.slice(0, 8)}01T00:00:00Z`)))
  }
})
