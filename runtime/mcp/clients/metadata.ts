/** Metadata of clients, as they register them or publish them: all of it is their own claim. */
import type { Row } from '../../index.ts'
import type { AuthMethod, Client } from '../client.ts'
import { OAuthError } from '../oauth-error.ts'
import type { GrantType } from '../options.ts'
import type { McpSettings } from '../settings.ts'
import { isHttpsUrl } from './https-url.ts'
import { isLoopbackRedirect, redirectFault } from './redirect-uri.ts'

/** What was understood and is kept, by the names of RFC 7591; nothing else of what a client sends is. */
export interface Metadata {
  readonly redirect_uris: readonly string[]
  readonly grant_types: readonly GrantType[]
  readonly response_types: readonly ['code']
  readonly token_endpoint_auth_method: AuthMethod
  readonly application_type: 'web' | 'native'
  readonly client_name?: string
  readonly scope?: string
  readonly jwks?: JwkSet
  readonly jwks_uri?: string
  readonly dpop_bound_access_tokens: boolean
}

export interface JwkSet {
  readonly keys: readonly Readonly<Record<string, unknown>>[]
}

/** A JSON object of which nothing is known. */
export type Members = Readonly<Record<string, unknown>>

/**
 * Reads what a client says of itself. Members that nobody knows are ignored, and so is `null`. What the server does not do, such
 * as a grant type of its own, is left out as long as something that it does remains.
 *
 * @param defaultMethod how it authenticates when it does not say: RFC 7591 has `client_secret_basic`
 * @throws {OAuthError} `invalid_redirect_uri` or `invalid_client_metadata`, with the member and what is wrong
 * @see RFC 7591 section 2
 */
export function readMetadata(
  given: Members,
  { options, scopes }: Pick<McpSettings, 'options' | 'scopes'>,
  defaultMethod: AuthMethod,
): Metadata {
  const registration = options.registration === false ? undefined : options.registration
  const redirectUris = readRedirectUris(given, registration?.privateSchemes)
  const name = readName(given)
  const scope = readScope(given, scopes)
  const jwks = readJwks(given)
  const jwksUri = readJwksUri(given)
  const method = oneOf(given, 'token_endpoint_auth_method', AUTH_METHODS) ?? defaultMethod
  if (jwks !== undefined && jwksUri !== undefined) fail('jwks and jwks_uri exclude each other')
  if (method === 'private_key_jwt' && jwks === undefined && jwksUri === undefined) {
    fail('private_key_jwt needs jwks or jwks_uri')
  }
  const responses = listOf(given, 'response_types')
  if (responses !== undefined && !responses.includes('code')) fail('response_types: must have code in it')
  return {
    redirect_uris: redirectUris,
    grant_types: readGrantTypes(given, method),
    response_types: ['code'],
    token_endpoint_auth_method: method,
    application_type:
      oneOf(given, 'application_type', ['web', 'native']) ?? (redirectUris.every(isNative) ? 'native' : 'web'),
    ...(name !== undefined && { client_name: name }),
    ...(scope !== undefined && { scope }),
    ...(jwks !== undefined && { jwks }),
    ...(jwksUri !== undefined && { jwks_uri: jwksUri }),
    dpop_bound_access_tokens: readBoolean(given, 'dpop_bound_access_tokens'),
  }
}

/** The client of a row. */
export function clientOf({ id, origin, secretHash, metadata }: Row<'oauthClients'>): Client {
  // `readMetadata` made it.
  const kept = JSON.parse(metadata) as Metadata
  return {
    id,
    origin,
    name: kept.client_name ?? id,
    redirectUris: kept.redirect_uris,
    grantTypes: kept.grant_types,
    authMethod: kept.token_endpoint_auth_method,
    secretHash: secretHash ?? undefined,
    jwks: kept.jwks,
    jwksUri: kept.jwks_uri,
    scopes: kept.scope?.split(' '),
    applicationType: kept.application_type,
    isDpopBound: kept.dpop_bound_access_tokens,
    mayIntrospect: false,
  }
}

/** A set of public keys for signatures; nothing when it is none. */
export function toJwkSet(value: unknown): JwkSet | undefined {
  if (!isObject(value) || !Array.isArray(value.keys)) return undefined
  const keys: unknown[] = value.keys
  return keys.length > 0 && keys.length <= MAX_KEYS && keys.every(isPublicKey) ? { keys } : undefined
}

export function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether objects and lists stand in each other at most `most` times. */
export function isShallow(value: unknown, most: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return most > 0 && Object.values(value).every((member) => isShallow(member, most - 1))
}

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const AUTH_METHODS = ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'] as const
/** `client_credentials` is for clients that somebody vouches for: those in the options. */
const OPEN_GRANT_TYPES: readonly GrantType[] = ['authorization_code', 'refresh_token', TOKEN_EXCHANGE]
/** They take a client that proves who it is. */
const CONFIDENTIAL_GRANT_TYPES: readonly GrantType[] = [TOKEN_EXCHANGE]
const MAX_REDIRECT_URIS = 16
const MAX_LIST = 32
const MAX_TEXT = 1024
const MAX_NAME = 128
const MAX_KEYS = 16
/** Controls, what turns the direction of a line, and what is not seen; joiners are, in scripts that need them. */
const UNSEEN = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u
const SEEN = /[\p{L}\p{N}\p{P}\p{S}]/u
const SCOPES = /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/

