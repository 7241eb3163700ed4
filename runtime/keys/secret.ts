/**
 * The secret of a project and the keys that are derived from it, one for each purpose (HKDF with SHA-256; the project is the
 * salt, the purpose the info). There may be several secrets while one is replaced: the newest signs, all of them verify.
 *
 * @see RFC 5869
 */
import { entryOf } from '../audit/index.ts'
import { KavachError } from '../errors.ts'
import type { Site } from '../site.ts'

/** What a key is for; keys of different purposes have nothing in common. */
export type KeyPurpose = 'cookies' | 'csrf' | 'page-tokens' | 'webhooks' | 'successors' | 'signing-keys' | 'dpop-nonces'

export interface SecretKeys {
  /** 32 bytes for each secret, the newest first. */
  readonly derive: (purpose: KeyPurpose) => Promise<readonly Uint8Array<ArrayBuffer>[]>
  /** HMAC-SHA256 under the newest secret. */
  readonly sign: (purpose: KeyPurpose, bytes: Uint8Array<ArrayBuffer>) => Promise<Uint8Array<ArrayBuffer>>
  /** True when one of the secrets made it. Takes the same time wherever they differ. */
  readonly verify: (
    purpose: KeyPurpose,
    bytes: Uint8Array<ArrayBuffer>,
    signature: Uint8Array<ArrayBuffer>,
  ) => Promise<boolean>
}

const SECRET_BYTES = 32
const SETTING = { name: 'secret' }
const HMAC = { name: 'HMAC', hash: 'SHA-256' }

type SecretSite = Pick<Site, 'project' | 'host' | 'settings' | 'read' | 'change' | 'warn'>

/**
 * The keys of the secrets in the options or, when there are none, of one that is made once and kept in the store.
 *
 * @throws {KavachError} when the store does not answer
 */
export async function loadSecretKeys(
  site: SecretSite,
  { isProduction }: { readonly isProduction: boolean },
): Promise<SecretKeys> {
  const { secrets } = site.settings
  return deriveKeys(site, secrets.length > 0 ? secrets : [await keptSecret(site, isProduction)])
}

/** As `loadSecretKeys`, from secrets that are at hand. */
export function deriveKeys({ project, host }: Pick<Site, 'project' | 'host'>, secrets: readonly string[]): SecretKeys {
  const { subtle } = host
  const derived = new Map<KeyPurpose, Promise<readonly Uint8Array<ArrayBuffer>[]>>()
  const salt = UTF8.encode(`kavachos/${project}`)

  async function deriveOne(secret: string, purpose: KeyPurpose): Promise<Uint8Array<ArrayBuffer>> {
    const key = await subtle.importKey('raw', UTF8.encode(secret), 'HKDF', false, ['deriveBits'])
    const info = UTF8.encode(`kavachos/v1/${purpose}`)
    return new Uint8Array(await subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt, info }, key, 256))
  }

  function derive(purpose: KeyPurpose): Promise<readonly Uint8Array<ArrayBuffer>[]> {
    let keys = derived.get(purpose)
    if (keys === undefined) {
      keys = Promise.all(secrets.map((secret) => deriveOne(secret, purpose)))
      derived.set(purpose, keys)
    }
    return keys
  }

  return {
    derive,
    async sign(purpose, bytes) {
      const [newest] = await derive(purpose)
      if (newest === undefined) throw new KavachError('KVCH_E_CONFIG_INVALID', 'there is no secret')
      const key = await subtle.importKey('raw', newest, HMAC, false, ['sign'])
      return new Uint8Array(await subtle.sign('HMAC', key, bytes))
    },
    async verify(purpose, bytes, signature) {
      for (const raw of await derive(purpose)) {
        const key = await subtle.importKey('raw', raw, HMAC, false, ['verify'])
        if (await subtle.verify('HMAC', key, signature, bytes)) return true
      }
      return false
    },
  }
}

const UTF8 = new TextEncoder()

async function keptSecret(site: SecretSite, isProduction: boolean): Promise<string> {
  const kept = await site.read((reader) => reader.get('settings', SETTING))
  const secret = kept?.value ?? (await makeSecret(site))
  if (isProduction) {
    site.warn(
      'no `secret` was given, so one is kept in the database, and whoever reads the database can forge what it signs; ' +
        '`openssl rand -base64 32` makes one',
    )
  }
  return secret
}

function makeSecret({ change, host }: SecretSite): Promise<string> {
  return change(async (open) => {
    // Another process may have been faster.
    const made = await open.get('settings', SETTING)
    if (made !== undefined) return made.value
    const value = btoa(String.fromCharCode(...host.random(SECRET_BYTES)))
    await open.insert('settings', [{ ...SETTING, value }])
    open.record(entryOf({ kind: 'secret.create', actor: 'host', members: {} }))
    return value
  })
}
