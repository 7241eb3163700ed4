/**
 * The store in a Cloudflare D1 database. A transaction is work over one state that ends with one batch (fence.ts); where another program
 * was faster, the work is done again.
 */
import { type DrizzleD1Database, drizzle } from 'drizzle-orm/d1'
import {
  type Awaitable,
  createHost,
  type Host,
  KavachError,
  type Reader,
  type Store,
  type Transaction,
} from '../../runtime/index.ts'
import type { D1Binding, D1Result, D1Statement, GivenD1 } from './binding.ts'
import { isFenceBroken, isRefusal, toD1Error } from './faults.ts'
import { type Fence, newStamp, READ_FENCE, WRITE_FENCE } from './fence.ts'
import { Lane, type Mode } from './lanes.ts'
import { migrateD1 } from './migrate.ts'
import type { SnapshotPlace } from './snapshot.ts'
import { D1Statements } from './statements.ts'
import { D1Transaction } from './transaction.ts'

/** What `kavach.db` is over D1. */
export type D1Drizzle = DrizzleD1Database

export interface D1Options extends GivenD1 {
  /** Milliseconds within which every call answers. Default 2,000. */
  readonly deadlineMs?: number | undefined
  readonly host?: Host | undefined
}

const DEADLINE_MS = 2000
/** What D1 itself gives a call. */
const MIGRATION_MS = 30_000
/** Waits after lost races grow to this, and each is drawn from the half below: programs that race must not march in step. */
const LONGEST_WAIT_MS = 64

/** Opens nothing: a binding is there. `migrate()` makes the tables. */
export function openD1Store(options: D1Options): Store {
  return new D1Store(options)
}

class D1Store implements Store {
  readonly provider = 'd1'
  readonly isDurable = true
  readonly db: unknown
  private readonly binding: D1Binding
  private readonly host: Host
  private readonly deadlineMs: number
  private readonly place: SnapshotPlace
  private readonly lanes = new Map<string, Lane>()
  private readonly running = new Set<Promise<unknown>>()
  private isClosed = false

  constructor({ binding, db, deadlineMs = DEADLINE_MS, host = createHost() }: D1Options) {
    this.binding = binding
    this.host = host
    this.deadlineMs = deadlineMs
    // The binding is one of D1: Drizzle's type says so with the types of Cloudflare.
    this.db = db ?? drizzle(binding as unknown as Parameters<typeof drizzle>[0])
    this.place = { statements: new D1Statements(binding), batch: (all) => this.batch(all), host }
  }

  migrate(): Promise<void> {
    return this.run(() => migrateD1(this.binding, this.host), Math.max(this.deadlineMs, MIGRATION_MS))
  }

  transaction<R>(project: string, work: (tx: Transaction) => Awaitable<R>): Promise<R> {
    return this.run((call) => this.inLane(project, 'writing', call, work))
  }

  read<R>(project: string, work: (reader: Reader) => Awaitable<R>): Promise<R> {
    return this.run((call) => this.inLane(project, 'reading', call, work))
  }

  projects(): Promise<readonly string[]> {
    return this.run(async () => {
      const [answer] = await this.batch([this.binding.prepare('SELECT project FROM kavach_heads ORDER BY project')])
      return (answer?.results ?? []).map((row) => (row as { readonly project: string }).project) // The column asked for.
    })
  }

  async close(): Promise<void> {
    this.isClosed = true
    await Promise.allSettled(this.running)
  }

  /** Answers within the deadline, and is waited for by `close`. */
  private run<R>(work: (call: Call) => Promise<R>, deadlineMs = this.deadlineMs): Promise<R> {
    if (this.isClosed) return Promise.reject(new KavachError('KVCH_E_STORE_CLOSED'))
    const call = new Call(this.host.elapsed())
    const ended = this.inTime(call, work(call), deadlineMs)
    this.running.add(ended)
    const forget = () => this.running.delete(ended)
    ended.then(forget, forget)
    return ended
  }

  private async inTime<R>(call: Call, work: Promise<R>, deadlineMs: number): Promise<R> {
    const stop = new AbortController()
    const late = this.host.sleep(deadlineMs, { isBackground: true, signal: stop.signal }).then(() => {
      throw new KavachError('KVCH_E_STORE_TIMEOUT')
    })
    try {
      return await Promise.race([work, late])
    } finally {
      stop.abort()
      call.end()
    }
  }

