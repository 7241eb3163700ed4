/**
 * Bytes of UTF-8: hashing, comparison, well-formedness and the rules of names.
 *
 * Names are read a word of eight bytes at a time, and every word is also hashed as it passes, so that no byte of a usual
 * request is read twice. Only what is not plain ASCII is decoded.
 */
import { HASH_HIGH, HASH_LOW } from '../format/layout'
import { MAX_NAME_BYTES } from '../format/limits'

const MULTIPLIER: u64 = (<u64>HASH_HIGH << 32) | HASH_LOW

/** One multiplication for eight bytes: the halves change places, so that what is above comes to bear on all of the next word. */
export function fold(hash: u64, value: u64): u64 {
  return rotl<u64>((hash ^ value) * MULTIPLIER, 32)
}

/** What is looked up: the upper half, which all bits have come to bear on. */
export function finish(hash: u64): u32 {
  return <u32>((hash * MULTIPLIER) >> 32)
}

export function hashBytes(address: usize, length: usize, seed: u64): u32 {
  let hash = seed
  let at = address
  const end = address + length
  while (at < end) {
    const left = end - at
    let value = load<u64>(at)
    if (left < 8) value &= <u64>-1 >> (<u64>(8 - left) << 3)
    hash = fold(hash, value)
    at += 8
  }
  return finish(hash ^ length)
}

export function equalBytes(a: usize, b: usize, length: usize): bool {
  let left = length
  let x = a
  let y = b
  while (left >= 8) {
    if (load<u64>(x) != load<u64>(y)) return false
    x += 8
    y += 8
    left -= 8
  }
  return left == 0 || (load<u64>(x) ^ load<u64>(y)) << (<u64>(8 - left) << 3) == 0
}

/** The last character that was decoded. */
let code: u32 = 0

/** Bytes of the character at `address`, or 0 when it is not well-formed within `left` bytes, or is U+FFFD. */
function character(address: usize, left: usize): usize {
  code = <u32>load<u8>(address)
  if (code < 0x80) return 1
  // The first byte says by its leading ones how many there are.
  const size = clz<u32>(~(code << 24))
  if (size - 2 > 2 || size > <u32>left) return 0
  code &= 0x7f >> size
  for (let i: u32 = 1; i < size; i++) {
    const next = <u32>load<u8>(address + i)
    if (next >> 6 != 2) return 0
    code = (code << 6) | (next & 0x3f)
  }
  // Two bytes are for codes of 8 bits and more, three for those of 12, four for those of 17.
  if (code >> ((size * 9 >> 1) - 2) == 0 || code - 0xd800 < 0x800 || code == 0xfffd || code > 0x10ffff) return 0
  return size
}

/**
 * Number of characters, or -1 when the text is not well-formed or holds U+FFFD. In the text of a segment `:`, `*` and
 * controls count as that, too.
 */
export function countCharacters(address: usize, length: usize, segment: bool): i32 {
  let at = address
  const end = address + length
  let count = 0
  while (at < end) {
    const left = end - at
    const plain: usize = left < 8 ? left : 8
    if (!segment && (load<u64>(at) & HIGH) << (<u64>(8 - plain) << 3) == 0) {
      at += plain
      count += <i32>plain
      continue
    }
    const size = character(at, left)
    if (size == 0) return -1
    if (segment && (code < 0x20 || code == 0x2a || code == 0x3a || code - 0x7f < 0x21)) return -1
    at += size
    count++
  }
  return count
}

const ONES: u64 = 0x0101010101010101
const HIGH: u64 = 0x8080808080808080

/** The hash after the segment that was read last, with its length. */
export let segmentHash: u64 = 0

/**
 * Reads the segment at `from`, which ends at a `:` or at `end`, and folds it into a hash: the address behind it. 0 when it is
 * not 1-128 bytes of segment text.
 *
 * A byte b of a word is zero where (b - 1) & ~b has its high bit; below the first zero byte nothing else has. So the first
 * `:` is found exactly. Of bytes that are plain no sum or difference has its high bit; a word that seems not to be is looked
 * at again, character by character.
 */
export function readSegment(from: usize, end: usize, seed: u64): usize {
  let hash = seed
  let at = from
  let odd: u64 = 0
  while (true) {
    let value = load<u64>(at)
    const colon = value ^ (ONES * 0x3a)
    const left = end - at
    let take = <usize>ctz((colon - ONES) & ~colon & HIGH) >> 3
    if (take > left) take = left
    if (take == 0) break
    const mask = <u64>-1 >> (<u64>(8 - take) << 3)
    // Beyond ASCII, a control in front of the space or behind all others, a `*`.
    odd |= (value | (value - ONES * 0x20) | (value + ONES) | ((value ^ (ONES * 0x2a)) - ONES)) & mask
    hash = fold(hash, value & mask)
    at += take
    if (take < 8) break
  }
  const size = at - from
  if (size - 1 >= <usize>MAX_NAME_BYTES || ((odd & HIGH) != 0 && countCharacters(from, size, true) < 0)) return 0
  segmentHash = hash ^ size
  return at
}
