/** Errors of the host: one class, and the list of all codes with what each means. */
import { wallClock } from './host.ts'

interface Entry {
  /** HTTP status. */
  readonly status: number
  /** What happened, when nobody can say it more exactly. */
  readonly message: string
}

const entry = (status: number, message: string): Entry => ({ status, message })

/** Every code has a page, `docs/errors/CODE.md`, with cause and remedy. */
export const ERROR_CODES = {
  KVCH_E_AGENT_TOKEN_EXPIRED: entry(401, 'the agent token has expired; re-issue it with `agents.refreshToken()`'),
  KVCH_E_AGENT_TOKEN_INVALID: entry(401, 'the agent token is malformed or unknown'),
  KVCH_E_AGENT_NOT_FOUND: entry(404, 'the agent does not exist in this project'),
  KVCH_E_AGENT_PERMISSION_DENIED: entry(403, 'the agent was not granted this action'),
  KVCH_E_AGENT_DELEGATION_DEPTH: entry(403, 'the delegation chain is longer than it may be'),
  KVCH_E_AGENT_DELEGATION_ESCALATES: entry(403, 'the delegation gives more than its delegator holds'),
  KVCH_E_AGENT_DELEGATION_INVALID: entry(400, 'the delegation cannot be made'),
  KVCH_E_AGENT_DELEGATION_NOT_FOUND: entry(404, 'the delegation does not exist in this project'),
  KVCH_E_AGENT_REVOKED: entry(403, 'the agent was revoked'),
  KVCH_E_AGENT_SUSPENDED: entry(403, 'the agent is suspended'),
  KVCH_E_AGENT_EXPIRED: entry(403, 'the agent has expired'),
  KVCH_E_AGENT_LIMIT_EXCEEDED: entry(403, 'the owner has as many agents as it may have'),
  KVCH_E_AGENT_LOCKED: entry(403, 'the permissions of this agent can only be narrowed'),
  KVCH_E_AGENT_INVALID: entry(400, 'the agent cannot be made like this'),
  KVCH_E_SESSION_EXPIRED: entry(401, 'the session has expired'),
  KVCH_E_SESSION_INVALID: entry(401, 'the session is malformed, or signed with a key that is gone'),
  KVCH_E_SESSION_NOT_FOUND: entry(401, 'the session does not exist'),
  KVCH_E_SESSION_DEVICE_MISMATCH: entry(401, 'the session belongs to another device'),
  KVCH_E_SESSION_CONCURRENT_LIMIT: entry(403, 'the user has as many sessions as it may have'),
  KVCH_E_SESSION_MFA_REQUIRED: entry(403, 'the session needs a second factor'),
  KVCH_E_OAUTH_REDIRECT_MISMATCH: entry(400, 'the redirect URI is not registered for this client'),
  KVCH_E_OAUTH_STATE_INVALID: entry(400, 'the state is not the one that was sent'),
  KVCH_E_OAUTH_CODE_EXPIRED: entry(400, 'the authorization code has expired'),
  KVCH_E_OAUTH_TOKEN_REVOKED: entry(401, 'the token was revoked'),
  KVCH_E_OAUTH_PROVIDER_UNAVAILABLE: entry(503, 'the identity provider does not answer'),
  KVCH_E_OAUTH_SCOPE_INSUFFICIENT: entry(403, 'the token lacks a scope'),
  KVCH_E_MCP_CLIENT_UNREGISTERED: entry(401, 'the MCP client is not registered'),
  KVCH_E_MCP_PKCE_MISSING: entry(400, 'the code challenge is missing'),
  KVCH_E_MCP_PKCE_VERIFY_FAILED: entry(400, 'the code verifier does not match the challenge'),
  KVCH_E_MCP_RESOURCE_INDICATOR_INVALID: entry(400, 'the resource is not a server of this project'),
  KVCH_E_MCP_METADATA_FETCH_FAILED: entry(502, 'the metadata of an authorization server or a client could not be read'),
  KVCH_E_MCP_TOOL_AUTH_REQUIRED: entry(401, 'the tool needs a delegated token'),
  KVCH_E_RATE_PROJECT_EXCEEDED: entry(429, 'the project has made as many requests as it may make'),
  KVCH_E_RATE_AGENT_EXCEEDED: entry(429, 'the agent has made as many calls as it may make'),
  KVCH_E_RATE_USER_EXCEEDED: entry(429, 'the user has made as many attempts as it may make'),
  KVCH_E_RATE_ENDPOINT_EXCEEDED: entry(429, 'the endpoint has been called as often as it may be'),
  KVCH_E_RATE_SIGNUP_EXCEEDED: entry(429, 'the project has as many new accounts in this hour as it may have'),
  KVCH_E_RATE_OTP_EXCEEDED: entry(429, 'the user has asked for as many codes as it may ask for'),
  KVCH_E_RATE_BUDGET_EXCEEDED: entry(429, 'the budget is used up'),
  KVCH_E_APPROVAL_REQUIRED: entry(403, 'somebody has to approve this request first'),
  KVCH_E_APPROVAL_NOT_FOUND: entry(404, 'the approval does not exist in this project'),
  KVCH_E_APPROVAL_CLOSED: entry(409, 'the approval was decided, used or has expired'),
  KVCH_E_APPROVAL_FORBIDDEN: entry(403, 'this approver may not decide this request'),
  KVCH_E_APPROVAL_TIMEOUT: entry(408, 'nobody decided in time'),
  KVCH_E_REQUEST_INVALID: entry(400, 'the request is malformed'),
  KVCH_E_REQUEST_CONFLICT: entry(409, 'the idempotency key was used for another request'),
  KVCH_E_RESERVATION_CLOSED: entry(409, 'the call was completed already, or was never allowed'),
  KVCH_E_HTTP_NOT_FOUND: entry(404, 'there is no such route'),
  KVCH_E_HTTP_METHOD: entry(405, 'the route does not have this method'),
  KVCH_E_HTTP_TOO_LARGE: entry(413, 'the body is longer than it may be'),
  KVCH_E_HTTP_MEDIA_TYPE: entry(415, 'the body is of another type than the route takes'),
  KVCH_E_HTTP_OVERLOADED: entry(503, 'more requests wait than can be answered in time'),
  KVCH_E_HTTP_INTERNAL: entry(500, 'the request could not be answered; the log of the host says why'),
  KVCH_E_CONFIG_INVALID: entry(500, 'the configuration is wrong'),
  KVCH_E_KEY_INVALID: entry(401, 'the project key is malformed, unknown, expired or revoked'),
  KVCH_E_KEY_SCOPE: entry(403, 'the project key lacks a scope'),
  KVCH_E_POLICY_INVALID: entry(400, 'the policy is not one that can be loaded'),
  KVCH_E_POLICY_SOURCE: entry(400, 'a policy is loaded compiled; run `kavach compile` first'),
  KVCH_E_POLICY_OUTDATED: entry(409, 'a newer policy has been enforced'),
  KVCH_E_POLICY_STALE: entry(503, 'the policy is not valid now'),
  KVCH_E_POLICY_ENGINE: entry(500, 'the decision engine failed'),
  KVCH_E_AUDIT_TAMPERED: entry(500, 'the audit log does not verify'),
  KVCH_E_AUDIT_NOT_FOUND: entry(404, 'the audit log has no such row'),
  KVCH_E_STORE_DRIVER: entry(500, 'the database driver is not installed'),
  KVCH_E_STORE_UNAVAILABLE: entry(503, 'the database does not answer'),
  KVCH_E_STORE_TIMEOUT: entry(503, 'the database did not answer in time'),
  KVCH_E_STORE_LOCKED: entry(503, 'another process holds the database'),
  KVCH_E_STORE_FULL: entry(507, 'the disk is full'),
  KVCH_E_STORE_REPLACED: entry(503, 'the database file was removed or replaced'),
  KVCH_E_STORE_CORRUPT: entry(500, 'the database is damaged'),
  KVCH_E_STORE_CONFLICT: entry(409, 'another change came first'),
  KVCH_E_STORE_SCHEMA: entry(500, 'the database was written by a newer version'),
  KVCH_E_STORE_CLOSED: entry(503, 'the host was closed'),
} as const satisfies { readonly [code: string]: Entry }

