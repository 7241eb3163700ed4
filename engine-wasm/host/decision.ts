/** Decisions, and how they are read from the response of a machine (docs/abi.md, "Response"). */
import {
  OUTCOME_ALLOW,
  OUTCOME_DENY,
  OUTCOME_THROTTLE,
  REASON_BUDGET_EXHAUSTED,
  REASON_FORBIDDEN,
  REASON_IP_NOT_ALLOWED,
} from '../format/codes.ts'
import {
  ANSWER_APPROVED,
  ANSWER_METERED,
  EXPLAINED_SIZE,
  KIND_AGENT_ATOM,
  RES_AMOUNT,
  RES_APPROVAL_COUNT,
  RES_APPROVAL_SIZE,
  RES_APPROVALS,
  RES_CHOSEN,
  RES_CHOSEN_COUNT,
  RES_EXPLAINED,
  RES_GRANT,
  RES_GUARD,
  RES_MASK,
} from '../format/layout.ts'
import type { Machine, PolicyIdentity } from './machine.ts'
import { type Meter, type Reservation, readMeters, retryAfter } from './meter.ts'
import type { EngineRequest } from './request.ts'

export type { PolicyIdentity } from './machine.ts'
export type { Meter, Reservation } from './meter.ts'

/** By the number the module gives them. */
const OUTCOMES = ['deny', 'limited', 'approval', 'throttle', 'allow'] as const

/** In the order in which the first one is the reason (docs/language.md section 9), then those from outside. */
const REASONS = [
  'invalid-request',
  'agent-unknown',
  'agent-revoked',
  'agent-suspended',
  'agent-expired',
  'delegation-expired',
  'delegation-revoked',
  'delegation-depth',
  'forbidden',
  'no-grant',
  'ip-not-allowed',
  'outside-hours',
  'arg-mismatch',
  'unexpected-arg',
  'trust-too-low',
  'cost-too-high',
  'approval-required',
  'rate-limited',
  'budget-exhausted',
  'throttled',
  'allowed',
  'stale-policy',
  'engine-fault',
  'meters-required',
] as const

export type Outcome = (typeof OUTCOMES)[number]
export type Reason = (typeof REASONS)[number]

export interface Decision {
  readonly decision: Outcome
  /** True for `allow` and `throttle` when all that they depend on is taken care of. */
  readonly allowed: boolean
  readonly reason: Reason
  /** Id of the grant that was chosen for the root of the chain, -1 for one made at run time. */
  readonly grant: number | undefined
  /** Id of the `forbid` or `require` that denied. */
  readonly guard: number | undefined
  /** Delegations between the root and the agent. */
  readonly hops: number
  /** Kinds of condition that failed: of the nearest grants and of `require`. */
  readonly failed: readonly Reason[] | undefined
  readonly policy: PolicyIdentity
  /** Ids of all grants chosen, root first, boundary last; absent when `grant` is all. */
  readonly charged: readonly number[] | undefined
  /** What must be charged, all or nothing, for an allowed decision to hold. */
  readonly reservations?: readonly Reservation[]
  /** With `meters-required`: what must be read before there is an answer. */
  readonly meters?: readonly Meter[]
  /** Who must still agree. */
  readonly approvals?: readonly Approval[]
  /** SHA-256, hex, of what an approval is bound to; absent when the arguments are not JSON, which nobody can approve. */
  readonly approvalDigest?: string
  /** Seconds until all limits in the way have begun anew; absent when that would not help, or `now` is unknown. */
  readonly retryAfter?: number
  /** What budgets are charged. */
  readonly amountNanoUsd?: string
}

export interface Approval {
  /** Absent: anyone. */
  readonly by?: string
  readonly withinMs?: number
}

/** A rule whose scope matched. */
export interface RuleExplained {
  /** Id of a grant; -1 for one made at run time. */
  readonly grant: number
  /** The principal that holds it: the agent, the receiver of a delegation, the one in the boundary. */
  readonly holder: string
  /** Which part of the authority it may serve: numbered alike for alternatives. */
  readonly factor: number
  /** Kinds of condition that are not true; empty when it is satisfied. `agent` means that it does not apply. */
  readonly failed: readonly (Reason | 'agent')[]
}

export interface Explanation {
  readonly decision: Decision
  readonly rules: readonly RuleExplained[]
}

export function outcomeOf(answer: number): Outcome {
  return OUTCOMES[answer & 15] ?? 'deny'
}

