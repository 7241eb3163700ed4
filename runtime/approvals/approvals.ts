/** Requests that wait for somebody to agree: the queue, those who decide, and those who wait. */

import { after } from '../awaitable.ts'
import { KavachError } from '../errors.ts'
import type { Change, Json, Site } from '../site.ts'
import type { Awaitable, Reader } from '../store.ts'
import type { ApprovalStatus, Row } from '../tables.ts'
import { createBell } from './bell.ts'
import { type Decide, decide } from './decide.ts'
import { type Announce, closeExpired, createQueue, type Queue } from './queue.ts'
import { type Approval, statusOf, viewOf } from './view.ts'
import { type WaitOptions, wait } from './wait.ts'

export interface ApprovalsApi {
  /** The newest first. */
  readonly list: (filter?: ApprovalFilter) => Promise<ApprovalPage>
  /** @throws {KavachError} KVCH_E_APPROVAL_NOT_FOUND */
  readonly get: (id: string) => Promise<Approval>
  /**
   * Adds a vote. It is approved when each need has one of its own; the same request then succeeds once.
   *
   * @throws {KavachError} KVCH_E_APPROVAL_NOT_FOUND, KVCH_E_APPROVAL_CLOSED when it was decided, used or has expired,
   * KVCH_E_APPROVAL_FORBIDDEN for the agent itself, agents of its owner, and whose agreement nobody needs
   */
  readonly approve: (id: string, by: Decide) => Promise<Approval>
  /** One who may approve it refuses it. @throws {KavachError} as `approve` */
  readonly deny: (id: string, by: Decide) => Promise<Approval>
  /**
   * Resolves when it is decided, by whichever process, or has expired.
   *
   * @throws {KavachError} KVCH_E_APPROVAL_TIMEOUT, KVCH_E_APPROVAL_NOT_FOUND; with the reason of `signal` when that aborts
   */
  readonly wait: (id: string, options?: WaitOptions) => Promise<Approval>
  /** Closes what has expired; gives how many there were. */
  readonly expireDue: () => Promise<number>
}

export interface ApprovalFilter {
  readonly status?: ApprovalStatus | undefined
  readonly agentId?: string | undefined
  /** 1 to 1,000; default 100. */
  readonly limit?: number | undefined
  /** Of the page before. */
  readonly cursor?: string | undefined
}

export interface ApprovalPage {
  readonly approvals: readonly Approval[]
  /** Absent on the last page. */
  readonly cursor?: string
}

export interface Approvals extends Queue {
  readonly api: ApprovalsApi
}

/** How others are told; the outbox of the host does it. */
export interface Messages {
  readonly enqueue: (change: Change, message: { readonly kind: string; readonly payload: Json }) => Awaitable<unknown>
  readonly handle: (
    kind: string,
    handler: {
      readonly maxAttempts: number
      readonly timeoutMs: number
      readonly deliver: (message: { readonly payload: string }) => Promise<unknown>
    },
  ) => void
  readonly handleByWebhook: (
    kind: string,
    options: { readonly url: string; readonly maxAttempts?: number | undefined; readonly path: string },
  ) => void
}

/** Kinds of messages; both say the same, to a URL and to `onRequest`. */
export const APPROVAL_WEBHOOK = 'approval.webhook'
export const APPROVAL_CALLBACK = 'approval.callback'

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1000
const MAX_EXPIRED = 500
/** Only the end of a process can keep a callback from being made. */
const CALLBACK_ATTEMPTS = 3
const CALLBACK_MS = 10_000

type ApprovalsSite = Pick<Site, 'host' | 'settings' | 'read' | 'change' | 'warn'>

/** @throws {KavachError} KVCH_E_CONFIG_INVALID */
export function createApprovals(site: ApprovalsSite, messages: Messages): Approvals {
  const queue = createQueue(site, announcer(site, messages))
  const bell = createBell()
  return {
    ...queue,
    api: {
      list: (filter = {}) => site.read((reader) => list(reader, filter, site.host.now())),
      get: (id) => site.read(async (reader) => viewOf(await rowOf(reader, id), site.host.now())),
      approve: (id, by) => decide(site, bell, id, by, 'approve'),
      deny: (id, by) => decide(site, bell, id, by, 'deny'),
      wait: (id, options = {}) => wait(site, bell, id, options),
      expireDue: () => site.change(expireDue),
    },
  }
}

