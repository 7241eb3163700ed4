/**
 * SHA-256 over bytes, synchronous and without third-party code.
 *
 * @see FIPS 180-4, sections 5 and 6.2
 */

/** The 32 bytes of the digest of `bytes`. */
export function sha256(bytes: Uint8Array): Uint8Array {
  const state = new Int32Array(INITIAL)
  const schedule = new Int32Array(64)
  const wholeEnd = bytes.length - (bytes.length % 64)
  for (let at = 0; at < wholeEnd; at += 64) compress(state, schedule, bytes, at)

  // The rest, a 1 bit, zeros and the length in bits fill one block or two.
  const rest = bytes.length - wholeEnd
  const tail = new Uint8Array(rest < 56 ? 64 : 128)
  tail.set(bytes.subarray(wholeEnd))
  tail[rest] = 0x80
  const view = new DataView(tail.buffer)
  view.setUint32(tail.length - 8, Math.floor(bytes.length / 0x2000_0000))
  view.setUint32(tail.length - 4, (bytes.length << 3) >>> 0)
  for (let at = 0; at < tail.length; at += 64) compress(state, schedule, tail, at)

  const digest = new Uint8Array(32)
  const out = new DataView(digest.buffer)
  for (let i = 0; i < 8; i++) out.setInt32(i * 4, state[i] ?? 0)
  return digest
}

/** Bytes as lower-case hexadecimal digits. */
export function toHex(bytes: Uint8Array): string {
  let hex = ''
  for (let i = 0; i < bytes.length; i++) hex += HEX[bytes[i] as number] // `i` is below the length.
  return hex
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** The first 32 bits of the fractional parts of a root of the first primes. */
function rootBits(count: number, root: (prime: number) => number): Int32Array {
  const bits = new Int32Array(count)
  for (let prime = 2, found = 0; found < count; prime++) {
    let isPrime = true
    for (let divisor = 2; divisor * divisor <= prime; divisor++) if (prime % divisor === 0) isPrime = false
    if (isPrime) bits[found++] = ((root(prime) % 1) * 0x1_0000_0000) | 0
  }
  return bits
}

const INITIAL = rootBits(8, Math.sqrt)
const ROUND = rootBits(64, Math.cbrt)

function compress(state: Int32Array, schedule: Int32Array, bytes: Uint8Array, start: number): void {
  // INVARIANT: every index below is inside its array (the caller passes 64 whole bytes), which is why `as number` holds.
  for (let i = 0, at = start; i < 16; i++, at += 4) {
    schedule[i] =
      ((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)
  }
  for (let i = 16; i < 64; i++) {
    const early = schedule[i - 15] as number
    const late = schedule[i - 2] as number
    const sigma0 = ((early >>> 7) | (early << 25)) ^ ((early >>> 18) | (early << 14)) ^ (early >>> 3)
    const sigma1 = ((late >>> 17) | (late << 15)) ^ ((late >>> 19) | (late << 13)) ^ (late >>> 10)
    schedule[i] = ((schedule[i - 16] as number) + sigma0 + (schedule[i - 7] as number) + sigma1) | 0
  }
  let a = state[0] as number
  let b = state[1] as number
  let c = state[2] as number
  let d = state[3] as number
  let e = state[4] as number
  let f = state[5] as number
  let g = state[6] as number
  let h = state[7] as number
  for (let i = 0; i < 64; i++) {
    const sum1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
    const choose = (e & f) ^ (~e & g)
    const first = (h + sum1 + choose + (ROUND[i] as number) + (schedule[i] as number)) | 0
    const sum0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
    const majority = (a & b) ^ (a & c) ^ (b & c)
    h = g
    g = f
    f = e
    e = (d + first) | 0
    d = c
    c = b
    b = a
    a = (first + sum0 + majority) | 0
  }
  state[0] = (state[0] as number) + a
  state[1] = (state[1] as number) + b
  state[2] = (state[2] as number) + c
  state[3] = (state[3] as number) + d
  state[4] = (state[4] as number) + e
  state[5] = (state[5] as number) + f
  state[6] = (state[6] as number) + g
  state[7] = (state[7] as number) + h
}