  private async inLane<R>(
    project: string,
    mode: Mode,
    call: Call,
    work: (tx: D1Transaction) => Awaitable<R>,
  ): Promise<R> {
    const lane = this.lanes.get(project) ?? new Lane()
    this.lanes.set(project, lane)
    const { turn, leave } = lane.enter(mode)
    call.atEnd(() => {
      leave()
      if (lane.isEmpty) this.lanes.delete(project)
    })
    if (turn !== undefined) await turn
    return this.untilWon(project, call, work)
  }

  private async untilWon<R>(project: string, call: Call, work: (tx: D1Transaction) => Awaitable<R>): Promise<R> {
    const { host, deadlineMs } = this
    for (let wait = 2; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
      const attempt = await this.attempt(project, call, work)
      if (attempt !== LOST) return attempt.result
      if (host.elapsed() - call.since >= deadlineMs / 2) {
        throw new KavachError('KVCH_E_STORE_LOCKED', 'other programs write to the database all the time')
      }
      const [byte = 0] = host.random(1)
      await host.sleep((wait / 2) * (1 + byte / 255))
    }
  }

  private async attempt<R>(
    project: string,
    call: Call,
    work: (tx: D1Transaction) => Awaitable<R>,
  ): Promise<{ readonly result: R } | typeof LOST> {
    if (call.isOver) throw new KavachError('KVCH_E_STORE_TIMEOUT')
    const tx = new D1Transaction(this.place, project)
    call.use(tx)
    let result: R
    try {
      result = await work(tx)
    } catch (error) {
      // What it throws because of a state that is none says nothing.
      if (tx.snapshot.isLost) return LOST
      throw error
    } finally {
      tx.isOver = true
    }
    if (tx.snapshot.isLost) return LOST
    if (tx.failure !== undefined) throw tx.failure
    if (!tx.hasWrites) return { result }
    if (call.isOver) throw new KavachError('KVCH_E_STORE_TIMEOUT')
    return (await this.commit(project, tx)) ? { result } : LOST
  }

  /** False when another transaction was faster. */
  private async commit(project: string, tx: D1Transaction): Promise<boolean> {
    const { statements } = this.place
    if (tx.snapshot.stamp === undefined) await tx.snapshot.ask([])
    const stamp = newStamp(this.host.random)
    const fence = statements.of(WRITE_FENCE, project, project, tx.snapshot.stamp ?? null, stamp)
    try {
      await this.batch([fence, ...tx.statements()])
      return true
    } catch (error) {
      const isLost = isFenceBroken(error)
      if (!isLost && isRefusal(error)) throw toD1Error(error)
      // A batch that was sent twice on its way broke the fence that it had set up itself.
      if (await this.isCommitted(project, stamp)) return true
      if (isLost) return false
      throw toD1Error(error)
    }
  }

  /** Whether a batch was done whose answer did not arrive, unless another one was done behind it. */
  private async isCommitted(project: string, stamp: number): Promise<boolean> {
    try {
      const [answer] = await this.batch([this.place.statements.of(READ_FENCE, project)])
      return (answer?.results?.[0] as Fence | undefined)?.stamp === stamp // The columns of READ_FENCE.
    } catch {
      // What failed first is what the caller is told.
      return false
    }
  }

  private batch(statements: readonly D1Statement[]): Promise<D1Result[]> {
    return this.binding.batch([...statements])
  }
}

const LOST = Symbol('another transaction was committed meanwhile')

/** One call of the store, from when it is asked to when it is answered. */
class Call {
  readonly since: number
  isOver = false
  private tx: D1Transaction | undefined
  private last: () => void = () => undefined

  constructor(since: number) {
    this.since = since
  }

  use(tx: D1Transaction): void {
    this.tx = tx
  }

  atEnd(last: () => void): void {
    this.last = last
  }

  /** Work that is late does nothing more. */
  end(): void {
    this.isOver = true
    if (this.tx !== undefined) this.tx.isOver = true
    this.last()
  }
}
