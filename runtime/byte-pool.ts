/** Small arrays of bytes, cut one after the other from larger ones: memory of its own costs each more than the hash it holds. */

const POOL_BYTES = 16_384

let pool = new Uint8Array(0)
let used = 0

/** Bytes that nobody else has, all of them 0. Whoever keeps them for long copies them, or keeps their neighbours too. */
export function takeBytes(length: number): Uint8Array<ArrayBuffer> {
  if (used + length > pool.length) {
    pool = new Uint8Array(Math.max(POOL_BYTES, length))
    used = 0
  }
  used += length
  return pool.subarray(used - length, used)
}
