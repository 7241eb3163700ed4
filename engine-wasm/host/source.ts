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
  return compileBytes(bytes.slice())
}

/** @throws {EngineError} `bad-module` when it is none, or the platform compiles no bytes: Workers, and pages whose CSP forbids it */
export function compileBytes(code: Uint8Array<ArrayBuffer>): WebAssembly.Module {
  try {
    return new WebAssembly.Module(code)
  } catch (cause) {
    throw new EngineError(
      'bad-module',
      WebAssembly.validate(code)
        ? 'this platform compiles no such module from bytes: import the module, or open an image with an imported `kavachos/engine.wasm`'
        : 'neither an image nor a module: compile the policy again',
      { cause },
    )
  }
}
