/**
 * What decisions read from meters and take from them. A transaction holds the only write to these rows, so each is read once,
 * counted here, and written once at the end. As long as nobody else writes to the log, what was counted stays true in the next
 * transaction too.
 *
 * INVARIANT: whoever changes a meter that decisions read, in this process or another, writes a row of the log in the same
 * transaction. Sweeping old windows is the exception: nobody reads those.
 */
import { isPromise } from '../awaitable.ts'
import type { Change, ChangeEnd } from '../site.ts'
import type { Awaitable, Transaction } from '../store.ts'
import { Suspension } from './reads.ts'

interface Meter {
  readonly key: string
  readonly windowStart: number
  used: number
  isChanged: boolean
}

/** Meters that are remembered between transactions. */
const MAX_METERS = 50_000

/** What was read and counted, and where the log stood then. */
export class MeterCache {
  /** The last window of each meter. */
  meters = new Map<string, Meter>()
  private end: ChangeEnd | undefined = undefined

  /** Forgets everything unless the log stands where it stood. */
  begin({ baseSize, baseEpoch }: Pick<Change, 'baseSize' | 'baseEpoch'>): void {
    const { end } = this
    const isSame = end !== undefined && end.size === baseSize && end.epoch === baseEpoch
    // Another map: a transaction that was given up on may still be counting in the old one.
    if (!isSame || this.meters.size > MAX_METERS) this.meters = new Map()
    this.end = undefined
  }

  /** The transaction is durable. */
  commit(end: ChangeEnd): void {
    this.end = end
  }
}

/** The meters of one transaction. */
export class BatchMeters {
  private readonly meters: Map<string, Meter>
  private readonly changed: Meter[] = []
  private readonly tx: Pick<Transaction, 'get' | 'put'>

  constructor(tx: Pick<Transaction, 'get' | 'put'>, { meters }: MeterCache = new MeterCache()) {
    this.tx = tx
    this.meters = meters
  }

  /** What was used in this window. @throws {Suspension} when the store has to be waited for */
  read(key: string, windowStart: number): number {
    return this.meter(key, windowStart).used
  }

  /** Uses some of it. Whoever takes has looked first: nothing is refused here. */
  take(key: string, windowStart: number, amount: number): void {
    const meter = this.meter(key, windowStart)
    this.write(meter, meter.used + amount)
  }

  /** Makes a meter read this, whatever it read. */
  set(key: string, windowStart: number, used: number): void {
    const known = this.meters.get(key)
    this.write(known?.windowStart === windowStart ? known : this.remember(key, windowStart, 0), used)
  }

  /** Writes what was taken. */
  flush(): Awaitable<void> {
    if (this.changed.length === 0) return undefined
    const rows = this.changed.map(({ key, windowStart, used }) => ({ key, windowStart, used }))
    for (const meter of this.changed) meter.isChanged = false
    return this.tx.put('meters', rows)
  }

  private write(meter: Meter, used: number): void {
    meter.used = used
    if (meter.isChanged) return
    meter.isChanged = true
    this.changed.push(meter)
  }

  private meter(key: string, windowStart: number): Meter {
    const known = this.meters.get(key)
    if (known !== undefined && known.windowStart === windowStart) return known
    const row = this.tx.get('meters', { key, windowStart })
    if (!isPromise(row)) return this.remember(key, windowStart, row?.used ?? 0)
    throw new Suspension(
      row.then(
        (found) => {
          // Another decision may have waited for the same meter, and have taken from it since.
          if (this.meters.get(key)?.windowStart !== windowStart) this.remember(key, windowStart, found?.used ?? 0)
        },
        () => undefined,
      ),
    )
  }

  private remember(key: string, windowStart: number, used: number): Meter {
    const meter = { key, windowStart, used, isChanged: false }
    this.meters.set(key, meter)
    return meter
  }
}
