/** One value out of a set: a number, an instant, a text that a request may carry. */
import { formatAddress, parseAddress, parseStamp } from '../model/index.ts'
import type { Box } from './box.ts'
import { everythingAt } from './dimension.ts'
import type { FactSet, RangeSet } from './fact-set.ts'
import { numberWithin, positionOf } from './json-number.ts'
import type { Language } from './language.ts'
import { type BigRange, intersectRanges } from './ranges.ts'
import { MAX_MS, MIN_MS, MINUTES_OF_WEEK, NO_SUCH } from './specials.ts'
import type { Universe } from './universe.ts'

const MS_OF_MINUTE = 60_000n
/** 1970 began on a Thursday; a week begins on Monday. */
const MINUTE_OF_1970 = 3n * 1440n

/** The minute of the week, from Monday 00:00 UTC, of an instant in milliseconds. */
export function minuteOfWeek(ms: bigint): bigint {
  const minute = (minuteOf(ms) + MINUTE_OF_1970) % MINUTES_OF_WEEK
  return minute < 0n ? minute + MINUTES_OF_WEEK : minute
}

/** Whole minutes since 1970, rounded down before it too. */
function minuteOf(ms: bigint): bigint {
  return (ms >= 0n ? ms : ms - MS_OF_MINUTE + 1n) / MS_OF_MINUTE
}

/** The first instant, in milliseconds, of a box over `instant.ms` and `instant.minute`. */
export function findInstant(box: Box): bigint | undefined {
  const spans = rangesOf(box.get('instant.ms')) ?? [{ low: MIN_MS, high: MAX_MS }]
  return firstInstant(spans, rangesOf(box.get('instant.minute')))
}

function firstInstant(spans: readonly BigRange[], minutes: readonly BigRange[] | undefined): bigint | undefined {
  for (const { low, high } of spans) {
    if (minutes === undefined) return low
    const minute = minuteOfWeek(low)
    if (contains(minutes, minute)) return low
    const next = minutes.find((range) => range.low > minute)?.low ?? minutes[0]?.low
    if (next === undefined) return undefined
    const wait = (next - minute + MINUTES_OF_WEEK) % MINUTES_OF_WEEK
    const instant = (minuteOf(low) + wait) * MS_OF_MINUTE
    if (instant <= high) return instant
  }
  return undefined
}

const UNIT = 2_000_000_000n

/** A number of a box over `number.value` and `number.minute`, doubled as in its dimension; a whole one where possible. */
export function findNumber(box: Box): bigint | undefined {
  const values = rangesOf(box.get('number.value'))
  const minute = box.get('number.minute')
  if (minute === undefined || minute.kind !== 'ranges') return values === undefined ? 0n : simplestOf(values)
  const spans = values ?? [{ low: -UNIT, high: MAX_MS * UNIT }]
  const isTime = firstInstant(
    intersectRanges(
      spans.flatMap((span) => wholeWithin(span, UNIT)),
      STAMPS,
    ),
    minute.ranges,
  )
  if (minute.ranges.length > 0 && isTime !== undefined) return isTime * UNIT
  if ((minute.specials & NO_SUCH) === 0) return undefined
  return simplestOf(spans.flatMap(withoutStamps))
}

/** Parts of a span that hold no time: what is negative, too large, or no whole number of milliseconds. */
function withoutStamps({ low, high }: BigRange): readonly BigRange[] {
  const large = MAX_MS * UNIT + 1n
  const parts = [
    { low, high: high < 0n ? high : -1n },
    { low: low > large ? low : large, high },
  ]
  // Behind a number stands the rest of its millisecond, and then a whole one: further ones are like it, or hold no number.
  let from = low > 0n ? low : 0n
  for (let count = 0; count < 2; count++) {
    const next = (from / UNIT + 1n) * UNIT
    parts.push({ low: from % UNIT === 0n ? from + 1n : from, high: high < next ? high : next - 1n })
    from = next
  }
  return parts.filter((part) => part.low <= part.high)
}

/** Numbers that are times. */
const STAMPS: readonly BigRange[] = [{ low: 0n, high: MAX_MS }]

/**
 * Of doubled numbers, the one that reads best: 0, else a whole number near 0, else the shortest decimal there is.
 * `undefined` when JSON has none of them.
 */
export function simplestOf(ranges: readonly BigRange[]): bigint | undefined {
  let best: bigint | undefined
  for (const range of ranges) {
    const candidate = simplestWithin(range)
    if (candidate !== undefined && (best === undefined || isSimpler(candidate, best))) best = candidate
  }
  return best
}

