/** Reads an image back, for the disassembler and for tools. Nothing here decides: the engine has its own reading. */
import {
  DIGEST_BYTES,
  H_DIGEST,
  H_LENGTH,
  H_MAGIC,
  H_NAME,
  H_SECTIONS,
  IMAGE_MAGIC,
  S_BYTES,
  S_STRINGS,
  SECTION_COUNT,
  STRING_LENGTH,
  STRING_OFFSET,
  STRING_SIZE,
} from '../../engine-wasm/format/layout.ts'
import { toHex } from '../model/index.ts'
import { digestOf } from './image.ts'

export interface ImageReader {
  readonly image: Uint8Array
  readonly view: DataView
  /** Hex. */
  readonly digest: string
  /** Records of a section. */
  count(section: number): number
  /** Offset of record `index`, which has `size` bytes. @throws {RangeError} when the section has no such record */
  at(section: number, index: number, size: number): number
  u8(at: number): number
  u16(at: number): number
  u32(at: number): number
  i64(at: number): bigint
  u64(at: number): bigint
  /** A run of the section of bytes. */
  bytes(offset: number, length: number): Uint8Array
  /** Bytes as text. */
  text(offset: number, length: number): string
  string(index: number): string
  readonly name: string
}

/**
 * Opens an image whose digest is right, so that every reference in it is what the compiler wrote.
 *
 * @throws {RangeError} when it is cut short or changed
 */
export function readImage(image: Uint8Array): ImageReader {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength)
  if (image.length < H_SECTIONS + 8 * SECTION_COUNT || view.getUint32(H_MAGIC, true) !== IMAGE_MAGIC) {
    throw new RangeError('it does not begin as an image does')
  }
  if (view.getUint32(H_LENGTH, true) !== image.length) {
    throw new RangeError(`its header speaks of ${view.getUint32(H_LENGTH, true)} bytes, it has ${image.length}`)
  }
  const digest = toHex(image.subarray(H_DIGEST, H_DIGEST + DIGEST_BYTES))
  if (toHex(digestOf(image)) !== digest) throw new RangeError('its digest does not fit its bytes')
  const u32 = (at: number): number => view.getUint32(at, true)
  const count = (section: number): number => u32(H_SECTIONS + 8 * section + 4)
  const start = (section: number): number => u32(H_SECTIONS + 8 * section)
  const at = (section: number, index: number, size: number): number => {
    if (index >= count(section)) throw new RangeError(`section ${section} has no record ${index}`)
    return start(section) + index * size
  }
  const bytes = (offset: number, length: number): Uint8Array => {
    const from = start(S_BYTES) + offset
    if (offset + length > count(S_BYTES) || from + length > image.length) {
      throw new RangeError(`${length} bytes from ${offset} on are more than it holds`)
    }
    return image.subarray(from, from + length)
  }
  const text = (offset: number, length: number): string => DECODER.decode(bytes(offset, length))
  const string = (index: number): string => {
    const record = at(S_STRINGS, index, STRING_SIZE)
    return text(u32(record + STRING_OFFSET), u32(record + STRING_LENGTH))
  }
  return {
    image,
    view,
    digest,
    count,
    at,
    u8: (offset) => view.getUint8(offset),
    u16: (offset) => view.getUint16(offset, true),
    u32,
    i64: (offset) => view.getBigInt64(offset, true),
    u64: (offset) => view.getBigUint64(offset, true),
    bytes,
    text,
    string,
    name: string(u32(H_NAME)),
  }
}

const DECODER = new TextDecoder()
