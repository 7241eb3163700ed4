/**
 * The store in a SQLite file. One connection serves all projects, one transaction after the other; `BEGIN IMMEDIATE` makes those
 * of other processes wait as well. The driver answers at once, so a transaction whose work does so too is done without leaving
 * the turn of the process, and only what another process holds is waited for.
 */
import { existsSync } from 'node:fs'
import {
  type Awaitable,
  createHost,
  type Host,
  isPromise,
  KavachError,
  type Reader,
  type Store,
  type Transaction,
} from '../../runtime/index.ts'
import { Turns } from '../turns.ts'
import type { Durability } from './configure.ts'
import { type Connection, driverOf, loadDriver, type SqliteDriver } from './driver.ts'
import { isBusy, toStoreError } from './faults.ts'
import { adoptLink, type Link, type LinkPlan, openLink, pathOfConnection } from './link.ts'
import { applyMigrations, stateOfSchema } from './migrate.ts'
import type { NodeDatabase } from './node-sqlite.ts'
import { patiently } from './patience.ts'
import { SqliteTransaction } from './transaction.ts'
import { pathOfUrl } from './url.ts'
import { Witness } from './witness.ts'

export interface SqliteOptions {
  /** `:memory:`, a path, or a `file:` URL. */
  readonly url: string
  /** Default: better-sqlite3, and `node:sqlite` where that is not installed or does not load. */
  readonly driver?: SqliteDriver | undefined
  /** `durable`, the default: what was acknowledged survives the machine; `process`: only the process. */
  readonly durability?: Durability | undefined
  /** Milliseconds within which every call answers; half of them may go by waiting for another process. Default 2,000. */
  readonly deadlineMs?: number | undefined
  readonly host?: Host | undefined
}

/** A connection that the application opened, and closes. */
export interface GivenConnection extends Omit<SqliteOptions, 'url' | 'driver'> {
  readonly connection: Connection | NodeDatabase
  /** Drizzle over it, where there is one already. */
  readonly db?: unknown
}

const DEADLINE_MS = 2000

/**
 * Opens the file, or makes it; `migrate()` makes its tables.
 *
 * @throws {KavachError} KVCH_E_STORE_*, KVCH_E_CONFIG_INVALID
 */
export async function openSqliteStore(options: SqliteOptions | GivenConnection): Promise<Store> {
  const { durability = 'durable', deadlineMs = DEADLINE_MS, host = createHost() } = options
  const given = 'connection' in options ? options : undefined
  let path = 'connection' in options ? undefined : pathOfUrl(options.url)
  try {
    const driver = await loadDriver('connection' in options ? driverOf(options.connection) : options.driver)
    const connection = given === undefined ? undefined : driver.adopt(given.connection)
    if (connection !== undefined) path = pathOfConnection(connection)
    const plan: Plan = { driver, path, durability, deadlineMs, host, isGiven: connection !== undefined }
    // To change to WAL, SQLite wants the file for itself, and does not wait for it.
    const link = await patiently({ host, deadlineMs, isRetried: isBusy }, host.elapsed(), () =>
      connection === undefined ? openLink(plan) : adoptLink(plan, connection, given?.db),
    )
    return new SqliteStore(plan, link)
  } catch (error) {
    throw toStoreError(error, path)
  }
}

interface Plan extends LinkPlan {
  readonly host: Host
  readonly isGiven: boolean
}

type Mode = 'writing' | 'reading'

class SqliteStore implements Store {
  readonly provider = 'sqlite'
  readonly isDurable: boolean
  private readonly plan: Plan
  private link: Link
  private readonly turns = new Turns()
  /** What an earlier failure leaves to be looked at: whether the file is still in its place, or the connection itself. */
  private doubt: 'file' | 'connection' | undefined
  private readonly witness = new Witness()
  private open: SqliteTransaction | undefined
  /** Work of a caller that takes its time. */
  private pending: { readonly since: number; readonly giveUp: (error: unknown) => void } | undefined
  private isWatching = false
  private readonly ended = new AbortController()
  private closing: Promise<void> | undefined

  constructor(plan: Plan, link: Link) {
    this.plan = plan
    this.link = link
    this.isDurable = plan.durability === 'durable' && plan.path !== undefined
  }

  get db(): unknown {
    return this.link.db
  }

  async migrate(): Promise<void> {
    const state = await this.inTurn('reading', () => this.asking(stateOfSchema))
    if (state === 'current') return
    await this.inTurn('writing', () => this.asking((connection) => applyMigrations(connection, this.plan.host.now())))
  }

  transaction<R>(project: string, work: (tx: Transaction) => Awaitable<R>): Promise<R> {
    return this.inTurn('writing', () => this.run(project, work))
  }

