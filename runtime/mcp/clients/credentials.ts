/** What a request shows to say which client sent it: one way, and one only. */
import { decodeFormText, type Form } from '../form.ts'
import { OAuthError } from '../oauth-error.ts'

export type Credentials =
  | { readonly method: 'none'; readonly clientId: string }
  | {
      readonly method: 'client_secret_basic' | 'client_secret_post'
      readonly clientId: string
      readonly secret: string
    }
  | { readonly method: 'private_key_jwt'; readonly clientId: string; readonly assertion: string }

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/**
 * @throws {OAuthError} `invalid_request` when there is more than one way, or they name two clients, and `invalid_client` when
 * there is none or it cannot be read
 * @see OAuth 2.1 section 2.4; RFC 7523 section 2.2
 */
export function readCredentials(request: Request, form: Form): Credentials {
  const header = request.headers.get('authorization')
  const secret = form.get('client_secret')
  const assertion = form.get('client_assertion')
  const type = form.get('client_assertion_type')
  const named = form.get('client_id')
  const ways = [header ?? undefined, secret, assertion ?? type].filter((way) => way !== undefined)
  if (ways.length > 1) throw new OAuthError('invalid_request', 'a client authenticates in one way, not in several')
  if (header !== null) return same(readBasic(header), named)
  if (assertion !== undefined || type !== undefined) {
    if (type !== ASSERTION_TYPE)
      throw new OAuthError('invalid_request', `client_assertion_type must be ${ASSERTION_TYPE}`)
    if (assertion === undefined) throw new OAuthError('invalid_request', 'client_assertion is missing')
    const clientId = subjectOf(assertion)
    if (clientId === undefined) throw new OAuthError('invalid_client', 'client_assertion is no JWT that names a client')
    return same({ method: 'private_key_jwt', clientId, assertion }, named)
  }
  if (named === undefined) throw new OAuthError('invalid_client', 'client_id is missing')
  return secret === undefined
    ? { method: 'none', clientId: named }
    : { method: 'client_secret_post', clientId: named, secret }
}

/** What a client is told that tried the header. @see RFC 6749 section 5.2 */
export function basicChallenge(issuer: string): { readonly 'www-authenticate': string } {
  return { 'www-authenticate': `Basic realm="${issuer}", charset="UTF-8"` }
}

/** Both halves are encoded as in a form before they are joined. @see RFC 6749 section 2.3.1 */
function readBasic(header: string): Credentials {
  const token = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(header)?.[1]
  const joined = token === undefined ? undefined : decodeBase64(token)
  const colon = joined?.indexOf(':') ?? -1
  const clientId = joined === undefined || colon < 1 ? undefined : decodeFormText(joined.slice(0, colon))
  const secret = joined === undefined ? undefined : decodeFormText(joined.slice(colon + 1))
  if (clientId === undefined || secret === undefined) {
    throw new OAuthError('invalid_client', 'the authorization header is not that of a client')
  }
  return { method: 'client_secret_basic', clientId, secret }
}

function same(credentials: Credentials, named: string | undefined): Credentials {
  if (named === undefined || named === credentials.clientId) return credentials
  throw new OAuthError('invalid_request', 'client_id names another client than the one that authenticates')
}

function decodeBase64(text: string): string | undefined {
  try {
    const bytes = Uint8Array.from(atob(text), (unit) => unit.charCodeAt(0))
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    // Neither base64 nor UTF-8: that is all there is to say.
    return undefined
  }
}

/** The client that an assertion speaks of. Nothing is proved by it yet. */
function subjectOf(assertion: string): string | undefined {
  const payload = /^[\w-]+\.([\w-]+)\.[\w-]+$/.exec(assertion)?.[1]
  const text = payload === undefined ? undefined : decodeBase64(payload.replaceAll('-', '+').replaceAll('_', '/'))
  try {
    const claims: unknown = JSON.parse(text ?? 'null')
    const hasSubject = typeof claims === 'object' && claims !== null && 'sub' in claims
    return hasSubject && typeof claims.sub === 'string' ? claims.sub : undefined
  } catch {
    // No JSON, so no claims.
    return undefined
  }
}
