/** What an engine is made from: an image, a module, or the bytes of either. */
import { EngineError } from './engine-error.ts'

export type Source = WebAssembly.Module | Uint8Array | ArrayBuffer

/** The bytes of `IMAGE_MAGIC`. */
const MAGIC = '75,86,67,73'

/** A module, or the bytes of an image. @throws {EngineError} `bad-module` when it is neither, or may not be compiled here */
export function readSource(source: Source): WebAssembly.Module | Uint8Array {
  if (source instanceof WebAssembly.Module) return source
  const bytes = source instanceof Uint8Array ? source : new Uint8Array(source)
  if (bytes.subarray(0, 4).join() === MAGIC) return bytes
  const code = bytes.slice()
  try {
    return new WebAssembly.Module(code)
  } catch (cause) {
    // Workers compile no bytes at all, and the main thread of some browsers only few.
    throw new EngineError(
      'bad-module',
      WebAssembly.validate(code)
        ? 'this platform does not compile the bytes of a module: import the module, or give the image'
        : 'neither an image nor a module: compile the policy again',
      { cause },
    )
  }
}
