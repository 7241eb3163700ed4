/** What a SQLite file is like, as it lies there: nothing is set, nothing is made. */
import { loadDriver } from './driver.ts'
import { toStoreError } from './faults.ts'
import { versionOf } from './migrate.ts'
import { MIGRATIONS } from './migrations.ts'

export interface SqliteState {
  /** `wal` for what a host has opened. */
  readonly journalMode: string
  readonly schema: {
    /** 0: no host has made its tables. */
    readonly version: number
    /** The oldest version that can work with it. */
    readonly oldest: number
    /** That of this program. */
    readonly known: number
  }
}

/** @throws {KavachError} KVCH_E_STORE_* when it is no database, or cannot be read */
export async function inspectSqlite(path: string): Promise<SqliteState> {
  const driver = await loadDriver()
  try {
    const connection = driver.open(path, { fileMustExist: true })
    try {
      const journalMode = String(connection.pragma('journal_mode', { simple: true }))
      return { journalMode, schema: { ...versionOf(connection), known: MIGRATIONS.length } }
    } finally {
      connection.close()
    }
  } catch (error) {
    throw toStoreError(error, path)
  }
}
