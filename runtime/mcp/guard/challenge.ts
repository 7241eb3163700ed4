/** Refusals of a resource server, with the challenge that says how to go on. @see RFC 6750 section 3, RFC 9728 section 5.1 */
import type { KavachErrorCode } from '../../index.ts'
import { PROOF_ALGORITHMS } from '../algorithms.ts'
import { baselineScopes, resourceMetadataUrl } from '../metadata.ts'
import type { GuardedResource } from './operation.ts'

export interface Refused {
  readonly status: 400 | 401 | 403 | 503
  readonly error?:
    | 'invalid_request'
    | 'invalid_token'
    | 'insufficient_scope'
    | 'invalid_dpop_proof'
    | 'use_dpop_nonce'
    | 'temporarily_unavailable'
  /** Printable ASCII without `"` and `\`. */
  readonly description?: string
  readonly code?: KavachErrorCode
  /** What is needed; default: without what nothing can be done there. */
  readonly scopes?: readonly string[]
  /** The key has to be shown: the challenge is that of DPoP. */
  readonly isDpop?: boolean
  readonly headers?: { readonly [name: string]: string }
}

/** The answer. Its challenge names the document about the server by an absolute URL, whatever the request was sent to. */
export function challengeResponse(resource: GuardedResource, refused: Refused): Response {
  const { status, error, description, code, scopes = baselineScopes(resource), isDpop = false, headers = {} } = refused
  const parameters = [
    ...(error === undefined ? [] : [['error', error] as const]),
    ...(description === undefined ? [] : [['error_description', description] as const]),
    ...(scopes.length === 0 ? [] : [['scope', scopes.join(' ')] as const]),
    ['resource_metadata', resourceMetadataUrl(resource.url)] as const,
    ...(isDpop ? [['algs', PROOF_ALGORITHMS.join(' ')] as const] : []),
  ]
  const challenge = parameters.map(([name, value]) => `${name}="${value}"`).join(', ')
  const body = {
    ...(error !== undefined && { error }),
    ...(description !== undefined && { error_description: description }),
    ...(code !== undefined && { kvch_code: code }),
  }
  return Response.json(body, {
    status,
    headers: {
      'cache-control': 'no-store',
      ...(status !== 503 && { 'www-authenticate': `${isDpop ? 'DPoP' : 'Bearer'} ${challenge}` }),
      ...headers,
    },
  })
}
