/**
 * What the decisions of one transaction read from meters and take from them. The transaction holds the only write to these
 * rows, so each is read once, counted here, and written once at the end.
 */
import { isPromise } from '../awaitable.ts'
import type { Awaitable, Transaction } from '../store.ts'
import { Suspension } from './reads.ts'

interface Meter {
  readonly key: string
  readonly windowStart: number
  used: number
  isChanged: boolean
}

export class BatchMeters {
  private readonly meters = new Map<string, Meter>()
  private readonly tx: Pick<Transaction, 'get' | 'put'>

  constructor(tx: Pick<Transaction, 'get' | 'put'>) {
    this.tx = tx
  }

  /** What was used in this window. @throws {Suspension} when the store has to be waited for */
  read(key: string, windowStart: number): number {
    return this.meter(key, windowStart).used
  }

  /** Uses some of it. Whoever takes has looked first: nothing is refused here. */
  take(key: string, windowStart: number, amount: number): void {
    const meter = this.meter(key, windowStart)
    meter.used += amount
    meter.isChanged = true
  }

  /** Makes a meter read this, whatever it read. */
  set(key: string, windowStart: number, used: number): void {
    this.meters.set(nameOf(key, windowStart), { key, windowStart, used, isChanged: true })
  }

  /** Writes what was taken. */
  flush(): Awaitable<void> {
    const changed: { key: string; windowStart: number; used: number }[] = []
    for (const { key, windowStart, used, isChanged } of this.meters.values()) {
      if (isChanged) changed.push({ key, windowStart, used })
    }
    return changed.length === 0 ? undefined : this.tx.put('meters', changed)
  }

  private meter(key: string, windowStart: number): Meter {
    const name = nameOf(key, windowStart)
    const known = this.meters.get(name)
    if (known !== undefined) return known
    const row = this.tx.get('meters', { key, windowStart })
    const remember = (used: number): Meter => {
      const meter = { key, windowStart, used, isChanged: false }
      this.meters.set(name, meter)
      return meter
    }
    if (!isPromise(row)) return remember(row?.used ?? 0)
    throw new Suspension(
      row.then(
        (found) => {
          // Another decision may have waited for the same meter, and have taken from it since.
          if (!this.meters.has(name)) remember(found?.used ?? 0)
        },
        () => undefined,
      ),
    )
  }
}

function nameOf(key: string, windowStart: number): string {
  return `${windowStart}/${key}`
}
