/**
 * Drizzle over a client of better-sqlite3, or of its shape.
 *
 * It is made of Drizzle's own session: `drizzle-orm/better-sqlite3` imports the driver itself, and bundlers put that import in
 * front of everything, where a host without this driver then fails to start.
 */
import type { ExtractTablesWithRelations } from 'drizzle-orm'
import { BetterSQLiteSession } from 'drizzle-orm/better-sqlite3/session'
import { BaseSQLiteDatabase, SQLiteSyncDialect } from 'drizzle-orm/sqlite-core'
import type { SqliteDrizzle } from './driver.ts'

type Client = ConstructorParameters<typeof BetterSQLiteSession>[0]
type NoTables = Record<string, never>

/** What the session calls of its client. */
export interface SessionClient {
  readonly prepare: (sql: string) => unknown
  readonly transaction: <A, R>(work: (argument: A) => R) => unknown
}

/** @param $client what users of `kavach.db` see under this name */
export function drizzleOf<C>(client: SessionClient, $client: C): SqliteDrizzle & { readonly $client: C } {
  const dialect = new SQLiteSyncDialect()
  // The session calls no more of it than `SessionClient` says.
  const session = new BetterSQLiteSession<NoTables, ExtractTablesWithRelations<NoTables>>(
    client as unknown as Client,
    dialect,
    undefined,
  )
  const db = new BaseSQLiteDatabase('sync', dialect, session, undefined)
  return Object.assign(db, { $client })
}
