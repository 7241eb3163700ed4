/** Rows in the Common Event Format of ArcSight, one a line. */
import { canonicalJson } from '../../compiler/model/index.ts'
import type { Json } from '../site.ts'
import type { AuditRow } from './view.ts'

/** Version of what rows say. */
const DEVICE = 'kavachos|kavachos|1'

export function cefOf(row: AuditRow): string {
  const { auditId, time, kind, agent, result, action, resource, reason } = row
  const isDenied = result === 'denied'
  const name = kind === 'decision' ? `${textOf(action)} ${result ?? ''}`.trim() : kind
  const isIpv6 = typeof row.ip === 'string' && row.ip.includes(':')
  const members: readonly (readonly [key: string, value: Json | undefined])[] = [
    ['rt', Date.parse(time)],
    ['externalId', auditId],
    ['cat', kind],
    ['outcome', result],
    ['reason', reason],
    ['act', action],
    ['request', resource],
    ['suid', agent],
    ['suser', row.owner],
    [isIpv6 ? 'c6a2' : 'src', row.ip],
    ['c6a2Label', isIpv6 ? 'Source IPv6 Address' : undefined],
    ['cs1', row.policy],
    ['cs1Label', row.policy === undefined ? undefined : 'policy'],
    ['cs2', row.via],
    ['cs2Label', row.via === undefined ? undefined : 'delegators'],
    ['cs3', row.request_id],
    ['cs3Label', row.request_id === undefined ? undefined : 'requestId'],
    ['cs4', row.code],
    ['cs4Label', row.code === undefined ? undefined : 'code'],
  ]
  const extension = members
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([key, value]) => `${key}=${escapeValue(textOf(value))}`)
  return `CEF:0|${DEVICE}|${escapeHeader(textOf(reason ?? kind))}|${escapeHeader(name)}|${isDenied ? 5 : 3}|${extension.join(' ')}\n`
}

function textOf(value: Json | undefined): string {
  if (value === undefined) return ''
  return typeof value === 'string' ? value : canonicalJson(value)
}

/** A header may hold no line break. */
function escapeHeader(text: string): string {
  return text
    .replaceAll('\\', '\\\\')
    .replaceAll('|', '\\|')
    .replace(/[\r\n]+/g, ' ')
}

function escapeValue(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('=', '\\=').replaceAll('\n', '\\n').replaceAll('\r', '\\r')
}
