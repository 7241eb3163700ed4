/**
 * The last rows of the log that this process has written itself: whoever follows the log need not read them back. What others
 * wrote, and what is too long ago, is in the store.
 */
import type { Row } from '../tables.ts'

/** What follows from a row. */
export type TailRow = Pick<Row<'audit'>, 'seq' | 'agent' | 'leaf'>

/** Rows that are remembered. */
const MAX_ROWS = 65_536

export class LogTail {
  private rows: TailRow[] = []

  /** Rows that have become durable, in order. */
  note(rows: readonly TailRow[]): void {
    const [first] = rows
    if (first === undefined) return
    const last = this.rows.at(-1)
    if (last !== undefined && first.seq !== last.seq + 1) this.rows = []
    for (const { seq, agent, leaf } of rows) this.rows.push({ seq, agent, leaf })
    if (this.rows.length > 2 * MAX_ROWS) this.rows = this.rows.slice(-MAX_ROWS)
  }

  /** Rows from `from` on, before `to`, as far as they are known: none when the first of them is not. */
  from(from: number, to: number): readonly TailRow[] {
    const start = from - (this.rows[0]?.seq ?? Number.POSITIVE_INFINITY)
    return start >= 0 ? this.rows.slice(start, start + to - from) : []
  }
}
