/** The order in which every store gives rows. */
import type { AnyRow, Value } from './rows.ts'

/** Orders a row against the values of these columns, as many as there are. */
export function compareTo(columns: readonly string[], row: AnyRow, values: readonly Value[]): number {
  for (let at = 0; at < values.length; at++) {
    const order = compare(row[columns[at] ?? ''] ?? null, values[at] ?? null)
    if (order !== 0) return order
  }
  return 0
}

/** Null first, then numbers, then texts by their UTF-8 bytes, as databases do. */
function compare(a: Value, b: Value): number {
  if (a === b) return 0
  if (a === null) return -1
  if (b === null) return 1
  if (typeof a === 'string' && typeof b === 'string') return compareTexts(a, b)
  return a < b ? -1 : 1
}

/** By code points, which is the order of UTF-8. */
export function compareTexts(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x === y) continue
    // Surrogates stand for what is above all other units.
    const isHighX = x >= 0xd800 && x <= 0xdfff
    const isHighY = y >= 0xd800 && y <= 0xdfff
    return isHighX === isHighY ? x - y : isHighX ? 1 : -1
  }
  return a.length - b.length
}
