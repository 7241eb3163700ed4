/** One change: a transaction that ends by adding its rows to the log of the project, so that neither is there without the other. */
import { appendRows, type LogHead, type LogTail } from './audit/index.ts'
import { after } from './awaitable.ts'
import type { Hashing } from './hashing.ts'
import type { Host } from './host.ts'
import type { Change, ChangeEnd, Entry } from './site.ts'
import { auditIdOf } from './site.ts'
import type { Awaitable, Store, Transaction } from './store.ts'

interface Place {
  readonly store: Store
  readonly host: Host
  readonly project: string
  readonly sha256: (bytes: Uint8Array) => Uint8Array
  readonly hashing?: Hashing | undefined
  /** Told of the rows that have become durable. */
  readonly tail?: LogTail | undefined
}

/** Runs `work` in a transaction; its rows are appended and its epoch written when it is done. */
export function makeChange<R>(
  { store, host, project, sha256, hashing, tail }: Place,
  work: (change: Change) => Awaitable<R>,
): Promise<R> {
  let appended: ReturnType<typeof appendRows> | undefined
  const run = store.transaction(project, (tx) =>
    after(tx.get('heads', HEAD_KEY), (head = EMPTY_HEAD) => {
      // A run before this one, which was lost, may have had rows.
      appended = undefined
      const entries: Entry[] = []
      const time = Math.max(host.now(), head.time)
      const change = new OpenChange(tx, head, time, entries)
      return after(work(change), (result) => {
        if (entries.length === 0 && change.newEpoch === head.epoch) return result
        const from = { ...head, epoch: change.newEpoch }
        const frontier = tail?.frontierAt(head, sha256)
        const made = appendRows({ head: from, entries, time, sha256, hashing, random: host.random, frontier })
        appended = made
        return after(tx.insert('audit', made.rows), () => after(tx.put('heads', [made.head]), () => result))
      })
    }),
  )
  if (tail === undefined) return run
  return run.then((result) => {
    if (appended !== undefined) tail.note(appended.rows)
    return result
  })
}

const HEAD_KEY = {}
const EMPTY_HEAD: LogHead = { size: 0, frontier: new Uint8Array(0), time: 0, epoch: 0 }

/** A class for the sake of speed: one is made for each batch of decisions, and its methods are shared. */
class OpenChange implements Change {
  readonly now: number
  readonly baseSize: number
  readonly baseEpoch: number
  newEpoch: number
  private readonly tx: Transaction
  private readonly size: number
  private readonly entries: Entry[]

  constructor(tx: Transaction, head: LogHead, now: number, entries: Entry[]) {
    this.tx = tx
    this.size = head.size
    this.entries = entries
    this.now = now
    this.baseSize = head.size
    this.baseEpoch = head.epoch
    this.newEpoch = head.epoch
  }

  get: Change['get'] = (table, key) => this.tx.get(table, key)
  find: Change['find'] = (table, index, range) => this.tx.find(table, index, range)
  insert: Change['insert'] = (table, rows) => this.tx.insert(table, rows)
  put: Change['put'] = (table, rows) => this.tx.put(table, rows)
  remove: Change['remove'] = (table, key) => this.tx.remove(table, key)

  record = (entry: Entry): string => auditIdOf(this.size + this.entries.push(entry) - 1)

  end = (): ChangeEnd => ({ size: this.size + this.entries.length, epoch: this.newEpoch })

  epoch = (): number => {
    this.newEpoch = this.baseEpoch + 1
    return this.newEpoch
  }
}