  read<R>(project: string, work: (reader: Reader) => Awaitable<R>): Promise<R> {
    return this.inTurn('reading', () => this.run(project, work))
  }

  projects(): Promise<readonly string[]> {
    return this.inTurn('reading', () =>
      this.asking((connection) => {
        const rows = connection.prepare('SELECT project FROM kavach_heads ORDER BY project').all()
        return rows.map((row) => (row as { readonly project: string }).project) // The column that was asked for.
      }),
    )
  }

  close(): Promise<void> {
    this.closing ??= this.end()
    return this.closing
  }

  private async end(): Promise<void> {
    // Whoever came at the end of time is never late.
    await this.turns.take(Number.POSITIVE_INFINITY)
    this.ended.abort()
    if (!this.plan.isGiven) this.link.connection.close()
    this.turns.release()
  }

  /** Calls `use` in a transaction of the connection, and gives nobody else a turn before it has ended. */
  private async inTurn<R>(mode: Mode, use: () => Awaitable<R>): Promise<R> {
    if (this.closing !== undefined) throw new KavachError('KVCH_E_STORE_CLOSED')
    const since = this.plan.host.elapsed()
    const turn = this.turns.take(since)
    if (turn !== undefined) {
      this.watch()
      await turn
    }
    try {
      const late = this.begin(mode, since)
      if (late !== undefined) await late
      let result: R
      try {
        const value = use()
        result = isPromise(value) ? await this.inTime(value) : value
      } catch (error) {
        this.rollBack()
        throw this.withDoubt(error)
      }
      this.commit(mode)
      return result
    } finally {
      if (this.open !== undefined) this.open.isOver = true
      this.open = undefined
      this.pending = undefined
      this.turns.release()
    }
  }

  /** The work of a caller; what it throws comes back as it is, but what a statement threw cannot be caught for good. */
  private run<R>(project: string, work: (tx: Transaction) => Awaitable<R>): Awaitable<R> {
    const { statements, toError } = this.link
    const tx = new SqliteTransaction({ statements, toError, witness: this.witness }, project)
    this.open = tx
    const value = work(tx)
    if (isPromise(value)) return value.then((result) => endOf(tx, result))
    return endOf(tx, value)
  }

  /** A question of the store itself. */
  private asking<R>(question: (connection: Connection) => R): R {
    try {
      return question(this.link.connection)
    } catch (error) {
      throw this.link.toError(error)
    }
  }

  /** Nothing where the transaction has begun; a promise where another process holds the file. */
  private begin(mode: Mode, since: number): Promise<void> | undefined {
    try {
      this.beginNow(mode)
      return undefined
    } catch (error) {
      if (this.isHeld(error)) return this.beginLater(mode, since)
      throw this.withDoubt(this.toError(error))
    }
  }

  private async beginLater(mode: Mode, since: number): Promise<void> {
    const { host, deadlineMs } = this.plan
    try {
      await patiently({ host, deadlineMs, isRetried: (error) => this.isHeld(error) }, since, () => this.beginNow(mode))
    } catch (error) {
      throw this.withDoubt(this.toError(error))
    }
  }

  private beginNow(mode: Mode): void {
    if (this.doubt !== undefined || !this.link.isInPlace()) this.lookAgain()
    if (mode === 'writing') {
      this.link.beginWriting.run()
      return
    }
    this.link.beginReading.run()
    try {
      this.link.settle.get()
    } catch (error) {
      this.rollBack()
      throw error
    }
  }

  /** Also by a transaction of the application on the connection that it gave. */
  private isHeld(error: unknown): boolean {
    return isBusy(error) || (!(error instanceof KavachError) && this.link.connection.inTransaction)
  }

  private toError(error: unknown): KavachError {
    if (!isBusy(error) && this.isHeld(error)) {
      const message = 'a transaction of the application is open on this connection'
      return new KavachError('KVCH_E_STORE_LOCKED', message, { cause: error })
    }
    return this.link.toError(error)
  }

  private commit(mode: Mode): void {
    const { link } = this
    try {
      link.commit.run()
    } catch (error) {
      this.rollBack()
      throw this.withDoubt(link.toError(error))
    }
    if (mode === 'reading') return
    // After the commit too: what is in place now was in place when this was written.
    const isInPlace = link.isInPlace()
    if (isInPlace && link.isLogInPlace()) {
      this.open?.confirm()
      return
    }
    this.doubt = isInPlace ? 'connection' : 'file'
    throw replaced(this.plan)
  }

  private rollBack(): void {
    if (!this.link.connection.inTransaction) return
    try {
      this.link.rollBack.run()
    } catch {
      // What failed first is what the caller is told; the connection is opened anew before it is used again.
      this.doubt = 'connection'
    }
  }

