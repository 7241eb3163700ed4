/** The public key that a proof brings along. */
import { calculateJwkThumbprint, importJWK, type JWK } from 'jose'

export interface ProofKey {
  readonly key: CryptoKey | Uint8Array
  /** RFC 7638, SHA-256. */
  readonly jkt: string
}

/**
 * The key and its thumbprint; nothing for what is no public key of an asymmetric algorithm. Of the JWK only the members that make
 * the key are looked at.
 *
 * @see RFC 9449 section 4.3, items 7 and 8 (7.2 of RFC 7517 for private members)
 */
export async function readProofKey(jwk: unknown, alg: string): Promise<ProofKey | undefined> {
  if (typeof jwk !== 'object' || jwk === null) return undefined
  const members = new Map<string, unknown>(Object.entries(jwk))
  if (PRIVATE.some((name) => members.has(name))) return undefined
  const kty = members.get('kty')
  const names = typeof kty === 'string' ? PUBLIC.get(kty) : undefined
  if (names === undefined) return undefined
  const parts: { [name: string]: string } = {}
  for (const name of names) {
    const value = members.get(name)
    if (typeof value !== 'string' || value === '' || value.length > (MOST.get(name) ?? 0)) return undefined
    parts[name] = value
  }
  // Every member that the type of the key needs is there.
  const bare = parts as unknown as JWK
  return { key: await importJWK(bare, alg), jkt: await calculateJwkThumbprint(bare, 'sha256') }
}

const PUBLIC: ReadonlyMap<string, readonly string[]> = new Map([
  ['EC', ['kty', 'crv', 'x', 'y']],
  ['OKP', ['kty', 'crv', 'x']],
  ['RSA', ['kty', 'n', 'e']],
])

/** Of any type, so that a key pair or a secret is never taken for a public key. */
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']

/** Characters: RSA of 4,096 bits, and an exponent of 32. Larger ones would be work for nothing. */
const MOST: ReadonlyMap<string, number> = new Map([
  ['kty', 8],
  ['crv', 16],
  ['x', 88],
  ['y', 88],
  ['n', 683],
  ['e', 6],
])
