/** What SQLite and its driver say when something fails, as codes of the host. */
import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { KavachError, type KavachErrorCode } from '../../runtime/index.ts'
import { driverMissing } from './driver.ts'

/** The primary result codes that SQLite gives for failures, as https://sqlite.org/rescode.html lists them, by number: 1 to 26. */
const CODES: Readonly<Record<string, readonly [code: KavachErrorCode, message: string]>> = {
  SQLITE_ERROR: ['KVCH_E_STORE_SCHEMA', 'the database lacks what this version needs; run `kavach migrate`'],
  SQLITE_INTERNAL: ['KVCH_E_STORE_UNAVAILABLE', 'SQLite failed'],
  SQLITE_PERM: ['KVCH_E_STORE_UNAVAILABLE', 'the database may not be opened'],
  SQLITE_ABORT: ['KVCH_E_STORE_UNAVAILABLE', 'the database ended the transaction'],
  SQLITE_BUSY: ['KVCH_E_STORE_LOCKED', 'another process holds the database'],
  SQLITE_LOCKED: ['KVCH_E_STORE_LOCKED', 'another statement holds the table'],
  SQLITE_NOMEM: ['KVCH_E_STORE_UNAVAILABLE', 'there is no memory left for the database'],
  SQLITE_READONLY: ['KVCH_E_STORE_UNAVAILABLE', 'the database can only be read'],
  SQLITE_INTERRUPT: ['KVCH_E_STORE_UNAVAILABLE', 'the statement was interrupted'],
  SQLITE_IOERR: ['KVCH_E_STORE_UNAVAILABLE', 'the disk does not answer'],
  SQLITE_CORRUPT: ['KVCH_E_STORE_CORRUPT', 'the database is damaged'],
  SQLITE_NOTFOUND: ['KVCH_E_STORE_UNAVAILABLE', 'SQLite lacks an operation'],
  SQLITE_FULL: ['KVCH_E_STORE_FULL', 'the disk is full'],
  SQLITE_CANTOPEN: ['KVCH_E_STORE_UNAVAILABLE', 'the database cannot be opened'],
  // Locks of the log between processes, which a further attempt may get.
  SQLITE_PROTOCOL: ['KVCH_E_STORE_LOCKED', 'another process holds the database'],
  SQLITE_EMPTY: ['KVCH_E_STORE_UNAVAILABLE', 'SQLite failed'],
  SQLITE_SCHEMA: ['KVCH_E_STORE_SCHEMA', 'the tables were changed meanwhile'],
  SQLITE_TOOBIG: ['KVCH_E_STORE_UNAVAILABLE', 'a value is larger than the database takes'],
  SQLITE_CONSTRAINT: ['KVCH_E_STORE_UNAVAILABLE', 'the database refuses the row'],
  SQLITE_MISMATCH: ['KVCH_E_STORE_UNAVAILABLE', 'the database refuses the row'],
  SQLITE_MISUSE: ['KVCH_E_STORE_UNAVAILABLE', 'SQLite was called wrongly'],
  SQLITE_NOLFS: ['KVCH_E_STORE_UNAVAILABLE', 'the disk does not take files this large'],
  SQLITE_AUTH: ['KVCH_E_STORE_UNAVAILABLE', 'the statement is not allowed'],
  SQLITE_FORMAT: ['KVCH_E_STORE_CORRUPT', 'the database is damaged'],
  SQLITE_RANGE: ['KVCH_E_STORE_UNAVAILABLE', 'SQLite was called wrongly'],
  SQLITE_NOTADB: ['KVCH_E_STORE_CORRUPT', 'the file is not a database'],
}

/** Extended result codes that say something else than the primary code in front of them. */
const EXTENDED: Readonly<Record<string, readonly [code: KavachErrorCode, message: string]>> = {
  SQLITE_CONSTRAINT_PRIMARYKEY: ['KVCH_E_STORE_CONFLICT', 'the key of a row is taken'],
  SQLITE_CONSTRAINT_UNIQUE: ['KVCH_E_STORE_CONFLICT', 'a value that is unique is taken'],
  SQLITE_CONSTRAINT_ROWID: ['KVCH_E_STORE_CONFLICT', 'the key of a row is taken'],
  SQLITE_READONLY_DBMOVED: ['KVCH_E_STORE_REPLACED', 'the database file was removed or replaced'],
  SQLITE_IOERR_CORRUPTFS: ['KVCH_E_STORE_CORRUPT', 'the file system is damaged'],
  SQLITE_IOERR_DATA: ['KVCH_E_STORE_CORRUPT', 'a page of the database is damaged'],
  SQLITE_IOERR_SHORT_READ: ['KVCH_E_STORE_CORRUPT', 'the database file is too short'],
  SQLITE_IOERR_NOMEM: ['KVCH_E_STORE_UNAVAILABLE', 'there is no memory left for the database'],
}

/** Below this a failed write is one for which there was no room: SQLite does not say so of every kind of file. */
const ROOM_BYTES = 65_536

