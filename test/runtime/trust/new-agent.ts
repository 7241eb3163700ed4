import type { TrustFacts } from '../../../runtime/trust/index.ts'

/** What is known of an agent that was made a moment ago and has done nothing. */
export const NEW_AGENT_FACTS: TrustFacts = {
  ageMs: 0,
  allowed: 0,
  refused: 0,
  rateLimited: 0,
  failedAuthentications: 0,
  overspent: 0,
  approvalsGiven: 0,
  approvalsDenied: 0,
  succeeded: 0,
  failed: 0,
  sinceAnomalyMs: undefined,
}
