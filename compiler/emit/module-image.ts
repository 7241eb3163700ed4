/** The way back from a module to the image in it. */
import { H_LENGTH, H_MAGIC, H_SECTIONS, IMAGE_MAGIC } from '../../engine-wasm/format/layout.ts'
import { readLeb } from './leb.ts'
import { DATA, sectionsOf } from './sections.ts'

/**
 * The image that `spliceModule` put into a module: its last data segment. Nothing when there is none.
 *
 * @throws {RangeError} when the module is cut short
 */
export function imageOfModule(module: Uint8Array): Uint8Array | undefined {
  const data = sectionsOf(module).find(({ id }) => id === DATA)
  const last = data && lastSegment(data.body)
  return last && isWholeImage(last) ? last : undefined
}

/** Nothing when a segment is not one of `spliceModule` and of the engine: active, in memory 0, at a constant. */
function lastSegment(body: Uint8Array): Uint8Array | undefined {
  const count = readLeb(body, 0)
  let at = count.end
  let last: Uint8Array | undefined
  for (let i = 0; i < count.value; i++) {
    if (body[at] !== 0 || body[at + 1] !== I32_CONST) return undefined
    const address = readLeb(body, at + 2).end
    if (body[address] !== END) return undefined
    const { value, end } = readLeb(body, address + 1)
    last = body.subarray(end, end + value)
    at = end + value
  }
  return last
}

const I32_CONST = 0x41
const END = 0x0b

function isWholeImage(bytes: Uint8Array): boolean {
  if (bytes.length < H_SECTIONS) return false
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return view.getUint32(H_MAGIC, true) === IMAGE_MAGIC && view.getUint32(H_LENGTH, true) === bytes.length
}
