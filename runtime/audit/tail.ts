/**
 * The last rows of the log that this process has written itself: whoever follows the log need not read them back. What others
 * wrote, and what is too long ago, is in the store.
 *
 * Leaves are copied into one ring of bytes: a hundred thousand small arrays would be looked at by every garbage collection.
 */
import type { Row } from '../tables.ts'
import { HASH_BYTES } from './merkle.ts'

/** What follows from a row. */
export type TailRow = Pick<Row<'audit'>, 'seq' | 'agent' | 'leaf'>

/** Rows that are remembered. */
const MAX_ROWS = 65_536

export class LogTail {
  private leaves: Uint8Array | undefined = undefined
  private readonly agents: (string | null)[] = []
  /** The rows that are known: `start` to `end - 1`. */
  private start = 0
  private end = 0

  /** Rows that have become durable, in order. */
  note(rows: readonly TailRow[]): void {
    const [first] = rows
    if (first === undefined) return
    this.leaves ??= new Uint8Array(HASH_BYTES * MAX_ROWS)
    if (first.seq !== this.end) this.start = first.seq
    for (const { seq, agent, leaf } of rows) {
      this.leaves.set(leaf, HASH_BYTES * (seq % MAX_ROWS))
      this.agents[seq % MAX_ROWS] = agent
    }
    this.end = first.seq + rows.length
    this.start = Math.max(this.start, this.end - MAX_ROWS)
  }

  /** Rows from `from` on, before `to`, as far as they are known: none when the first of them is not. */
  from(from: number, to: number): readonly TailRow[] {
    const { leaves } = this
    if (leaves === undefined || from < this.start) return []
    const rows: TailRow[] = []
    for (let seq = from; seq < to && seq < this.end; seq++) {
      const at = seq % MAX_ROWS
      const leaf = leaves.slice(HASH_BYTES * at, HASH_BYTES * (at + 1))
      rows.push({ seq, agent: this.agents[at] ?? null, leaf })
    }
    return rows
  }
}
