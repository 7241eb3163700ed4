/** Outcomes and reasons, and their two orders. Language reference, sections 6 and 9. */

/** From best to worst. */
export const OUTCOMES = ['allow', 'throttle', 'approval', 'limited', 'deny'] as const

export type Outcome = (typeof OUTCOMES)[number]

/** In the order in which the first one is the reason. */
export const REASONS = [
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
] as const

export type Reason = (typeof REASONS)[number]

export function worst(outcomes: Iterable<Outcome>): Outcome {
  let rank = 0
  for (const outcome of outcomes) rank = Math.max(rank, OUTCOMES.indexOf(outcome))
  return OUTCOMES[rank] ?? 'deny'
}

export function isBetter(outcome: Outcome, than: Outcome): boolean {
  return OUTCOMES.indexOf(outcome) < OUTCOMES.indexOf(than)
}

export function firstReason(reasons: Iterable<Reason>): Reason | undefined {
  const found = new Set(reasons)
  return REASONS.find((reason) => found.has(reason))
}
