/** What an engine is made from: an image, a module, or the bytes of either. */
import { EngineError } from './engine-error.ts'

export type Source = WebAssembly.Module | Uint8Array | ArrayBuffer

/** The bytes of `IMAGE_MAGIC`. */
const MAGIC = '75,86,67,73'

/** A module, or the bytes of an image. @throws {EngineError} `bad-module` when it is neither */
export function readSource(source: Source): WebAssembly.Module | Uint8Array {
  if (source instanceof WebAssembly.Module) return source
  const bytes = source instanceof Uint8Array ? source : new Uint8Array(source)
  if (bytes.subarray(0, 4).join() === MAGIC) return bytes
  try {
    return new WebAssembly.Module(bytes.slice())
  } catch (cause) {
    throw new EngineError('bad-module', 'neither an image nor a module: compile the policy again', { cause })
  }
}
