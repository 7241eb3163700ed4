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

/** As `node:sqlite` throws: a number, and none where Deno runs a script or opens a file. */
const nodeError = (message: string, errcode?: number) =>
  Object.assign(new Error(message), { code: 'ERR_SQLITE_ERROR', ...(errcode !== undefined && { errcode }) })

/** Numbers of https://sqlite.org/rescode.html, with what they are called there. */
const NUMBERS: readonly (readonly [number: number, result: string])[] = [
  [1, 'SQLITE_ERROR'],
  [5, 'SQLITE_BUSY'],
  [6, 'SQLITE_LOCKED'],
  [8, 'SQLITE_READONLY'],
  [10, 'SQLITE_IOERR'],
  [11, 'SQLITE_CORRUPT'],
  [13, 'SQLITE_FULL'],
  [14, 'SQLITE_CANTOPEN'],
  [15, 'SQLITE_PROTOCOL'],
  [17, 'SQLITE_SCHEMA'],
  [19, 'SQLITE_CONSTRAINT'],
  [24, 'SQLITE_FORMAT'],
  [26, 'SQLITE_NOTADB'],
  [261, 'SQLITE_BUSY_RECOVERY'],
  [517, 'SQLITE_BUSY_SNAPSHOT'],
  [522, 'SQLITE_IOERR_SHORT_READ'],
  [779, 'SQLITE_CORRUPT_INDEX'],
  [1032, 'SQLITE_READONLY_DBMOVED'],
  [1299, 'SQLITE_CONSTRAINT_NOTNULL'],
  [1555, 'SQLITE_CONSTRAINT_PRIMARYKEY'],
  [2067, 'SQLITE_CONSTRAINT_UNIQUE'],
  [2579, 'SQLITE_CONSTRAINT_ROWID'],
  [3082, 'SQLITE_IOERR_NOMEM'],
  [8202, 'SQLITE_IOERR_DATA'],
  [8458, 'SQLITE_IOERR_CORRUPTFS'],
]

test.each(NUMBERS)('the number %i is %s', (number, result) => {
  const cause = nodeError('secret words of the driver', number)
  const { code, message } = toStoreError(cause)
  expect({ code, isBusy: isBusy(cause) }).toEqual({
    code: CODES[result],
    isBusy: CODES[result] === 'KVCH_E_STORE_LOCKED',
  })
  expect(message).not.toContain('secret')
})

test.each([
  ['database is locked', 'KVCH_E_STORE_LOCKED'],
  ['database table is locked: kavach_heads', 'KVCH_E_STORE_LOCKED'],
  ['database or disk is full', 'KVCH_E_STORE_FULL'],
  ['file is not a database', 'KVCH_E_STORE_CORRUPT'],
  ['database disk image is malformed', 'KVCH_E_STORE_CORRUPT'],
  ['unable to open database file: /nowhere/kavach.db', 'KVCH_E_STORE_UNAVAILABLE'],
  ['attempt to write a readonly database', 'KVCH_E_STORE_UNAVAILABLE'],
  ['Requires write access to "kavach.db", run again with the --allow-write flag', 'KVCH_E_STORE_UNAVAILABLE'],
  ['no such table: kavach_heads', 'KVCH_E_STORE_SCHEMA'],
])('without a number, `%s` is %s', (message, code) => {
  const cause = nodeError(message)
  expect({ code: toStoreError(cause).code, isBusy: isBusy(cause) }).toEqual({
    code,
    isBusy: code === 'KVCH_E_STORE_LOCKED',
  })
})

test.each(['The database connection is not open', 'database is not open', 'statement has been finalized'])(
  '`%s` says that it was closed',
  (message) => expect(toStoreError(new TypeError(message)).code).toBe('KVCH_E_STORE_CLOSED'),
)

test('what the driver says itself is unavailable, and an error of the host stays as it is', () => {
  const own = new KavachError('KVCH_E_STORE_TIMEOUT')
  expect(toStoreError(own)).toBe(own)
  expect(toStoreError(new TypeError('SQLite3 can only bind ...')).code).toBe('KVCH_E_STORE_UNAVAILABLE')
  expect(toStoreError('thrown').code).toBe('KVCH_E_STORE_UNAVAILABLE')
})
