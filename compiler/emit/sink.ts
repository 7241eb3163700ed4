/** A growing run of little-endian bytes. */

export interface Sink {
  /** Bytes written so far. */
  length(): number
  u8(value: number): void
  u16(value: number): void
  u32(value: number): void
  /** Two's complement when negative. */
  u64(value: bigint): void
  append(bytes: Uint8Array): void
  /** Zeros up to a multiple of `size`. */
  align(size: number): void
  bytes(): Uint8Array
}

export function createSink(): Sink {
  let buffer = new Uint8Array(256)
  let view = new DataView(buffer.buffer)
  let length = 0
  const reserve = (more: number): number => {
    const at = length
    length += more
    if (length > buffer.length) {
      const larger = new Uint8Array(Math.max(length, buffer.length * 2))
      larger.set(buffer)
      buffer = larger
      view = new DataView(buffer.buffer)
    }
    return at
  }
  return {
    length: () => length,
    u8: (value) => {
      const at = reserve(1)
      buffer[at] = value
    },
    u16: (value) => {
      const at = reserve(2)
      view.setUint16(at, value, true)
    },
    u32: (value) => {
      const at = reserve(4)
      view.setUint32(at, value, true)
    },
    u64: (value) => {
      const at = reserve(8)
      view.setBigUint64(at, BigInt.asUintN(64, value), true)
    },
    append: (bytes) => {
      const at = reserve(bytes.length)
      buffer.set(bytes, at)
    },
    align: (size) => {
      reserve((size - (length % size)) % size)
    },
    bytes: () => buffer.subarray(0, length),
  }
}
