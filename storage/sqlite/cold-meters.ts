/**
 * Meters that are in use stand together in a small table, so that the many that a batch of decisions changes are few pages; all
 * others are in a large one. Keys are in no order: in one table for all, each change of one of 50,000 meters would be a page of
 * its own to be written.
 *
 *     kavach_meters        what was written lately: this holds
 *     kavach_cold_meters   everything else; what the small table says too is out of date here
 *
 * When the small table has grown too large, all of it moves; what is in use comes back with its next change.
 */
import type { Row } from '../../runtime/index.ts'
import { compareTexts } from '../order.ts'
import type { Connection, Statement } from './driver.ts'

/** Rows that the small table may hold; some 80 pages. */
const MAX_HOT = 4096

export class ColdMeters {
  private readonly connection: Connection
  private count: Statement | undefined = undefined
  private move: Statement | undefined = undefined
  private clear: Statement | undefined = undefined
  /** Rows written since the small table was counted; whoever comes first counts it. */
  private written = MAX_HOT

  constructor(connection: Connection) {
    this.connection = connection
  }

  /** After meters were written: moves them in the same transaction if there are too many. */
  noteWritten(rows: number): void {
    this.written += rows
    if (this.written < MAX_HOT) return
    this.written = 0
    this.count ??= this.connection.prepare('SELECT count(*) AS rows FROM kavach_meters').safeIntegers(false)
    const counted = this.count.get() as { readonly rows: number } // The column that was asked for.
    if (counted.rows <= MAX_HOT) return
    this.move ??= this.connection.prepare(
      `INSERT INTO kavach_cold_meters (project, key, windowStart, used)
        SELECT project, key, windowStart, used FROM kavach_meters WHERE true
        ON CONFLICT DO UPDATE SET used = excluded.used`,
    )
    this.clear ??= this.connection.prepare('DELETE FROM kavach_meters')
    this.move.run()
    this.clear.run()
  }
}

type Meter = Row<'meters'>

/** The rows of both tables in one order, each meter once: as the small table has it. At most `limit`. */
export function mergeMeters(
  hot: readonly Meter[],
  cold: readonly Meter[],
  { isBefore, limit }: { readonly isBefore: (a: Meter, b: Meter) => boolean; readonly limit: number },
): readonly Meter[] {
  const merged: Meter[] = []
  let at = 0
  for (const row of hot) {
    for (let next = cold[at]; next !== undefined && isBefore(next, row); next = cold[++at]) merged.push(next)
    if (cold[at]?.key === row.key && cold[at]?.windowStart === row.windowStart) at++
    merged.push(row)
  }
  merged.push(...cold.slice(at))
  return merged.slice(0, limit)
}

/** The order in which an index of meters gives them. */
export function orderOf(index: string, isReversed: boolean): (a: Meter, b: Meter) => boolean {
  return (a, b) => {
    const byKey = compareTexts(a.key, b.key)
    const byWindow = a.windowStart - b.windowStart
    const order = index === 'key' ? byKey || byWindow : byWindow || byKey
    return isReversed ? order > 0 : order < 0
  }
}
