/**
 * What the decision path does with approvals, inside the change of the decision: it asks for one, finds the one that was given,
 * and uses it up. An approval is bound to the digest of the canonical request and of the policy's generation, so it is worth
 * nothing for another request or under another policy.
 */
import { entryOf } from '../audit/index.ts'
import { after } from '../awaitable.ts'
import { KavachError } from '../errors.ts'
import type { Change, Entry, Json, Site } from '../site.ts'
import type { Awaitable, Reader } from '../store.ts'
import type { Row } from '../tables.ts'
import { ulid } from '../ulid.ts'
import { labelsOf, type Need } from './ballot.ts'
import { type Approval, readRequest, readVotes, statusOf, viewOf } from './view.ts'

export interface ApprovalAsked {
  readonly digest: string
  readonly agentId: string
  /** Of the agent. */
  readonly owner: string | null
  /** `{ agent, chain, action, resource, args, generation }`. */
  readonly request: { readonly [member: string]: Json | undefined }
  readonly needs: readonly Need[]
  readonly requestId: string
}

export interface GrantedApproval {
  readonly id: string
  /** Ids and roles of those who agreed. */
  readonly approvedBy: readonly string[]
  /** The earliest vote, milliseconds since 1970: what must not be too long ago must not be so for any of them. */
  readonly approvedAt: number
}

export interface Queue {
  /**
   * Queues a request. One that waits already is given back instead of being doubled; what has expired is closed.
   *
   * It answers at once where the store does.
   */
  readonly request: (change: Change, asked: ApprovalAsked) => Awaitable<Row<'approvals'>>
  /** The approval that stands for this digest: approved, not used, not expired. */
  readonly granted: (reader: Reader, digest: string, now: number) => Awaitable<GrantedApproval | undefined>
  /**
   * Uses an approval up.
   *
   * @throws {KavachError} KVCH_E_APPROVAL_CLOSED when it cannot be used any more; nothing of the change must then be made
   */
  readonly use: (change: Change, id: string, auditId?: string) => Awaitable<void>
}

/** Tells others of a request, in the same change. */
export type Announce = (change: Change, approval: Approval) => Awaitable<unknown>

/** Approvals of one request that are looked at, the newest first. */
const MAX_SAME = 50

export function createQueue({ host, settings }: Pick<Site, 'host' | 'settings'>, announce: Announce): Queue {
  const ttlMs = settings.approvals.ttlSeconds * 1000
  /** Requests of a change that is being made: a store that lets wait could be asked for the same one twice at a time. */
  const asking = new WeakMap<Change, Map<string, Awaitable<Row<'approvals'>>>>()

  function ask(change: Change, asked: ApprovalAsked): Awaitable<Row<'approvals'>> {
    return after(sameRequests(change, asked.digest), (rows) => {
      const waiting = rows.find((row) => statusOf(row, change.now) === 'pending')
      if (waiting !== undefined) return waiting
      return after(closeExpired(change, rows), () => insert(change, asked))
    })
  }

  function insert(change: Change, { digest, agentId, request, needs, requestId }: ApprovalAsked) {
    const row: Row<'approvals'> = {
      id: `apr_${ulid(host, change.now)}`,
      digest,
      agent: agentId,
      request: JSON.stringify(request),
      needs: JSON.stringify(needs.length > 0 ? needs : ANYONE),
      votes: '[]',
      status: 'pending',
      requestedAt: change.now,
      expiresAt: change.now + ttlMs,
      decidedAt: null,
      note: null,
    }
    return after(change.insert('approvals', [row]), () => {
      change.record(entryFor(row, 'approval.request', 'host', { members: { needs: row.needs }, requestId }))
      return after(announce(change, viewOf(row, change.now)), () => row)
    })
  }

  return {
    request(change, asked) {
      const known = asking.get(change) ?? new Map<string, Awaitable<Row<'approvals'>>>()
      asking.set(change, known)
      const row = known.get(asked.digest) ?? ask(change, asked)
      known.set(asked.digest, row)
      return row
    },
    granted: (reader, digest, now) =>
      after(sameRequests(reader, digest), (rows) => {
        const row = rows.find((same) => statusOf(same, now) === 'approved')
        return row === undefined ? undefined : grantedBy(row)
      }),
    use: (change, id, auditId) =>
      after(change.get('approvals', { id }), (row) => {
        if (row === undefined || statusOf(row, change.now) !== 'approved')
          throw new KavachError('KVCH_E_APPROVAL_CLOSED')
        change.record(entryFor(row, 'approval.use', 'host', { members: { decision: auditId } }))
        return change.put('approvals', [{ ...row, status: 'used' }])
      }),
  }
}

const ANYONE: readonly Need[] = [{}]

/** Marks what has expired, with a row for each. */
export function closeExpired(change: Change, rows: readonly Row<'approvals'>[]): Awaitable<void> {
  const expired = rows
    .filter((row) => row.status !== 'expired' && statusOf(row, change.now) === 'expired')
    .map((row) => ({ ...row, status: 'expired' as const }))
  if (expired.length === 0) return undefined
  for (const row of expired) change.record(entryFor(row, 'approval.expire', 'host', {}))
  return change.put('approvals', expired)
}

interface EntryFacts {
  readonly members?: { readonly [member: string]: Json | undefined }
  readonly personal?: { readonly [name: string]: Json | undefined }
  readonly requestId?: string
}

/** A row of the log about an approval. Arguments are not in it; the digest stands for them. */
export function entryFor(row: Row<'approvals'>, kind: string, actor: string, facts: EntryFacts): Entry {
  const { action, resource, chain, generation } = readRequest(row)
  const { members, personal, requestId } = facts
  return entryOf({
    kind,
    agent: row.agent,
    actor,
    ...(requestId !== undefined && { requestId }),
    ...(personal !== undefined && { personal }),
    members: { approval: row.id, digest: row.digest, action, resource, chain, generation, ...members },
  })
}

function sameRequests(reader: Pick<Reader, 'find'>, digest: string): Awaitable<readonly Row<'approvals'>[]> {
  return reader.find('approvals', 'byDigest', { equal: [digest], isReversed: true, limit: MAX_SAME })
}

function grantedBy(row: Row<'approvals'>): GrantedApproval {
  return { id: row.id, ...approvedBy(row) }
}

/** Who agreed. */
export function approvedBy(row: Row<'approvals'>): Omit<GrantedApproval, 'id'> {
  const votes = readVotes(row)
  return {
    approvedBy: [...new Set(votes.flatMap(labelsOf))],
    approvedAt: Math.min(...votes.map(({ at }) => at)),
  }
}
