/** What `authorize` is asked, and what it answers. */

import type { Outcome, Reason } from '../engine-wasm/host/index.ts'
import type { KavachErrorCode } from './errors.ts'

export interface AuthorizeRequest {
  readonly action: string
  readonly resource: string
  readonly args?: Readonly<Record<string, unknown>> | undefined
  /** Address of the caller of the agent. */
  readonly ip?: string | undefined
  /** USD, what this call is expected to cost; reserved from budgets until `complete` says what it did cost. */
  readonly cost?: number | undefined
  /** Delegators, root first, when the caller wants exactly this chain; otherwise the best one is taken. */
  readonly via?: readonly string[] | undefined
  /**
   * Id of a delegation to the agent, made at run time: only chains that end in it count, and neither what the agent holds itself
   * nor what else was lent to it. With `via` both must hold.
   */
  readonly delegation?: string | undefined
  /** A retry under the same key has the same answer and is charged once. */
  readonly idempotencyKey?: string | undefined
  /** The endpoint for the limit per endpoint, such as `POST /pay`. */
  readonly endpoint?: string | undefined
  /** Name of this request, where there is one already; else `req_` and a ULID. */
  readonly requestId?: string | undefined
}

/** A denial is a value. Programs branch on `allowed` and `code`, people read `message`. */
export interface AuthorizeResult {
  readonly allowed: boolean
  /** Why it is as it is: a reason of docs/language.md section 9, or one of the host's. */
  readonly reason: Reason | HostReason
  /** The five-valued outcome; `throttle` is allowed. */
  readonly verdict: Outcome
  /** With every denial. */
  readonly code?: KavachErrorCode
  /** For the caller: it says nothing about what is allowed elsewhere. */
  readonly message?: string
  /**
   * The row of the log, `aud_...`. Absent only with `allowed: false`: when the decision could not be recorded, after `close`, and
   * for a token that is unknown or has expired, of which only 60 a minute from one `ip` have rows; the others are counted, in
   * one row of kind `auth.failures` when the minute is over.
   */
  readonly auditId: string | undefined
  readonly requestId: string
  /** Seconds until the limits in the way begin anew. */
  readonly retryAfter?: number
  readonly throttled?: true
  /** What waits to be approved, when `reason` is `approval-required`. */
  readonly approvalId?: string
  /** The agent that was decided about; absent for an unknown token. */
  readonly agentId?: string
  /** The chain that was chosen, root first, without the agent. */
  readonly via?: readonly string[]
  readonly policy: { readonly name: string; readonly generation: number; readonly digest: string }
}

/** Reasons that no policy knows. */
export type HostReason =
  | 'token-invalid'
  | 'token-expired'
  | 'project-rate-limited'
  | 'user-rate-limited'
  | 'endpoint-rate-limited'
  | 'idempotency-conflict'
  | 'store-failed'
  | 'closed'

export interface Completion {
  readonly outcome: 'success' | 'failure'
  /** USD, what it did cost; without it what was reserved is what it cost, or nothing after a failure. */
  readonly costUsd?: number | undefined
  /** Recorded as given. */
  readonly note?: string | undefined
}
