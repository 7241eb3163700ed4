/** Asks the reference about policy text, and says what whole answers look like. */
import {
  createReference,
  type ReferenceDecision,
  type ReferenceOutcome,
  type ReferenceReason,
  type ReferenceReservation,
} from '../../../compiler/reference/index.ts'
import { parsePolicy } from '../../../grammar/index.ts'

/** A Wednesday, ten in the morning. */
export const NOW = '2026-04-01T10:00:00Z'

export interface Asked {
  readonly state?: unknown
  readonly possible?: boolean
}

/** The answer of `policy` (without its header) to `request`; `agent`, `action` and `resource` have plain defaults. */
export function ask(policy: string, request: object = {}, { state, possible = false }: Asked = {}): ReferenceDecision {
  const { file } = parsePolicy('p.kavach', `policy p\n${policy}`)
  const whole = { agent: 'a', action: 'read', resource: 'x:y', ...request }
  return createReference([file], state).decide(whole, { possible })
}

export function deny(reason: ReferenceReason): ReferenceDecision {
  return refusal('deny', reason)
}

export const LIMITED = refusal('limited', 'rate-limited')
export const APPROVAL = refusal('approval', 'approval-required')

export function allow(
  charged: readonly number[],
  reservations: readonly ReferenceReservation[] = [],
): ReferenceDecision {
  return { decision: 'allow', allowed: true, reason: 'allowed', reservations, charged }
}

export function throttle(charged: readonly number[], reservations: readonly ReferenceReservation[]): ReferenceDecision {
  return { decision: 'throttle', allowed: true, reason: 'throttled', reservations, charged }
}

function refusal(decision: ReferenceOutcome, reason: ReferenceReason): ReferenceDecision {
  return { decision, allowed: false, reason, reservations: [], charged: [] }
}
