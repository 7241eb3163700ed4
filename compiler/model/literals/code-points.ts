/** Sets of code points as sorted, disjoint, inclusive ranges. Surrogates are in none of them. */
import type { CodePointRange } from './values.ts'

const MAX_POINT = 0x10ffff

/** Every code point that is a character. */
export const ALL_POINTS: readonly CodePointRange[] = [
  { low: 0, high: 0xd7ff },
  { low: 0xe000, high: MAX_POINT },
]

/** What `.` matches without flag `s`. */
export const NOT_NEWLINE: readonly CodePointRange[] = [
  { low: 0, high: 9 },
  { low: 11, high: 0xd7ff },
  { low: 0xe000, high: MAX_POINT },
]

/** `\d`, `\w` and `\s`, ASCII only. @see the syntax page of RE2 */
export const DIGITS: readonly CodePointRange[] = [{ low: 0x30, high: 0x39 }]
export const WORDS: readonly CodePointRange[] = [
  { low: 0x30, high: 0x39 },
  { low: 0x41, high: 0x5a },
  { low: 0x5f, high: 0x5f },
  { low: 0x61, high: 0x7a },
]
export const SPACES: readonly CodePointRange[] = [
  { low: 9, high: 10 },
  { low: 12, high: 13 },
  { low: 32, high: 32 },
]

/** The same set, sorted, with touching and overlapping ranges joined. */
export function normalizeRanges(ranges: readonly CodePointRange[]): CodePointRange[] {
  const sorted = [...ranges].sort((a, b) => a.low - b.low)
  const joined: { low: number; high: number }[] = []
  for (const { low, high } of sorted) {
    const last = joined.at(-1)
    if (last !== undefined && low <= last.high + 1) last.high = Math.max(last.high, high)
    else joined.push({ low, high })
  }
  return joined
}

/** The characters that are not in `ranges`, which must be normalised. */
export function invertRanges(ranges: readonly CodePointRange[]): CodePointRange[] {
  const inverted: CodePointRange[] = []
  for (const all of ALL_POINTS) {
    let low = all.low
    for (const range of ranges) {
      if (range.high < low) continue
      if (range.low > all.high) break
      if (range.low > low) inverted.push({ low, high: range.low - 1 })
      low = range.high + 1
    }
    if (low <= all.high) inverted.push({ low, high: all.high })
  }
  return inverted
}

/** Adds to a set the other case of every ASCII letter in it. */
export function foldAscii(ranges: readonly CodePointRange[]): CodePointRange[] {
  const folded: CodePointRange[] = [...ranges]
  const addShifted = (first: number, last: number, shift: number): void => {
    for (const range of ranges) {
      const low = Math.max(range.low, first)
      const high = Math.min(range.high, last)
      if (low <= high) folded.push({ low: low + shift, high: high + shift })
    }
  }
  addShifted(0x41, 0x5a, 32)
  addShifted(0x61, 0x7a, -32)
  return normalizeRanges(folded)
}
