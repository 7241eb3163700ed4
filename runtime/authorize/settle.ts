/** What follows from a decision: meters are charged, approvals used or asked for, and a row is written. */
import type { CounterCharge } from '../../engine-wasm/host/index.ts'
import type { ApprovalAsked, GrantedApproval } from '../approvals/index.ts'
import type { DecisionFacts } from '../audit/index.ts'
import { after, isPromise } from '../awaitable.ts'
import type { Reservation, ReservedAmount } from '../limits/index.ts'
import type { AuthorizeResult } from '../request.ts'
import { type ActivePolicy, type Change, type Entry, type Json, seqOfAuditId } from '../site.ts'
import type { Awaitable } from '../store.ts'
import type { Job } from './job.ts'
import type { Judgement } from './judge.ts'
import type { BatchMeters } from './meters.ts'
import { codeOf, messageOf } from './reasons.ts'

export interface SettlePorts {
  readonly elapsed: () => number
  readonly decisionEntry: (facts: DecisionFacts) => Entry
  readonly reservationMs: number
  readonly openReservation: (change: Change, reservation: Reservation) => Awaitable<unknown>
  readonly useApproval: (change: Change, approval: GrantedApproval, auditId: string) => Awaitable<unknown>
  readonly requestApproval: (change: Change, asked: ApprovalAsked) => Awaitable<{ readonly id: string }>
}

/** Charges and records; the answer may leave when the transaction is durable. */
export function settle(
  ports: SettlePorts,
  change: Change,
  meters: BatchMeters,
  job: Job,
  judgement: Judgement,
): Awaitable<AuthorizeResult> {
  const { decision, charges, levels, approval } = judgement
  const isAllowed = isAllowedBy(judgement)
  for (const { key, windowStart, amount } of charges) meters.take(key, windowStart, amount)
  if (isAllowed) for (const { key, windowStart } of levels) meters.take(key, windowStart, 1)
  const needsApproval = decision?.decision === 'approval' && decision.approvalDigest !== undefined
  const asked = needsApproval ? ports.requestApproval(change, approvalAsked(job, judgement)) : undefined
  return after<{ readonly id: string } | undefined, AuthorizeResult>(asked, (waiting) => {
    const approvalId = waiting?.id ?? approval?.id
    const auditId = change.record(ports.decisionEntry(factsOf(ports, job, judgement, approvalId)))
    const result = resultOf(job, judgement, auditId, waiting?.id)
    const writes = [
      approval === undefined ? undefined : ports.useApproval(change, approval, auditId),
      openMoney(ports, change, auditId, judgement),
    ].filter(isPending)
    return writes.length === 0 ? result : Promise.all(writes).then(() => result)
  })
}

function isPending<T>(write: Awaitable<T>): write is Promise<T> {
  return isPromise(write)
}

export function isAllowedBy({ verdict, decision }: Judgement): boolean {
  return (verdict === 'allow' || verdict === 'throttle') && decision?.allowed === true
}

/** Money is reserved until the caller says what the call did cost. */
function openMoney(ports: SettlePorts, change: Change, auditId: string, judgement: Judgement): Awaitable<unknown> {
  const { charges, agentId } = judgement
  const seq = seqOfAuditId(auditId)
  if (seq === undefined || agentId === undefined || charges.length === 0) return undefined
  const amounts = charges.filter(isMoney).map(amountOf)
  if (amounts.length === 0) return undefined
  return ports.openReservation(change, { seq, agent: agentId, amounts, expiresAt: change.now + ports.reservationMs })
}

function isMoney({ unit }: CounterCharge): boolean {
  return unit === 'nanoUsd'
}

function amountOf({ key, windowStart, amount, limit }: CounterCharge): ReservedAmount {
  return { key, windowStart, amount, limit }
}

function approvalAsked({ request, requestId }: Job, judgement: Judgement): ApprovalAsked {
  const { agentId = '', owner, via, policy, decision } = judgement
  const { action, resource, args } = request
  return {
    digest: decision?.approvalDigest ?? '',
    agentId,
    owner,
    // The digest was made of the same members, so the arguments are JSON.
    request: {
      agent: agentId,
      chain: [...via, agentId],
      action,
      resource,
      args: args as Json,
      generation: policy.generation,
    },
    needs: decision?.approvals ?? [],
    requestId,
  }
}

function factsOf(
  { elapsed }: SettlePorts,
  { request, requestId, startedAt, agentId, tokenHash }: Job,
  judgement: Judgement,
  approvalId: string | undefined,
): DecisionFacts {
  const { reason, verdict, decision, via, policy, owner, shadow, retryAfter } = judgement
  return {
    requestId,
    agent: judgement.agentId ?? agentId,
    by: tokenHash === undefined ? 'id' : 'token',
    owner,
    action: request?.action,
    resource: request?.resource,
    via,
    delegation: request?.delegation,
    args: request?.args,
    ip: request?.ip,
    cost: request?.cost,
    endpoint: request?.endpoint,
    isAllowed: isAllowedBy(judgement),
    verdict,
    reason,
    code: codeOf(reason),
    retryAfter,
    policy,
    grant: decision?.grant,
    charged: decision?.charged,
    guard: decision?.guard,
    reservations: judgement.charges.filter(isMoney),
    approvalId,
    shadow,
    durationUs: Math.round((elapsed() - startedAt) * 1000),
  }
}

export function resultOf(
  { requestId }: Pick<Job, 'requestId'>,
  judgement: Judgement,
  auditId: string | undefined,
  waitingId: string | undefined,
): AuthorizeResult {
  const { reason, verdict, agentId, via, policy, retryAfter } = judgement
  const code = codeOf(reason)
  return {
    allowed: isAllowedBy(judgement),
    reason,
    verdict,
    ...(code !== undefined && { code, message: messageOf(reason, retryAfter) }),
    auditId,
    requestId,
    ...(retryAfter !== undefined && { retryAfter }),
    ...(verdict === 'throttle' && { throttled: true }),
    ...(waitingId !== undefined && { approvalId: waitingId }),
    ...(agentId !== undefined && { agentId }),
    ...(via.length > 0 && { via }),
    policy: identityOf(policy),
  }
}

function identityOf({ name, generation, digest }: ActivePolicy) {
  return { name, generation, digest }
}
