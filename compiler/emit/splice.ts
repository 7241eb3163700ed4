/**
 * Puts an image into the engine: two more data segments, a larger memory, and a custom section that says what is inside.
 *
 * The engine's memory ends where images begin, so the image becomes the first thing behind it. Its address and length go
 * to the two words that `boot` reads.
 *
 * @see WebAssembly Core Specification, section 5.5
 */
import {
  ABI_MAJOR,
  ABI_MINOR,
  BOOT_ADDRESS,
  DIGEST_BYTES,
  H_DIGEST,
  H_GENERATION,
  IMAGE_SLACK,
} from '../../engine-wasm/format/layout.ts'
import { toHex } from '../model/index.ts'
import { concatenate } from './concatenate.ts'
import { readLeb, toLeb, toSignedLeb } from './leb.ts'
import { DATA, DATA_COUNT, headerOf, MEMORY, sectionsOf, toCustomSection, toSection } from './sections.ts'

/**
 * The module with its policy inside: `engine` is build/engine.wasm.
 *
 * @throws {RangeError} when `engine` is not the engine
 */
export function spliceModule(engine: Uint8Array, image: Uint8Array): Uint8Array {
  const sections = sectionsOf(engine)
  const memory = sections.find(({ id }) => id === MEMORY)
  if (memory === undefined || !sections.some(({ id }) => id === DATA)) throw new RangeError('this is not the engine')
  const pages = readLeb(memory.body, 2).value
  const address = pages * PAGE
  const parts: Uint8Array[] = [headerOf(engine)]
  for (const { id, body } of sections) {
    if (id === MEMORY)
      parts.push(toSection(id, largerMemory(body, pages + Math.ceil((image.length + IMAGE_SLACK) / PAGE))))
    else if (id === DATA_COUNT) parts.push(toSection(id, [Uint8Array.from(toLeb(readLeb(body, 0).value + 2))]))
    else if (id === DATA) parts.push(toSection(id, moreData(body, image, address)))
    else parts.push(toSection(id, [body]))
  }
  parts.push(toCustomSection('kavach', describe(image, address)))
  return concatenate(parts)
}

const PAGE = 65536

/** One memory without a maximum. */
function largerMemory(body: Uint8Array, pages: number): readonly Uint8Array[] {
  if (body[0] !== 1 || body[1] !== 0) throw new RangeError('the memory of the engine is not as expected')
  return [Uint8Array.from([1, 0, ...toLeb(pages)])]
}

function moreData(body: Uint8Array, image: Uint8Array, address: number): readonly Uint8Array[] {
  const { value: count, end } = readLeb(body, 0)
  const words = new DataView(new ArrayBuffer(8))
  words.setUint32(0, address, true)
  words.setUint32(4, image.length, true)
  return [
    Uint8Array.from(toLeb(count + 2)),
    body.subarray(end),
    ...segment(BOOT_ADDRESS, new Uint8Array(words.buffer)),
    ...segment(address, image),
  ]
}

/** An active segment of memory 0. */
function segment(address: number, bytes: Uint8Array): readonly Uint8Array[] {
  return [Uint8Array.from([0, 0x41, ...toSignedLeb(address), 0x0b, ...toLeb(bytes.length)]), bytes]
}

/** For people and tools: what stands in this module. Nothing is decided by it. */
function describe(image: Uint8Array, address: number): string {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength)
  return JSON.stringify({
    abi: `${ABI_MAJOR}.${ABI_MINOR}`,
    generation: Number(view.getBigUint64(H_GENERATION, true)),
    digest: toHex(image.subarray(H_DIGEST, H_DIGEST + DIGEST_BYTES)),
    address,
    length: image.length,
  })
}
