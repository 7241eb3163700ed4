/** What a client is told when something broke that is none of its business. */
import { KavachError } from '../index.ts'
import { OAuthError } from './oauth-error.ts'

/** The error that an endpoint answers with, whatever was thrown; what nobody expected is for the operator to read. */
export function toOAuthError(error: unknown, warn: (message: string) => void): OAuthError {
  if (error instanceof OAuthError) return error
  if (error instanceof KavachError) {
    const { code, status, retryAfter } = error
    if (status === 429) {
      return new OAuthError('temporarily_unavailable', 'there were too many requests; try again later', {
        status: 429,
        code,
        headers: { 'retry-after': String(retryAfter ?? 1) },
        cause: error,
      })
    }
    if (code.startsWith('KVCH_E_STORE_')) {
      return new OAuthError('temporarily_unavailable', 'the server cannot answer now; try again later', {
        status: 503,
        code,
        headers: { 'retry-after': String(retryAfter ?? 1) },
        cause: error,
      })
    }
  }
  warn(`the authorization server failed: ${error instanceof Error ? error.message : String(error)}`)
  const code = error instanceof KavachError ? error.code : undefined
  return new OAuthError('server_error', 'the server failed', { status: 500, code, cause: error })
}