export type KavachErrorCode = keyof typeof ERROR_CODES

export interface KavachErrorDetails {
  /** Seconds until it may help to try again. */
  readonly retryAfter?: number | undefined
  readonly requestId?: string | undefined
  /** What a program can use: the witness of a delegation that escalates, the path of a wrong member. */
  readonly details?: Readonly<Record<string, unknown>> | undefined
  readonly cause?: unknown
}

export interface KavachErrorBody {
  readonly code: KavachErrorCode
  readonly message: string
  readonly docs_url: string
  readonly request_id?: string
  readonly timestamp: string
  /** Seconds. */
  readonly retryAfter?: number
  readonly details?: Readonly<Record<string, unknown>>
}

const DOCS_BASE_URL = 'https://docs.kavachos.com/errors'

/** A call or a dependency broke. A denial is a value and never thrown, except by `agents.call`. Programs branch on `code`. */
export class KavachError extends Error {
  readonly code: KavachErrorCode
  /** Where the code is explained. */
  docs_url: string
  /** `req_` and a ULID, where a request had begun. */
  readonly request_id: string | undefined
  /** RFC 3339. */
  readonly timestamp: string
  /** Seconds. */
  readonly retryAfter: number | undefined
  readonly details: Readonly<Record<string, unknown>> | undefined

  constructor(code: KavachErrorCode, message: string = ERROR_CODES[code].message, options: KavachErrorDetails = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'KavachError'
    this.code = code
    this.docs_url = `${DOCS_BASE_URL}#${code}`
    this.request_id = options.requestId
    this.timestamp = new Date(wallClock()).toISOString()
    this.retryAfter = options.retryAfter
    this.details = options.details
  }

  /** HTTP status. */
  get status(): number {
    return ERROR_CODES[this.code].status
  }

  /** What a caller may see, as it stands in the body of an HTTP answer; neither stack nor cause. */
  toJSON(): KavachErrorBody {
    const { code, message, docs_url, request_id, timestamp, retryAfter, details } = this
    return {
      code,
      message,
      docs_url,
      ...(request_id !== undefined && { request_id }),
      timestamp,
      ...(retryAfter !== undefined && { retryAfter }),
      ...(details !== undefined && { details }),
    }
  }
}
