/** Door of the store for SQLite. */
export type { Durability } from './configure.ts'
export { type Connection, SQLITE_DRIVERS, type SqliteDriver, type SqliteDrizzle } from './driver.ts'
export { inspectSqlite, type SqliteState } from './inspect.ts'
export { SQLITE_SCHEMA_VERSION, sqliteSchemaText } from './migrate.ts'
export { isNodeDatabase, type NodeDatabase } from './node-sqlite.ts'
export { type GivenConnection, openSqliteStore, type SqliteOptions } from './store.ts'
export { pathOfUrl } from './url.ts'
export { users } from './users.ts'
