/**
 * The answer that superseded a refresh token, kept for a short while so that a retry gets the same one.
 *
 * ```
 * key = HKDF-SHA-256(ikm: the superseded token, salt: the project's key for successors, info: below)
 *
 * 0          12
 * +----------+------------------------------------------------+
 * |  nonce   |  AES-256-GCM of the answer as JSON, and its tag |
 * +----------+------------------------------------------------+
 * ```
 *
 * Of the token only its hash is kept, so the store alone gives nobody an answer, and neither do store and secret together.
 * Client and DPoP key are authenticated with it: another client, or another key, cannot open it.
 *
 * @see RFC 5869, NIST SP 800-38D
 */
import type { McpPlace } from '../place.ts'
import type { TokenAnswer } from './tokens.ts'

export interface SuccessorOf {
  /** The superseded token. */
  readonly token: string
  readonly clientId: string
  readonly jkt: string | undefined
}

const NONCE_BYTES = 12
const INFO = new TextEncoder().encode('kavachos/v1/successor')
const UTF8 = new TextEncoder()

type SuccessorPlace = Pick<McpPlace, 'site' | 'secretKeys'>

export async function sealSuccessor(
  { site: { host }, secretKeys }: SuccessorPlace,
  of: SuccessorOf,
  answer: TokenAnswer,
): Promise<Uint8Array> {
  const [newest] = await (await secretKeys()).derive('successors')
  // `derive` gives a key for each secret, and there is one at least.
  if (newest === undefined) throw new TypeError('there is no key')
  const iv = new Uint8Array(host.random(NONCE_BYTES))
  const key = await keyOf(host.subtle, newest, of.token)
  const text = UTF8.encode(JSON.stringify(answer))
  const sealed = await host.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: boundTo(of) }, key, text)
  const bytes = new Uint8Array(NONCE_BYTES + sealed.byteLength)
  bytes.set(iv)
  bytes.set(new Uint8Array(sealed), NONCE_BYTES)
  return bytes
}

/** Nothing for another token, client or key, and when the secret it was sealed under is gone. */
export async function openSuccessor(
  { site: { host }, secretKeys }: SuccessorPlace,
  of: SuccessorOf,
  bytes: Uint8Array,
): Promise<TokenAnswer | undefined> {
  const iv = new Uint8Array(bytes.subarray(0, NONCE_BYTES))
  const sealed = new Uint8Array(bytes.subarray(NONCE_BYTES))
  for (const secret of await (await secretKeys()).derive('successors')) {
    const key = await keyOf(host.subtle, secret, of.token)
    const text = await host.subtle
      .decrypt({ name: 'AES-GCM', iv, additionalData: boundTo(of) }, key, sealed)
      // It says nothing but that the tag is wrong.
      .catch(() => undefined)
    // What has the right tag is what was sealed.
    if (text !== undefined) return JSON.parse(new TextDecoder().decode(text)) as TokenAnswer
  }
  return undefined
}

async function keyOf(subtle: SubtleCrypto, salt: Uint8Array<ArrayBuffer>, token: string): Promise<CryptoKey> {
  const ikm = await subtle.importKey('raw', UTF8.encode(token), 'HKDF', false, ['deriveKey'])
  const derivation = { name: 'HKDF', hash: 'SHA-256', salt, info: INFO }
  return subtle.deriveKey(derivation, ikm, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
}

function boundTo({ clientId, jkt }: SuccessorOf): Uint8Array<ArrayBuffer> {
  return UTF8.encode(JSON.stringify([clientId, jkt ?? null]))
}
