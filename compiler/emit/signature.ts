/** Signatures put together, and into a module. */
import {
  formatSignature,
  type Manifest,
  type ManifestSignature,
  SIGNATURE_SECTION,
  type SignedManifest,
  splitModule,
} from '../../engine-wasm/host/index.ts'
import { concatenate } from './concatenate.ts'
import { toCustomSection } from './sections.ts'

/** The manifest with one signature more; it takes the place of an older one of the same key. */
export function addSignature(
  { manifest, signatures }: { readonly manifest: Manifest; readonly signatures?: readonly ManifestSignature[] },
  signature: ManifestSignature,
): SignedManifest {
  const others = (signatures ?? []).filter(({ keyId }) => keyId !== signature.keyId)
  return { manifest, signatures: [...others, signature].sort((a, b) => (a.keyId < b.keyId ? -1 : 1)) }
}

/** The module with the signature as its last section, in the place of one that was there. */
export function attachSignature(module: Uint8Array, signed: SignedManifest): Uint8Array {
  return concatenate([splitModule(module).module, toCustomSection(SIGNATURE_SECTION, formatSignature(signed))])
}
