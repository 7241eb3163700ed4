/** Door of the stores. */
export { createFileSink, developmentKey } from './checkpoint-file.ts'
export { type D1Binding, type D1Drizzle, type D1Options, openD1Store } from './d1/index.ts'
export { createMemoryStore } from './memory.ts'
export { type DatabaseOption, type OpenOptions, openStore } from './open.ts'
export type { D1Option } from './open-d1.ts'
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