/** Writes to the outbox what is to be said of a new request. */
function announcer({ settings, warn }: ApprovalsSite, messages: Messages): Announce {
  const { onRequest, webhook } = settings.approvals
  if (webhook !== undefined) messages.handleByWebhook(APPROVAL_WEBHOOK, { ...webhook, path: 'approvals.webhook' })
  if (onRequest !== undefined) {
    const complain = (error: unknown) => {
      warn(`approvals.onRequest failed: ${error instanceof Error ? error.message : String(error)}`)
    }
    messages.handle(APPROVAL_CALLBACK, {
      maxAttempts: CALLBACK_ATTEMPTS,
      timeoutMs: CALLBACK_MS,
      async deliver({ payload }) {
        // The announcer below wrote it.
        const { data } = JSON.parse(payload) as { data: Approval & { readonly [member: string]: Json | undefined } }
        // However long it takes, and whatever becomes of it, it was called.
        void (async () => onRequest(data))().catch(complain)
      },
    })
  }
  const kinds = [
    ...(webhook === undefined ? [] : [APPROVAL_WEBHOOK]),
    ...(onRequest === undefined ? [] : [APPROVAL_CALLBACK]),
  ]
  return (change, approval) => {
    // A view is made of texts, numbers and lists of them.
    const data = approval as Approval & { readonly [member: string]: Json | undefined }
    const payload = { type: 'approval.requested', timestamp: approval.requestedAt, data }
    const [first, second] = kinds
    if (first === undefined) return undefined
    return after(messages.enqueue(change, { kind: first, payload }), () =>
      second === undefined ? undefined : messages.enqueue(change, { kind: second, payload }),
    )
  }
}

async function list(reader: Reader, filter: ApprovalFilter, now: number): Promise<ApprovalPage> {
  if (typeof filter !== 'object' || filter === null) invalid('filter', 'must be an object')
  const { status, agentId, limit = DEFAULT_LIMIT, cursor } = filter
  for (const name of Object.keys(filter)) if (!FILTERS.has(name)) invalid(name, 'there is no such filter')
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > MAX_LIMIT) invalid('limit', `must be 1 to ${MAX_LIMIT}`)
  if (cursor !== undefined && typeof cursor !== 'string') invalid('cursor', 'must be that of the page before')
  if (agentId !== undefined && typeof agentId !== 'string') invalid('agentId', 'must be the id of an agent')
  if (status !== undefined && !STATUSES.has(status)) invalid('status', `\`${status}\` is no status of an approval`)
  const found: Row<'approvals'>[] = []
  let before = cursor
  while (found.length <= limit) {
    const [index, equal] = indexFor(filter)
    const rows = await reader.find('approvals', index, {
      equal,
      ...(before !== undefined && { before }),
      isReversed: true,
      limit: MAX_LIMIT,
    })
    found.push(...rows.filter((row) => status === undefined || statusOf(row, now) === status))
    before = rows.at(-1)?.id
    if (rows.length < MAX_LIMIT) break
  }
  const page = found.slice(0, limit)
  const last = page.at(-1)
  return {
    approvals: page.map((row) => viewOf(row, now)),
    ...(found.length > limit && last !== undefined && { cursor: last.id }),
  }
}

/** What has expired may not be marked yet, so only the other states are found by an index. */
function indexFor({ agentId, status }: ApprovalFilter): readonly ['key' | 'byAgent' | 'byStatus', readonly string[]] {
  if (agentId !== undefined) return ['byAgent', [agentId]]
  return status === undefined || status === 'expired' ? ['key', []] : ['byStatus', [status]]
}

const FILTERS: ReadonlySet<string> = new Set(['status', 'agentId', 'limit', 'cursor'])
const STATUSES: ReadonlySet<string> = new Set<ApprovalStatus>(['pending', 'approved', 'denied', 'expired', 'used'])

async function rowOf(reader: Pick<Reader, 'get'>, id: string): Promise<Row<'approvals'>> {
  const row = typeof id === 'string' ? await reader.get('approvals', { id }) : undefined
  if (row === undefined) throw new KavachError('KVCH_E_APPROVAL_NOT_FOUND', `there is no approval \`${id}\``)
  return row
}

async function expireDue(change: Change): Promise<number> {
  let expired = 0
  for (const status of ['pending', 'approved'] as const) {
    const rows = await change.find('approvals', 'byStatus', { equal: [status], limit: MAX_EXPIRED })
    const due = rows.filter((row) => statusOf(row, change.now) === 'expired')
    await closeExpired(change, due)
    expired += due.length
  }
  return expired
}

function invalid(path: string, message: string): never {
  throw new KavachError('KVCH_E_REQUEST_INVALID', `${path}: ${message}`, { details: { path } })
}