  /** Notes what has to be looked at before the next transaction. A file that is gone explains every other failure. */
  private withDoubt(error: unknown): unknown {
    if (!(error instanceof KavachError) || !DOUBTFUL.has(error.code)) return error
    const isSound = error.code === 'KVCH_E_STORE_FULL' || error.code === 'KVCH_E_STORE_REPLACED'
    if (this.doubt === undefined) this.doubt = isSound ? 'file' : 'connection'
    // Where the connection is closed, it was another file that failed to take its place.
    const isExplained = error.code === 'KVCH_E_STORE_REPLACED' || !this.link.connection.open || this.link.isInPlace()
    return isExplained ? error : replaced(this.plan, error)
  }

  /** Uses the connection on if all is well with it, and opens the file anew if it is another one. @throws what is wrong */
  private lookAgain(): void {
    const { plan, link } = this
    const mustStay = plan.isGiven || plan.path === undefined
    if (link.isInPlace()) {
      const isSound = mustStay || (this.doubt === 'file' && link.connection.open)
      if (!isSound) this.relink()
    } else {
      if (mustStay || !existsSync(plan.path) || !hasLetGo(link)) throw replaced(plan)
      this.relink()
    }
    this.doubt = undefined
  }

  /**
   * The old connection is closed first: both would lock files of the same names, and a process loses all its locks on a file
   * when it closes it once. The tables must be there: a file that was put in place of ours is not filled without being asked. And
   * it must go on where ours was.
   */
  private relink(): void {
    this.link.connection.close()
    const next = openLink(this.plan, { fileMustExist: true })
    try {
      if (stateOfSchema(next.connection) === 'older') throw replaced(this.plan)
      if (!this.witness.isContinuedIn(next.connection)) throw rolledBack(this.plan)
    } catch (error) {
      next.connection.close()
      throw error
    }
    this.link = next
  }

  private inTime<R>(value: Promise<R>): Promise<R> {
    return new Promise((resolve, giveUp) => {
      this.pending = { since: this.plan.host.elapsed(), giveUp }
      value.then(resolve, giveUp)
      this.watch()
    })
  }

  /** Watches as long as there is somebody to watch. */
  private watch(): void {
    if (this.isWatching) return
    this.isWatching = true
    // The end of the store ends it as well.
    this.watchOver().catch(() => undefined)
  }

  /** Sends away whoever stands in line for too long, and ends work that takes too long, since it holds up all others. */
  private async watchOver(): Promise<void> {
    const { host, deadlineMs } = this.plan
    try {
      while (this.pending !== undefined || this.turns.hasWaiters) {
        await host.sleep(deadlineMs / 4, { isBackground: true, signal: this.ended.signal })
        const late = host.elapsed() - deadlineMs
        this.turns.expire(late, () => new KavachError('KVCH_E_STORE_TIMEOUT'))
        if (this.pending !== undefined && this.pending.since < late) {
          this.pending.giveUp(new KavachError('KVCH_E_STORE_TIMEOUT', 'a transaction took longer than the deadline'))
        }
      }
    } finally {
      // At once: whoever comes next looks for it.
      this.isWatching = false
    }
  }
}

function endOf<R>(tx: SqliteTransaction, result: R): R {
  if (tx.failure !== undefined) throw tx.failure
  return result
}

/**
 * Whether the log of a file that is gone can do no harm to the one in its place: what it still holds would be written into the new
 * file, whose log has the same name.
 */
function hasLetGo(link: Link): boolean {
  if (!link.connection.open || !link.isLogInPlace()) return true
  try {
    return link.emptyLog()
  } catch {
    // It stays as it is, and the new file must not be opened beside it.
    return false
  }
}

/** After these the file, or the connection to it, may be another one. */
const DOUBTFUL: ReadonlySet<string> = new Set([
  'KVCH_E_STORE_CORRUPT',
  'KVCH_E_STORE_FULL',
  'KVCH_E_STORE_REPLACED',
  'KVCH_E_STORE_UNAVAILABLE',
])

function rolledBack({ path }: Plan): KavachError {
  const message = `the database file \`${path}\` was replaced by one in another state; close the host and open it anew`
  return new KavachError('KVCH_E_STORE_REPLACED', message)
}

function replaced({ path, isGiven }: Plan, cause?: unknown): KavachError {
  const remedy = isGiven ? 'open the connection anew' : 'put the file back, or run `kavach migrate` for a new one'
  const message = `the database file \`${path}\` was removed or replaced; ${remedy}`
  return new KavachError('KVCH_E_STORE_REPLACED', message, cause === undefined ? {} : { cause })
}
