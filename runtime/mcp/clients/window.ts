/** Bounds on what strangers may cause in a minute or an hour, for a whole project and for each source. */
import { type Change, entryOf } from '../../index.ts'

export interface Bound {
  /** For the log, and a meter is named after it. */
  readonly name: string
  readonly most: number
  readonly windowMs: number
}

/**
 * Takes one of what the project may have in this window, or refuses and takes nothing; the first refusal of a window is a row of
 * the log. Windows are aligned to UTC.
 *
 * @param mostHere how far this one may go; that it may not go further than others is no row
 * @returns seconds until the window is over when it was refused
 */
export async function takeOne(
  change: Change,
  { name, most, windowMs }: Bound,
  mostHere: number = most,
): Promise<number | undefined> {
  const key = `oauth/${name}`
  const windowStart = change.now - (change.now % windowMs)
  const kept = await change.find('meters', 'key', { equal: [key] })
  // Those of windows that are over would lie about for months.
  for (const { windowStart: start } of kept) {
    if (start !== windowStart) await change.remove('meters', { key, windowStart: start })
  }
  const used = kept.find((meter) => meter.windowStart === windowStart)?.used ?? 0
  const retryAfter = Math.ceil((windowStart + windowMs - change.now) / 1000)
  if (used >= mostHere && used < most) return retryAfter
  // One beyond the bound says that the refusal of this window has its row.
  if (used <= most) await change.put('meters', [{ key, windowStart, used: used + 1 }])
  if (used < most) return undefined
  if (used === most) {
    const members = { rate: name, count: most, seconds: windowMs / 1000, code: 'KVCH_E_RATE_ENDPOINT_EXCEEDED' }
    change.record(entryOf({ kind: 'rate.exceed', actor: 'host', result: 'denied', members }))
  }
  return retryAfter
}

/** What each source took in the window that is under way, as far as this process knows. */
export class Shares {
  private windowStart = 0
  private readonly taken = new Map<string, number>()
  private readonly windowMs: number

  constructor(windowMs: number) {
    this.windowMs = windowMs
  }

  /** Adds one, and gives how many there are with it. */
  take(source: string, now: number): number {
    const windowStart = now - (now % this.windowMs)
    if (windowStart !== this.windowStart) this.taken.clear()
    this.windowStart = windowStart
    const known = this.taken.has(source) || this.taken.size < MAX_SOURCES ? source : OTHERS
    const count = (this.taken.get(known) ?? 0) + 1
    this.taken.set(known, count)
    return count
  }
}

/** Sources that are told apart; what comes beyond is one source. */
const MAX_SOURCES = 10_000
const OTHERS = 'others'
