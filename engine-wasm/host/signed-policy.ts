/** From bytes and a signature to bytes that may be run, or a refusal. */
import { ABI_MAJOR, H_MAGIC, IMAGE_MAGIC } from '../format/layout.ts'
import { EngineError } from './engine-error.ts'
import { hex, viewOf } from './machine.ts'
import { imageIn } from './signed-carrier.ts'
import { type PublicKey, readKey, sha256, type TrustedKey } from './signed-key.ts'
import { type Manifest, parseSignature, type SignedManifest, toSignedBytes } from './signed-manifest.ts'
import { SIGNATURE_SECTION, splitModule } from './signed-module.ts'
import type { Source } from './source.ts'

/** Who is trusted. */
export interface Trust {
  /** Signatures of others count for nothing, and do no harm. */
  readonly keys: readonly PublicKey[]
  /** How many of the keys must have signed; 1 when nothing is said. */
  readonly threshold?: number
}

export interface VerifyOptions extends Trust {
  /**
   * `NAME.sig.json`: its text, its bytes, or the object that a bundler made of it. Without it the signature is read that the
   * module carries; an image carries none.
   */
  readonly signature?: string | object | undefined
  /** A policy of an older generation is refused. */
  readonly minGeneration?: number | undefined
  /** Milliseconds since 1970: a policy that denies everything at this time is refused. Without it no time is checked. */
  readonly now?: number | undefined
}

export interface VerifiedPolicy {
  /** True as far as the signers can be trusted. */
  readonly manifest: Manifest
  /** Ids of the trusted keys that signed it. */
  readonly signers: readonly string[]
  /**
   * A copy of exactly what was verified, to be loaded in the place of the source: an image, or a module without its signature.
   * Of a `WebAssembly.Module` it is the image in it, since its code cannot be seen.
   */
  readonly bytes: Uint8Array<ArrayBuffer>
}

/**
 * Verifies that a policy was signed: `NAME.wasm` or its module, or `NAME.img`.
 *
 * @throws {EngineError} with one of the codes of docs/signing.md; nothing of the policy has run then
 */
export async function verifyPolicy(source: Source, options: VerifyOptions): Promise<VerifiedPolicy> {
  const parts = readParts(source, options.signature)
  const { minGeneration, now } = options
  return (await createVerifier(options))(parts, { minGeneration, now })
}

/** A policy before anything of it is believed. */
export interface PolicyParts {
  /** To be called when the signature holds: what is verified, and is loaded then. */
  readonly read: () => Uint8Array<ArrayBuffer>
  readonly signature: string | object | undefined
}

/** Copies a policy and finds its signature; what the caller does to his bytes from now on changes nothing. */
export function readParts(source: Source, signature: string | object | undefined): PolicyParts {
  if (source instanceof WebAssembly.Module) {
    const [carried] = WebAssembly.Module.customSections(source, SIGNATURE_SECTION)
    return { read: () => imageIn(source), signature: signature ?? carried }
  }
  const bytes = new Uint8Array(source instanceof ArrayBuffer ? source.slice(0) : source)
  if (isImage(bytes)) return { read: () => bytes, signature }
  const split = splitModule(bytes)
  return { read: () => new Uint8Array(split.module), signature: signature ?? split.signature }
}

export type Verifier = (
  policy: PolicyParts,
  options: Pick<VerifyOptions, 'minGeneration' | 'now'>,
) => Promise<VerifiedPolicy>

/** Reads the keys once. @throws {EngineError} `bad-key`, also when fewer keys are given than must sign; `no-ed25519` */
export async function createVerifier({ keys, threshold = 1 }: Trust): Promise<Verifier> {
  const trusted = new Map<string, TrustedKey>()
  for (const key of await Promise.all(keys.map(readKey))) trusted.set(key.keyId, key)
  if (!Number.isInteger(threshold) || threshold < 1 || threshold > trusted.size) {
    throw new EngineError('bad-key', `${threshold} signatures are asked for, and ${trusted.size} keys are given`)
  }
  return async ({ read, signature }, { minGeneration = 0, now }) => {
    if (signature === undefined) {
      throw new EngineError('unsigned', 'the policy is not signed: `kavach policy sign` signs it')
    }
    const signed = parseSignature(signature)
    const signers = await readSigners(signed, trusted, threshold)
    const { manifest } = signed
    const bytes = read()
    const found = hex(await sha256(bytes))
    const [what, wanted] = isImage(bytes) ? ['image', manifest.image] : ['module', manifest.module]
    if (found !== wanted) {
      throw new EngineError(
        'digest-mismatch',
        `the ${what} is not what was signed: its digest is ${found}, not ${wanted}`,
      )
    }
    if (Number(manifest.abi.split('.')[0]) !== ABI_MAJOR) {
      throw new EngineError('bad-version', `the policy is of ABI ${manifest.abi}, and this loader of ${ABI_MAJOR}`)
    }
    assertTimely(manifest, minGeneration, now)
    return { manifest, signers, bytes }
  }
}

async function readSigners(
  { manifest, signatures }: SignedManifest,
  trusted: ReadonlyMap<string, TrustedKey>,
  threshold: number,
): Promise<readonly string[]> {
  const signed = toSignedBytes(manifest)
  const signers: string[] = []
  for (const { keyId, signature } of signatures) {
    const key = trusted.get(keyId)
    if (key === undefined) continue
    // A wrong signature under a trusted name is never overlooked, however many others are right.
    if (!(await key.verify(signature, signed))) {
      throw new EngineError(
        'bad-signature',
        `the signature of ${keyId} does not fit: manifest or signature was changed`,
      )
    }
    signers.push(keyId)
  }
  if (signers.length >= threshold) return signers
  const others = signatures.map(({ keyId }) => keyId).join(', ') || 'nobody'
  throw signers.length === 0
    ? new EngineError('foreign-key', `no trusted key has signed the policy: ${others} did`)
    : new EngineError('too-few-signatures', `${signers.length} trusted keys have signed the policy, not ${threshold}`)
}

/** What is no number passes no comparison, and is refused. */
function assertTimely(
  { generation, notBefore, notAfter }: Manifest,
  minGeneration: number,
  now: number | undefined,
): void {
  if (!(generation >= minGeneration)) {
    throw new EngineError(
      'old-generation',
      `generation ${generation} is refused: it is older than generation ${minGeneration}; compile with a higher generation`,
    )
  }
  if (now === undefined || (now >= (notBefore ?? -Infinity) && now < (notAfter ?? Infinity))) return
  const [from, until] = [notBefore, notAfter].map((ms) => (ms === undefined ? 'any time' : new Date(ms).toISOString()))
  throw new EngineError('stale-policy', `the policy denies everything now: it holds from ${from} until ${until}`)
}

function isImage(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && viewOf(bytes).getUint32(H_MAGIC, true) === IMAGE_MAGIC
}
