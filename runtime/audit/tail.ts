/**
 * What this process knows of the log because it has written it itself, so that whoever follows the log need not read it back.
 * What others wrote, and what is too long ago, is in the store.
 */
import type { Hashing } from '../hashing.ts'
import type { Row } from '../tables.ts'
import type { LogHead } from './append.ts'
import { Frontier } from './frontier.ts'
import { isEqual } from './merkle.ts'
import { postingOf } from './postings.ts'

/** Rows that are remembered: what many callers write between two looks of the checkpointer. */
const MAX_ROWS = 131_072

/** Part of the log that was appended here without anybody else between. */
export interface OwnRun {
  /** The head behind which it begins, as the store had it. */
  readonly from: Pick<LogHead, 'size' | 'frontier'>
}

export class LogTail {
  /** One ring of numbers: a hundred thousand small objects would be looked at by every garbage collection. */
  private ring: Float64Array | undefined = undefined
  /** The rows that are known: `start` to `end - 1`. */
  private start = 0
  private end = 0
  private frontier: Frontier | undefined = undefined
  private run: OwnRun | undefined = undefined

  /** Rows that have become durable, in order. */
  note(rows: readonly Pick<Row<'audit'>, 'seq' | 'agent'>[]): void {
    const [first] = rows
    if (first === undefined) return
    this.ring ??= new Float64Array(MAX_ROWS)
    if (first.seq !== this.end) this.start = first.seq
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] as Pick<Row<'audit'>, 'seq' | 'agent'> // `i` is below the length.
      this.ring[row.seq % MAX_ROWS] = postingOf(row)
    }
    this.end = first.seq + rows.length
    this.start = Math.max(this.start, this.end - MAX_ROWS)
  }

  /** What the rows from `from` on, before `to`, leave in tables; nothing unless all of them are known. A copy. */
  postings(from: number, to: number): Float64Array | undefined {
    const { ring } = this
    if (ring === undefined || from < this.start || to > this.end) return undefined
    const found = new Float64Array(to - from)
    for (let i = 0; i < found.length; i++) found[i] = ring[(from + i) % MAX_ROWS] as number // Any index is in the ring.
    return found
  }

  /**
   * The frontier of a head that was read in the transaction which goes on to append to it. It is the one that was left there last
   * if that is what the store holds; what an earlier transaction appended in vain, or somebody else wrote, begins another run.
   */
  frontierAt(head: Pick<LogHead, 'size' | 'frontier'>, sha256: Hashing['bytes']): Frontier {
    if (this.frontier?.isAt(head) !== true) {
      this.frontier = new Frontier(sha256, head.size, head.frontier)
      this.run = { from: head }
    }
    return this.frontier
  }

  /** The run that has led to a head, which was read in a transaction that nobody appends in. */
  runTo(head: Pick<LogHead, 'size' | 'frontier'>): OwnRun | undefined {
    return this.frontier?.isAt(head) === true ? this.run : undefined
  }
}

/** Whether all that followed this head was appended in the run. */
export function beginsAt({ from }: OwnRun, { size, frontier }: Pick<LogHead, 'size' | 'frontier'>): boolean {
  return from.size === size && isEqual(from.frontier, frontier)
}
