/** Compiled policies on disk: images, modules, and what stands in their headers. */
import { resolve } from 'node:path'
import { imageOfModule } from '../compiler/emit/index.ts'
import {
  DIGEST_BYTES,
  H_DIGEST,
  H_GENERATION,
  H_LENGTH,
  H_MAGIC,
  H_SECTIONS,
  IMAGE_MAGIC,
} from '../engine-wasm/format/layout.ts'
import { CliError, EXIT_FINDINGS } from './exit.ts'
import { loadBytes } from './files.ts'
import type { Terminal } from './terminal.ts'

export interface ImageIdentity {
  readonly generation: bigint
  /** Hex. */
  readonly digest: string
}

/** What the bytes of a file are. A module carries its image in a data segment. */
export type Compiled =
  | { readonly kind: 'image'; readonly image: Uint8Array }
  | { readonly kind: 'module'; readonly module: Uint8Array; readonly image: Uint8Array }

/** Reads `NAME.wasm` or `NAME.img`. @throws {CliError} 66 when it is missing, 1 when it is neither or cut short */
export function loadCompiled(terminal: Terminal, named: string): Compiled {
  return toCompiled(loadBytes(resolve(terminal.cwd, named), named), named)
}

/** The same for bytes that were read. */
export function toCompiled(bytes: Uint8Array, named: string): Compiled {
  if (isWasm(bytes)) {
    return { kind: 'module', module: bytes, image: imageInside(bytes, named) }
  }
  return { kind: 'image', image: wholeImage(bytes, named) }
}

/** Generation and digest as the header states them; whether they are true is for the engine to verify. */
export function identityOf(image: Uint8Array): ImageIdentity {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength)
  return {
    generation: view.getBigUint64(H_GENERATION, true),
    digest: Buffer.from(image.subarray(H_DIGEST, H_DIGEST + DIGEST_BYTES)).toString('hex'),
  }
}

/** Whether `bytes` start as an image does. */
function isImage(bytes: Uint8Array): boolean {
  if (bytes.length < H_SECTIONS) return false
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(H_MAGIC, true) === IMAGE_MAGIC
}

function isWasm(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && bytes[0] === 0 && bytes[1] === 0x61 && bytes[2] === 0x73 && bytes[3] === 0x6d
}

function wholeImage(bytes: Uint8Array, named: string): Uint8Array {
  if (!isImage(bytes)) {
    throw new CliError(
      EXIT_FINDINGS,
      `\`${named}\` is neither a module nor an image`,
      'name the .wasm or .img that `kavach compile` wrote; policy text is compiled first',
    )
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(H_LENGTH, true)
  if (length !== bytes.length) throw cutShort(named, `its header speaks of ${length} bytes, it has ${bytes.length}`)
  return bytes
}

function cutShort(named: string, flaw: string): CliError {
  return new CliError(
    EXIT_FINDINGS,
    `\`${named}\` is damaged: ${flaw}`,
    'copy the file again, or compile the policy again with `kavach compile`',
  )
}

function imageInside(module: Uint8Array, named: string): Uint8Array {
  const image = readModule(module, named)
  if (image !== undefined) return image
  throw new CliError(
    EXIT_FINDINGS,
    `\`${named}\` is a WebAssembly module without a policy in it`,
    'name a module that `kavach compile` wrote',
  )
}

function readModule(module: Uint8Array, named: string): Uint8Array | undefined {
  try {
    return imageOfModule(module)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw cutShort(named, error.message)
  }
}
