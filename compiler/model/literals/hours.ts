/** Weekly hours: `mon-fri 22:00-06:00`, `daily 09:00-24:00`. */
import { fault, parsed } from './fault.ts'
import type { HoursRange, Parsed, WeekRange } from './values.ts'

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
const DAY_MINUTES = 1440
const WEEK_MINUTES = 7 * DAY_MINUTES
const HELP = 'write days and UTC times, such as `mon-fri 09:00-18:00` or `daily 22:00-06:00`'

/** One range of hours. Days may wrap (`fri-mon`), `24:00` may end a range, equal ends are a fault. */
export function parseHours(text: string): Parsed<HoursRange> {
  const match = /^(\s*)([A-Za-z]+)(?:(\s*-\s*)([A-Za-z]+))?(\s+)(\d\d:\d\d)(\s*-\s*)(\d\d:\d\d)\s*$/.exec(text)
  if (match === null) {
    return fault({
      code: 'KV0221',
      start: 0,
      end: text.length,
      message: `\`${text}\` is not a range of hours`,
      help: HELP,
    })
  }
  const [, lead = '', first = '', dash = '', last, gap = '', from = '', to = '', until = ''] = match
  const daysStart = lead.length
  const lastStart = daysStart + first.length + dash.length
  const fromStart = lastStart + (last ?? '').length + gap.length
  const untilStart = fromStart + from.length + to.length
  const days = parseDays(first, daysStart, last, lastStart)
  if (!days.ok) return days
  const start = parseClock(from, fromStart, false)
  if (!start.ok) return start
  const end = parseClock(until, untilStart, true)
  if (!end.ok) return end
  if (start.value === end.value) {
    return fault({
      code: 'KV0222',
      start: fromStart,
      end: untilStart + until.length,
      message: `\`${from}-${until}\` starts and ends at the same minute`,
      help: 'write `00:00-24:00` for the whole day',
    })
  }
  return parsed({ days: days.value, from: start.value, to: end.value === 0 ? DAY_MINUTES : end.value })
}

/**
 * The minutes of the week that lie in any of `ranges`: sorted, disjoint and not touching.
 *
 * A range over midnight belongs to the day on which it starts; Sunday night wraps to Monday.
 */
export function weekRanges(ranges: readonly HoursRange[]): WeekRange[] {
  const pieces: { from: number; to: number }[] = []
  for (const range of ranges) {
    const length = range.to > range.from ? range.to - range.from : range.to - range.from + DAY_MINUTES
    for (let day = 0; day < 7; day++) {
      if ((range.days & (1 << day)) === 0) continue
      const from = day * DAY_MINUTES + range.from
      const to = from + length
      pieces.push({ from, to: Math.min(to, WEEK_MINUTES) })
      if (to > WEEK_MINUTES) pieces.push({ from: 0, to: to - WEEK_MINUTES })
    }
  }
  pieces.sort((a, b) => a.from - b.from)
  const merged: { from: number; to: number }[] = []
  for (const piece of pieces) {
    const last = merged.at(-1)
    if (last !== undefined && piece.from <= last.to) last.to = Math.max(last.to, piece.to)
    else merged.push(piece)
  }
  return merged
}

/** The text of a range as a person would write it; `parseHours` reads it back. */
export function formatHours(range: HoursRange): string {
  return `${formatDays(range.days)} ${formatClock(range.from)}-${formatClock(range.to)}`
}

function parseDays(first: string, firstStart: number, last: string | undefined, lastStart: number): Parsed<number> {
  if (first === 'daily' && last === undefined) return parsed(0b1111111)
  const from = DAYS.indexOf(first)
  if (from < 0) return unknownDay(first, firstStart)
  if (last === undefined) return parsed(1 << from)
  const to = DAYS.indexOf(last)
  if (to < 0) return unknownDay(last, lastStart)
  if (from === to) {
    return fault({
      code: 'KV0223',
      start: firstStart,
      end: lastStart + last.length,
      message: `\`${first}-${last}\` starts and ends on the same day`,
      help: `write \`${first}\` for one day, \`daily\` for all seven`,
    })
  }
  let mask = 0
  for (let day = from; ; day = (day + 1) % 7) {
    mask |= 1 << day
    if (day === to) return parsed(mask)
  }
}

function unknownDay(name: string, start: number): Parsed<number> {
  return fault({
    code: 'KV0223',
    start,
    end: start + name.length,
    message: `\`${name}\` is not a day`,
    help: 'the days are mon, tue, wed, thu, fri, sat, sun and `daily`',
  })
}

function parseClock(text: string, start: number, mayEndDay: boolean): Parsed<number> {
  const hour = Number(text.slice(0, 2))
  const minute = Number(text.slice(3))
  const isValid = hour <= 23 && minute <= 59
  if (isValid || (mayEndDay && hour === 24 && minute === 0)) return parsed(hour * 60 + minute)
  return fault({
    code: 'KV0224',
    start,
    end: start + text.length,
    message: `\`${text}\` is not a time of day`,
    help: hour === 24 && minute === 0 ? '`24:00` may only end a range' : 'times run from `00:00` to `23:59`',
  })
}

function formatDays(days: number): string {
  if (days === 0b1111111) return 'daily'
  const isIn = (day: number): boolean => (days & (1 << (day % 7))) !== 0
  const first = [0, 1, 2, 3, 4, 5, 6].find((day) => isIn(day) && !isIn(day + 6)) ?? 0
  let last = first
  while (isIn(last + 1)) last++
  const name = (day: number): string => DAYS[day % 7] ?? ''
  return last === first ? name(first) : `${name(first)}-${name(last)}`
}

function formatClock(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
}
