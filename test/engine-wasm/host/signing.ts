/** Keys and signed policies for the tests of the loader. Keys are fixed, so that a failure can be repeated. */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { addSignature, attachSignature, createManifest, type Proofs } from '../../../compiler/emit/index.ts'
import { EngineError, type Manifest, type SignedManifest, toSignedBytes } from '../../../engine-wasm/host/index.ts'
import { type Compiled, ENGINE } from '../../abi/compiled.ts'

export interface TestKey {
  readonly secret: KeyObject
  readonly keyId: string
  /** The 32 bytes of the public key. */
  readonly raw: Uint8Array
  /** SPKI. */
  readonly pem: string
}

/** PKCS #8 of an Ed25519 key up to its 32 bytes (RFC 8410). */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')

/** The key whose seed is the digest of a name. */
export function keyOf(name: string): TestKey {
  const der = Buffer.concat([PKCS8, createHash('sha256').update(name).digest()])
  const secret = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const open = createPublicKey(secret)
  const raw = new Uint8Array(open.export({ format: 'der', type: 'spki' }).subarray(-32))
  const keyId = createHash('sha256').update(raw).digest('hex').slice(0, 16)
  return { secret, keyId, raw, pem: open.export({ format: 'pem', type: 'spki' }).toString() }
}

export interface SignedPolicy extends Compiled {
  readonly manifest: Manifest
  /** The text of NAME.sig.json. */
  readonly signed: SignedManifest
  /** The module with the signature in it. */
  readonly carrying: Uint8Array
}

/** A policy signed by some keys; `change` makes the manifest say something else before it is signed. */
export function signPolicy(
  { image, module }: Compiled,
  keys: readonly TestKey[],
  { proofs, change = (manifest) => manifest }: { proofs?: Proofs; change?: (manifest: Manifest) => Manifest } = {},
): SignedPolicy {
  const manifest = change(createManifest({ image, engine: ENGINE, compiler: '9.9.9', proofs }))
  let signed: SignedManifest = { manifest, signatures: [] }
  for (const { secret, keyId } of keys) {
    const signature = sign(null, toSignedBytes(manifest), secret).toString('hex')
    signed = addSignature(signed, { keyId, signature })
  }
  return { image, module, manifest, signed, carrying: attachSignature(module, signed) }
}

/** The code of the refusal, and its message. */
export async function refusalOf(work: Promise<unknown>): Promise<{ readonly code: string; readonly message: string }> {
  try {
    await work
  } catch (error) {
    if (error instanceof EngineError) return { code: error.code, message: error.message }
    throw error
  }
  throw new Error('nothing was refused')
}
