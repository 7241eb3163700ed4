/** What to say of a decision to the caller, who learns nothing of the policy: a model that was refused must not learn the allowlist. */
import type { Reason } from './decision.ts'

/** All that a caller's text depends on. */
export interface CallerFacts {
  readonly reason: Reason
  /** Seconds. */
  readonly retryAfter?: number | undefined
}

/** One or two sentences without anything that the policy says: no name, pattern, address, hour, amount or number of calls. */
export function callerText({ reason, retryAfter }: CallerFacts): string {
  switch (reason) {
    case 'allowed':
      return 'The call is allowed.'
    case 'throttled':
      return 'The call is allowed, but spending is high and calls are being slowed down.'
    case 'invalid-request':
      return 'The request cannot be read. Send a well-formed request.'
    case 'agent-unknown':
      return 'This agent is not known here.'
    case 'agent-revoked':
      return 'This agent, or one that delegated to it, has been revoked.'
    case 'agent-suspended':
      return 'This agent, or one that delegated to it, is suspended. Its administrator can lift that.'
    case 'agent-expired':
      return 'The time of this agent, or of one that delegated to it, has run out.'
    case 'delegation-expired':
      return 'The delegation behind this call has run out. Ask the delegator for a new one.'
    case 'delegation-revoked':
      return 'The delegation behind this call has been revoked.'
    case 'delegation-depth':
      return 'This authority may not be passed on so far. Ask an agent nearer to its origin.'
    case 'forbidden':
      return 'This call is forbidden. Do not try it again in other words.'
    case 'no-grant':
      return 'This agent may not do this.'
    case 'ip-not-allowed':
      return 'This call is not allowed from where it comes.'
    case 'outside-hours':
      return 'This call is not allowed at this time.'
    case 'arg-mismatch':
      return 'This call is not allowed with these arguments.'
    case 'unexpected-arg':
      return 'This call has an argument that it may not have.'
    case 'trust-too-low':
      return 'The trust in this agent is not enough for this call.'
    case 'cost-too-high':
      return 'This call costs more than it may.'
    case 'approval-required':
      return 'This call needs an approval that it does not have. Ask for one, then try again.'
    case 'rate-limited':
      return `Too many calls.${again(retryAfter)}`
    case 'budget-exhausted':
      return `The budget for this call is used up.${again(retryAfter)}`
    case 'stale-policy':
      return 'The policy in force here is out of date. Try again later.'
    case 'engine-fault':
      return 'The decision could not be made, so the call is denied. Try again later.'
    case 'meters-required':
      return 'The limits of this call could not be read, so it is denied. Try again later.'
  }
}

function again(retryAfter: number | undefined): string {
  return retryAfter === undefined ? '' : ` Try again in ${retryAfter} ${retryAfter === 1 ? 'second' : 'seconds'}.`
}
