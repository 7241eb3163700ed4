/** Tokens of another authorization server, which is asked about each. @see RFC 7662 */

import { KavachError } from '../../runtime/index.ts'
import type { Principal } from '../../runtime/mcp/index.ts'

export interface Introspection {
  readonly url: string
  readonly clientId: string
  readonly secret: string
  /** Of the other server. */
  readonly issuer: string
  /** The agent that all callers act as. */
  readonly agentId: string
}

const TIMEOUT_MS = 5000
const MAX_BYTES = 65_536

/**
 * Whom a token speaks for; nothing for one that is not active, was made by another issuer, or is for more than one server.
 *
 * @throws {KavachError} KVCH_E_OAUTH_PROVIDER_UNAVAILABLE when the server does not say
 */
export function createIntrospection(
  { url, clientId, secret, issuer, agentId }: Introspection,
  now: () => number,
): (token: string) => Promise<Principal | undefined> {
  const basic = btoa(`${encodeURIComponent(clientId)}:${encodeURIComponent(secret)}`)

  async function ask(token: string): Promise<unknown> {
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Basic ${basic}`, accept: 'application/json' },
      body: new URLSearchParams({ token, token_type_hint: 'access_token' }),
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const text = await response.text()
    if (response.status !== 200 || text.length > MAX_BYTES) throw new TypeError(`it answered ${response.status}`)
    return JSON.parse(text)
  }

  return async (token) => {
    let answer: unknown
    try {
      answer = await ask(token)
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new KavachError('KVCH_E_OAUTH_PROVIDER_UNAVAILABLE', `the token could not be introspected: ${why}`, {
        cause,
      })
    }
    return principalOf(answer, { issuer, agentId, now: now() })
  }
}

function principalOf(
  answer: unknown,
  { issuer, agentId, now }: { readonly issuer: string; readonly agentId: string; readonly now: number },
): Principal | undefined {
  if (!isRecord(answer) || answer.active !== true) return undefined
  const { iss, aud, exp, iat, scope = '', sub, client_id: client, cnf, jti } = answer
  const [resource, ...others] = Array.isArray(aud) ? aud : [aud]
  if (iss !== undefined && iss !== issuer) return undefined
  if (typeof resource !== 'string' || others.length > 0) return undefined
  if (typeof exp !== 'number' || typeof scope !== 'string') return undefined
  const jkt = isRecord(cnf) ? cnf.jkt : undefined
  return {
    agentId,
    grantId: typeof jti === 'string' ? jti : '',
    clientId: typeof client === 'string' ? client : 'unknown',
    ...(typeof sub === 'string' && { userId: sub }),
    scopes: scope.split(' ').filter((name) => name !== ''),
    resource,
    expiresAt: exp * 1000,
    issuedAt: typeof iat === 'number' ? iat * 1000 : now,
    ...(typeof jkt === 'string' && { jkt }),
  }
}

function isRecord(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
