/** Who signs checkpoints: a key in PEM, or a port behind which the key stays. */
import { KavachError } from '../errors.ts'
import type { Host } from '../host.ts'
import type { CheckpointOptions, CheckpointSigner } from '../options.ts'
import type { Site } from '../site.ts'
import { fromBase64, type NoteKey } from './note.ts'

/** The name of the log of a project, in its checkpoints. */
export function originOf({ origin = 'kavachos' }: CheckpointOptions, project: string): string {
  if (/[\s+]/.test(origin) || origin === '') {
    throw new KavachError(
      'KVCH_E_CONFIG_INVALID',
      `audit.checkpoints.origin: \`${origin}\` may hold neither blanks nor +`,
    )
  }
  return `${origin}/${project}`
}

export interface Signing {
  readonly signer: CheckpointSigner
  readonly key: NoteKey
}

/** The key that the settings name, read once; nothing when checkpoints are not signed. */
export function createSigning({
  project,
  host,
  settings,
}: Pick<Site, 'project' | 'host' | 'settings'>): () => Promise<Signing | undefined> {
  const { key } = settings.audit.checkpoints
  const name = originOf(settings.audit.checkpoints, project)
  let signing: Promise<Signing> | undefined
  return async () => {
    if (key === undefined) return undefined
    signing ??= signerOf(key, host.subtle).then((signer) => ({ signer, key: { name, publicKey: signer.publicKey } }))
    return signing
  }
}

/** @throws {KavachError} KVCH_E_CONFIG_INVALID */
async function signerOf(key: string | CheckpointSigner, subtle: Host['subtle']): Promise<CheckpointSigner> {
  if (typeof key !== 'string') return key
  const [, body] = /^-----BEGIN PRIVATE KEY-----([\w+/=\s]+)-----END PRIVATE KEY-----$/.exec(key.trim()) ?? []
  const pkcs8 = fromBase64(body?.replace(/\s/g, '') ?? '')
  if (pkcs8 === undefined || pkcs8.length === 0) throw invalid('it is no private key in PEM')
  try {
    const privateKey = await subtle.importKey('pkcs8', new Uint8Array(pkcs8), 'Ed25519', true, ['sign'])
    const { x = '' } = await subtle.exportKey('jwk', privateKey)
    const publicKey = fromBase64(`${x.replaceAll('-', '+').replaceAll('_', '/')}=`)
    if (publicKey?.length !== 32) throw invalid('its public key has not 32 bytes')
    const sign = async (bytes: Uint8Array) =>
      new Uint8Array(await subtle.sign('Ed25519', privateKey, new Uint8Array(bytes)))
    return { publicKey, sign }
  } catch (cause) {
    if (cause instanceof KavachError) throw cause
    throw invalid('it is no Ed25519 key, or this platform cannot sign with one', cause)
  }
}

function invalid(message: string, cause?: unknown): KavachError {
  return new KavachError('KVCH_E_CONFIG_INVALID', `audit.checkpoints.key: ${message}`, { cause })
}
