/**
 * The tables of `runtime/tables.ts` as Drizzle has them for SQLite. Columns have the names of the data, so that a row is a row
 * without being mapped; tables begin with `kavach_`, so that they can stand in the database of an application.
 */
import {
  blob,
  index,
  integer,
  primaryKey,
  type SQLiteColumn,
  type SQLiteColumnBuilderBase,
  type SQLiteTableWithColumns,
  sqliteTable,
  text,
  uniqueIndex,
} from 'drizzle-orm/sqlite-core'
import { columnsOfIndex, isUniqueIndex, TABLES, type TableName } from '../../runtime/index.ts'
import { type ColumnShape, columnsOf } from '../rows.ts'

export type AnyTable = SQLiteTableWithColumns<{
  name: string
  schema: undefined
  dialect: 'sqlite'
  columns: Record<string, SQLiteColumn>
}>

// drizzle-kit sees only what a module exports by name.
export const agents = toTable('agents')
export const tokens = toTable('tokens')
export const delegations = toTable('delegations')
export const meters = toTable('meters')
export const reservations = toTable('reservations')
export const approvals = toTable('approvals')
export const answers = toTable('answers')
export const audit = toTable('audit')
export const postings = toTable('postings')
export const heads = toTable('heads')
export const checkpoints = toTable('checkpoints')
export const policies = toTable('policies')
export const settings = toTable('settings')
export const apiKeys = toTable('apiKeys')
export const outbox = toTable('outbox')
export const users = toTable('users')
/** Meters that nobody has used for a while; see cold-meters.ts. */
export const coldMeters = toTable('meters', 'coldMeters')
export const oauthClients = toTable('oauthClients')
export const oauthGrants = toTable('oauthGrants')
export const oauthCodes = toTable('oauthCodes')
export const oauthTokens = toTable('oauthTokens')
export const oauthReplays = toTable('oauthReplays')
export const oauthKeys = toTable('oauthKeys')
export const sessions = toTable('sessions')

/** A table in the database: meters have two. */
export type SqlTable = TableName | 'coldMeters'

/** The table that the host knows. */
export function dataOf(name: SqlTable): TableName {
  return name === 'coldMeters' ? 'meters' : name
}

export function sqlTableOf(name: SqlTable): AnyTable {
  return name === 'coldMeters' ? coldMeters : SQLITE_TABLES[name]
}

/** What was done to make the schema what it is; see migrate.ts. */
export const migrations = sqliteTable('kavach_migrations', {
  version: integer('version').primaryKey(),
  tag: text('tag').notNull(),
  /** The oldest version that can work with the schema as this migration leaves it. */
  oldest: integer('oldest').notNull(),
  /** Milliseconds since 1970. */
  appliedAt: integer('appliedAt').notNull(),
})

/** On D1 what the last transaction of a project left here, so that one which began before it is refused; see d1/fence.ts. */
export const fences = sqliteTable('kavach_fences', {
  project: text('project').primaryKey(),
  stamp: integer('stamp').notNull(),
})

export const SQLITE_TABLES: { readonly [T in TableName]: AnyTable } = {
  agents,
  tokens,
  delegations,
  meters,
  reservations,
  approvals,
  answers,
  audit,
  postings,
  heads,
  checkpoints,
  policies,
  settings,
  apiKeys,
  outbox,
  users,
  oauthClients,
  oauthGrants,
  oauthCodes,
  oauthTokens,
  oauthReplays,
  oauthKeys,
  sessions,
}

/**
 * Tables that are one tree, ordered by their key, instead of rows by number and an index beside them. That suits small rows with
 * keys in no order; with 1,000,000 meters an update takes 4.7 us instead of 6.6, while a row of the log takes 2.0 instead of 1.8.
 * drizzle-kit does not know the words, so `scripts/migrations.mjs` adds them to what it generates.
 */
export const WITHOUT_ROWID: readonly SqlTable[] = ['tokens', 'meters', 'coldMeters', 'heads', 'settings']

/** `apiKeys` is `kavach_api_keys` to the database. */
export function sqlNameOf(name: string): string {
  return `kavach_${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`
}

/** The name of an index in the database, where names of indexes are shared by all tables. */
export function indexNameOf(table: SqlTable, name: string): string {
  return `${sqlNameOf(table)}_${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`
}

function toTable(name: TableName, as: SqlTable = name): AnyTable {
  const columns = columnsOf(name).map(([column, shape]) => [column, toColumn(column, shape)] as const)
  const built: Record<string, SQLiteColumnBuilderBase> = {
    project: text('project').notNull(),
    ...Object.fromEntries(columns),
  }
  const table = sqliteTable(sqlNameOf(as), built, (made) => {
    const columnsIn = (names: readonly string[]): [SQLiteColumn, ...SQLiteColumn[]] => {
      const [first, ...rest] = ['project', ...names].map((column) => made[column] as unknown as SQLiteColumn) // Built above.
      return [first as SQLiteColumn, ...rest]
    }
    const indexes = Object.keys(TABLES[name].indexes).map((each) => {
      // A unique index holds of its own columns; the key behind them would make every row another.
      const own: readonly string[] = indexesOf(name)[each] ?? []
      return isUniqueIndex(name, each)
        ? uniqueIndex(indexNameOf(as, each)).on(...columnsIn(own))
        : index(indexNameOf(as, each)).on(...columnsIn(columnsOfIndex(name, each)))
    })
    return [primaryKey({ columns: columnsIn(TABLES[name].key) }), ...indexes]
  })
  // The same table: its columns are known by name only to the data.
  return table as unknown as AnyTable
}

function indexesOf(name: TableName): { readonly [index: string]: readonly string[] } {
  return TABLES[name].indexes
}

/** Named, so that a Drizzle instance that renames columns leaves these alone. */
function toColumn(name: string, { kind, isNullable }: ColumnShape): SQLiteColumnBuilderBase {
  if (kind === 'text') return isNullable ? text(name) : text(name).notNull()
  if (kind === 'integer') return isNullable ? integer(name) : integer(name).notNull()
  return isNullable ? blob(name, { mode: 'buffer' }) : blob(name, { mode: 'buffer' }).notNull()
}
