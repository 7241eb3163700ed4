/** Authorization requests: what a client asks for, held against what it may. */

import type { Client } from '../client.ts'
import { type Clients, matchesRedirect } from '../clients/index.ts'
import { decodeFormText, type Form, parseForm } from '../form.ts'
import { OAuthError } from '../oauth-error.ts'
import { canonicalResource } from '../resource-uri.ts'
import type { McpSettings } from '../settings.ts'

/** A request that a user may be asked about. */
export interface AuthorizationRequest {
  readonly clientId: string
  readonly redirectUri: string
  readonly state: string | undefined
  /** S256. */
  readonly challenge: string
  readonly scopes: readonly string[]
  readonly resource: string
  /** Thumbprint of the key that the code is bound to. @see RFC 9449 section 10 */
  readonly jkt: string | undefined
}

/** Whom a request came from, which is known before it is known whether the request is good. */
export interface Asking {
  readonly client: Client
  readonly redirectUri: string
  readonly state: string | undefined
}

export type Reading =
  | { readonly kind: 'good'; readonly client: Client; readonly request: AuthorizationRequest }
  /** The client may be told what is wrong. */
  | { readonly kind: 'bad'; readonly asking: Asking; readonly error: OAuthError }

/**
 * Reads a request from its encoded parameters.
 *
 * @throws {OAuthError} when it names no client, or a redirect URI that is none of the client's: the user is told then, and nobody
 * is redirected
 * @see OAuth 2.1 section 4.1.2.1
 */
export async function readAuthorization(
  text: string,
  { clients, settings }: { readonly clients: Pick<Clients, 'find'>; readonly settings: McpSettings },
): Promise<Reading> {
  const { form, fault } = readParameters(text)
  const asking = await readAsking(form, clients)
  if (fault !== undefined) return { kind: 'bad', asking, error: fault }
  try {
    return { kind: 'good', client: asking.client, request: readRequest(form, asking, settings) }
  } catch (error) {
    if (error instanceof OAuthError) return { kind: 'bad', asking, error }
    throw error
  }
}

/** Who is answered, where, and by which name. */
const ASKING = ['client_id', 'redirect_uri', 'state']
const SHA_256 = /^[A-Za-z0-9_-]{43}$/
/** Of JSON: it travels in a form, with all else that was asked. */
const MAX_STATE = 8192

/** All parameters; or, when something is wrong with one, those that say whom to tell. */
function readParameters(text: string): { readonly form: Form; readonly fault?: OAuthError } {
  try {
    return { form: parseForm(text) }
  } catch (fault) {
    if (!(fault instanceof OAuthError)) throw fault
    const pairs = text.split('&').filter((pair) => ASKING.includes(decodeFormText(pair.split('=', 1)[0] ?? '') ?? ''))
    return { form: parseForm(pairs.join('&')), fault }
  }
}

async function readAsking(form: Form, clients: Pick<Clients, 'find'>): Promise<Asking> {
  const clientId = form.get('client_id')
  if (clientId === undefined)
    throw new OAuthError('invalid_request', 'the application did not say who it is: client_id is missing')
  const client = await clients.find(clientId)
  if (client === undefined) {
    throw new OAuthError('invalid_client', 'the application is not registered here', {
      status: 400,
      code: 'KVCH_E_MCP_CLIENT_UNREGISTERED',
    })
  }
  const redirectUri = form.get('redirect_uri')
  if (redirectUri === undefined) {
    throw new OAuthError('invalid_request', 'the application did not say where it is: redirect_uri is missing')
  }
  if (!matchesRedirect(client, redirectUri)) {
    throw new OAuthError(
      'invalid_request',
      'the application has not registered the address that it wants the answer at',
      {
        code: 'KVCH_E_OAUTH_REDIRECT_MISMATCH',
      },
    )
  }
  return { client, redirectUri, state: form.get('state') }
}

