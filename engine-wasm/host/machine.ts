/** One instance of a module: its exports, the views of its memory, and the image in it (docs/abi.md). */
import {
  ABI_MAJOR,
  DIGEST_BYTES,
  H_DIGEST,
  H_GENERATION,
  H_LENGTH,
  H_NAME,
  H_SECTIONS,
  REQ_STRINGS,
  S_BYTES,
  S_STRINGS,
  STRING_LENGTH,
  STRING_OFFSET,
  STRING_SIZE,
} from '../format/layout.ts'
import { MAX_REQUEST_BYTES } from '../format/limits.ts'
import { EngineError, succeeded } from './engine-error.ts'
import { viewOf } from './source.ts'

/** Bytes for agent, action and resource: what is longer in characters cannot be a valid request. */
export const MAX_NAMES = 4400

interface Exports {
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
  overlay_drop(handle: number): number
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

export class Machine {
  readonly exports: Exports
  /** Address of the response. */
  readonly response: number
  bytes: Uint8Array
  words: Int32Array
  view: DataView
  /** Where agent, action and resource are written, as a view of its own: `encodeInto` wants one. */
  names: Uint8Array
  /** Address of the request, and its end. */
  request: number
  end: number
  /** Where the next byte of the request goes. */
  at: number

  /** @throws {EngineError} `bad-version` when the module speaks another ABI, `bad-module` when it is no engine */
  constructor(module: WebAssembly.Module) {
    // The exports are those of docs/abi.md when the version is; what lacks them is no engine and fails here.
    const exports = new WebAssembly.Instance(module, {}).exports as unknown as Exports
    const major: unknown = exports.kavach_abi_major?.value
    if (major === undefined) throw new EngineError('bad-module', 'the module is no decision engine')
    if (major !== ABI_MAJOR) {
      throw new EngineError('bad-version', `the module speaks ABI ${major}, this loader ABI ${ABI_MAJOR}`)
    }
    this.exports = exports
    this.response = exports.res_ptr()
    const { buffer } = exports.memory
    this.bytes = new Uint8Array(buffer)
    this.words = new Int32Array(buffer)
    this.view = new DataView(buffer)
    this.names = this.bytes
    this.request = this.at = this.end = 0
    this.refresh()
  }

  /** Must be called after everything that may make memory grow: views of it die then. */
  refresh(): void {
    const { exports } = this
    const { buffer } = exports.memory
    this.bytes = new Uint8Array(buffer)
    this.words = new Int32Array(buffer)
    this.view = new DataView(buffer)
    this.request = exports.req_ptr()
    this.end = this.request + Math.min(exports.req_cap(), MAX_REQUEST_BYTES)
    this.names = new Uint8Array(buffer, this.request + REQ_STRINGS, MAX_NAMES)
  }

  /** Makes room for `length` more bytes of the request that is being written; false beyond the largest request. */
  room(length: number): boolean {
    if (this.at + length <= this.end) return true
    const from = this.request
    const written = this.at - from
    const reserved = this.exports.req_reserve(Math.min(Math.max(written + length, 2 * written), MAX_REQUEST_BYTES))
    this.refresh()
    if (reserved === 0) return false
    this.bytes.copyWithin(this.request, from, from + written)
    this.at = this.request + written
    return this.at + length <= this.end
  }

  /** Writes bytes where requests are written. @throws {EngineError} `too-large` */
  put(bytes: Uint8Array): void {
    if (this.exports.req_reserve(bytes.length) === 0) throw new EngineError('too-large', 'the bytes exceed 16 MiB')
    this.refresh()
    this.bytes.set(bytes, this.request)
  }

  /** Where to write an image of `length` bytes: in the slot that does not answer. @throws {EngineError} `too-large` */
  begin(length: number): number {
    const at = this.exports.image_begin(length)
    this.refresh()
    if (at === 0) throw new EngineError('too-large', `there is no room for an image of ${length} bytes`)
    return at
  }

  /** Finishes the checks of the image that was begun, and makes it the one that answers. @throws {EngineError} */
  commit(length: number): void {
    succeeded(this.exports.image_commit(length, 0n), 'the image')
  }

  /** Verifies an image and makes it the one that answers. @throws {EngineError} */
  load(image: Uint8Array): void {
    const at = this.begin(image.length)
    this.bytes.set(image, at)
    this.commit(image.length)
  }

  /** The image that answers. */
  image(): Uint8Array {
    const at = this.exports.image_ptr()
    return this.bytes.subarray(at, at + this.view.getUint32(at + H_LENGTH, true))
  }

  text(at: number, length: number): string {
    return new TextDecoder().decode(this.bytes.subarray(at, at + length))
  }

  /** Hex of SHA-256 over the bytes. */
  sha256(bytes: Uint8Array): string {
    this.put(bytes)
    succeeded(this.exports.sha256(bytes.length), 'the digest')
    return hex(this.bytes.subarray(this.response, this.response + DIGEST_BYTES))
  }
}

/** Generation and digest as an image states them; the engine verifies that they are true. */
export function generationOf(image: Uint8Array): { readonly generation: number; readonly digest: string } {
  if (image.length < H_SECTIONS) throw new EngineError('bad-length', 'the image is cut short')
  const view = viewOf(image)
  return {
    generation: Number(view.getBigUint64(H_GENERATION, true)),
    digest: hex(image.subarray(H_DIGEST, H_DIGEST + DIGEST_BYTES)),
  }
}

/** Identity of a verified image. */
export function identityOf(image: Uint8Array): PolicyIdentity {
  const view = viewOf(image)
  const { generation, digest } = generationOf(image)
  return Object.freeze({ name: stringOf(image, view.getUint32(H_NAME, true)), generation, digest })
}

/** A string of a verified image. */
export function stringOf(image: Uint8Array, index: number): string {
  const at = sectionOf(image, S_STRINGS) + index * STRING_SIZE
  return bytesOf(image, at + STRING_OFFSET, at + STRING_LENGTH)
}

/** Text of the byte section whose offset and length stand at the given places of a verified image. */
export function bytesOf(image: Uint8Array, offsetAt: number, lengthAt: number): string {
  const view = viewOf(image)
  const from = sectionOf(image, S_BYTES) + view.getUint32(offsetAt, true)
  return new TextDecoder().decode(image.subarray(from, from + view.getUint32(lengthAt, true)))
}

export function sectionOf(image: Uint8Array, section: number): number {
  return viewOf(image).getUint32(H_SECTIONS + 8 * section, true)
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
