/** Brings a database to the schema of this version: what is missing of `MIGRATIONS`, in one transaction. */
import { KavachError } from '../../runtime/index.ts'
import type { Connection } from './driver.ts'
import { MIGRATIONS } from './migrations.ts'

export type SchemaState = 'current' | 'older'

/**
 * A database may be ahead of this version by migrations that only add to it: then both versions run on it, as they do while
 * processes are replaced one by one.
 *
 * @throws {KavachError} KVCH_E_STORE_SCHEMA when it is further ahead
 */
export function stateOfSchema(connection: Connection): SchemaState {
  return stateOfVersion(versionOf(connection))
}

/** The same of what was read. @throws {KavachError} KVCH_E_STORE_SCHEMA */
export function stateOfVersion({ version, oldest }: Version): SchemaState {
  if (oldest > MIGRATIONS.length) {
    throw new KavachError(
      'KVCH_E_STORE_SCHEMA',
      `the database has version ${version}, which needs version ${oldest} of the schema; this program has ${MIGRATIONS.length}`,
      { details: { version, oldest, known: MIGRATIONS.length } },
    )
  }
  return version < MIGRATIONS.length ? 'older' : 'current'
}

/** To be called in a transaction that nobody else can write beside: then two processes cannot both do it. */
export function applyMigrations(connection: Connection, now: number): void {
  if (stateOfSchema(connection) === 'current') return
  const { version } = versionOf(connection)
  for (const [at, { tag, oldest, statements }] of MIGRATIONS.entries()) {
    if (at < version) continue
    for (const statement of statements) connection.exec(statement)
    connection.prepare(RECORD).run(at + 1, tag, oldest, now)
  }
}

/** The version of the schema that this program makes. */
export const SQLITE_SCHEMA_VERSION = MIGRATIONS.length

/**
 * The whole schema, for `sqlite3 kavach.db < kavach-schema.sql`; a database made of it is one that was migrated. It begins no
 * transaction, which Cloudflare D1 would refuse.
 */
export function sqliteSchemaText(): string {
  const parts = MIGRATIONS.flatMap(({ tag, oldest, statements }, at) => [
    `-- ${tag}`,
    ...statements,
    `INSERT INTO kavach_migrations (version, tag, oldest, appliedAt) VALUES (${at + 1}, '${tag}', ${oldest}, unixepoch() * 1000);`,
  ])
  return `${parts.join('\n')}\n`
}

/** Values: version, tag, oldest and the time. */
export const RECORD = 'INSERT INTO kavach_migrations (version, tag, oldest, appliedAt) VALUES (?, ?, ?, ?)'

export interface Version {
  readonly version: number
  readonly oldest: number
}

/** 0 where there are no tables. */
export function versionOf(connection: Connection): Version {
  const table = connection
    .prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'kavach_migrations'")
    .get()
  if (table === undefined) return NOTHING
  const last = connection.prepare(LAST).safeIntegers(false).get()
  // The columns are those that were asked for.
  return (last as Version | undefined) ?? NOTHING
}

/** The row of the newest migration, where there is one. */
export const LAST = 'SELECT version, oldest FROM kavach_migrations ORDER BY version DESC LIMIT 1'

export const NOTHING: Version = { version: 0, oldest: 0 }
