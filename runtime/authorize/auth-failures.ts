/** Failed authentications: each is a row, until one source fails so often that it is counted instead. */

/** Rows for one source in one minute. */
export const MAX_ROWS_A_MINUTE = 60
/** Sources that are told apart; what comes beyond is one source. */
const MAX_SOURCES = 10_000
const MINUTE_MS = 60_000

export interface CountedFailures {
  readonly source: string
  /** Start of the minute, milliseconds since 1970. */
  readonly minute: number
  /** Failures beyond those that have rows. */
  readonly count: number
}

export class AuthFailures {
  private minute = 0
  private readonly sources = new Map<string, number>()
  private counted: CountedFailures[] = []

  /** True when this failure gets a row of its own. */
  admit(source: string, now: number): boolean {
    this.turn(now)
    const known = this.sources.has(source) || this.sources.size < MAX_SOURCES ? source : 'others'
    const count = (this.sources.get(known) ?? 0) + 1
    this.sources.set(known, count)
    return count <= MAX_ROWS_A_MINUTE
  }

  /** Takes back what was admitted in a transaction that is run again. */
  withdraw(source: string, now: number): void {
    this.turn(now)
    const known = this.sources.has(source) ? source : 'others'
    const count = this.sources.get(known) ?? 0
    if (count > 0) this.sources.set(known, count - 1)
  }

  /** What was counted in minutes that are over; each is given once. */
  take(now: number): readonly CountedFailures[] {
    if (this.sources.size === 0 && this.counted.length === 0) return NOTHING
    this.turn(now)
    const taken = this.counted
    this.counted = []
    return taken
  }

  /** Gives back what could not be recorded. */
  giveBack(failures: readonly CountedFailures[]): void {
    this.counted.push(...failures)
  }

  private turn(now: number): void {
    const minute = now - (now % MINUTE_MS)
    if (minute === this.minute) return
    for (const [source, total] of this.sources) {
      const count = total - MAX_ROWS_A_MINUTE
      if (count > 0) this.counted.push({ source, minute: this.minute, count })
    }
    this.sources.clear()
    this.minute = minute
  }
}

const NOTHING: readonly CountedFailures[] = []
