import { expect, test } from 'vitest'
import { KavachError } from '../../../runtime/index.ts'
import { isFenceBroken, isRefusal, isTableMissing, toD1Error } from '../../../storage/d1/faults.ts'

/** As D1 words them. */
test.each([
  ['D1_ERROR: UNIQUE constraint failed: kavach_settings.project: SQLITE_CONSTRAINT', 'KVCH_E_STORE_CONFLICT'],
  ['D1_ERROR: NOT NULL constraint failed: kavach_settings.value: SQLITE_CONSTRAINT', 'KVCH_E_STORE_UNAVAILABLE'],
  ['D1_ERROR: no such table: kavach_heads: SQLITE_ERROR', 'KVCH_E_STORE_SCHEMA'],
  ['D1_ERROR: table kavach_heads has no column named epoch: SQLITE_ERROR', 'KVCH_E_STORE_SCHEMA'],
  ['D1_ERROR: string or blob too big: SQLITE_TOOBIG', 'KVCH_E_STORE_FULL'],
  ['D1_ERROR: Exceeded maximum DB size', 'KVCH_E_STORE_FULL'],
  ['D1_ERROR: database disk image is malformed: SQLITE_CORRUPT', 'KVCH_E_STORE_CORRUPT'],
  ['D1_ERROR: D1 DB is overloaded. Too many requests queued.', 'KVCH_E_STORE_LOCKED'],
  ['D1_ERROR: database is locked: SQLITE_BUSY', 'KVCH_E_STORE_LOCKED'],
  ['D1_ERROR: Network connection lost.', 'KVCH_E_STORE_UNAVAILABLE'],
  ['D1 DB storage operation exceeded timeout which caused object to be reset.', 'KVCH_E_STORE_UNAVAILABLE'],
])('%s is %s', (message, code) => {
  const cause = new Error(message)
  const error = toD1Error(cause)
  expect([error.code, error.cause, error.message.includes('D1_ERROR')]).toEqual([code, cause, false])
})

test('an error of the host stays as it is', () => {
  const error = new KavachError('KVCH_E_STORE_CLOSED')
  expect(toD1Error(error)).toBe(error)
})

test('a fence that does not hold is told from everything else that fails', () => {
  const fence = new Error('D1_ERROR: NOT NULL constraint failed: kavach_fences.stamp: SQLITE_CONSTRAINT')
  const other = new Error('D1_ERROR: NOT NULL constraint failed: kavach_settings.value: SQLITE_CONSTRAINT')
  const network = new Error('D1_ERROR: Network connection lost.')
  expect([fence, other, network].map(isFenceBroken)).toEqual([true, false, false])
  expect([fence, other, network].map(isRefusal)).toEqual([true, true, false])
  expect([fence, new Error('D1_ERROR: no such table: x: SQLITE_ERROR')].map(isTableMissing)).toEqual([false, true])
})