function readRedirectUris(given: Members, privateSchemes: readonly string[] | undefined): readonly string[] {
  const uris = listOf(given, 'redirect_uris', 'invalid_redirect_uri')
  if (uris === undefined || uris.length === 0) fail('redirect_uris: give at least one', 'invalid_redirect_uri')
  if (uris.length > MAX_REDIRECT_URIS) {
    fail(`redirect_uris: there are more than ${MAX_REDIRECT_URIS}`, 'invalid_redirect_uri')
  }
  const faults = uris.map((uri) => redirectFault(uri, privateSchemes))
  const good = uris.filter((_, at) => faults[at] === undefined)
  for (const [at, fault] of faults.entries()) {
    if (fault !== undefined && !(fault.isOdd && good.length > 0)) {
      fail(`redirect_uris: ${uris[at]?.slice(0, 200)} ${fault.why}`, 'invalid_redirect_uri')
    }
  }
  return [...new Set(good)]
}

function isNative(redirectUri: string): boolean {
  return isLoopbackRedirect(redirectUri) || !redirectUri.startsWith('https:')
}

function readGrantTypes(given: Members, method: AuthMethod): readonly GrantType[] {
  const asked = listOf(given, 'grant_types') ?? ['authorization_code']
  if (!asked.includes('authorization_code')) fail('grant_types: must have authorization_code in it')
  const open = OPEN_GRANT_TYPES.filter((type) => asked.includes(type))
  return method === 'none' ? open.filter((type) => !CONFIDENTIAL_GRANT_TYPES.includes(type)) : open
}

function readName(given: Members): string | undefined {
  const name = textOf(given, 'client_name', MAX_NAME)
  if (name === undefined || name === '') return undefined
  return SEEN.test(name) && !UNSEEN.test(name) ? name : fail('client_name: must be seen as a whole, without controls')
}

/** Those that exist: it is what the client gets when it asks for nothing, and bounds nothing. */
function readScope(given: Members, scopes: McpSettings['scopes']): string | undefined {
  const text = textOf(given, 'scope', MAX_TEXT)
  if (text === undefined || text === '') return undefined
  if (!SCOPES.test(text)) fail('scope: must be names with one space between them')
  const known = [...new Set(text.split(' '))].filter((scope) => Object.hasOwn(scopes, scope))
  return known.length > 0 ? known.join(' ') : undefined
}

function readJwks(given: Members): JwkSet | undefined {
  const jwks = given.jwks ?? undefined
  if (jwks === undefined) return undefined
  return toJwkSet(jwks) ?? fail(`jwks: must hold 1 to ${MAX_KEYS} public keys`)
}

function readJwksUri(given: Members): string | undefined {
  const uri = textOf(given, 'jwks_uri', MAX_TEXT)
  return uri === undefined || isHttpsUrl(uri) ? uri : fail('jwks_uri: must be an https URL with a path')
}

/** Symmetric keys and private parts are none. */
function isPublicKey(value: unknown): value is Members {
  return (
    isObject(value) &&
    typeof value.kty === 'string' &&
    value.kty !== 'oct' &&
    !['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'].some((part) => Object.hasOwn(value, part))
  )
}

function textOf(given: Members, member: string, most: number): string | undefined {
  const value = given[member] ?? undefined
  if (value === undefined) return undefined
  if (typeof value !== 'string') return fail(`${member}: must be a text`)
  return value.length <= most ? value : fail(`${member}: is longer than ${most} characters`)
}

function listOf(given: Members, member: string, error?: 'invalid_redirect_uri'): readonly string[] | undefined {
  const value = given[member] ?? undefined
  if (value === undefined) return undefined
  if (!Array.isArray(value)) return fail(`${member}: must be a list`, error)
  if (value.length > MAX_LIST) return fail(`${member}: has more than ${MAX_LIST} entries`, error)
  return value.every((entry): entry is string => typeof entry === 'string')
    ? value
    : fail(`${member}: must be a list of texts`, error)
}

function oneOf<T extends string>(given: Members, member: string, known: readonly T[]): T | undefined {
  const text = textOf(given, member, MAX_TEXT)
  if (text === undefined) return undefined
  return known.find((one) => one === text) ?? fail(`${member}: must be one of ${known.join(', ')}`)
}

function readBoolean(given: Members, member: string): boolean {
  const value = given[member] ?? false
  return typeof value === 'boolean' ? value : fail(`${member}: must be true or false`)
}

function fail(
  why: string,
  error: 'invalid_client_metadata' | 'invalid_redirect_uri' = 'invalid_client_metadata',
): never {
  throw new OAuthError(error, why)
}
