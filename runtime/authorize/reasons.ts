/** The code of each denial. */
import { callerText, type Reason } from '../../engine-wasm/host/index.ts'
import type { KavachErrorCode } from '../errors.ts'
import type { HostReason } from '../request.ts'

const CODES: { readonly [R in Exclude<Reason, 'allowed' | 'throttled'>]: KavachErrorCode } = {
  'invalid-request': 'KVCH_E_REQUEST_INVALID',
  'agent-unknown': 'KVCH_E_AGENT_NOT_FOUND',
  'agent-revoked': 'KVCH_E_AGENT_REVOKED',
  'agent-suspended': 'KVCH_E_AGENT_SUSPENDED',
  'agent-expired': 'KVCH_E_AGENT_EXPIRED',
  'delegation-expired': 'KVCH_E_AGENT_PERMISSION_DENIED',
  'delegation-revoked': 'KVCH_E_AGENT_PERMISSION_DENIED',
  'delegation-depth': 'KVCH_E_AGENT_DELEGATION_DEPTH',
  forbidden: 'KVCH_E_AGENT_PERMISSION_DENIED',
  'no-grant': 'KVCH_E_AGENT_PERMISSION_DENIED',
  'ip-not-allowed': 'KVCH_E_AGENT_PERMISSION_DENIED',
  'outside-hours': 'KVCH_E_AGENT_PERMISSION_DENIED',
  'arg-mismatch': 'KVCH_E_AGENT_PERMISSION_DENIED',
  'unexpected-arg': 'KVCH_E_AGENT_PERMISSION_DENIED',
  'trust-too-low': 'KVCH_E_AGENT_PERMISSION_DENIED',
  'cost-too-high': 'KVCH_E_AGENT_PERMISSION_DENIED',
  'approval-required': 'KVCH_E_APPROVAL_REQUIRED',
  'rate-limited': 'KVCH_E_RATE_AGENT_EXCEEDED',
  'budget-exhausted': 'KVCH_E_RATE_BUDGET_EXCEEDED',
  'stale-policy': 'KVCH_E_POLICY_STALE',
  'engine-fault': 'KVCH_E_POLICY_ENGINE',
  'meters-required': 'KVCH_E_POLICY_ENGINE',
}

const HOST: { readonly [R in HostReason]: readonly [KavachErrorCode, string] } = {
  'token-invalid': ['KVCH_E_AGENT_TOKEN_INVALID', 'This token is not known here.'],
  'token-expired': ['KVCH_E_AGENT_TOKEN_EXPIRED', 'This token has expired. Ask for a new one.'],
  'project-rate-limited': [
    'KVCH_E_RATE_PROJECT_EXCEEDED',
    'There are too many calls in this project. Try again later.',
  ],
  'user-rate-limited': ['KVCH_E_RATE_USER_EXCEEDED', 'The agents of this user make too many calls. Try again later.'],
  'endpoint-rate-limited': ['KVCH_E_RATE_ENDPOINT_EXCEEDED', 'There are too many calls of this kind. Try again later.'],
  'idempotency-conflict': ['KVCH_E_REQUEST_CONFLICT', 'Another request was made under this idempotency key.'],
  'store-failed': [
    'KVCH_E_STORE_UNAVAILABLE',
    'The decision could not be recorded, so the call is denied. Try again later.',
  ],
  closed: ['KVCH_E_STORE_CLOSED', 'This service is shutting down, so the call is denied.'],
}

/** The code of a denial, and nothing for what is allowed. */
export function codeOf(reason: Reason | HostReason): KavachErrorCode | undefined {
  if (reason === 'allowed' || reason === 'throttled') return undefined
  return isHostReason(reason) ? HOST[reason][0] : CODES[reason]
}

/** What the caller may know. */
export function messageOf(reason: Reason | HostReason, retryAfter: number | undefined): string {
  return isHostReason(reason) ? HOST[reason][1] : callerText({ reason, retryAfter })
}

function isHostReason(reason: Reason | HostReason): reason is HostReason {
  return reason in HOST
}
