/**
 * Clients that sign who they are (`private_key_jwt`).
 *
 * @see RFC 7523 section 3; RFC 8725
 */
import {
  createLocalJWKSet,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  jwtVerify,
} from 'jose'
import { hashToken } from '../../index.ts'
import { PROOF_ALGORITHMS } from '../algorithms.ts'
import type { Client } from '../client.ts'
import { OAuthError } from '../oauth-error.ts'
import type { McpPlace } from '../place.ts'
import type { FetchJson } from './fetches.ts'
import { type JwkSet, toJwkSet } from './metadata.ts'

/** Resolves when the assertion is this client's, is for this server, and was not used before; it is then used. */
export type CheckAssertion = (client: Client, assertion: string) => Promise<void>

/** @throws {OAuthError} `invalid_client`, from the check */
export function createAssertions(
  { site, settings }: Pick<McpPlace, 'site' | 'settings'>,
  fetchJson: FetchJson | undefined,
): CheckAssertion {
  const keys = createKeySets(site.host.now, fetchJson)
  const audiences = [settings.issuer, settings.urls.token]

  async function verify(client: Client, assertion: string, set: JwkSet): Promise<JWTPayload> {
    const options: JWTVerifyOptions = {
      algorithms: [...PROOF_ALGORITHMS],
      issuer: client.id,
      subject: client.id,
      audience: audiences,
      requiredClaims: ['exp', 'jti'],
      clockTolerance: SKEW_SECONDS,
      currentDate: new Date(site.host.now()),
    }
    // The header chooses among the keys that the client registered; keys and URLs in it are not looked at.
    const find = createLocalJWKSet({ keys: set.keys.map((key) => ({ ...key, kty: String(key.kty) })) })
    return verifyWithAny(assertion, find, options)
  }

  /** False when it was used before. */
  function use(client: Client, jti: string, exp: number): Promise<boolean> {
    const id = `assertion=${hashToken(JSON.stringify([client.id, jti]), site.sha256)}`
    return site.change(async (change) => {
      if ((await change.get('oauthReplays', { id })) !== undefined) return false
      await change.insert('oauthReplays', [{ id, expiresAt: (exp + SKEW_SECONDS + 1) * 1000 }])
      return true
    })
  }

  return async (client, assertion) => {
    if (assertion.length > MAX_LENGTH) refuse(`is longer than ${MAX_LENGTH} characters`)
    let claims: JWTPayload
    try {
      claims = await keys.use(client, (set) => verify(client, assertion, set))
    } catch (error) {
      if (error instanceof OAuthError) throw error
      return refuse(reasonOf(error), error)
    }
    const { aud, exp = 0, jti } = claims
    // A list would let one assertion be good at two servers, and the other one could use it here.
    if (Array.isArray(aud) && aud.length !== 1) refuse('has several audiences')
    if (exp > site.host.now() / 1000 + MOST_AHEAD_SECONDS + SKEW_SECONDS) {
      refuse(`is good for more than ${MOST_AHEAD_SECONDS} seconds`)
    }
    if (typeof jti !== 'string' || jti === '' || jti.length > MAX_JTI) refuse('has no jti that can be kept')
    if (!(await use(client, jti, exp))) refuse('was used before')
  }
}

const MAX_LENGTH = 8192
const MAX_JTI = 256
const MOST_AHEAD_SECONDS = 300
/** Clocks differ. */
const SKEW_SECONDS = 30

interface KeySets {
  /**
   * Does something with the keys of a client. Where it fails for want of a key, published keys are fetched anew: the client may
   * have changed them.
   */
  readonly use: <T>(client: Client, work: (set: JwkSet) => Promise<T>) => Promise<T>
}

interface KeptSet {
  readonly set: JwkSet
  readonly fetchedAt: number
}

const MAX_SET_BYTES = 32 * 1024
const KEPT_MS = 300_000
/** Before that, keys that do not fit are not fetched anew. */
const FRESH_MS = 30_000
const MAX_SETS = 1000

function createKeySets(now: () => number, fetchJson: FetchJson | undefined): KeySets {
  const kept = new Map<string, KeptSet>()
  const underWay = new Map<string, Promise<KeptSet>>()

  async function fetchSet(uri: string): Promise<KeptSet> {
    const fetched = await fetchJson?.(uri, { maxBytes: MAX_SET_BYTES, isKnown: kept.has(uri) })
    const set = fetched?.kind === 'ok' ? toJwkSet(fetched.value) : undefined
    if (set === undefined) {
      throw new OAuthError('invalid_client', 'the keys of the client could not be fetched from its jwks_uri', {
        code: 'KVCH_E_MCP_METADATA_FETCH_FAILED',
      })
    }
    if (kept.size >= MAX_SETS) kept.clear()
    const made = { set, fetchedAt: now() }
    kept.set(uri, made)
    return made
  }

  function load(uri: string, longestMs: number): Promise<KeptSet> {
    const known = kept.get(uri)
    if (known !== undefined && now() - known.fetchedAt < longestMs) return Promise.resolve(known)
    let loading = underWay.get(uri)
    if (loading === undefined) {
      loading = fetchSet(uri).finally(() => underWay.delete(uri))
      underWay.set(uri, loading)
    }
    return loading
  }

  return {
    async use({ jwks, jwksUri }, work) {
      if (jwks !== undefined) return work(jwks)
      if (jwksUri === undefined) return refuse('is of a client that has no keys')
      const first = await load(jwksUri, KEPT_MS)
      try {
        return await work(first.set)
      } catch (error) {
        const second = error instanceof errors.JWKSNoMatchingKey ? await load(jwksUri, FRESH_MS) : first
        if (second === first) throw error
        return work(second.set)
      }
    },
  }
}

/** Several keys may fit where the header does not say which: one of them has to. */
async function verifyWithAny(jwt: string, find: JWTVerifyGetKey, options: JWTVerifyOptions): Promise<JWTPayload> {
  try {
    return (await jwtVerify(jwt, find, options)).payload
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error
    for await (const key of error) {
      try {
        return (await jwtVerify(jwt, key, options)).payload
      } catch (other) {
        if (!(other instanceof errors.JWSSignatureVerificationFailed)) throw other
      }
    }
    throw new errors.JWSSignatureVerificationFailed()
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'has expired'
  if (error instanceof errors.JWTClaimValidationFailed) return `has a claim ${error.claim} that is missing or wrong`
  if (error instanceof errors.JWKSNoMatchingKey) return 'is signed with a key that the client did not register'
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'has a signature that is wrong'
  if (error instanceof errors.JOSEAlgNotAllowed) return 'is signed with an algorithm that is not accepted'
  return 'is not a JWT that can be verified'
}

function refuse(why: string, cause?: unknown): never {
  throw new OAuthError('invalid_client', `client_assertion ${why}`, { cause })
}
