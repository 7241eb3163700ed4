/**
 * Rows as events of the Open Cybersecurity Schema Framework, one a line: decisions are API Activity, what changes an agent is
 * Account Change, what lends authority is User Access Management, and the rest is API Activity too.
 *
 * @see https://schema.ocsf.io/1.7.0
 */
import { canonicalJson } from '../../compiler/model/index.ts'
import type { Json } from '../site.ts'
import type { AuditRow } from './view.ts'

const VERSION = '1.7.0'

interface EventClass {
  readonly category: number
  readonly class: number
  readonly activity: number
}

const OTHER = 99
const API_ACTIVITY = { category: 6, class: 6003 }
const ACCOUNT_CHANGE = { category: 3, class: 3001 }
const ACCESS_MANAGEMENT = { category: 3, class: 3005 }

const CLASSES: { readonly [kind: string]: EventClass } = {
  'agent.create': { ...ACCOUNT_CHANGE, activity: 1 },
  'agent.unsuspend': { ...ACCOUNT_CHANGE, activity: 2 },
  'agent.rotate': { ...ACCOUNT_CHANGE, activity: OTHER },
  'agent.refresh': { ...ACCOUNT_CHANGE, activity: OTHER },
  'token.issue': { ...ACCOUNT_CHANGE, activity: OTHER },
  'agent.suspend': { ...ACCOUNT_CHANGE, activity: 5 },
  'agent.revoke': { ...ACCOUNT_CHANGE, activity: 6 },
  'agent.update': { ...ACCOUNT_CHANGE, activity: OTHER },
  'delegation.create': { ...ACCESS_MANAGEMENT, activity: 1 },
  'delegation.revoke': { ...ACCESS_MANAGEMENT, activity: 2 },
  'policy.load': { ...API_ACTIVITY, activity: 3 },
  erase: { ...API_ACTIVITY, activity: 4 },
  prune: { ...API_ACTIVITY, activity: 4 },
}

/** Verbs that say of an action whether it creates, reads, updates or deletes. */
const ACTIVITIES: { readonly [action: string]: number } = {
  create: 1,
  read: 2,
  list: 2,
  get: 2,
  write: 3,
  update: 3,
  delete: 4,
}

export function ocsfOf(row: AuditRow): string {
  const { auditId, seq: _, time, kind, agent, result, ...members } = row
  const { action, resource, reason, code, ip, owner, actor, request_id, durationUs, policy, ...unmapped } = members
  const {
    category,
    class: classUid,
    activity,
  } = CLASSES[kind] ?? {
    ...API_ACTIVITY,
    activity: typeof action === 'string' ? (ACTIVITIES[action] ?? OTHER) : OTHER,
  }
  const isDenied = result === 'denied'
  return `${JSON.stringify({
    activity_id: activity,
    activity_name: activity === OTHER ? textOf(action) || kind : undefined,
    category_uid: category,
    class_uid: classUid,
    type_uid: classUid * 100 + activity,
    time: Date.parse(time),
    severity_id: isDenied ? 2 : 1,
    status_id: result === undefined ? 0 : isDenied ? 2 : 1,
    status_code: code,
    status_detail: reason,
    ...(result !== undefined && { action_id: isDenied ? 2 : 1, disposition_id: isDenied ? 2 : 1 }),
    message: kind === 'decision' ? `${textOf(action)} on ${textOf(resource)}: ${textOf(reason)}` : kind,
    duration: typeof durationUs === 'number' ? Math.round(durationUs / 1000) : undefined,
    metadata: {
      version: VERSION,
      uid: auditId,
      original_event_uid: auditId,
      event_code: kind,
      log_name: 'kavachos',
      product: { name: 'kavachos', vendor_name: 'kavachos' },
      profiles: result === undefined ? undefined : ['security_control'],
    },
    actor: { user: agentOf(textOf(actor) || agent || 'unknown') },
    ...(classUid !== API_ACTIVITY.class && { user: agentOf(agent ?? 'unknown') }),
    ...(classUid === ACCESS_MANAGEMENT.class && { privileges: privilegesOf(unmapped.permissions) }),
    api: { operation: textOf(action) || kind, request: request_id === undefined ? undefined : { uid: request_id } },
    resources: resource === undefined ? undefined : [{ name: resource, owner: ownerOf(owner) }],
    src_endpoint: typeof ip === 'string' ? { ip } : { name: agent ?? 'unknown' },
    policy: policyOf(policy),
    unmapped: Object.keys(unmapped).length === 0 ? undefined : unmapped,
  })}\n`
}

function agentOf(uid: string): Json {
  return { uid, type: 'Agent', type_id: OTHER }
}

function ownerOf(owner: Json | undefined): Json | undefined {
  return typeof owner === 'string' ? { uid: owner } : undefined
}

function privilegesOf(permissions: Json | undefined): Json {
  return Array.isArray(permissions) ? permissions.map((permission) => canonicalJson(permission)) : []
}

function policyOf(policy: Json | undefined): Json | undefined {
  if (typeof policy !== 'object' || policy === null || !('digest' in policy)) return undefined
  return { name: policy.name, uid: policy.digest, version: `${policy.generation}` }
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}
