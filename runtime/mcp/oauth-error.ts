/** Errors of OAuth endpoints: `error` is a text of the protocol, and our code stands beside it. */
import type { KavachErrorCode } from '../index.ts'

export type OAuthErrorName =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'invalid_scope'
  | 'invalid_target'
  | 'invalid_authorization_details'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'unsupported_response_type'
  | 'access_denied'
  | 'invalid_redirect_uri'
  | 'invalid_client_metadata'
  | 'invalid_dpop_proof'
  | 'use_dpop_nonce'
  | 'server_error'
  | 'temporarily_unavailable'

export interface OAuthErrorDetails {
  /** HTTP status; 400 by default. */
  readonly status?: number | undefined
  readonly code?: KavachErrorCode | undefined
  readonly headers?: { readonly [name: string]: string } | undefined
  readonly cause?: unknown
}

/** A request that is refused as the protocol says. @see RFC 6749 section 5.2 */
export class OAuthError extends Error {
  readonly error: OAuthErrorName
  readonly status: number
  readonly code: KavachErrorCode | undefined
  readonly headers: { readonly [name: string]: string }

  /** `description` is printable ASCII without `"` and `\`. */
  constructor(error: OAuthErrorName, description: string, details: OAuthErrorDetails = {}) {
    super(description, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'OAuthError'
    this.error = error
    this.status = details.status ?? (error === 'invalid_client' ? 401 : 400)
    this.code = details.code
    this.headers = details.headers ?? {}
  }

  /** JSON with `error`, `error_description` and `kvch_code`; never stored. */
  toResponse(): Response {
    const body = {
      error: this.error,
      error_description: this.message.replace(/[^\x20-\x7e]|["\\]/g, "'"),
      ...(this.code !== undefined && { kvch_code: this.code }),
    }
    return Response.json(body, {
      status: this.status,
      headers: { 'cache-control': 'no-store', pragma: 'no-cache', ...this.headers },
    })
  }
}
