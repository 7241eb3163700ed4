/** Public keys for signatures of policies, as operators have them, and the one call that trusts them. */
import { EngineError } from './engine-error.ts'
import { hex } from './machine.ts'

/** An Ed25519 public key: 32 bytes, those in hex or base64url, SPKI as PEM, or a `CryptoKey` that may be exported. */
export type PublicKey = string | Uint8Array | CryptoKey

export interface TrustedKey {
  /** The first 16 hex digits of the SHA-256 of its 32 bytes. */
  readonly keyId: string
  /** @throws {EngineError} `no-ed25519` */
  verify(signature: string, bytes: Uint8Array<ArrayBuffer>): Promise<boolean>
}

/**
 * Reads a public key.
 *
 * @throws {EngineError} `bad-key` when it is none, or one that anybody can sign for; `no-ed25519`
 */
export async function readKey(key: PublicKey): Promise<TrustedKey> {
  const raw = new Uint8Array(await bytesOf(key))
  if (raw.length !== KEY_BYTES) throw badKey(`it has ${raw.length} bytes, not ${KEY_BYTES}`)
  if (isWeak(raw)) throw badKey('anybody can sign for it: it is a point of small order')
  const imported = await supported(() => subtle().importKey('raw', raw, ALGORITHM, true, ['verify']))
  return {
    keyId: hex(await sha256(raw)).slice(0, KEY_ID_DIGITS),
    verify: (signature, bytes) => supported(() => subtle().verify(ALGORITHM, imported, fromHex(signature), bytes)),
  }
}

/** SHA-256 by the platform. @throws {EngineError} `no-ed25519` when it has no Web Crypto at all */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await supported(() => subtle().digest('SHA-256', bytes)))
}

const ALGORITHM = 'Ed25519'
const KEY_BYTES = 32
const KEY_ID_DIGITS = 16

/** SubjectPublicKeyInfo of an Ed25519 key up to its 32 bytes. @see RFC 8410, section 4 */
const SPKI = '302a300506032b6570032100'

/**
 * The y of the points of order 1, 2, 4 and 8, also written as y + p; any sign of x goes with them. For such a key there are
 * signatures that fit every message or every eighth, and platforms accept them.
 */
const WEAK = [
  `00${'00'.repeat(31)}`,
  `01${'00'.repeat(31)}`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
]

function isWeak(raw: Uint8Array): boolean {
  return WEAK.includes(hex(raw.map((byte, at) => (at === KEY_BYTES - 1 ? byte & 0x7f : byte))))
}

async function bytesOf(key: PublicKey): Promise<Uint8Array | ArrayBuffer> {
  if (key instanceof Uint8Array) return key
  if (typeof key === 'string') return bytesOfText(key.trim())
  try {
    return await subtle().exportKey('raw', key)
  } catch (cause) {
    throw badKey('it is no public key that may be exported', cause)
  }
}

function bytesOfText(text: string): Uint8Array {
  if (text.includes('PRIVATE KEY')) throw badKey('it is a private key: keep it secret, and give the public one')
  if (/^[0-9a-f]{64}$/i.test(text)) return fromHex(text)
  if (/^[\w-]{43}$/.test(text)) return fromBase64(text)
  const [, body] = /^-----BEGIN PUBLIC KEY-----([\w+/=\s]+)-----END PUBLIC KEY-----$/.exec(text) ?? []
  const spki = fromBase64(body?.replace(/\s/g, '') ?? '')
  if (!hex(spki).startsWith(SPKI)) throw badKey('it is neither hex, base64url nor PEM of an Ed25519 public key')
  return spki.subarray(SPKI.length / 2)
}

function fromHex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16))
}

function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0))
  } catch (cause) {
    throw badKey('its base64 is damaged', cause)
  }
}

/** Nothing is ever taken for verified because it could not be. */
async function supported<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof EngineError) throw cause
    if (cause instanceof Error && cause.name === 'DataError') throw badKey('it is no point of the curve', cause)
    throw noEd25519(cause)
  }
}

function subtle(): SubtleCrypto {
  // Browsers have it in secure contexts only, whatever the types say.
  const found: SubtleCrypto | undefined = globalThis.crypto?.subtle
  if (found === undefined) throw noEd25519()
  return found
}

function noEd25519(cause?: unknown): EngineError {
  return new EngineError(
    'no-ed25519',
    'this platform cannot verify Ed25519 signatures: use one whose Web Crypto can, in a secure context',
    { cause },
  )
}

function badKey(why: string, cause?: unknown): EngineError {
  return new EngineError('bad-key', `a public key is refused: ${why}`, { cause })
}
