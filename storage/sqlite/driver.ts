/** The drivers of SQLite, and Drizzle over them, loaded when they are first needed. */
import type BetterSqlite from 'better-sqlite3'
import type { BaseSQLiteDatabase } from 'drizzle-orm/sqlite-core'
import { KavachError } from '../../runtime/index.ts'
import {
  findNodeSqlite,
  isNodeDatabase,
  NodeConnection,
  type NodeDatabase,
  type NodeSqlite,
  openNodeConnection,
} from './node-sqlite.ts'

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

/** What `kavach.db` is over SQLite, whatever the driver. */
export type SqliteDrizzle = BaseSQLiteDatabase<
  'sync',
  { readonly changes: number; readonly lastInsertRowid: number | bigint },
  Record<string, never>
>

/** `better-sqlite3` is a package, `node:sqlite` a part of Node since 22.16, of Bun and of Deno. */
export type SqliteDriver = 'better-sqlite3' | 'node:sqlite'

export const SQLITE_DRIVERS: readonly SqliteDriver[] = ['better-sqlite3', 'node:sqlite']

export interface Driver {
  readonly name: SqliteDriver
  /** @throws what the driver throws */
  readonly open: (path: string, options: { readonly fileMustExist?: boolean }) => Connection
  /** A database of the application that `driverOf` names this driver for. */
  readonly adopt: (database: Connection | NodeDatabase) => Connection
  readonly toDrizzle: (connection: Connection) => SqliteDrizzle
}

/**
 * Milliseconds that SQLite itself waits for a lock, and the whole process with it. It is enough for the transactions of other
 * processes that are about to end; whoever needs longer waits without blocking anybody.
 */
const BUSY_MS = 3

/**
 * The driver of this name; without one better-sqlite3, and `node:sqlite` where that is not installed or does not load.
 *
 * @throws {KavachError} KVCH_E_STORE_DRIVER
 */
export async function loadDriver(wanted?: SqliteDriver): Promise<Driver> {
  if (wanted === 'node:sqlite') return overNodeSqlite(findNodeSqlite() ?? fail(NO_NODE_SQLITE))
  try {
    // In here: bundlers let what is not installed pass where its absence is caught.
    const { default: Database } = await import('better-sqlite3')
    return await overBetterSqlite(Database)
  } catch (cause) {
    const sqlite = wanted === undefined ? findNodeSqlite() : undefined
    if (sqlite !== undefined) return overNodeSqlite(sqlite)
    throw driverMissing(cause, wanted)
  }
}

/** The driver that a database of the application came from. */
export function driverOf(database: Connection | NodeDatabase): SqliteDriver {
  return isNodeDatabase(database) ? 'node:sqlite' : 'better-sqlite3'
}

async function overBetterSqlite(Database: typeof BetterSqlite): Promise<Driver> {
  // Its native code is loaded with the first connection.
  new Database(':memory:').close()
  const { drizzleOf } = await import('./drizzle.ts')
  return {
    name: 'better-sqlite3',
    open: (path, options) => new Database(path, { ...options, timeout: BUSY_MS }),
    adopt: (database) => database as Connection, // `driverOf` says so.
    // Every connection comes from `open`, or from a caller who has the class itself.
    toDrizzle: (connection) => drizzleOf(connection as InstanceType<typeof Database>, connection),
  }
}

async function overNodeSqlite(sqlite: NodeSqlite): Promise<Driver> {
  const { drizzleOver } = await import('./node-drizzle.ts')
  return {
    name: 'node:sqlite',
    open: (path, options) => openNodeConnection(sqlite, path, { ...options, busyMs: BUSY_MS }),
    adopt: (database) => new NodeConnection(database as NodeDatabase, sqlite.cutsTexts), // `driverOf` says so.
    toDrizzle: (connection) => drizzleOver(connection as NodeConnection), // It comes from one of the two above.
  }
}

const NO_NODE_SQLITE =
  'there is no `node:sqlite` here, for which Node has to be 22.16 or newer; leave `driver` out, and run `npm install better-sqlite3`'

export function driverMissing(cause: unknown, wanted?: SqliteDriver): KavachError {
  return new KavachError('KVCH_E_STORE_DRIVER', remedyFor(cause, wanted), { cause })
}

function remedyFor(cause: unknown, wanted: SqliteDriver | undefined): string {
  const runtime = ['Bun', 'Deno'].find((name) => name in globalThis)
  if (runtime !== undefined) {
    // No native code of Node loads there; a newer one has its own driver.
    return wanted === 'better-sqlite3'
      ? `better-sqlite3 does not load in ${runtime}; leave \`driver\` out for \`node:sqlite\``
      : `this ${runtime} has no \`node:sqlite\`; run \`${runtime.toLowerCase()} upgrade\``
  }
  const isAbsent = cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND'
  return isAbsent
    ? 'the driver of SQLite is not installed; run `npm install better-sqlite3`'
    : 'the driver of SQLite does not load on this machine; run `npm rebuild better-sqlite3`'
}

function fail(message: string): never {
  throw new KavachError('KVCH_E_STORE_DRIVER', message)
}
