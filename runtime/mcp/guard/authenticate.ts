/** Who sent a request, as its access token says; or the answer that refuses it. */
import { KavachError } from '../../index.ts'
import { recordRefusal } from '../clients/index.ts'
import type { Dpop } from '../dpop/index.ts'
import { OAuthError } from '../oauth-error.ts'
import type { McpPlace, RequestContext } from '../place.ts'
import type { Principal } from '../principal.ts'
import { challengeResponse, type Refused } from './challenge.ts'
import { credentialOf } from './credential.ts'
import type { GuardedResource } from './operation.ts'

export interface TokenPorts {
  /** Whom an access token speaks for; nothing for what is none, or none any more. */
  readonly verify: (token: string) => Promise<Principal | undefined>
  readonly dpop: Dpop
}

/** A good token, and whom it speaks for. */
export interface Authenticated {
  readonly principal: Principal
  readonly token: string
}

export type Authenticate = (
  request: Request,
  resource: GuardedResource,
  context: RequestContext,
) => Promise<Authenticated | Response>

export function createAuthenticate(
  place: Pick<McpPlace, 'site' | 'admitFailure'>,
  { verify, dpop }: TokenPorts,
): Authenticate {
  const { host } = place.site

  async function check(request: Request, resource: GuardedResource): Promise<Authenticated | Refused> {
    const credential = credentialOf(request.headers)
    if (credential.kind === 'none') return { status: 401 }
    if (credential.kind === 'malformed') {
      return { status: 400, error: 'invalid_request', description: 'the Authorization header is malformed' }
    }
    const { scheme, token } = credential
    if (token.startsWith('kv_')) return EXCHANGE_IT
    const principal = await verify(token)
    if (principal === undefined) return invalid('the access token is unknown, revoked or expired')
    // The token must be for this server and no other: that it names us among others would not do.
    if (principal.resource !== resource.url) return invalid('the access token is for another server')
    if (principal.expiresAt <= host.now()) return invalid('the access token has expired')
    const { jkt } = principal
    if (scheme === 'bearer') {
      return jkt === undefined
        ? { principal, token }
        : { ...invalid('the access token is bound to a key: send it as DPoP, with a proof'), isDpop: true }
    }
    if (jkt === undefined) return invalid('the access token is bound to no key: send it as Bearer')
    // Proofs name the address that clients are told of, which is the resource, however the request came here.
    const expected = { method: request.method, url: resource.url, accessToken: token, expectedJkt: jkt }
    if ((await dpop.check(request, expected)) === jkt) return { principal, token }
    const description = 'the proof of the key is missing'
    return { status: 401, error: 'invalid_dpop_proof', description, isDpop: true }
  }

  return async (request, resource, context) => {
    let checked: Authenticated | Refused
    try {
      checked = await check(request, resource)
    } catch (error) {
      checked = refusedBy(error)
    }
    if ('principal' in checked) return checked
    const { error = 'invalid_token', description: why = '', status } = checked
    // Whoever has no token yet is about to get one.
    if (checked.error !== undefined && status !== 503) {
      await recordRefusal(place, { source: context.ip ?? 'unknown', error, why: `${resource.server}: ${why}` }).catch(
        (failure: unknown) => place.site.warn(`a refusal was not recorded: ${String(failure)}`),
      )
    }
    return challengeResponse(resource, checked)
  }
}

function invalid(description: string): Refused {
  return { status: 401, error: 'invalid_token', description, code: 'KVCH_E_MCP_TOOL_AUTH_REQUIRED' }
}

const EXCHANGE_IT = invalid(
  'this is the token of an agent: exchange it for an access token at the token endpoint (RFC 8693)',
)

function refusedBy(error: unknown): Refused {
  if (error instanceof OAuthError) {
    const { error: name, message: description, headers } = error
    if (name === 'invalid_dpop_proof' || name === 'use_dpop_nonce') {
      return { status: 401, error: name, description: printable(description), isDpop: true, headers }
    }
  }
  if (error instanceof KavachError) {
    const description = 'whether the token is good cannot be told now'
    return {
      status: 503,
      error: 'temporarily_unavailable',
      description,
      code: error.code,
      headers: { 'retry-after': '1' },
    }
  }
  throw error
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]|["\\]/g, "'")
}
