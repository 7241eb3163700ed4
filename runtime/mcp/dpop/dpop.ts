/** Proofs of possession: a token that is bound to a key is worth nothing without it. @see RFC 9449 */
import { base64url, decodeProtectedHeader, type JWTPayload, jwtVerify } from 'jose'
import { JOSEError } from 'jose/errors'
import { hashToken } from '../../index.ts'
import { PROOF_ALGORITHMS } from '../algorithms.ts'
import { OAuthError } from '../oauth-error.ts'
import type { McpPlace } from '../place.ts'
import { createNonces } from './nonces.ts'
import { type ProofKey, readProofKey } from './proof-key.ts'
import { sameTarget } from './target.ts'

/** What a proof is held against. */
export interface DpopExpected {
  readonly method: string
  /** As configured, never as a request says. Query and fragment do not count. */
  readonly url: string
  /** The token that comes with the request; the proof must name it then. */
  readonly accessToken?: string | undefined
  /** Thumbprint of the key that it has to be. */
  readonly expectedJkt?: string | undefined
}

export interface Dpop {
  /**
   * The thumbprint of the key (RFC 7638) when the request has a good proof, nothing when it has none and needs none. A proof is good
   * once, within five minutes of the time that it states.
   *
   * @throws {OAuthError} `invalid_dpop_proof`, also for a request without a proof where a key is expected; `use_dpop_nonce` with a
   * `DPoP-Nonce` header
   */
  readonly check: (request: Request, expected: DpopExpected) => Promise<string | undefined>
}

export interface DpopOptions {
  /** A proof without a nonce of the server is refused, with one to use. Default: only a wrong one is. */
  readonly isNonceRequired?: boolean
}

const MAX_PROOF = 8192
const MAX_JTI = 256
/** How far the time of a proof may be from ours. */
const WINDOW_MS = 300_000
/** Clocks of processes differ: what was used is remembered a little longer than it would be accepted. */
const SKEW_MS = 60_000

export function createDpop(
  place: Pick<McpPlace, 'site' | 'secretKeys'>,
  { isNonceRequired = false }: DpopOptions = {},
): Dpop {
  const { site } = place
  const { host, sha256 } = site
  const nonces = createNonces(place)

  async function checkNonce({ nonce }: JWTPayload): Promise<void> {
    if (nonce === undefined && !isNonceRequired) return
    if (typeof nonce === 'string' && (await nonces.isGood(nonce))) return
    throw new OAuthError('use_dpop_nonce', 'the proof needs the nonce that comes with this answer', {
      headers: { 'dpop-nonce': await nonces.make() },
    })
  }

  /** Reads and writes in one change, so that of two requests with one proof only one is good. */
  async function use(jkt: string, jti: string, statedAt: number): Promise<boolean> {
    const id = `dpop:${hashToken(`${jkt} ${jti}`, sha256)}`
    return site.change(async (change) => {
      if ((await change.get('oauthReplays', { id })) !== undefined) return false
      await change.insert('oauthReplays', [{ id, expiresAt: statedAt + WINDOW_MS + SKEW_MS }])
      return true
    })
  }

  return {
    async check(request, { method, url, accessToken, expectedJkt }) {
      const proof = request.headers.get('dpop')
      if (proof === null) {
        if (expectedJkt === undefined) return undefined
        return refuse('a proof of the key is missing')
      }
      const { claims, jkt } = await verify(proof, new Date(host.now()))
      const { htm, htu, iat, jti, ath } = claims
      if (htm !== method) refuse('the proof is for another method')
      if (typeof htu !== 'string' || !sameTarget(htu, url)) refuse('the proof is for another URL')
      if (typeof iat !== 'number' || !(Math.abs(host.now() - iat * 1000) <= WINDOW_MS)) {
        refuse('the proof was not made within five minutes of now')
      }
      if (typeof jti !== 'string' || jti === '' || jti.length > MAX_JTI) refuse('the proof has no usable jti')
      if (accessToken !== undefined && ath !== base64url.encode(sha256(UTF8.encode(accessToken)))) {
        refuse('the proof is for another access token')
      }
      if (expectedJkt !== undefined && jkt !== expectedJkt) refuse('the proof is of another key')
      await checkNonce(claims)
      if (!(await use(jkt, jti, iat * 1000))) refuse('the proof was used before')
      return jkt
    },
  }
}

/** Form, type, algorithm, key and signature. */
async function verify(
  proof: string,
  currentDate: Date,
): Promise<{ readonly claims: JWTPayload; readonly jkt: string }> {
  // Several headers of one name are one text with commas, and no JWT has any.
  if (proof.length > MAX_PROOF || !JWT.test(proof)) refuse('the DPoP header is not one JWT')
  const found = await understand(proof, currentDate)
  return found ?? refuse('the proof is no dpop+jwt that its own public key signed')
}

const JWT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/

async function understand(proof: string, currentDate: Date) {
  try {
    const { alg, jwk } = decodeProtectedHeader(proof)
    if (alg === undefined || !ALGORITHMS.has(alg)) return undefined
    const found: ProofKey | undefined = await readProofKey(jwk, alg)
    if (found === undefined) return undefined
    const { payload } = await jwtVerify(proof, found.key, { algorithms: [alg], typ: 'dpop+jwt', currentDate })
    return { claims: payload, jkt: found.jkt }
  } catch (error) {
    // What jose, and the platform beneath it, say of a text or a key that is none.
    if (error instanceof JOSEError || error instanceof TypeError || error instanceof DOMException) return undefined
    throw error
  }
}

const ALGORITHMS: ReadonlySet<string> = new Set(PROOF_ALGORITHMS)
const UTF8 = new TextEncoder()

function refuse(why: string): never {
  throw new OAuthError('invalid_dpop_proof', why)
}
