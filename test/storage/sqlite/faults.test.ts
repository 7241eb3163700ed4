import { createRequire } from 'node:module'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { KavachError } from '../../../runtime/index.ts'
import { isBusy, toStoreError } from '../../../storage/sqlite/faults.ts'
import { folder } from './files.ts'

type ErrorClass = new (message: string, code: string) => Error
const { SqliteError }: { readonly SqliteError: ErrorClass } = createRequire(import.meta.url)('better-sqlite3')

/** https://sqlite.org/rescode.html: every code of a failure, and the extended ones that say more. */
const CODES: Readonly<Record<string, string>> = {
  SQLITE_ERROR: 'KVCH_E_STORE_SCHEMA',
  SQLITE_INTERNAL: 'KVCH_E_STORE_UNAVAILABLE',
  SQLITE_PERM: 'KVCH_E_STORE_UNAVAILABLE',
  SQLITE_ABORT: 'KVCH_E_STORE_UNAVAILABLE',
  SQLITE_ABORT_ROLLBACK: 'KVCH_E_STORE_UNAVAILABLE',
  SQLITE_BUSY: 'KVCH_E_STORE_LOCKED',
  SQLITE_BUSY_RECOVERY: 'KVCH_E_STORE_LOCKED',
  SQLITE_BUSY_SNAPSHOT: 'KVCH_E_STORE_LOCKED',
  SQLITE_BUSY_TIMEOUT: 'KVCH_E_STORE_LOCKED',
  SQLITE_LOCKED: 'KVCH_E_STORE_LOCKED',
  SQLITE_LOCKED_SHAREDCACHE: 'KVCH_E_STORE_LOCKED',
  SQLITE_NOMEM: 'KVCH_E_STORE_UNAVAILABLE',
  SQLITE_READONLY: 'KVCH_E_STORE_UNAVAILABLE',
  SQLITE_READONLY_DBMOVED: 'KVCH_E_STORE_REPLACED',
  SQLITE_READONLY_DIRECTORY: 'KVCH_E_STORE_UNAVAILABLE',
  SQLITE_INTERRUPT: 'KVCH_E_STORE_UNAVAILABLE',
  SQLITE_IOERR: 'KVCH_E_STORE_UNAVAILABLE',
  SQLITE_IOERR_READ: 'KVCH_E_STORE_UNAVAILABLE',
  SQLITE_IOERR_SHORT_READ: 'KVCH_E_STORE_CORRUPT',
  SQLITE_IOERR_WRITE: 'KVCH_E_STORE_UNAVAILABLE',
  SQLITE_IOERR_FSYNC: 'KVCH_E_STORE_UNAVAILABLE',
  SQLITE_IOERR_NOMEM: 'KVCH_E_STORE_UNAVAILABLE',
  SQLITE_IOERR_SHMSIZE: 'KVCH_E_STORE_UNAVAILABLE',
  SQLITE_IOERR_DATA: 'KVCH_E_STORE_CORRUPT',
  SQLITE_IOERR_CORRUPTFS: 'KVCH_E_STORE_CORRUPT',
  SQLITE_CORRUPT: 'KVCH_E_STORE_CORRUPT',
  SQLITE_CORRUPT_INDEX: 'KVCH_E_STORE_CORRUPT',
  SQLITE_NOTFOUND: 'KVCH_E_STORE_UNAVAILABLE',
  SQLITE_FULL: 'KVCH_E_STORE_FULL',
  SQLITE_CANTOPEN: 'KVCH_E_STORE_UNAVAILABLE',
  SQLITE_CANTOPEN_ISDIR: 'KVCH_E_STORE_UNAVAILABLE',
  SQLITE_PROTOCOL: 'KVCH_E_STORE_LOCKED',
  SQLITE_EMPTY: 'KVCH_E_STORE_UNAVAILABLE',
  SQLITE_SCHEMA: 'KVCH_E_STORE_SCHEMA',
  SQLITE_TOOBIG: 'KVCH_E_STORE_UNAVAILABLE',
  SQLITE_CONSTRAINT: 'KVCH_E_STORE_UNAVAILABLE',
  SQLITE_CONSTRAINT_NOTNULL: 'KVCH_E_STORE_UNAVAILABLE',
  SQLITE_CONSTRAINT_PRIMARYKEY: 'KVCH_E_STORE_CONFLICT',
  SQLITE_CONSTRAINT_ROWID: 'KVCH_E_STORE_CONFLICT',
  SQLITE_CONSTRAINT_UNIQUE: 'KVCH_E_STORE_CONFLICT',
  SQLITE_MISMATCH: 'KVCH_E_STORE_UNAVAILABLE',
  SQLITE_MISUSE: 'KVCH_E_STORE_UNAVAILABLE',
  SQLITE_NOLFS: 'KVCH_E_STORE_UNAVAILABLE',
  SQLITE_AUTH: 'KVCH_E_STORE_UNAVAILABLE',
  SQLITE_FORMAT: 'KVCH_E_STORE_CORRUPT',
  SQLITE_RANGE: 'KVCH_E_STORE_UNAVAILABLE',
  SQLITE_NOTADB: 'KVCH_E_STORE_CORRUPT',
  SQLITE_OF_A_LATER_VERSION: 'KVCH_E_STORE_UNAVAILABLE',
}

test.each(Object.entries(CODES))('%s is %s, and what SQLite said is only its cause', (result, code) => {
  const cause = new SqliteError('secret words of the driver', result)
  const error = toStoreError(cause, join(folder(), 'kavach.db'))
  expect({ code: error.code, cause: error.cause }).toEqual({ code, cause })
  expect(error.message).not.toContain('secret')
  expect(JSON.stringify(error)).not.toContain('secret')
  expect(isBusy(cause)).toBe(code === 'KVCH_E_STORE_LOCKED')
})

test('what the driver says itself is unavailable, and an error of the host stays as it is', () => {
  const own = new KavachError('KVCH_E_STORE_TIMEOUT')
  expect(toStoreError(own)).toBe(own)
  expect(toStoreError(new TypeError('SQLite3 can only bind ...')).code).toBe('KVCH_E_STORE_UNAVAILABLE')
  expect(toStoreError('thrown').code).toBe('KVCH_E_STORE_UNAVAILABLE')
})
