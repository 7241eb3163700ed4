/** Looks for rows: by agent through the postings, by time through the order of the log, by anything else row by row. */
import { KavachError } from '../errors.ts'
import { type Site, seqOfAuditId } from '../site.ts'
import type { Row } from '../tables.ts'
import { blockOf, rowsOfBlock } from './postings.ts'
import { pagesOf, type SeqRange, seqAt } from './rows.ts'
import { personalOf, viewOf } from './view.ts'

/** What rows must have; absent members let every row through. */
export interface AuditFilter {
  /** Whom the row is about. */
  readonly agentId?: string | undefined
  /** An owner, or any other personal value that has not been erased. */
  readonly userId?: string | undefined
  readonly result?: 'allowed' | 'denied' | undefined
  /** One of `AUDIT_KINDS`, or several. */
  readonly kind?: string | readonly string[] | undefined
  readonly action?: string | undefined
  readonly resource?: string | undefined
  readonly requestId?: string | undefined
  /** The first instant: a `Date`, milliseconds since 1970, or RFC 3339. */
  readonly since?: Date | number | string | undefined
  /** The first instant that is too late. */
  readonly until?: Date | number | string | undefined
}

export interface AuditQuery extends AuditFilter {
  /** Rows at most, up to 10,000; by default 1,000. */
  readonly limit?: number | undefined
  /** `auditId` of the last row that was seen: the rows after it, in the order that was asked for. */
  readonly cursor?: string | undefined
  /** `desc`, the newest first, unless it is said otherwise. */
  readonly order?: 'asc' | 'desc' | undefined
}

const DEFAULT_LIMIT = 1000
const MAX_LIMIT = 10_000

const FILTERS = ['agentId', 'userId', 'result', 'kind', 'action', 'resource', 'requestId', 'since', 'until']
const TEXTS = ['agentId', 'userId', 'action', 'resource', 'requestId'] as const

/** @throws {KavachError} KVCH_E_REQUEST_INVALID */
export async function queryRows(site: Site, query: AuditQuery = {}): Promise<readonly Row<'audit'>[]> {
  checkFilter(query, ['limit', 'cursor', 'order'])
  const { limit = DEFAULT_LIMIT, cursor, order = 'desc' } = query
  const found: Row<'audit'>[] = []
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    throw invalid('limit', `must be a whole number from 1 to ${MAX_LIMIT}`)
  }
  if (order !== 'asc' && order !== 'desc') throw invalid('order', 'must be `asc` or `desc`')
  const seen = cursor === undefined ? undefined : seqOfAuditId(String(cursor))
  if (cursor !== undefined && seen === undefined) throw invalid('cursor', 'must be the `auditId` of a row')
  for await (const row of rowsOf(site, query, { isReversed: order === 'desc', seen })) {
    found.push(row)
    if (found.length === limit) break
  }
  return found
}

/** @throws {KavachError} KVCH_E_REQUEST_INVALID */
export async function* rowsOf(
  site: Pick<Site, 'read'>,
  filter: AuditFilter,
  { isReversed = false, seen }: { readonly isReversed?: boolean; readonly seen?: number | undefined } = {},
): AsyncGenerator<Row<'audit'>> {
  const since = instantOf('since', filter.since)
  const until = instantOf('until', filter.until)
  const range = await site.read(async (reader) => {
    const size = (await reader.get('heads', {}))?.size ?? 0
    const from = since === undefined ? 0 : await seqAt(reader, since, size)
    const to = until === undefined ? size : await seqAt(reader, until, size)
    if (seen === undefined) return { from, to, isReversed }
    return isReversed
      ? { from, to: Math.min(to, seen), isReversed }
      : { from: Math.max(from, seen + 1), to, isReversed }
  })
  const matches = matcherOf(filter)
  const { agentId } = filter
  const pages = agentId === undefined ? pagesOf(site, range) : pagesOfAgent(site, agentId, range)
  for await (const page of pages) for (const row of page) if (matches(row)) yield row
}

async function* pagesOfAgent(
  site: Pick<Site, 'read'>,
  agentId: string,
  { from, to, isReversed = false }: SeqRange,
): AsyncGenerator<readonly Row<'audit'>[]> {
  const first = blockOf(from)
  const last = blockOf(to - 1)
  for (let i = 0; i <= last - first; i++) {
    const block = isReversed ? last - i : first + i
    const rows = await site.read((reader) => rowsOfBlock(reader, agentId, block))
    const within = rows.filter(({ seq }) => seq >= from && seq < to)
    yield isReversed ? within.reverse() : within
  }
}

function matcherOf(filter: AuditFilter): (row: Row<'audit'>) => boolean {
  const { agentId, userId, result, kind, action, resource, requestId } = filter
  const kinds = kind === undefined || typeof kind === 'string' ? kind : new Set(kind)
  const wanted = Object.entries({ action, resource, request_id: requestId }).filter(([, value]) => value !== undefined)
  return (row) => {
    if (agentId !== undefined && row.agent !== agentId) return false
    if (result !== undefined && row.result !== result) return false
    if (kinds !== undefined && !(typeof kinds === 'string' ? kinds === row.kind : kinds.has(row.kind))) return false
    if (userId !== undefined && !isAbout(row, userId)) return false
    if (wanted.length === 0) return true
    const view = viewOf(row)
    return wanted.every(([name, value]) => view[name] === value)
  }
}

/** True when one of the personal values is that of the user. */
export function isAbout({ personal }: Row<'audit'>, userId: string): boolean {
  return personal !== null && Object.values(personalOf(personal)).includes(userId)
}

/** @throws {KavachError} KVCH_E_REQUEST_INVALID, with the path of the wrong member */
export function checkFilter(filter: AuditFilter, others: readonly string[]): void {
  if (typeof filter !== 'object' || filter === null) throw invalid('filter', 'must be an object')
  for (const name of Object.keys(filter)) {
    if (!FILTERS.includes(name) && !others.includes(name)) throw invalid(name, 'is not known here')
  }
  for (const name of TEXTS) {
    if (filter[name] !== undefined && typeof filter[name] !== 'string') throw invalid(name, 'must be a text')
  }
  const { result, kind } = filter
  if (result !== undefined && result !== 'allowed' && result !== 'denied') {
    throw invalid('result', 'must be `allowed` or `denied`')
  }
  const kinds = Array.isArray(kind) ? kind : [kind]
  if (kind !== undefined && kinds.some((one) => typeof one !== 'string')) throw invalid('kind', 'must be a text')
  instantOf('since', filter.since)
  instantOf('until', filter.until)
}

/** Milliseconds since 1970. @throws {KavachError} KVCH_E_REQUEST_INVALID */
export function instantOf(name: string, value: Date | number | string | undefined): number | undefined {
  if (value === undefined) return undefined
  const time = value instanceof Date ? value.getTime() : typeof value === 'string' ? Date.parse(value) : value
  if (typeof time !== 'number' || !Number.isFinite(time)) {
    throw invalid(name, 'must be a `Date`, milliseconds since 1970, or RFC 3339')
  }
  return time
}

function invalid(path: string, message: string): KavachError {
  return new KavachError('KVCH_E_REQUEST_INVALID', `${path}: ${message}`, { details: { path } })
}
