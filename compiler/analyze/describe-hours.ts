/** Minutes of the week in the notation of `hours`, as a person would write them. */
import { formatHours, type HoursRange, type WeekRange } from '../model/index.ts'

const DAY = 1440
const WEEK = 7 * DAY

/**
 * Ranges of hours that stand for exactly the minutes of `ranges`, which are sorted and disjoint: `mon-fri 08:00-18:00`.
 *
 * Nights belong to the day on which they begin. What is longer than a day is cut at midnight.
 */
export function describeHours(ranges: readonly WeekRange[]): readonly string[] {
  const days = new Map<string, { readonly from: number; readonly to: number; mask: number }>()
  for (const { day, from, to } of overSunday(ranges).flatMap(piecesOf)) {
    const key = `${from} ${to}`
    const known = days.get(key)
    if (known === undefined) days.set(key, { from, to, mask: 1 << day })
    else known.mask |= 1 << day
  }
  const hours = [...days.values()].flatMap(({ from, to, mask }) => runsOf(mask).map((run) => ({ days: run, from, to })))
  return hours.sort((a, b) => firstDay(a) - firstDay(b) || a.from - b.from).map(formatHours)
}

/** Sunday night and Monday morning are one. */
function overSunday(ranges: readonly WeekRange[]): readonly WeekRange[] {
  const first = ranges[0]
  const last = ranges.at(-1)
  if (first === undefined || last === undefined || first === last) return ranges
  if (first.from !== 0 || last.to !== WEEK) return ranges
  return [...ranges.slice(1, -1), { from: last.from, to: WEEK + first.to }]
}

interface Piece {
  readonly day: number
  readonly from: number
  readonly to: number
}

function piecesOf({ from, to }: WeekRange): readonly Piece[] {
  const pieces: Piece[] = []
  const isNight = to - from < DAY && Math.floor(from / DAY) !== Math.floor((to - 1) / DAY)
  if (isNight) return [{ day: Math.floor(from / DAY) % 7, from: from % DAY, to: to % DAY }]
  for (let start = from; start < to; ) {
    const day = Math.floor(start / DAY)
    const end = Math.min(to, (day + 1) * DAY)
    pieces.push({ day: day % 7, from: start - day * DAY, to: end - day * DAY })
    start = end
  }
  return pieces
}

/** The runs of neighbouring days of a mask, each as a mask; Sunday and Monday are neighbours. */
function runsOf(mask: number): readonly number[] {
  if (mask === 0b1111111) return [mask]
  const isIn = (day: number): boolean => (mask & (1 << (day % 7))) !== 0
  const runs: number[] = []
  for (let day = 0; day < 7; day++) {
    if (!isIn(day) || isIn(day + 6)) continue
    let run = 0
    for (let next = day; isIn(next); next++) run |= 1 << (next % 7)
    runs.push(run)
  }
  return runs
}

function firstDay({ days }: HoursRange): number {
  return days === 0b1111111 ? -1 : 31 - Math.clz32(days & -days)
}
