/** The image in a module that was compiled already, as bundlers and Workers import it. */
import { EngineError } from './engine-error.ts'

/**
 * A copy of the image. A `WebAssembly.Module` shows neither its bytes nor its code, so its code decides nothing: it is
 * instantiated without imports, its memory is read, and none of its functions is called. Whether the bytes are an image, and
 * the one that was signed, is for their digest to say.
 *
 * @throws {EngineError} `unverifiable` when the module does not tell where its image is
 */
export function imageIn(carrier: WebAssembly.Module): Uint8Array<ArrayBuffer> {
  try {
    const [section] = WebAssembly.Module.customSections(carrier, 'kavach')
    const about: { readonly address: number; readonly length: number } = JSON.parse(new TextDecoder().decode(section))
    const { memory } = new WebAssembly.Instance(carrier).exports
    if (memory instanceof WebAssembly.Memory) {
      return new Uint8Array(new Uint8Array(memory.buffer, about.address, about.length))
    }
    throw new TypeError('there is no memory')
  } catch (cause) {
    throw new EngineError(
      'unverifiable',
      'the module does not show its image: give the bytes of the module, or those of the image',
      { cause },
    )
  }
}
