/** What D1 says when something fails, as codes of the host. It says it in words: `D1_ERROR: UNIQUE constraint failed: ...`. */
import { KavachError, type KavachErrorCode } from '../../runtime/index.ts'

type Meaning = readonly [pattern: RegExp, code: KavachErrorCode, message: string]

const LACKING = 'the database lacks what this version needs; apply the text that `kavach migrate --print` prints'

/** In this order: the first that fits is meant. */
const MEANINGS: readonly Meaning[] = [
  [
    /UNIQUE constraint failed|CONSTRAINT_(PRIMARYKEY|UNIQUE|ROWID)/,
    'KVCH_E_STORE_CONFLICT',
    'the key of a row is taken',
  ],
  [/no such (table|column|index)|has no column named/, 'KVCH_E_STORE_SCHEMA', LACKING],
  [/SQLITE_TOOBIG|too big/, 'KVCH_E_STORE_FULL', 'a value is larger than D1 takes'],
  [/SQLITE_FULL|disk is full|maximum (DB|database) size/i, 'KVCH_E_STORE_FULL', 'the database is full'],
  [/SQLITE_(CORRUPT|NOTADB)/, 'KVCH_E_STORE_CORRUPT', 'the database is damaged'],
  [/SQLITE_(BUSY|LOCKED)|overloaded|too many requests/i, 'KVCH_E_STORE_LOCKED', 'the database has too much to do'],
  [/constraint failed/, 'KVCH_E_STORE_UNAVAILABLE', 'the database refuses the row'],
]

/** The error of the host for what was thrown; one of the host's own stays as it is. Nothing of the driver is left but `cause`. */
export function toD1Error(error: unknown): KavachError {
  if (error instanceof KavachError) return error
  const said = messageOf(error)
  const [, code, message] = MEANINGS.find(([pattern]) => pattern.test(said)) ?? OTHERWISE
  return new KavachError(code, message, { cause: error })
}

/** Network, a database that moves to another machine, and whatever else there is. */
const OTHERWISE: Meaning = [/./, 'KVCH_E_STORE_UNAVAILABLE', 'the database does not answer']

/** True when the fence of a transaction did not hold: another one was committed since it began. */
export function isFenceBroken(error: unknown): boolean {
  return messageOf(error).includes('NOT NULL constraint failed: kavach_fences.stamp')
}

/** True when the database answered, and refused: nothing of the batch was done. */
export function isRefusal(error: unknown): boolean {
  return /SQLITE_(CONSTRAINT|ERROR|TOOBIG)|constraint failed|no such/.test(messageOf(error))
}

/** True where no host has made the tables. */
export function isTableMissing(error: unknown): boolean {
  return messageOf(error).includes('no such table')
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
