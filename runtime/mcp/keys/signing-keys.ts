/** Keys that sign access tokens. */
import type { JWK, JWTPayload } from 'jose'
import type { Acting } from '../../index.ts'

export interface SigningKeys {
  /** Public halves of all that verify. @see RFC 7517 section 5 */
  readonly jwks: () => Promise<{ readonly keys: readonly JWK[] }>
  /** A compact JWT under the key that signs now, with its `kid`. Adds no claim. */
  readonly sign: (claims: JWTPayload, type: 'at+jwt') => Promise<string>
  /** The claims of an access token of this server that is not expired; nothing for whatever else. */
  readonly verify: (jwt: string) => Promise<JWTPayload | undefined>
  /** Makes a key that signs from now on; those before it verify until all that they signed is dead. */
  readonly rotate: (acting?: Acting) => Promise<{ readonly kid: string }>
}
