/** Numbers of the WebAssembly binary format. @see WebAssembly Core Specification, section 5.2.2 */

/** An unsigned LEB128 number. */
export function toLeb(value: number): readonly number[] {
  const bytes: number[] = []
  let rest = value
  do {
    const low = rest % 128
    rest = Math.floor(rest / 128)
    bytes.push(rest > 0 ? low | 0x80 : low)
  } while (rest > 0)
  return bytes
}

/** A signed LEB128 number, as `i32.const` takes it; `value` is below 2^31. */
export function toSignedLeb(value: number): readonly number[] {
  const bytes: number[] = []
  let rest = value
  while (true) {
    const low = rest & 0x7f
    rest >>= 7
    const isLast = rest === 0 && (low & 0x40) === 0
    bytes.push(isLast ? low : low | 0x80)
    if (isLast) return bytes
  }
}

/** Reads an unsigned number of at most 32 bits. @throws {RangeError} when it runs over the end */
export function readLeb(bytes: Uint8Array, start: number): { readonly value: number; readonly end: number } {
  let value = 0
  for (let i = 0; i < 5; i++) {
    const byte = bytes[start + i]
    if (byte === undefined) break
    value += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) return { value, end: start + i + 1 }
  }
  throw new RangeError('a number of the module runs over its end')
}
