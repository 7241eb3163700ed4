/**
 * Instants: RFC 3339 text with `Z`, minutes of the week, starts of windows. Proleptic Gregorian, UTC, no leap seconds.
 *
 * A date is counted in months since January of the year 0; a month has as many days as lie before the first of the next.
 */
import { WINDOW_HOUR, WINDOW_MINUTE } from '../format/layout'
import { DATE } from './memory'

const DAY_MS: i64 = 86400000
/** No instant lies as late as these: a time that is not there, and one that is there but not known. */
export const ABSENT: i64 = 0x7ffffffffffffffe
export const UNKNOWN: i64 = 0x7fffffffffffffff

const PATTERN = memory.data<u8>([
  0x30, 0x30, 0x30, 0x30, 0x2d, 0x30, 0x30, 0x2d, 0x30, 0x30, 0x54, 0x30, 0x30, 0x3a, 0x30, 0x30, 0x3a, 0x30, 0x30,
])

/** Milliseconds since 1970, or UNKNOWN when the text is no instant. Fractions below a millisecond are dropped. */
export function parseTime(at: usize, length: usize): i64 {
  if (length < 20) return UNKNOWN
  let field = DATE
  let value: u32 = 0
  for (let i: usize = 0; i < 19; i++) {
    const c = <u32>load<u8>(at + i)
    const wanted = <u32>load<u8>(PATTERN + i)
    if (wanted == 0x30) {
      if (c - 0x30 > 9) return UNKNOWN
      value = value * 10 + c - 0x30
    } else {
      if (c != wanted) return UNKNOWN
      store<u32>(field, value)
      field += 4
      value = 0
    }
  }
  const month = load<u32>(DATE, 4) - 1
  const hour = load<u32>(DATE, 12)
  const minute = load<u32>(DATE, 16)
  if (month > 11 || hour > 23 || minute > 59 || value > 59 || load<u8>(at + length - 1) != 0x5a) return UNKNOWN
  const months = load<u32>(DATE) * 12 + month
  const first = daysBefore(months)
  const day = load<u32>(DATE, 8) - 1
  if (day >= <u32>(daysBefore(months + 1) - first)) return UNKNOWN
  value *= 1000
  if (length > 20) {
    if (length < 22 || load<u8>(at, 19) != 0x2e) return UNKNOWN
    let weight: u32 = 100
    for (let i: usize = 20; i < length - 1; i++) {
      const digit = <u32>load<u8>(at + i) - 0x30
      if (digit > 9) return UNKNOWN
      value += digit * weight
      weight /= 10
    }
  }
  return <i64>(first + <i32>day) * DAY_MS + <i64>((hour * 60 + minute) * 60000 + value)
}

/** Days from 1970 to the first of a month, by years that begin in March. */
function daysBefore(month: i32): i32 {
  const years = (month + 10) / 12 + 399
  return years * 365 + years / 4 - years / 100 + years / 400 + (153 * ((month + 10) % 12) + 2) / 5 - 865565
}

/** What is left of `a` above a multiple of `b`. */
function above(a: i64, b: i64): i64 {
  const rest = a % b
  return rest < 0 ? rest + b : rest
}

/** Minute of the week, 0 = Monday 00:00. 1970-01-01 was a Thursday. */
export function weekMinute(ms: i64): u32 {
  return <u32>(above(ms + 3 * DAY_MS, 7 * DAY_MS) / 60000)
}

/** True when the minute lies in one of `count` half-open ranges of (u16, u16) at `weeks`. */
export function minuteIn(minute: u32, weeks: usize, count: u32): bool {
  for (let i: u32 = 0; i < count; i++) {
    if (minute >= <u32>load<u16>(weeks) && minute < <u32>load<u16>(weeks, 2)) return true
    weeks += 4
  }
  return false
}

/** Start of the window that holds `ms`. */
export function windowStart(ms: i64, window: u32): i64 {
  const start = ms - above(ms, window == WINDOW_MINUTE ? 60000 : window == WINDOW_HOUR ? 3600000 : DAY_MS)
  if (window < 3) return start
  // 400 years are 4800 months and 146097 days, so this is off by less than two.
  const day = <i32>(start / DAY_MS)
  let month = <i32>((<i64>day + 719528) * 4800 / 146097) + 2
  while (daysBefore(month) > day) month--
  return <i64>daysBefore(month) * DAY_MS
}
