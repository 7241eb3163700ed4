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
import { createWriter, type Space } from './encode.ts'
import { EngineError, succeeded } from './engine-error.ts'
import type { EngineRequest } from './request.ts'

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

export interface Machine {
  readonly exports: Exports
  /** What stands at an offset of the response. */
  u32(offset: number): number
  u64(offset: number): bigint
  i64(offset: number): bigint
  bytes(offset: number, length: number): Uint8Array
  /** Bytes at an address. */
  region(address: number, length: number): Uint8Array
  text(address: number, length: number): string
  /** Must be called after everything that may make memory grow: views of it die then. */
  refresh(): void
  /** Writes a request; its length. Throws when it is malformed, or beyond the largest. */
  encode(request: EngineRequest, flags: number, readings?: readonly bigint[]): number
  /** Writes bytes where requests are written. @throws {EngineError} `too-large` */
  put(bytes: Uint8Array): void
  /** Hex of SHA-256 over the bytes. @throws {EngineError} `too-large` */
  sha256(bytes: Uint8Array): string
  /** Where to write an image of `length` bytes: in the slot that does not answer. @throws {EngineError} `too-large` */
  begin(length: number): number
  /** Verifies an image and makes it the one that answers. @throws {EngineError} */
  load(image: Uint8Array): void
}

/** @throws {EngineError} `bad-version` when the module speaks another ABI, `bad-module` when it is no engine */
export function createMachine(module: WebAssembly.Module): Machine {
  // The exports are those of docs/abi.md when the version is; what lacks them is no engine and fails here.
  const exports = new WebAssembly.Instance(module, {}).exports as unknown as Exports
  const major: unknown = exports.kavach_abi_major?.value
  if (major !== ABI_MAJOR) {
    throw new EngineError(
      major ? 'bad-version' : 'bad-module',
      `the module is no decision engine of ABI ${ABI_MAJOR}: its ABI is ${major}`,
    )
  }
  const { memory } = exports
  const response = exports.res_ptr()
  const write = createWriter()
  let space: Space
  let view: DataView

  const region = (address: number, length: number) => new Uint8Array(memory.buffer, address >>> 0, length)

  function refresh(): void {
    const bytes = region(exports.req_ptr(), exports.req_cap())
    view = new DataView(memory.buffer, response)
    space = {
      bytes,
      names: bytes.subarray(REQ_STRINGS),
      view: new DataView(memory.buffer, bytes.byteOffset, bytes.length),
    }
  }

  function reserve(length: number): void {
    succeeded(exports.req_reserve(length) ? 0 : -1, 'what exceeds 16 MiB')
    refresh()
  }

  function put(bytes: Uint8Array): void {
    reserve(bytes.length)
    space.bytes.set(bytes)
  }

  function begin(length: number): number {
    const at = exports.image_begin(length)
    refresh()
    succeeded(at ? 0 : -1, 'the image')
    return at
  }

  refresh()
  return {
    exports,
    u32: (offset) => view.getUint32(offset, true),
    u64: (offset) => view.getBigUint64(offset, true),
    i64: (offset) => view.getBigInt64(offset, true),
    bytes: (offset, length) => region(response + offset, length),
    region,
    text: (address, length) => new TextDecoder().decode(region(address, length)),
    refresh,
    encode(request, flags, readings) {
      for (;;) {
        const length = write(space, request, flags, readings)
        const room = space.bytes.length
        if (length <= room) return length
        reserve(Math.min(2 * room, Math.max(MAX_REQUEST_BYTES, room + 1)))
      }
    },
    put,
    sha256(bytes) {
      put(bytes)
      exports.sha256(bytes.length)
      return hex(region(response, DIGEST_BYTES))
    },
    begin,
    load(image) {
      region(begin(image.length), image.length).set(image)
      succeeded(exports.image_commit(image.length, 0n), 'the image')
    },
  }
}

/** The image that answers. */
export function imageOf({ exports, region }: Machine): Uint8Array {
  const at = exports.image_ptr()
  return region(at, viewOf(region(at, H_SECTIONS)).getUint32(H_LENGTH, true))
}

/** Identity of the verified image that answers. */
export function identityOf(m: Machine): PolicyIdentity {
  const image = imageOf(m)
  const view = viewOf(image)
  const u32 = (offset: number) => view.getUint32(offset, true)
  const name = u32(H_SECTIONS + 8 * S_STRINGS) + u32(H_NAME) * STRING_SIZE
  return Object.freeze({
    name: m.text(
      image.byteOffset + u32(H_SECTIONS + 8 * S_BYTES) + u32(name + STRING_OFFSET),
      u32(name + STRING_LENGTH),
    ),
    generation: Number(view.getBigUint64(H_GENERATION, true)),
    digest: hex(image.subarray(H_DIGEST, H_DIGEST + DIGEST_BYTES)),
  })
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** As `Array.from`, which is slow. */
export function listOf<T>(count: number, make: (index: number) => T): readonly T[] {
  const list: T[] = []
  for (let i = 0; i < count; i++) list.push(make(i))
  return list
}
