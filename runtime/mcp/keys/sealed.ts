/**
 * Private keys as they are kept: PKCS 8 under AES-256-GCM, with the id of the key as what is authenticated beside it, so that
 * none can be put in the place of another.
 *
 * ```
 * nonce, 12 bytes | PKCS 8, encrypted | tag, 16 bytes
 * ```
 *
 * @see NIST SP 800-38D
 */
import type { SecretKeys, Site } from '../../index.ts'

const NONCE_BYTES = 12
const CIPHER = 'AES-GCM'

type SealPlace = Pick<Site, 'host'>

/** Under the newest secret. */
export async function seal(
  { host }: SealPlace,
  keys: SecretKeys,
  kid: string,
  plain: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const [newest] = await keys.derive('signing-keys')
  // There is a secret, or one is made: `derive` gives a key for each.
  if (newest === undefined) throw new TypeError('there is no secret')
  const nonce = Uint8Array.from(host.random(NONCE_BYTES))
  const key = await host.subtle.importKey('raw', newest, CIPHER, false, ['encrypt'])
  const sealed = await host.subtle.encrypt(parametersOf(nonce, kid), key, plain)
  return Uint8Array.of(...nonce, ...new Uint8Array(sealed))
}

/** Under whichever secret it was sealed; nothing when none of them opens it. */
export async function unseal(
  { host }: SealPlace,
  keys: SecretKeys,
  kid: string,
  sealed: Uint8Array,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const nonce = Uint8Array.from(sealed.subarray(0, NONCE_BYTES))
  const rest = Uint8Array.from(sealed.subarray(NONCE_BYTES))
  for (const raw of await keys.derive('signing-keys')) {
    const key = await host.subtle.importKey('raw', raw, CIPHER, false, ['decrypt'])
    try {
      return new Uint8Array(await host.subtle.decrypt(parametersOf(nonce, kid), key, rest))
    } catch (error) {
      // This secret did not seal it; another one may have.
      if (!(error instanceof Error && error.name === 'OperationError')) throw error
    }
  }
  return undefined
}

function parametersOf(iv: Uint8Array<ArrayBuffer>, kid: string): AesGcmParams {
  return { name: CIPHER, iv, additionalData: new TextEncoder().encode(kid) }
}