/** A denial with nothing behind it. */
export function refusal(reason: Reason, policy: PolicyIdentity): Decision {
  return {
    decision: 'deny',
    allowed: false,
    reason,
    grant: undefined,
    guard: undefined,
    hops: 0,
    failed: undefined,
    charged: undefined,
    policy,
  }
}

/** True when the answer is all there is to say: no meters, no approvals, nothing to wait for. */
export function isPlainAnswer(answer: number): boolean {
  const outcome = answer & 15
  if (outcome === OUTCOME_ALLOW) return (answer & (ANSWER_METERED | ANSWER_APPROVED)) === 0
  return outcome === OUTCOME_DENY && ((answer >> 4) & 255) !== REASON_BUDGET_EXHAUSTED
}

/** The decision of a plain answer whose first words stand at `at`. */
export function plainDecision(m: Machine, at: number, policy: PolicyIdentity): Decision {
  const { words } = m
  const word = at >> 2
  const answer = words[word] ?? 0
  const reason = (answer >> 4) & 255
  const isAllowed = (answer & 15) >= OUTCOME_THROTTLE
  const chosen = words[word + (RES_CHOSEN_COUNT >> 2)] ?? 0
  return {
    decision: OUTCOMES[answer & 15] ?? 'deny',
    allowed: isAllowed,
    reason: REASONS[reason] ?? 'engine-fault',
    grant: chosen > 0 ? words[word + (RES_GRANT >> 2)] : undefined,
    guard: reason === REASON_FORBIDDEN ? words[word + (RES_GUARD >> 2)] : undefined,
    hops: (answer >> 12) & 15,
    failed: isAllowed ? undefined : kindsOf(words[word + (RES_MASK >> 2)] ?? 0),
    charged: chosen > 1 ? readChosen(m, chosen) : undefined,
    policy,
  }
}

/** The whole decision in the response of the machine. */
export function readDecision(m: Machine, request: EngineRequest, policy: PolicyIdentity): Decision {
  const { view, response } = m
  const plain = plainDecision(m, response, policy)
  const charges = readMeters(m, request)
  const approvals = readApprovals(m)
  const wait = plain.allowed ? undefined : retryAfter(charges, request.now)
  return {
    ...plain,
    ...(charges.length > 0 && { amountNanoUsd: `${view.getBigUint64(response + RES_AMOUNT, true)}` }),
    ...(charges.length > 0 && plain.allowed && { reservations: charges.map(({ reservation }) => reservation) }),
    ...(approvals.length > 0 && { approvals }),
    ...(wait !== undefined && { retryAfter: wait }),
  }
}

/** The rules that `explain` listed; `names` are those of the chain. */
export function readRules(m: Machine, names: readonly string[]): readonly RuleExplained[] {
  const { view } = m
  const start = m.exports.explained_ptr()
  return Array.from({ length: view.getUint32(m.response + RES_EXPLAINED, true) }, (_, i) => {
    const at = start + i * EXPLAINED_SIZE
    const mask = view.getUint32(at + 8, true)
    return {
      grant: view.getInt32(at + 4, true),
      holder: names[view.getUint32(at + 12, true)] ?? '',
      factor: view.getUint32(at, true),
      failed: mask >> KIND_AGENT_ATOM ? ['agent'] : (kindsOf(mask) ?? []),
    }
  })
}

const KINDS: (readonly Reason[])[] = []

/** Names of a mask of failing kinds: one frozen list per mask. */
function kindsOf(mask: number): readonly Reason[] | undefined {
  if (mask === 0) return undefined
  KINDS[mask] ??= Object.freeze(REASONS.slice(REASON_IP_NOT_ALLOWED, 16).filter((_, kind) => (mask >> kind) & 1))
  return KINDS[mask]
}

function readChosen(m: Machine, count: number): readonly number[] {
  const word = (m.response + RES_CHOSEN) >> 2
  const chosen: number[] = []
  for (let i = 0; i < count; i++) chosen.push(m.words[word + i] ?? 0)
  return chosen
}

function readApprovals(m: Machine): readonly Approval[] {
  const { view, response } = m
  return Array.from({ length: view.getUint32(response + RES_APPROVAL_COUNT, true) }, (_, i): Approval => {
    const at = response + RES_APPROVALS + i * RES_APPROVAL_SIZE
    const by = view.getUint32(at, true)
    const within = Number(view.getBigInt64(at + 8, true))
    return {
      ...(by !== 0 && { by: m.text(by, view.getUint32(at + 4, true)) }),
      ...(within >= 0 && { withinMs: within }),
    }
  })
}
