/** A denial as an error, for the two places where a denial throws: `agents.call` and guarded tools. */
import { KavachError } from './errors.ts'
import type { AuthorizeResult } from './request.ts'

/** The same code and message; `details` say what a program needs to go on. */
export function toError({
  code = 'KVCH_E_AGENT_PERMISSION_DENIED',
  message,
  requestId,
  retryAfter,
  auditId,
  reason,
  verdict,
  approvalId,
  agentId,
}: AuthorizeResult): KavachError {
  const known = { auditId, reason, verdict, approvalId, agentId }
  const details = Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined))
  return new KavachError(code, message, { requestId, retryAfter, details })
}
