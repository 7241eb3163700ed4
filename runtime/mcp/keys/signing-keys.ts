/**
 * Keys that sign access tokens: ES256, because every client and every library knows it.
 *
 * Whoever needs a key first makes it, in one change, so that several processes have the same one. A key that another process made
 * is found by whoever meets its id, and whoever signs looks which key does now.
 */
import { calculateJwkThumbprint, decodeProtectedHeader, type JWK, type JWTPayload, jwtVerify, SignJWT } from 'jose'
import { JOSEError } from 'jose/errors'
import { type Acting, actorOf, type Change, entryOf, KavachError, type Row } from '../../index.ts'
import type { McpPlace } from '../place.ts'
import { seal, unseal } from './sealed.ts'

export interface SigningKeys {
  /** Public halves of all that verify, the newest first. @see RFC 7517 section 5 */
  readonly jwks: () => Promise<{ readonly keys: readonly JWK[] }>
  /** A compact JWT under the key that signs now, with its `kid`. Adds no claim. Reads the store, so no change may be open. */
  readonly sign: (claims: JWTPayload, type: 'at+jwt') => Promise<string>
  /**
   * The claims of an access token of this server that is not expired; nothing for whatever else. What a header says beside `alg`,
   * `typ` and `kid` is refused rather than followed, and a `kid` is looked up among our own.
   *
   * @see RFC 8725 section 3; RFC 9068 section 4
   */
  readonly verify: (jwt: string) => Promise<JWTPayload | undefined>
  /**
   * Makes a key that signs from now on; those before it verify until all that they signed is dead, six minutes from now.
   *
   * @throws {KavachError} KVCH_E_REQUEST_INVALID
   */
  readonly rotate: (acting?: Acting) => Promise<{ readonly kid: string }>
}

type KeysPlace = Pick<McpPlace, 'site' | 'settings' | 'secretKeys'>

export const SIGNING_ALGORITHM = 'ES256'
const PAIR = { name: 'ECDSA', namedCurve: 'P-256' }
/** No access token that is a JWT lives longer, and clocks of processes differ. */
const DEAD_MS = 300_000 + 60_000
/** How often the store is asked for a key that nobody knows. */
const UNKNOWN_MS = 1000
const MAX_JWT = 8192

/** A key that this process knows. */
interface Known {
  readonly row: Row<'oauthKeys'>
  readonly verifier: CryptoKey
}

