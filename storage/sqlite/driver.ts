/** better-sqlite3 and Drizzle over it, loaded when they are first needed. */
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { KavachError } from '../../runtime/index.ts'

/** What the store uses of a better-sqlite3 database. */
export interface Connection {
  readonly name: string
  readonly memory: boolean
  readonly open: boolean
  readonly inTransaction: boolean
  prepare(sql: string): Statement
  exec(sql: string): unknown
  pragma(text: string, options?: { readonly simple?: boolean }): unknown
  close(): unknown
}

export interface Statement {
  run(...values: readonly unknown[]): { readonly changes: number }
  get(...values: readonly unknown[]): unknown
  all(...values: readonly unknown[]): unknown[]
  /** Integers are numbers with `false`, whatever the connection was told. */
  safeIntegers(areBig: boolean): Statement
}

/** What `kavach.db` is over SQLite. */
export type SqliteDrizzle = BetterSQLite3Database

export interface Driver {
  /** @throws what better-sqlite3 throws */
  readonly open: (path: string, options: { readonly fileMustExist?: boolean }) => Connection
  readonly toDrizzle: (connection: Connection) => BetterSQLite3Database
}

/**
 * Milliseconds that SQLite itself waits for a lock, and the whole process with it. It is enough for the transactions of other
 * processes that are about to end; whoever needs longer waits without blocking anybody.
 */
const BUSY_MS = 3

/** @throws {KavachError} KVCH_E_STORE_DRIVER */
export async function loadDriver(): Promise<Driver> {
  try {
    const { default: Database } = await import('better-sqlite3')
    const { drizzle } = await import('drizzle-orm/better-sqlite3')
    return {
      open: (path, options) => new Database(path, { ...options, timeout: BUSY_MS }),
      // Every connection comes from `open`, or from a caller who has the class itself.
      toDrizzle: (connection) => drizzle(connection as InstanceType<typeof Database>),
    }
  } catch (cause) {
    throw driverMissing(cause)
  }
}

export function driverMissing(cause: unknown): KavachError {
  const isAbsent = cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND'
  const message = isAbsent
    ? 'the driver of SQLite is not installed; run `npm install better-sqlite3`'
    : 'the driver of SQLite does not load on this machine; run `npm rebuild better-sqlite3`'
  return new KavachError('KVCH_E_STORE_DRIVER', message, { cause })
}
