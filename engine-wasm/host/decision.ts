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
  RES_AMOUNT,
  RES_APPROVAL_COUNT,
  RES_APPROVAL_SIZE,
  RES_APPROVALS,
  RES_CHOSEN,
  RES_CHOSEN_COUNT,
  RES_GRANT,
  RES_GUARD,
  RES_MASK,
} from '../format/layout.ts'
import { approvalDigest } from './approval.ts'
import type { CounterCharge } from './counters.ts'
import { listOf, type Machine, type PolicyIdentity } from './machine.ts'
import { type Meter, type Reservation, readCharges, retryAfter } from './meter.ts'
import type { EngineRequest } from './request.ts'
import { wordsOf } from './words.ts'

export type { PolicyIdentity } from './machine.ts'
export type { Meter, Reservation } from './meter.ts'

/** By the number the module gives them. */
const OUTCOMES = wordsOf('deny limited approval throttle allow')

/** In the order in which the first one is the reason (docs/language.md section 9), then those from outside. */
const REASONS = wordsOf(
  'invalid-request agent-unknown agent-revoked agent-suspended agent-expired delegation-expired delegation-revoked delegation-depth forbidden no-grant ip-not-allowed outside-hours arg-mismatch unexpected-arg trust-too-low cost-too-high approval-required rate-limited budget-exhausted throttled allowed stale-policy engine-fault meters-required',
)

/** Not one of the module's: it answers that it needs meters. */
export const REASON_METERS_REQUIRED = 23

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
  /** The same in numbers, in the place of `reservations`, when counters were read. */
  readonly charges?: readonly CounterCharge[]
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

/** A decision that is being made. */
export type Draft = { -readonly [Member in keyof Decision]: Decision[Member] }

/** Beside an answer: it is not the module's, and there is no response. */
export const UNHEARD = 1 << 18

/** True when the answer is all there is to say: no meters, no approvals, nothing to wait for. */
export function isPlainAnswer(answer: number): boolean {
  const outcome = answer & 15
  return outcome === OUTCOME_ALLOW
    ? (answer & (ANSWER_METERED | ANSWER_APPROVED)) === 0
    : outcome === OUTCOME_DENY && ((answer >> 4) & 255) !== REASON_BUDGET_EXHAUSTED
}

/** The decision of a plain answer, whose response the machine holds. */
export function plainDecision(m: Machine, answer: number): Draft {
  const read = answer & UNHEARD ? readNothing : m.u32
  const reason = (answer >> 4) & 255
  const isAllowed = (answer & 15) >= OUTCOME_THROTTLE
  const chosen = read(RES_CHOSEN_COUNT)
  return {
    // Both are among the numbers that have a name.
    decision: OUTCOMES[answer & 15] as Outcome,
    allowed: isAllowed,
    reason: REASONS[reason] as Reason,
    grant: chosen > 0 ? read(RES_GRANT) | 0 : undefined,
    guard: reason === REASON_FORBIDDEN ? read(RES_GUARD) : undefined,
    hops: (answer >> 12) & 15,
    failed: isAllowed ? undefined : kindsOf(read(RES_MASK)),
    charged: chosen > 1 ? chosenIds(m, chosen) : undefined,
    policy: m.policy,
  }
}

const chosenIds = (m: Machine, count: number) => listOf(count, (i) => m.u32(RES_CHOSEN + 4 * i) | 0)

const readNothing = () => 0

/** The decision in the response of the machine, and the meters that it was, or is to be, judged by. */
export function readDecision(m: Machine, answer: number, request: EngineRequest): readonly [Draft, readonly Meter[]] {
  const charges = readCharges(m, request)
  const times = charges.map(([, , time]) => time)
  const draft = readDraft(m, answer, request, times)
  if (charges.length > 0) draft.amountNanoUsd = `${m.u64(RES_AMOUNT)}`
  if (draft.allowed && charges.length > 0) draft.reservations = charges.map(([, reservation]) => reservation)
  return [draft, charges.map(([meter]) => meter)]
}

/** The same but for what is charged and how much; `times` are those at which its meters let it through. */
export function readDraft(m: Machine, answer: number, request: EngineRequest, times: readonly number[]): Draft {
  const draft = plainDecision(m, answer)
  const approvals = listOf(m.u32(RES_APPROVAL_COUNT), (i): Approval => {
    const at = RES_APPROVALS + i * RES_APPROVAL_SIZE
    const by = m.u32(at)
    const within = m.i64(at + 8)
    return { ...(by && { by: m.text(by, m.u32(at + 4)) }), ...(within >= 0 && { withinMs: within }) }
  })
  if (approvals.length > 0) draft.approvals = approvals
  if (!draft.allowed) {
    const wait = retryAfter(times, request.now)
    if (wait !== undefined) draft.retryAfter = wait
  }
  if (draft.decision === 'approval' || answer & ANSWER_APPROVED) {
    const digest = approvalDigest(m, request)
    if (digest !== undefined) draft.approvalDigest = digest
  }
  return draft
}

const KINDS: (readonly Reason[])[] = []

/** Names of a mask of failing kinds: one frozen list per mask. */
export function kindsOf(mask: number): readonly Reason[] | undefined {
  if (mask === 0) return undefined
  KINDS[mask] ??= Object.freeze(REASONS.slice(REASON_IP_NOT_ALLOWED, 16).filter((_, kind) => (mask >> kind) & 1))
  return KINDS[mask]
}
