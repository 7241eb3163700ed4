/** One change: a transaction that ends by adding its rows to the log of the project, so that neither is there without the other. */
import { appendRows, type LogHead } from './audit/index.ts'
import { KavachError } from './errors.ts'
import type { Host } from './host.ts'
import type { Change, Entry } from './site.ts'
import { auditIdOf } from './site.ts'
import type { Awaitable, Store } from './store.ts'

interface Place {
  readonly store: Store
  readonly host: Host
  readonly project: string
  readonly deadlineMs: number
  readonly sha256: (bytes: Uint8Array) => Uint8Array
}

/** Runs `work` in a transaction; its rows are appended and its epoch written when it is done. */
export function makeChange<R>(place: Place, work: (change: Change) => Awaitable<R>): Promise<R> {
  const { store, host, project, sha256 } = place
  const run = store.transaction(project, async (tx) => {
    const found = tx.get('heads', {})
    const head: LogHead = (isPromise(found) ? await found : found) ?? EMPTY_HEAD
    const entries: Entry[] = []
    const now = Math.max(host.now(), head.time)
    let epoch = head.epoch
    const change: Change = {
      get: (table, key) => tx.get(table, key),
      find: (table, index, range) => tx.find(table, index, range),
      insert: (table, rows) => tx.insert(table, rows),
      put: (table, rows) => tx.put(table, rows),
      remove: (table, key) => tx.remove(table, key),
      now,
      record: (entry) => auditIdOf(head.size + entries.push(entry) - 1),
      epoch: () => {
        epoch = head.epoch + 1
        return epoch
      },
    }
    const result = work(change)
    const value = isPromise(result) ? await result : result
    if (entries.length > 0 || epoch !== head.epoch) {
      const appended = appendRows({ head: { ...head, epoch }, entries, time: now, sha256, random: host.random })
      const inserted = tx.insert('audit', appended.rows)
      if (isPromise(inserted)) await inserted
      const advanced = tx.put('heads', [appended.head])
      if (isPromise(advanced)) await advanced
    }
    return value
  })
  return withinDeadline(run, place)
}

const EMPTY_HEAD: LogHead = { size: 0, frontier: new Uint8Array(0), time: 0, epoch: 0 }

/** The result, or KVCH_E_STORE_TIMEOUT. What is late is not undone: whoever asks must count it as unknown. */
export function withinDeadline<R>(
  run: Promise<R>,
  { host, deadlineMs }: Pick<Place, 'host' | 'deadlineMs'>,
): Promise<R> {
  const stop = new AbortController()
  const late = host.sleep(deadlineMs, { signal: stop.signal }).then(() => {
    throw new KavachError('KVCH_E_STORE_TIMEOUT')
  })
  // Whichever loses is nobody's: its rejection must not be unhandled.
  late.catch(() => undefined)
  run.catch(() => undefined)
  return Promise.race([run, late]).finally(() => stop.abort())
}

/** True for what has to be awaited. */
export function isPromise<T>(value: Awaitable<T>): value is Promise<T> {
  return typeof value === 'object' && value !== null && 'then' in value
}