function simplestWithin(range: BigRange): bigint | undefined {
  for (let unit = UNIT; unit >= 2n; unit /= 10n) {
    const [whole] = wholeWithin(range, unit)
    if (whole === undefined) continue
    const candidate = (whole.low > 0n ? whole.low : whole.high < 0n ? whole.high : 0n) * unit
    if (numberWithin({ low: candidate, high: candidate }) !== undefined) return candidate
  }
  const number = numberWithin(range)
  return number === undefined ? undefined : positionOf(number)
}

function isSimpler(a: bigint, b: bigint): boolean {
  const wholeness = (n: bigint) => (n % UNIT === 0n ? 0 : n % 2n === 0n ? 1 : 2)
  return wholeness(a) < wholeness(b) || (wholeness(a) === wholeness(b) && size(a) < size(b))
}

function size(n: bigint): bigint {
  return n < 0n ? -n : n
}

/** The multiples of `unit` in a range, as multipliers. */
function wholeWithin({ low, high }: BigRange, unit: bigint): readonly BigRange[] {
  const first = low > 0n ? (low + unit - 1n) / unit : low / unit
  const last = high >= 0n ? high / unit : (high - unit + 1n) / unit
  return first <= last ? [{ low: first, high: last }] : []
}

const SAMPLES = 64

/** A text of a box over `string.*`; `undefined` when there is none, or none was found among likely addresses and times. */
export function findText(box: Box, universe: Universe): string | undefined {
  const { languages } = universe
  const text = box.get('string.text') ?? everythingAt('string.text', universe)
  if (text.kind !== 'text') return undefined
  const lengths = rangesOf(box.get('string.length'))
  const address = box.get('string.address')
  const minute = box.get('string.minute')
  if (address === undefined && minute === undefined) return ofLength(text.language, lengths, universe)
  const candidates = [
    ...(address === undefined ? [] : addressTexts(address)),
    ...(minute === undefined ? [] : stampTexts(minute)),
    ...languages.samples(text.language, SAMPLES),
  ]
  const short = ofLength(text.language, lengths, universe)
  if (short !== undefined) candidates.push(short)
  return candidates.find(
    (candidate) =>
      languages.accepts(text.language, candidate) &&
      (lengths === undefined || contains(lengths, BigInt(Array.from(candidate).length))) &&
      isWithin(address, () => toAddress(candidate)) &&
      isWithin(minute, () => toMinute(candidate)),
  )
}

function ofLength(
  language: Language,
  lengths: readonly BigRange[] | undefined,
  { languages }: Universe,
): string | undefined {
  if (lengths === undefined) return languages.shortest(language)
  for (const { low, high } of lengths) {
    const found = languages.shortestWithLength(language, Number(low), Number(high))
    if (found !== undefined) return found
  }
  return undefined
}

function isWithin(set: FactSet | undefined, read: () => bigint | undefined): boolean {
  if (set === undefined || set.kind !== 'ranges') return true
  const value = read()
  return value === undefined ? (set.specials & NO_SUCH) !== 0 : contains(set.ranges, value)
}

function toAddress(text: string): bigint | undefined {
  const parsed = parseAddress(text)
  return parsed.ok ? parsed.value : undefined
}

function toMinute(text: string): bigint | undefined {
  const parsed = parseStamp(text)
  return parsed.ok ? minuteOfWeek(BigInt(parsed.value)) : undefined
}

function addressTexts(set: FactSet): readonly string[] {
  if (set.kind !== 'ranges') return []
  return set.ranges.flatMap(({ low, high }) => [low, low + 1n <= high ? low + 1n : high, high]).map(formatAddress)
}

function stampTexts(set: FactSet): readonly string[] {
  if (set.kind !== 'ranges') return []
  // The week of Monday, the 5th of January 1970.
  return set.ranges.flatMap(({ low }) => {
    const iso = new Date(Number((low + MINUTES_OF_WEEK - MINUTE_OF_1970) * MS_OF_MINUTE)).toISOString()
    return [iso.replace('.000Z', 'Z'), iso]
  })
}

function rangesOf(set: FactSet | RangeSet | undefined): readonly BigRange[] | undefined {
  return set?.kind === 'ranges' ? set.ranges : undefined
}

function contains(ranges: readonly BigRange[], value: bigint): boolean {
  return ranges.some(({ low, high }) => low <= value && value <= high)
}
