/** An approval as approvers and callers see it. Times are RFC 3339. */
import type { Json } from '../site.ts'
import type { ApprovalStatus, Row } from '../tables.ts'
import type { Need, Vote } from './ballot.ts'

/** What somebody has to agree to; the digest of the engine is of these values. */
export interface ApprovalRequest {
  readonly agent: string
  /** Delegators, root first, then the agent. */
  readonly chain: readonly string[]
  readonly action: string
  readonly resource: string
  readonly args?: Json | undefined
  /** Of the policy that asked for it. Another one asks anew. */
  readonly generation: number
}

export interface Approval extends ApprovalRequest {
  readonly id: string
  readonly status: ApprovalStatus
  readonly needs: readonly Need[]
  readonly votes: readonly { readonly approver: string; readonly roles: readonly string[]; readonly at: string }[]
  readonly requestedAt: string
  /** Until then it waits for votes; from the last one on, until then it can be used. */
  readonly expiresAt: string
  readonly decidedAt?: string
  readonly note?: string
}

export function viewOf(row: Row<'approvals'>, now: number): Approval {
  const { id, requestedAt, expiresAt, decidedAt, note } = row
  return {
    id,
    status: statusOf(row, now),
    ...readRequest(row),
    needs: readNeeds(row),
    votes: readVotes(row).map(({ id: approver, roles, at }) => ({ approver, roles, at: toStamp(at) })),
    requestedAt: toStamp(requestedAt),
    expiresAt: toStamp(expiresAt),
    ...(decidedAt !== null && { decidedAt: toStamp(decidedAt) }),
    ...(note !== null && { note }),
  }
}

/** What it is now: one whose time is over has expired, whether or not the sweeper has come by. */
export function statusOf({ status, expiresAt }: Row<'approvals'>, now: number): ApprovalStatus {
  return (status === 'pending' || status === 'approved') && expiresAt <= now ? 'expired' : status
}

// The three columns hold what `request` and `vote` of this folder wrote.
export const readRequest = ({ request }: Row<'approvals'>) => JSON.parse(request) as ApprovalRequest
export const readNeeds = ({ needs }: Row<'approvals'>) => JSON.parse(needs) as readonly Need[]
export const readVotes = ({ votes }: Row<'approvals'>) => JSON.parse(votes) as readonly Vote[]

function toStamp(ms: number): string {
  return new Date(ms).toISOString()
}
