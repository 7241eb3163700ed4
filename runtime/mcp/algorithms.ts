/** Algorithms by which others prove that they hold a private key. */

/**
 * Of proofs (RFC 9449) and assertions (RFC 7523), as they are announced and as they are accepted: asymmetric all of them, because
 * nobody shares a secret for it.
 *
 * @see RFC 9449 section 5.1
 */
export const PROOF_ALGORITHMS: readonly string[] = [
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
  'EdDSA',
  'Ed25519',
]
