/** What a signer will sign of an image: derived from the bytes, never from what somebody says of them. */

import { ABI_MAJOR, ABI_MINOR, H_GENERATION, H_NOT_AFTER, H_NOT_BEFORE } from '../../engine-wasm/format/layout.ts'
import type { Manifest } from '../../engine-wasm/host/index.ts'
import { sha256, toHex } from '../model/index.ts'
import { readImage } from './read-image.ts'
import { spliceModule } from './splice.ts'

/** What was proved of one image. `NAME.proofs.json` is this, with `format` and `version`. */
export interface Proofs {
  /** SHA-256 of the whole image, hex: proofs of another one are refused. */
  readonly image: string
  /** Texts of the assertions that were proved, as `kavach fmt` prints them. */
  readonly proved: readonly string[]
  /** Delegations of the policy that were proved to give no more than their delegator holds. */
  readonly delegationsProved: number
}

export interface ManifestParts {
  readonly image: Uint8Array
  /** build/engine.wasm: the module that is signed is this engine with the image in it. */
  readonly engine: Uint8Array
  /** Version of the compiler. */
  readonly compiler: string
  /** Nothing counts as proved without them. */
  readonly proofs?: Proofs | undefined
}

/**
 * The manifest of an image and of the module that `spliceModule` makes of it.
 *
 * @throws {RangeError} when the image is damaged, or the proofs are of another one
 */
export function createManifest({ image, engine, compiler, proofs }: ManifestParts): Manifest {
  const { name, digest, u64, i64 } = readImage(image)
  const whole = digestHex(image)
  if (proofs !== undefined && proofs.image !== whole) {
    throw new RangeError(`the proofs are of an image with digest ${proofs.image}, and this one has ${whole}`)
  }
  const notBefore = i64(H_NOT_BEFORE)
  const notAfter = i64(H_NOT_AFTER)
  const texts = [...new Set(proofs?.proved)].sort()
  return {
    format: 'kavach-manifest',
    version: 1,
    policy: name,
    generation: Number(u64(H_GENERATION)),
    digest,
    image: whole,
    module: digestHex(spliceModule(engine, image)),
    engine: digestHex(engine),
    compiler,
    abi: `${ABI_MAJOR}.${ABI_MINOR}`,
    ...(notBefore !== ALWAYS && { notBefore: Number(notBefore) }),
    ...(notAfter !== NEVER && { notAfter: Number(notAfter) }),
    proved: texts.map((text) => ({ text, digest: digestHex(new TextEncoder().encode(text)) })),
    delegationsProved: proofs?.delegationsProved ?? 0,
  }
}

/** What an image holds that says nothing about its validity. */
const ALWAYS = -(2n ** 63n)
const NEVER = 2n ** 63n - 1n

function digestHex(bytes: Uint8Array): string {
  return toHex(sha256(bytes))
}
