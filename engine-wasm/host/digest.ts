/** SHA-256 by the engine, in an instance of its own: no decision is touched, and no promise has to be awaited. */
import { carriedEngine } from '#carried'
import { EngineError } from './engine-error.ts'
import type { Exports } from './machine.ts'
import { UTF8 } from './memory.ts'

/** Each result is 32 bytes that nobody else holds. At most 16 MiB are digested. @throws {EngineError} `too-large` */
export interface Digest {
  digest(bytes: Uint8Array): Uint8Array<ArrayBuffer>
  /** Of the UTF-8 of a text, behind a byte if one is given. Half a surrogate pair counts as U+FFFD. */
  digestText(text: string, prefix?: number): Uint8Array<ArrayBuffer>
  /** Of a byte and two digests: a node of a Merkle tree (RFC 9162, section 2.1.1). Nothing may have another length. */
  digestPair(prefix: number, left: Uint8Array, right: Uint8Array): Uint8Array<ArrayBuffer>
}

const DIGEST_BYTES = 32

/** @param engine for platforms that compile no WebAssembly from bytes: `kavachos/engine.wasm`, imported */
export function createDigest(engine: WebAssembly.Module = carriedEngine()): Digest {
  // The exports are those of docs/abi.md; what lacks them is no engine and fails here.
  const exports = new WebAssembly.Instance(engine, {}).exports as unknown as Exports
  let memory: Uint8Array<ArrayBuffer>
  /** Where the bytes are written that are digested, and the same without the first one. */
  let input: Uint8Array<ArrayBuffer>
  let rest: Uint8Array<ArrayBuffer>
  let result: number

  function refresh(): void {
    memory = new Uint8Array(exports.memory.buffer as ArrayBuffer) // It is not shared.
    input = memory.subarray(exports.req_ptr(), exports.req_ptr() + exports.req_cap())
    rest = input.subarray(1)
    result = exports.res_ptr()
  }
  refresh()

  function reserve(length: number): void {
    if (length <= input.length) return
    const address = exports.req_reserve(length)
    refresh()
    if (address === 0) throw new EngineError('too-large', `${length} bytes are too many for one digest`)
  }

  function finish(length: number): Uint8Array<ArrayBuffer> {
    exports.sha256(length)
    return memory.slice(result, result + DIGEST_BYTES)
  }

  return {
    digest(bytes) {
      reserve(bytes.length)
      input.set(bytes)
      return finish(bytes.length)
    },
    digestText(text, prefix) {
      const start = prefix === undefined ? 0 : 1
      // No character takes more than three bytes; what might not fit is counted.
      if (3 * text.length + start > input.length) reserve(UTF8.encode(text).length + start)
      if (prefix !== undefined) input[0] = prefix
      return finish(start + UTF8.encodeInto(text, start === 0 ? input : rest).written)
    },
    digestPair(prefix, left, right) {
      if (left.length !== DIGEST_BYTES || right.length !== DIGEST_BYTES) {
        throw new EngineError('bad-length', 'a node is made of two digests of 32 bytes')
      }
      input[0] = prefix
      input.set(left, 1)
      input.set(right, 1 + DIGEST_BYTES)
      return finish(1 + 2 * DIGEST_BYTES)
    },
  }
}
