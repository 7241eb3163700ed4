/** One instance of a module: its exports, the views of its memory, and the image in it (docs/abi.md). */
import {
  ABI_MAJOR,
  DIGEST_BYTES,
  H_DIGEST,
  H_GENERATION,
  H_LENGTH,
  H_NAME,
  H_SECTIONS,
  S_BYTES,
  S_STRINGS,
  STRING_LENGTH,
  STRING_OFFSET,
  STRING_SIZE,
} from '../format/layout.ts'
import { EngineError, succeeded } from './engine-error.ts'
import { createMemory, type Memory } from './memory.ts'

export interface Exports {
  readonly memory: WebAssembly.Memory
  readonly kavach_abi_major: WebAssembly.Global
  req_ptr(): number
  req_cap(): number
  res_ptr(): number
  req_reserve(length: number): number
  boot(): number
  image_begin(length: number): number
  image_verify(steps: number): number
  image_commit(length: number, minGeneration: bigint): number
  image_ptr(): number
  overlay_begin(length: number): number
  overlay_put(length: number): number
  overlay_forget(length: number): number
  overlay_reserve(bytes: number): number
  revoke(length: number, flags: number): number
  eval(length: number): number
  eval_batch(length: number): number
  explain(length: number): number
  explained_ptr(): number
  sha256(length: number): number
  max_steps(): number
}

/** Who the policy says it is. */
export interface PolicyIdentity {
  readonly name: string
  readonly generation: number
  /** SHA-256 of the image, hex. */
  readonly digest: string
}

/** An instance whose image is verified. */
export interface Machine extends Memory {
  readonly module: WebAssembly.Module
  readonly exports: Exports
  readonly policy: PolicyIdentity
}

/** Which policies may not follow: older generations, and the same one with another digest. */
export type Before = Pick<PolicyIdentity, 'generation'> & Partial<PolicyIdentity>

/**
 * An instance with the image, else with the one that the module carries.
 *
 * @throws {EngineError} when the module or the image is refused
 */
export function createMachine(module: WebAssembly.Module, image: Uint8Array | undefined, before: Before): Machine {
  // The exports are those of docs/abi.md when the version is; what lacks them is no engine and fails here.
  const exports = { ...new WebAssembly.Instance(module, {}).exports } as unknown as Exports
  const major: unknown = exports.kavach_abi_major?.value
  if (major !== ABI_MAJOR) {
    throw new EngineError(major ? 'bad-version' : 'bad-module', `no decision engine of ABI ${ABI_MAJOR}, but ${major}`)
  }
  const memory = createMemory(exports)
  if (image) memory.begin(image.length).set(image)
  succeeded(image ? exports.image_commit(image.length, 0n) : exports.boot())
  const policy = identityOf(exports, memory)
  assertNewer(policy, before)
  return { ...memory, module, exports, policy }
}

/** @throws {EngineError} when the policy must not take the place of the one before */
export function assertNewer({ generation, digest }: Omit<PolicyIdentity, 'name'>, before: Before): void {
  const isOlder = generation < before.generation
  if (isOlder || (generation === before.generation && digest !== (before.digest ?? digest))) {
    throw new EngineError(
      isOlder ? 'old-generation' : 'same-generation',
      `generation ${generation} is refused: it ${isOlder ? 'is older' : 'has other bytes'} than generation ${before.generation}; compile with a higher generation`,
    )
  }
}

/** The image that answers, and all behind it. */
const viewImage = ({ memory, image_ptr }: Exports) => new DataView(memory.buffer, image_ptr() >>> 0)

/** The image that answers. */
export function imageOf(exports: Exports, { region }: Memory): Uint8Array {
  const view = viewImage(exports)
  return region(view.byteOffset, view.getUint32(H_LENGTH, true))
}

/** Identity of the image that answers. */
export function identityOf(exports: Exports, { region, text }: Memory): PolicyIdentity {
  const view = viewImage(exports)
  const u32 = (offset: number) => view.getUint32(offset, true)
  const name = u32(H_SECTIONS + 8 * S_STRINGS) + u32(H_NAME) * STRING_SIZE
  const from = u32(H_SECTIONS + 8 * S_BYTES) + u32(name + STRING_OFFSET)
  return Object.freeze({
    name: text(view.byteOffset + from, u32(name + STRING_LENGTH)),
    generation: Number(view.getBigUint64(H_GENERATION, true)),
    digest: hex(region(view.byteOffset + H_DIGEST, DIGEST_BYTES)),
  })
}

/** Hex of SHA-256 over the bytes. @throws {EngineError} `too-large` */
export function sha256({ exports, put, region }: Machine, bytes: Uint8Array): string {
  put(bytes)
  exports.sha256(bytes.length)
  return hex(region(exports.res_ptr(), DIGEST_BYTES))
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

export const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

/** As `Array.from`, which is slow. */
export function listOf<T>(count: number, make: (index: number) => T): readonly T[] {
  const list: T[] = []
  for (let i = 0; i < count; i++) list.push(make(i))
  return list
}