/**
 * The error of the host for what was thrown; one of the host's own stays as it is. Nothing of the driver is left but `cause`.
 *
 * `path` is the database file, or undefined when there is none.
 */
export function toStoreError(error: unknown, path?: string): KavachError {
  if (error instanceof KavachError) return error
  const result = resultOf(error)
  if (result === undefined) return toDriverError(error)
  const isWrite = result.startsWith('SQLITE_IOERR') || result === 'SQLITE_CANTOPEN'
  const key = isWrite && path !== undefined && isFull(path) ? 'SQLITE_FULL' : result
  const [code, message] = EXTENDED[key] ??
    CODES[primaryOf(key)] ?? ['KVCH_E_STORE_UNAVAILABLE', 'the database does not answer']
  return new KavachError(code, path === undefined ? message : `${message} (\`${path}\`)`, { cause: error })
}

/** True for what may be gone at the next attempt: a lock of another process. */
export function isBusy(error: unknown): boolean {
  const result = resultOf(error)
  return result !== undefined && ['SQLITE_BUSY', 'SQLITE_LOCKED', 'SQLITE_PROTOCOL'].includes(primaryOf(result))
}

/** The name of the result code: better-sqlite3 gives it, `node:sqlite` gives its number. */
function resultOf(error: unknown): string | undefined {
  if (!(error instanceof Error && 'code' in error) || typeof error.code !== 'string') return undefined
  if (error.code.startsWith('SQLITE_')) return error.code
  if (error.code !== 'ERR_SQLITE_ERROR') return undefined
  if ('errcode' in error && typeof error.errcode === 'number') return nameOf(error.errcode)
  // Deno gives no number where it opens a database or runs a script.
  return TEXTS.find(([text]) => error.message.startsWith(text))?.[1] ?? 'SQLITE_ERROR'
}

/** `CODES` has all of them, in their order. */
const NUMBERS: ReadonlyMap<number, string> = new Map(Object.keys(CODES).map((name, at) => [at + 1, name]))

/** The low byte of an extended code is the primary one. */
const EXTENDED_NUMBERS: ReadonlyMap<number, string> = new Map([
  [522, 'SQLITE_IOERR_SHORT_READ'],
  [1032, 'SQLITE_READONLY_DBMOVED'],
  [1555, 'SQLITE_CONSTRAINT_PRIMARYKEY'],
  [2067, 'SQLITE_CONSTRAINT_UNIQUE'],
  [2579, 'SQLITE_CONSTRAINT_ROWID'],
  [3082, 'SQLITE_IOERR_NOMEM'],
  [8202, 'SQLITE_IOERR_DATA'],
  [8458, 'SQLITE_IOERR_CORRUPTFS'],
])

function nameOf(number: number): string {
  return EXTENDED_NUMBERS.get(number) ?? NUMBERS.get(number & 0xff) ?? `SQLITE_${number}`
}

/** How SQLite begins what it says of those that can happen there. */
const TEXTS: readonly (readonly [text: string, result: string])[] = [
  ['database is locked', 'SQLITE_BUSY'],
  ['database table is locked', 'SQLITE_LOCKED'],
  ['out of memory', 'SQLITE_NOMEM'],
  ['attempt to write a readonly database', 'SQLITE_READONLY'],
  ['disk I/O error', 'SQLITE_IOERR'],
  ['database disk image is malformed', 'SQLITE_CORRUPT'],
  ['database or disk is full', 'SQLITE_FULL'],
  ['unable to open database file', 'SQLITE_CANTOPEN'],
  ['locking protocol', 'SQLITE_PROTOCOL'],
  ['file is not a database', 'SQLITE_NOTADB'],
  // Deno itself: the process was not given the permission.
  ['Requires ', 'SQLITE_PERM'],
]

function primaryOf(result: string): string {
  return result.split('_').slice(0, 2).join('_')
}

/** Errors of the drivers themselves have no codes that would say which is which. */
function toDriverError(error: unknown): KavachError {
  const message = error instanceof Error ? error.message : ''
  if (CLOSED.some((text) => message.includes(text))) {
    return new KavachError('KVCH_E_STORE_CLOSED', undefined, { cause: error })
  }
  if (message.includes('directory does not exist')) {
    return new KavachError('KVCH_E_STORE_UNAVAILABLE', 'the folder of the database does not exist', { cause: error })
  }
  // What `bindings` and the loader of native code say; they load with the first connection.
  if (
    message.includes('bindings file') ||
    (error instanceof Error && 'code' in error && error.code === 'ERR_DLOPEN_FAILED')
  )
    return driverMissing(error)
  return new KavachError('KVCH_E_STORE_UNAVAILABLE', 'the driver of the database failed', { cause: error })
}

/** Of a connection, and of a statement whose connection was closed. */
const CLOSED = ['connection is not open', 'database is not open', 'statement has been finalized']

function isFull(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(dirname(path))
    return bavail * bsize < ROOM_BYTES
  } catch {
    // The folder is gone too, which is another failure.
    return false
  }
}
