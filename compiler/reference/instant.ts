/** Times of requests: reading them, the minute of the week, and the starts of windows. All in UTC, in ms since 1970. */

import type { Window } from '../../grammar/index.ts'
import type { HoursRange } from '../model/index.ts'

const MINUTE = 60_000n
const HOUR = 60n * MINUTE
const DAY = 24n * HOUR

/**
 * Reads a time: RFC 3339 with an upper-case `T` and `Z`, or whole milliseconds as a number from 0 to 2^53 - 1.
 *
 * Anything else is nothing. Digits behind the third of a fraction are dropped.
 */
export function parseInstant(value: unknown): bigint | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? BigInt(value) : undefined
  if (typeof value !== 'string') return undefined
  const parts = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?Z$/.exec(value)
  if (parts === null) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(1, 7).map(Number)
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined
  if (hour > 23 || minute > 59 || second > 59) return undefined
  const ms = BigInt((parts[7] ?? '').padEnd(3, '0').slice(0, 3))
  const seconds = BigInt((hour * 60 + minute) * 60 + second)
  return daysSinceEpoch(year, month, day) * DAY + seconds * 1000n + ms
}

/** Whether `now` is inside one of the ranges; a range over midnight belongs to the day on which it starts. */
export function isWithinHours(now: bigint, ranges: readonly HoursRange[]): boolean {
  const days = floorDivide(now, DAY)
  // The first of January 1970 was a Thursday; Monday is 0 here.
  const today = Number(modulo(days + 3n, 7n))
  const yesterday = (today + 6) % 7
  const minute = Number(modulo(now, DAY) / MINUTE)
  return ranges.some(({ days: mask, from, to }) => {
    const holds = (day: number) => (mask & (1 << day)) !== 0
    if (from < to) return holds(today) && from <= minute && minute < to
    return (holds(today) && from <= minute) || (holds(yesterday) && minute < to)
  })
}

/** Start of the aligned window that holds `now`. */
export function windowStart(now: bigint, window: Window): bigint {
  switch (window) {
    case 'minute':
      return now - modulo(now, MINUTE)
    case 'hour':
      return now - modulo(now, HOUR)
    case 'day':
      return now - modulo(now, DAY)
    case 'month':
      return monthStart(now)
  }
}

function monthStart(now: bigint): bigint {
  const today = floorDivide(now, DAY)
  // 400 years are 146,097 days: count whole eras first, then walk month by month from the start of the era.
  const era = floorDivide(today, 146_097n)
  let rest = today - era * 146_097n
  for (let year = 1970; ; year++) {
    const length = daysSinceEpoch(year + 1, 1, 1) - daysSinceEpoch(year, 1, 1)
    if (rest >= length) {
      rest -= length
      continue
    }
    let month = 1
    while (rest >= BigInt(daysInMonth(year, month))) rest -= BigInt(daysInMonth(year, month++))
    return (today - rest) * DAY
  }
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return isLeap(year) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

function daysSinceEpoch(year: number, month: number, day: number): bigint {
  let days = leapDaysBefore(year) - leapDaysBefore(1970) + (year - 1970) * 365
  for (let earlier = 1; earlier < month; earlier++) days += daysInMonth(year, earlier)
  return BigInt(days + day - 1)
}

function leapDaysBefore(year: number): number {
  const last = year - 1
  return Math.floor(last / 4) - Math.floor(last / 100) + Math.floor(last / 400)
}

function floorDivide(a: bigint, b: bigint): bigint {
  return (a - modulo(a, b)) / b
}

function modulo(a: bigint, b: bigint): bigint {
  return ((a % b) + b) % b
}
