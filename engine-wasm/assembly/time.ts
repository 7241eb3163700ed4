/** Instants: RFC 3339 text with `Z`, minutes of the week, starts of windows. Proleptic Gregorian, UTC, no leap seconds. */
import { WINDOW_DAY, WINDOW_HOUR, WINDOW_MINUTE } from '../format/layout'

export const DAY_MS: i64 = 86400000
/** Result of `parseTime`, milliseconds since 1970. */
export let parsedTime: i64 = 0

/** False when the text is no instant. Fractions below a millisecond are dropped. */
export function parseTime(at: usize, length: usize): bool {
  if (length < 20 || load<u8>(at + length - 1) != 0x5a) return false
  for (let i: usize = 0; i < 19; i++) {
    const c = <u32>load<u8>(at + i)
    const mark: u32 = i == 4 || i == 7 ? 0x2d : i == 10 ? 0x54 : i == 13 || i == 16 ? 0x3a : 0
    if (mark == 0 ? c - 0x30 > 9 : c != mark) return false
  }
  const year = two(at) * 100 + two(at + 2)
  const month = two(at + 5)
  const day = two(at + 8)
  const hour = two(at + 11)
  const minute = two(at + 14)
  const second = two(at + 17)
  if (month < 1 || month > 12 || day < 1 || day > monthDays(year, month)) return false
  if (hour > 23 || minute > 59 || second > 59) return false
  let millis = 0
  if (length > 20) {
    if (length < 22 || load<u8>(at, 19) != 0x2e) return false
    let weight = 100
    for (let i: usize = 20; i < length - 1; i++) {
      const digit = <i32>load<u8>(at + i) - 0x30
      if (<u32>digit > 9) return false
      millis += digit * weight
      weight /= 10
    }
  }
  parsedTime = dayNumber(year, month, day) * DAY_MS + <i64>(((hour * 60 + minute) * 60 + second) * 1000 + millis)
  return true
}

/** The number that two digits stand for. */
function two(at: usize): i32 {
  const both = <i32>load<u16>(at)
  return (both & 15) * 10 + ((both >> 8) & 15)
}

function monthDays(year: i32, month: i32): i32 {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
  return 30 + ((month + (month >> 3)) & 1)
}

/** Days since 1970-01-01, by eras of 400 years that begin in March. */
function dayNumber(year: i32, month: i32, day: i32): i64 {
  const y = <i64>(month <= 2 ? year - 1 : year)
  const era = floorDivide(y, 400)
  const yearOfEra = y - era * 400
  const dayOfYear = <i64>((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1)
  return era * 146097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719468
}

function floorDivide(a: i64, b: i64): i64 {
  const q = a / b
  return a % b < 0 ? q - 1 : q
}

/** Minute of the week, 0 = Monday 00:00. 1970-01-01 was a Thursday. */
export function weekMinute(ms: i64): u32 {
  const minute = (floorDivide(ms, 60000) + 3 * 1440) % 10080
  return <u32>(minute < 0 ? minute + 10080 : minute)
}

/** True when the minute lies in one of `count` half-open ranges of (u16, u16) at `weeks`. */
export function minuteIn(minute: u32, weeks: usize, count: u32): bool {
  for (let i: u32 = 0; i < count; i++) {
    const range = load<u32>(weeks + (<usize>i << 2))
    if (minute >= (range & 0xffff) && minute < range >> 16) return true
  }
  return false
}

/** Start of the window that holds `ms`. */
export function windowStart(ms: i64, window: u32): i64 {
  if (window == WINDOW_MINUTE) return floorDivide(ms, 60000) * 60000
  if (window == WINDOW_HOUR) return floorDivide(ms, 3600000) * 3600000
  const days = floorDivide(ms, DAY_MS)
  if (window == WINDOW_DAY) return days * DAY_MS
  const z = days + 719468
  const era = floorDivide(z, 146097)
  const dayOfEra = z - era * 146097
  const yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365
  const dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
  const shifted = (5 * dayOfYear + 2) / 153
  const dayOfMonth = dayOfYear - (153 * shifted + 2) / 5
  return (days - dayOfMonth) * DAY_MS
}
