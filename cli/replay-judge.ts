/** What it means that a recorded decision and the one of another policy are, or are not, the same. */
import type { RecordedDecision, Verdict } from '../compiler/model/index.ts'
import type { Decision } from '../engine-wasm/host/index.ts'

/** How a row came out. */
export type Judgement =
  /** `isMetered`: as long as the meters permit, which a log without readings does not say. */
  | { readonly kind: 'same'; readonly isMetered: boolean; readonly isReasonNew: boolean }
  | { readonly kind: 'changed'; readonly change: Change }
  | { readonly kind: 'unknown'; readonly why: Unknown }

/** `new-access`: denied then, allowed now. `lost-access`: the reverse. `verdict`: neither, and yet another verdict. */
export type Change = 'new-access' | 'lost-access' | 'verdict'

/**
 * Why a row says nothing: it has only a digest of its arguments; an agent, a revocation or a suspension was made at run time
 * and no state says so; or meters decided, whose readings it does not have.
 */
export type Unknown = 'arguments' | 'run-time' | 'meters'

export interface Judged {
  readonly row: RecordedDecision
  readonly decision: Decision
  /** Whether agents, delegations and flags made at run time were given. */
  readonly hasState: boolean
}

/**
 * Compares a row with what was decided now, meters read as the row's readings, or 0 without any.
 *
 * With readings of 0 the outcome is the best that the policy has for the request, so that a denial now is certain.
 */
export function judge({ row, decision, hasState }: Judged): Judgement {
  if (!hasState && isOfRunTime(row.reason, decision.reason)) return { kind: 'unknown', why: 'run-time' }
  const verdict: Verdict = decision.decision
  const isAllowed = verdict === 'allow' || verdict === 'throttle'
  const isMetered = (decision.reservations?.length ?? 0) > 0 || METER_REASONS.has(decision.reason)
  if (row.request.readings === undefined && isMetered && isAllowed && METER_REASONS.has(row.reason ?? '')) {
    return { kind: 'unknown', why: 'meters' }
  }
  if (verdict === row.verdict) {
    const isReasonNew = row.reason !== undefined && row.reason !== decision.reason
    return { kind: 'same', isMetered: isMetered && row.request.readings === undefined, isReasonNew }
  }
  const change = isAllowed === row.isAllowed ? 'verdict' : isAllowed ? 'new-access' : 'lost-access'
  return { kind: 'changed', change }
}

const METER_REASONS: ReadonlySet<string> = new Set(['rate-limited', 'budget-exhausted', 'throttled'])

/** What only the host knows of a principal or a delegation: that it was made, or was withdrawn. */
const FLAG_REASONS: ReadonlySet<string> = new Set(['agent-revoked', 'agent-suspended', 'delegation-revoked'])

function isOfRunTime(then: string | undefined, now: string): boolean {
  if (now === 'agent-unknown') return then !== 'agent-unknown'
  return then !== undefined && FLAG_REASONS.has(then)
}
