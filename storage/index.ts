/** Door of the stores. */
export { createFileSink, developmentKey } from './checkpoint-file.ts'
export { createMemoryStore } from './memory.ts'
export { type DatabaseOption, type OpenOptions, openStore } from './open.ts'
export {
  type Connection,
  type Durability,
  type GivenConnection,
  inspectSqlite,
  type NodeDatabase,
  openSqliteStore,
  pathOfUrl,
  SQLITE_SCHEMA_VERSION,
  type SqliteDriver,
  type SqliteDrizzle,
  type SqliteOptions,
  sqliteSchemaText,
  users,
} from './sqlite/index.ts'
