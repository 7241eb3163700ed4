/** The module that is measured, from outside of its loader: what it weighs, and what its exports take (docs/abi.md). */
import { STATUS_TOO_LARGE } from '../engine-wasm/format/codes.ts'
import { CliError, EXIT_FINDINGS } from './exit.ts'

/** One instance of the module, without a loader around it. */
export interface BareModule {
  /** Bytes of linear memory once the policy is loaded. */
  readonly memoryBytes: number
  /** A call that does nothing: it answers how large the request buffer is. */
  touch(): number
  /** Copies the image in anew and verifies all of it; it does not become the one that answers. */
  verify(): void
}

interface BareExports {
  readonly memory: WebAssembly.Memory
  boot(): number
  req_cap(): number
  image_begin(length: number): number
  image_verify(steps: number): number
}

/** Steps in one call of the verifier: all that there are. */
const ALL_STEPS = 0x7fffffff

/**
 * Instantiates `module`, which carries `image`.
 *
 * @throws {CliError} 1 when the module refuses its image
 */
export function openBareModule(module: Uint8Array, image: Uint8Array): BareModule {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.slice()), {})
  // docs/abi.md lists them; the loader has checked the version of the same bytes before.
  const exports = instance.exports as unknown as BareExports
  succeeded(exports.boot())
  const memoryBytes = exports.memory.buffer.byteLength
  return {
    memoryBytes,
    touch: () => exports.req_cap(),
    verify() {
      const at = exports.image_begin(image.length) >>> 0
      if (at === 0) succeeded(STATUS_TOO_LARGE)
      new Uint8Array(exports.memory.buffer, at, image.length).set(image)
      while (succeeded(exports.image_verify(ALL_STEPS)) !== 0);
    },
  }
}

function succeeded(status: number): number {
  if (status >= 0) return status
  throw new CliError(
    EXIT_FINDINGS,
    `the module refuses its own image: status ${status}`,
    'compile the policy again with `kavach compile`; docs/abi.md lists the statuses',
  )
}

/** Bytes of a section that WebAssembly ignores, but for the number in it. */
const SECTION_NAME = 'kavach.bench'

/**
 * The module with a section of its own behind it: WebAssembly engines remember the code of bytes that they have compiled
 * before, and would measure a look-up.
 */
export function withMark(module: Uint8Array, mark: number): Uint8Array {
  const name = new TextEncoder().encode(SECTION_NAME)
  const section = new Uint8Array(module.length + 2 + 1 + name.length + 8)
  section.set(module)
  const view = new DataView(section.buffer, module.length)
  view.setUint8(0, 0)
  view.setUint8(1, 1 + name.length + 8)
  view.setUint8(2, name.length)
  section.set(name, module.length + 3)
  view.setFloat64(3 + name.length, mark)
  return section
}
