/** SHA-256 (FIPS 180-4), in steps, so that a large image can be digested in slices. */
import { SHA_WORK } from './memory'

const K: StaticArray<u32> = [
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
  0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
  0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
  0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
  0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
  0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]

/** 64 schedule words; then all that is known of a digest under way: 8 words, bytes so far, a block that is being filled. */
export const SHA_STATE: usize = SHA_WORK + 256
const STATE: usize = SHA_STATE
const TOTAL: usize = STATE + 32
const BLOCK: usize = TOTAL + 8
export const SHA_STATE_END: usize = BLOCK + 64

export function shaBegin(): void {
  store<u32>(STATE, 0x6a09e667, 0)
  store<u32>(STATE, 0xbb67ae85, 4)
  store<u32>(STATE, 0x3c6ef372, 8)
  store<u32>(STATE, 0xa54ff53a, 12)
  store<u32>(STATE, 0x510e527f, 16)
  store<u32>(STATE, 0x9b05688c, 20)
  store<u32>(STATE, 0x1f83d9ab, 24)
  store<u32>(STATE, 0x5be0cd19, 28)
  store<u64>(TOTAL, 0)
}

export function shaUpdate(address: usize, length: usize): void {
  let at = address
  let left = length
  const total = load<u64>(TOTAL)
  const filled = <usize>total & 63
  store<u64>(TOTAL, total + <u64>length)
  if (filled > 0) {
    const take = left < 64 - filled ? left : 64 - filled
    memory.copy(BLOCK + filled, at, take)
    at += take
    left -= take
    if (filled + take < 64) return
    compress(BLOCK)
  }
  while (left >= 64) {
    compress(at)
    at += 64
    left -= 64
  }
  memory.copy(BLOCK, at, left)
}

/** Writes the 32 bytes of the digest to `out`. */
export function shaEnd(out: usize): void {
  const total = load<u64>(TOTAL)
  const bits = total << 3
  let filled = (<usize>total & 63) + 1
  store<u8>(BLOCK + filled - 1, 0x80)
  if (filled > 56) {
    memory.fill(BLOCK + filled, 0, 64 - filled)
    compress(BLOCK)
    filled = 0
  }
  memory.fill(BLOCK + filled, 0, 56 - filled)
  store<u64>(BLOCK, bswap<u64>(bits), 56)
  compress(BLOCK)
  for (let i: usize = 0; i < 32; i += 4) store<u32>(out + i, bswap<u32>(load<u32>(STATE + i)))
}

function compress(block: usize): void {
  for (let i: usize = 0; i < 64; i += 4) store<u32>(SHA_WORK + i, bswap<u32>(load<u32>(block + i)))
  for (let i: usize = 64; i < 256; i += 4) {
    const x = load<u32>(SHA_WORK + i - 60)
    const y = load<u32>(SHA_WORK + i - 8)
    const s0 = rotr<u32>(x, 7) ^ rotr<u32>(x, 18) ^ (x >> 3)
    const s1 = rotr<u32>(y, 17) ^ rotr<u32>(y, 19) ^ (y >> 10)
    store<u32>(SHA_WORK + i, load<u32>(SHA_WORK + i - 64) + s0 + load<u32>(SHA_WORK + i - 28) + s1)
  }
  let a = load<u32>(STATE, 0)
  let b = load<u32>(STATE, 4)
  let c = load<u32>(STATE, 8)
  let d = load<u32>(STATE, 12)
  let e = load<u32>(STATE, 16)
  let f = load<u32>(STATE, 20)
  let g = load<u32>(STATE, 24)
  let h = load<u32>(STATE, 28)
  const constants = changetype<usize>(K)
  for (let i: usize = 0; i < 256; i += 4) {
    const s1 = rotr<u32>(e, 6) ^ rotr<u32>(e, 11) ^ rotr<u32>(e, 25)
    const t1 = h + s1 + ((e & f) ^ (~e & g)) + load<u32>(constants + i) + load<u32>(SHA_WORK + i)
    const s0 = rotr<u32>(a, 2) ^ rotr<u32>(a, 13) ^ rotr<u32>(a, 22)
    const t2 = s0 + ((a & b) ^ (a & c) ^ (b & c))
    h = g
    g = f
    f = e
    e = d + t1
    d = c
    c = b
    b = a
    a = t1 + t2
  }
  store<u32>(STATE, load<u32>(STATE, 0) + a, 0)
  store<u32>(STATE, load<u32>(STATE, 4) + b, 4)
  store<u32>(STATE, load<u32>(STATE, 8) + c, 8)
  store<u32>(STATE, load<u32>(STATE, 12) + d, 12)
  store<u32>(STATE, load<u32>(STATE, 16) + e, 16)
  store<u32>(STATE, load<u32>(STATE, 20) + f, 20)
  store<u32>(STATE, load<u32>(STATE, 24) + g, 24)
  store<u32>(STATE, load<u32>(STATE, 28) + h, 28)
}