function readRequest(form: Form, { client, redirectUri, state }: Asking, settings: McpSettings): AuthorizationRequest {
  if (!client.grantTypes.includes('authorization_code')) {
    throw new OAuthError('unauthorized_client', 'the client has not registered the grant type authorization_code')
  }
  if (state !== undefined && new TextEncoder().encode(JSON.stringify(state)).length > MAX_STATE + '""'.length) {
    throw new OAuthError('invalid_request', `state must not be longer than ${MAX_STATE} bytes`)
  }
  const responseType = form.get('response_type')
  if (responseType === undefined) throw new OAuthError('invalid_request', 'response_type is missing')
  if (responseType !== 'code') throw new OAuthError('unsupported_response_type', 'response_type must be code')
  if ((form.get('response_mode') ?? 'query') !== 'query') {
    throw new OAuthError('invalid_request', 'response_mode must be query')
  }
  // They would narrow what is asked for, so they are not passed over. @see RFC 9396 section 5
  if (form.has('authorization_details')) {
    throw new OAuthError('invalid_authorization_details', 'authorization_details belong in a token exchange')
  }
  return {
    clientId: client.id,
    redirectUri,
    state,
    challenge: readChallenge(form),
    scopes: readScopes(form, client, settings),
    resource: readResource(form, settings),
    jkt: readThumbprint(form),
  }
}

/** @see OAuth 2.1 section 4.1.1, RFC 7636 sections 4.2 and 4.3 */
function readChallenge(form: Form): string {
  const challenge = form.get('code_challenge')
  if (challenge === undefined) {
    throw new OAuthError('invalid_request', 'code_challenge is missing', { code: 'KVCH_E_MCP_PKCE_MISSING' })
  }
  // Without a method it would be `plain`, with which whoever reads the request has the verifier.
  if (form.get('code_challenge_method') !== 'S256') {
    throw new OAuthError('invalid_request', 'code_challenge_method must be S256', { code: 'KVCH_E_MCP_PKCE_MISSING' })
  }
  if (SHA_256.test(challenge)) return challenge
  throw new OAuthError('invalid_request', 'code_challenge must be 43 characters of base64url', {
    code: 'KVCH_E_MCP_PKCE_MISSING',
  })
}

/**
 * What is asked for; nothing asked for is what the client registered, or the default. A refresh token is given to those that
 * registered for it, so that `offline_access` adds nothing, and is left out where it is no scope.
 */
function readScopes(form: Form, { scopes: registered = [] }: Client, settings: McpSettings): readonly string[] {
  const isKnown = (scope: string) => settings.scopes[scope] !== undefined
  const asked = (form.get('scope') ?? '').split(' ').filter((scope) => scope !== '')
  const scopes = [...new Set(asked)].filter((scope) => isKnown(scope) || scope !== 'offline_access')
  const unknown = scopes.find((scope) => !isKnown(scope))
  if (unknown !== undefined) throw new OAuthError('invalid_scope', `the scope ${unknown.slice(0, 64)} is unknown`)
  if (scopes.length > 0) return scopes
  const known = registered.filter(isKnown)
  return known.length > 0 ? known : settings.defaultScopes
}

/** @see RFC 8707 section 2 */
function readResource(form: Form, { resources }: McpSettings): string {
  const asked = form.get('resource')
  const [only, ...others] = resources
  if (asked === undefined) {
    if (only !== undefined && others.length === 0) return only.url
    throw invalidTarget('resource is missing: name the server that the token is for')
  }
  const name = canonicalResource(asked)
  const found = resources.find(({ url }) => url === name)
  if (found === undefined) throw invalidTarget('the resource is no server that tokens are issued for here')
  return found.url
}

function invalidTarget(description: string): OAuthError {
  return new OAuthError('invalid_target', description, { code: 'KVCH_E_MCP_RESOURCE_INDICATOR_INVALID' })
}

function readThumbprint(form: Form): string | undefined {
  const jkt = form.get('dpop_jkt')
  if (jkt === undefined || SHA_256.test(jkt)) return jkt
  throw new OAuthError('invalid_request', 'dpop_jkt must be 43 characters of base64url')
}
