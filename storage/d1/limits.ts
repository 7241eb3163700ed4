/** What D1 does not keep. */
import { KavachError, type TableName } from '../../runtime/index.ts'
import type { AnyRow } from '../rows.ts'

/** Bytes of a row at most. @see https://developers.cloudflare.com/d1/platform/limits/ */
export const MAX_ROW_BYTES = 2_000_000

/** UTF-8 has at most so many for each unit of a text. */
const MOST_BYTES = 3

/** The error for a row that is too large, before anything is sent. */
export function faultOfSize(table: TableName, row: AnyRow): KavachError | undefined {
  let most = 0
  for (const column in row) most += lengthOf(row[column])
  if (most <= MAX_ROW_BYTES) return undefined
  let bytes = 0
  for (const column in row) bytes += bytesOf(row[column])
  if (bytes <= MAX_ROW_BYTES) return undefined
  const remedy =
    table === 'policies'
      ? 'use another database for a policy of this size, or let each project have a policy of its own'
      : 'use another database for values of this size'
  const message = `a row of \`${table}\` has ${bytes} bytes, and D1 keeps at most ${MAX_ROW_BYTES}; ${remedy}`
  return new KavachError('KVCH_E_STORE_FULL', message, { details: { table, bytes, limit: MAX_ROW_BYTES } })
}

/** At most, without looking into it. */
function lengthOf(value: AnyRow[string] | undefined): number {
  if (typeof value === 'string') return value.length * MOST_BYTES
  return value instanceof Uint8Array ? value.length : 8
}

function bytesOf(value: AnyRow[string] | undefined): number {
  return typeof value === 'string' ? new TextEncoder().encode(value).length : lengthOf(value)
}