export function createSigningKeys({ site, settings, secretKeys }: KeysPlace): SigningKeys {
  const { host } = site
  let known: ReadonlyMap<string, Known> = new Map()
  let readAt = Number.NEGATIVE_INFINITY
  let signer: { readonly kid: string; readonly key: CryptoKey } | undefined

  async function learn(rows: readonly Row<'oauthKeys'>[]): Promise<void> {
    const next = new Map<string, Known>()
    for (const row of rows) {
      const before = known.get(row.kid)
      next.set(row.kid, { row, verifier: before?.verifier ?? (await importPublic(row)) })
    }
    known = next
    readAt = host.elapsed()
  }

  async function importPublic({ publicJwk }: Row<'oauthKeys'>): Promise<CryptoKey> {
    // `makeKey` wrote it.
    return host.subtle.importKey('jwk', JSON.parse(publicJwk) as JsonWebKey, PAIR, false, ['verify'])
  }

  async function read(): Promise<readonly Row<'oauthKeys'>[]> {
    const rows = await site.read((reader) => reader.find('oauthKeys', 'key'))
    await learn(rows)
    return rows
  }

  /** The private half of a key; nothing when it was sealed under a secret that is gone. */
  async function open({ kid, privateKey }: Row<'oauthKeys'>): Promise<CryptoKey | undefined> {
    if (signer?.kid === kid) return signer.key
    const plain = await unseal(site, await secretKeys(), kid, privateKey)
    const key = plain && (await host.subtle.importKey('pkcs8', plain, PAIR, false, ['sign']))
    if (key !== undefined) signer = { kid, key }
    return key
  }

  /** The key that signs now, made when there is none. */
  async function current(): Promise<{ readonly kid: string; readonly key: CryptoKey }> {
    const row = signerOf(await read())
    const key = row && (await open(row))
    if (row !== undefined && key !== undefined) return { kid: row.kid, key }
    if (row !== undefined) {
      site.warn(
        `the signing key \`${row.kid}\` cannot be read with the secrets that were given, so another one is made`,
      )
    }
    const made = await replace(row?.kid, 'host')
    const opened = await open(made)
    if (opened === undefined) {
      throw new KavachError(
        'KVCH_E_CONFIG_INVALID',
        'processes of one project have different secrets: give all of them the same',
      )
    }
    return { kid: made.kid, key: opened }
  }

  /** Makes a key unless somebody else has replaced `old` meanwhile; always when `old` is `any`. */
  async function replace(old: string | undefined | { readonly any: true }, actor: string): Promise<Row<'oauthKeys'>> {
    const made = await makeKey()
    const [row, rows] = await site.change(async (change) => {
      const rows = await change.find('oauthKeys', 'key')
      const signing = signerOf(rows)
      if (typeof old !== 'object' && signing !== undefined && signing.kid !== old) return [signing, rows] as const
      const created = { ...made, createdAt: change.now }
      const kept = await retire(change, rows)
      await change.insert('oauthKeys', [created])
      const replaced = signing && { replaces: signing.kid }
      change.record(
        entryOf({ kind: 'oauth.key', actor, members: { kid: made.kid, alg: SIGNING_ALGORITHM, ...replaced } }),
      )
      return [created, [...kept, created]] as const
    })
    await learn(rows)
    return row
  }

  async function makeKey(): Promise<Row<'oauthKeys'>> {
    const pair = await host.subtle.generateKey(PAIR, true, ['sign', 'verify'])
    const { kty, crv, x, y } = await host.subtle.exportKey('jwk', pair.publicKey)
    // A public key of this curve has these members.
    const jwk = { kty, crv, x, y } as JWK
    const kid = await calculateJwkThumbprint(jwk, 'sha256')
    const plain = new Uint8Array(await host.subtle.exportKey('pkcs8', pair.privateKey))
    const privateKey = await seal(site, await secretKeys(), kid, plain)
    plain.fill(0)
    return { kid, publicJwk: JSON.stringify(jwk), privateKey, createdAt: 0, retiredAt: null, expiresAt: null }
  }

  /** The key with this id, as long as it verifies. */
  async function verifierOf(kid: string): Promise<CryptoKey | undefined> {
    if (!known.has(kid) && host.elapsed() - readAt >= UNKNOWN_MS) await read()
    const found = known.get(kid)
    return found === undefined || isDead(found.row, host.now()) ? undefined : found.verifier
  }

  return {
    async jwks() {
      await current()
      const now = host.now()
      const rows = [...known.values()].map(({ row }) => row).filter((row) => !isDead(row, now))
      rows.sort((a, b) => b.createdAt - a.createdAt || (a.kid < b.kid ? -1 : 1))
      return { keys: rows.map(({ kid, publicJwk }) => publicKey(kid, publicJwk)) }
    },

    async sign(claims, typ) {
      const { kid, key } = await current()
      return new SignJWT(claims).setProtectedHeader({ alg: SIGNING_ALGORITHM, typ, kid }).sign(key)
    },

    async verify(jwt) {
      const kid = kidOf(jwt)
      const key = kid === undefined ? undefined : await verifierOf(kid)
      if (key === undefined) return undefined
      try {
        const { payload } = await jwtVerify(jwt, key, {
          algorithms: [SIGNING_ALGORITHM],
          typ: 'at+jwt',
          issuer: settings.issuer,
          requiredClaims: ['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti'],
          currentDate: new Date(host.now()),
        })
        return payload
      } catch (error) {
        if (error instanceof JOSEError) return undefined
        throw error
      }
    },

    async rotate(acting) {
      const actor = actorOf(acting, 'KVCH_E_REQUEST_INVALID')
      const { kid } = await replace({ any: true }, actor)
      return { kid }
    },
  }
}

/** The newest that is not retired. */
function signerOf(rows: readonly Row<'oauthKeys'>[]): Row<'oauthKeys'> | undefined {
  return rows
    .filter(({ retiredAt }) => retiredAt === null)
    .reduce<Row<'oauthKeys'> | undefined>((a, b) => (a === undefined || a.createdAt < b.createdAt ? b : a), undefined)
}

/** All that signed so far sign no more; those that verify nothing any more go. Gives those that stay. */
async function retire(change: Change, rows: readonly Row<'oauthKeys'>[]): Promise<readonly Row<'oauthKeys'>[]> {
  const kept: Row<'oauthKeys'>[] = []
  for (const row of rows) {
    if (isDead(row, change.now)) {
      await change.remove('oauthKeys', { kid: row.kid })
      continue
    }
    if (row.retiredAt !== null) {
      kept.push(row)
      continue
    }
    const retired = { ...row, retiredAt: change.now, expiresAt: change.now + DEAD_MS }
    await change.put('oauthKeys', [retired])
    kept.push(retired)
  }
  return kept
}

function isDead({ expiresAt }: Row<'oauthKeys'>, now: number): boolean {
  return expiresAt !== null && expiresAt <= now
}

function publicKey(kid: string, publicJwk: string): JWK {
  // `makeKey` wrote it.
  return { ...(JSON.parse(publicJwk) as JWK), kid, alg: SIGNING_ALGORITHM, use: 'sig' }
}

/** Of a header that says nothing but what ours say. */
function kidOf(jwt: unknown): string | undefined {
  if (typeof jwt !== 'string' || jwt.length > MAX_JWT) return undefined
  try {
    const header = decodeProtectedHeader(jwt)
    const { alg, kid } = header
    if (Object.keys(header).some((name) => !HEADER.has(name))) return undefined
    return typeof kid === 'string' && alg === SIGNING_ALGORITHM ? kid : undefined
  } catch (error) {
    // It is no JWT.
    if (error instanceof TypeError) return undefined
    throw error
  }
}

const HEADER: ReadonlySet<string> = new Set(['alg', 'typ', 'kid'])
