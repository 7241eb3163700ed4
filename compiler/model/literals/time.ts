/** Durations (`15m`) and instants (`2026-04-01T10:00:00Z`). */
import { fault, parsed } from './fault.ts'
import { parseInteger } from './number.ts'
import type { Parsed } from './values.ts'

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** A duration in milliseconds. */
export function parseDuration(text: string): Parsed<number> {
  const unit = text.slice(-1)
  const scale = Object.hasOwn(UNIT_MS, unit) ? UNIT_MS[unit] : undefined
  if (scale === undefined) {
    return fault({
      code: 'KV0251',
      start: 0,
      end: text.length,
      message: `\`${text}\` is not a duration`,
      help: 'write a whole number and one of s, m, h and d, such as `15m`',
    })
  }
  const count = parseInteger(text.slice(0, -1))
  if (!count.ok) return count
  const ms = Number(count.value) * scale
  if (!Number.isSafeInteger(ms)) {
    return fault({ code: 'KV0252', start: 0, end: text.length, message: `\`${text}\` is too long a duration` })
  }
  return parsed(ms)
}

const STAMP = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?Z$/
const STAMP_HELP = 'write UTC as in `2026-04-01T10:00:00Z`'

/**
 * An instant in milliseconds since 1970, digits below a millisecond dropped.
 *
 * @see RFC 3339, section 5.6, with `Z` as the only offset and without leap seconds
 */
export function parseStamp(text: string): Parsed<number> {
  const match = STAMP.exec(text)
  if (match === null) return notAStamp(text)
  const part = (group: number): number => Number(match[group])
  const year = part(1)
  const month = part(2)
  const day = part(3)
  if (month < 1 || month > 12) return impossible(text, 5, 7, 'month')
  if (day < 1 || day > daysInMonth(year, month)) return impossible(text, 8, 10, 'day')
  if (part(4) > 23) return impossible(text, 11, 13, 'hour')
  if (part(5) > 59) return impossible(text, 14, 16, 'minute')
  if (part(6) > 59) return impossible(text, 17, 19, 'second')
  const ms = Number((match[7] ?? '').slice(0, 3).padEnd(3, '0'))
  return parsed((daysSinceEpoch(year, month, day) * 86_400 + part(4) * 3600 + part(5) * 60 + part(6)) * 1000 + ms)
}

function notAStamp(text: string): Parsed<number> {
  const hasOffset = /[+-]\d\d:?\d\d$/.test(text) && text.includes('T')
  return fault({
    code: 'KV0261',
    start: 0,
    end: text.length,
    message: hasOffset ? `\`${text}\` has an offset; times are UTC` : `\`${text}\` is not a time`,
    help: STAMP_HELP,
  })
}

function impossible(text: string, start: number, end: number, noun: string): Parsed<number> {
  const isLeap = noun === 'second' && text.slice(start, end) === '60'
  return fault({
    code: 'KV0262',
    start,
    end,
    message: isLeap
      ? 'leap seconds are not accepted'
      : `there is no ${noun} \`${text.slice(start, end)}\` in \`${text}\``,
    ...(isLeap ? { help: 'write second `59`, or the next minute' } : {}),
  })
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

/** Days from 1970-01-01 in the proleptic Gregorian calendar; years start in March so that the leap day comes last. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}
