/** Rows as CSV. A cell never begins with what a spreadsheet would take for a formula. */
import { canonicalJson } from '../../compiler/model/index.ts'
import type { Json } from '../site.ts'
import type { AuditRow } from './view.ts'

/** Columns and the members behind them; whatever else a row says is JSON in the last one. */
const COLUMNS: readonly (readonly [column: string, member: string])[] = [
  ['audit_id', 'auditId'],
  ['time', 'time'],
  ['kind', 'kind'],
  ['agent', 'agent'],
  ['actor', 'actor'],
  ['owner', 'owner'],
  ['action', 'action'],
  ['resource', 'resource'],
  ['via', 'via'],
  ['result', 'result'],
  ['verdict', 'verdict'],
  ['reason', 'reason'],
  ['code', 'code'],
  ['cost', 'cost'],
  ['ip', 'ip'],
  ['request_id', 'request_id'],
  ['approval_id', 'approvalId'],
  ['duration_us', 'durationUs'],
  ['policy', 'policy'],
]
const MEMBERS = new Set(['seq', ...COLUMNS.map(([, member]) => member)])

/** @see RFC 4180: lines end in CR LF */
export const CSV_HEADER = `${[...COLUMNS.map(([column]) => column), 'details'].join()}\r\n`

export function csvOf(row: AuditRow): string {
  const rest = Object.entries(row).filter(([member]) => !MEMBERS.has(member))
  const cells = COLUMNS.map(([, member]) => cellOf(row[member]))
  return `${[...cells, rest.length === 0 ? '' : cellOf(Object.fromEntries(rest))].join()}\r\n`
}

function cellOf(value: Json | undefined): string {
  if (value === undefined || value === null) return ''
  const text = typeof value === 'string' ? value : canonicalJson(value)
  const safe = typeof value !== 'number' && FORMULA.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** @see https://owasp.org/www-community/attacks/CSV_Injection */
const FORMULA = /^[=+\-@\t\r\n]/
