/** Rows of the log in order, a page at a time: each page is a read of its own, so no reader holds the store for long. */
import { KavachError } from '../errors.ts'
import type { Site } from '../site.ts'
import { seqOfAuditId } from '../site.ts'
import type { Reader } from '../store.ts'
import type { Row } from '../tables.ts'

export const PAGE_ROWS = 500

export interface SeqRange {
  readonly from: number
  /** Exclusive. */
  readonly to: number
  readonly isReversed?: boolean
}

/** Rows that are missing are left out. */
export async function* pagesOf(
  site: Pick<Site, 'read'>,
  { from, to, isReversed = false }: SeqRange,
): AsyncGenerator<readonly Row<'audit'>[]> {
  let low = from
  let high = to
  while (low < high) {
    const page = await site.read((reader) =>
      reader.find('audit', 'key', { after: low - 1, before: high, isReversed, limit: PAGE_ROWS }),
    )
    const last = page.at(-1)
    if (last === undefined) return
    yield page
    if (isReversed) high = last.seq
    else low = last.seq + 1
  }
}

/** The first row that is not before `time`, as an index; `size` when there is none. No row is earlier than the one before it. */
export async function seqAt(reader: Reader, time: number, size: number): Promise<number> {
  let low = 0
  let high = size
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const [row] = await reader.find('audit', 'key', { after: middle - 1, before: high, limit: 1 })
    if (row !== undefined && row.time < time) low = row.seq + 1
    else high = middle
  }
  return low
}

/** @throws {KavachError} KVCH_E_AUDIT_NOT_FOUND */
export async function rowById(reader: Reader, auditId: string): Promise<Row<'audit'>> {
  const seq = typeof auditId === 'string' ? seqOfAuditId(auditId) : undefined
  const row = seq === undefined ? undefined : await reader.get('audit', { seq })
  if (row === undefined) throw new KavachError('KVCH_E_AUDIT_NOT_FOUND', `the audit log has no row \`${auditId}\``)
  return row
}
