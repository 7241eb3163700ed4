/**
 * SHA-256 (FIPS 180-4), in steps, so that a large image can be digested in slices.
 *
 * The eight working words move by one place in every round, and two of them are new. So they stay where they are in memory,
 * and the place that is looked at moves down instead:
 *
 *   WORDS + 256   ...       WORDS - 4 * round
 *   | a b c d e f g h |  ->  | a' a b c e' e f g | h
 */
import { SHA_WORK } from './memory'

const K = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
  0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
  0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
  0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
  0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
  0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
])

const INITIAL = memory.data<u32>([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
])

/** 64 schedule words and 72 working words; then all that is known of a digest under way: 8 words, bytes so far, a block. */
const WORDS: usize = SHA_WORK + 256
export const SHA_STATE: usize = WORDS + 288
const STATE: usize = SHA_STATE
const TOTAL: usize = STATE + 32
const BLOCK: usize = TOTAL + 8
export const SHA_STATE_END: usize = BLOCK + 64

export function shaBegin(): void {
  memory.copy(STATE, INITIAL, 32)
  store<u64>(TOTAL, 0)
}

export function shaUpdate(address: usize, length: usize): void {
  const end = address + length
  let at = address
  let filled = <usize>load<u64>(TOTAL) & 63
  store<u64>(TOTAL, load<u64>(TOTAL) + <u64>length)
  while (true) {
    const take = min(end - at, 64 - filled)
    memory.copy(BLOCK + filled, at, take)
    at += take
    if (filled + take < 64) return
    compress()
    filled = 0
  }
}

/** Writes the 32 bytes of the digest to `out`. */
export function shaEnd(out: usize): void {
  const total = load<u64>(TOTAL)
  const filled = <usize>total & 63
  store<u8>(BLOCK + filled, 0x80)
  memory.fill(BLOCK + filled + 1, 0, 63 - filled)
  if (filled > 55) {
    compress()
    memory.fill(BLOCK, 0, 56)
  }
  store<u64>(BLOCK, bswap<u64>(total << 3), 56)
  compress()
  for (let i: usize = 0; i < 32; i += 4) store<u32>(out + i, bswap<u32>(load<u32>(STATE + i)))
}

function compress(): void {
  memory.copy(WORDS + 256, STATE, 32)
  let a = load<u32>(STATE)
  let e = load<u32>(STATE, 16)
  for (let i: usize = 0; i < 256; i += 4) {
    let w = bswap<u32>(load<u32>(BLOCK + i))
    if (i >= 64) {
      const x = load<u32>(SHA_WORK + i - 60)
      const y = load<u32>(SHA_WORK + i - 8)
      w =
        load<u32>(SHA_WORK + i - 64) +
        load<u32>(SHA_WORK + i - 28) +
        (rotr<u32>(x, 7) ^ rotr<u32>(x, 18) ^ (x >> 3)) +
        (rotr<u32>(y, 17) ^ rotr<u32>(y, 19) ^ (y >> 10))
    }
    store<u32>(SHA_WORK + i, w)
    const place = WORDS + 256 - i
    const b = load<u32>(place, 4)
    const c = load<u32>(place, 8)
    const f = load<u32>(place, 20)
    const g = load<u32>(place, 24)
    const t =
      load<u32>(place, 28) + (rotr<u32>(e, 6) ^ rotr<u32>(e, 11) ^ rotr<u32>(e, 25)) + ((e & f) ^ (~e & g)) + load<u32>(K + i) + w
    e = load<u32>(place, 12) + t
    a = t + (rotr<u32>(a, 2) ^ rotr<u32>(a, 13) ^ rotr<u32>(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))
    store<u32>(place - 4, a)
    store<u32>(place, e, 12)
  }
  for (let i: usize = 0; i < 32; i += 4) store<u32>(STATE + i, load<u32>(STATE + i) + load<u32>(WORDS + i))
}
