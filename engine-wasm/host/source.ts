/** What an engine is made from: an image, a module, or the bytes of either. */
import { IMAGE_MAGIC } from '../format/layout.ts'
import { EngineError } from './engine-error.ts'

export type Source = WebAssembly.Module | Uint8Array | ArrayBuffer

/** A module, or the bytes of an image. @throws {EngineError} `bad-module` when it is neither */
export function readSource(source: Source): WebAssembly.Module | Uint8Array {
  if (source instanceof WebAssembly.Module) return source
  const bytes = source instanceof Uint8Array ? source : new Uint8Array(source)
  if (bytes.length >= 4 && viewOf(bytes).getUint32(0, true) === IMAGE_MAGIC) return bytes
  try {
    return new WebAssembly.Module(bytes.slice())
  } catch (cause) {
    throw new EngineError('bad-module', 'neither an image nor a WebAssembly module: compile the policy again', {
      cause,
    })
  }
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
