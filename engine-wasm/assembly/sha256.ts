/**
 * SHA-256 (FIPS 180-4), in steps, so that a large image can be digested in slices.
 *
 * The eight working words a to h move by one place in every round, and only two of them are new. So they stay where they are
 * in memory, and the place that is looked at moves down instead; the new e takes the place of d:
 *
 *        place - 4   place
 *   ... |          | a | b | c | d | e | f | g | h | ...   ->   | a' | a | b | c | e' | e | f | g | h
 */
import { SHA_WORK } from './memory'

const INITIAL = memory.data<u32>([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
])

/**
 * 64 schedule words, 72 working words and the 64 constants of the rounds; then all that is known of a digest under way: 8 words,
 * bytes so far, a block that is being filled.
 */
const WORDS: usize = SHA_WORK + 256
const K: usize = WORDS + 288
export const SHA_STATE: usize = K + 256
const STATE: usize = SHA_STATE
const TOTAL: usize = STATE + 32
const BLOCK: usize = TOTAL + 8
export const SHA_STATE_END: usize = BLOCK + 64

export function shaBegin(): void {
  if (load<u32>(K) == 0) makeConstants()
  memory.copy(STATE, INITIAL, 32)
  store<u64>(TOTAL, 0)
}

/**
 * The constants are the first 32 bits of the fractional parts of the cube roots of the first 64 primes p. 28 of them are found
 * bit by bit, where `rest` is p * 8^bits - root^3, which fits a word; the other four by one step of Newton's method.
 */
function makeConstants(): void {
  let p: u32 = 1
  for (let i: usize = 0; i < 256; i += 4) {
    let divisor: u32
    do {
      p++
      divisor = 2
      while (p % divisor != 0) divisor++
    } while (divisor != p)
    let root: u64 = 1
    while ((root + 1) * (root + 1) * (root + 1) <= <u64>p) root++
    let rest = <u64>p - root * root * root
    for (let bit = 0; bit < 28; bit++) {
      // The next bit is 1 when 8 * rest >= (2 * root + 1)^3 - (2 * root)^3.
      const square = root * root
      const isSet = rest > square + ((square * 2 + root * 3) >> 2)
      rest <<= 3
      if (isSet) rest -= square * 12 + root * 6 + 1
      root = root * 2 + <u64>isSet
    }
    store<u32>(K + i, <u32>((root << 4) | (rest / ((root * root * 3) >> 4))))
  }
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
  store<u32>(BLOCK, bswap<u32>(<u32>(total >> 29)), 56)
  store<u32>(BLOCK, bswap<u32>(<u32>total << 3), 60)
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
