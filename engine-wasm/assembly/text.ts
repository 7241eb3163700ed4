/** Bytes of UTF-8: hashing, comparison, well-formedness and the rules of names. */
import { HASH_ONE, HASH_TWO, SEED_NAME } from '../format/layout'

/** The first `length` (1-8) bytes at `address` as a word, the rest zero. */
export function word(address: usize, length: usize): u64 {
  return load<u64>(address) & (<u64>-1 >> (<u64>(8 - length) << 3))
}

export function fold(hash: u32, value: u64): u32 {
  const low = rotl<u32>(hash ^ <u32>value, 13) * <u32>HASH_ONE
  return rotl<u32>(low ^ <u32>(value >> 32), 15) * <u32>HASH_TWO
}

export function finish(hash: u32): u32 {
  let h = hash ^ (hash >> 16)
  h *= <u32>0x85ebca6b
  h ^= h >> 13
  h *= <u32>0xc2b2ae35
  return h ^ (h >> 16)
}

export function hashBytes(address: usize, length: usize, seed: u32): u32 {
  let hash = seed
  let left = length
  let at = address
  while (left >= 8) {
    hash = fold(hash, load<u64>(at))
    at += 8
    left -= 8
  }
  if (left > 0) hash = fold(hash, word(at, left))
  return finish(hash ^ <u32>length)
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
  return left == 0 || word(x, left) == word(y, left)
}

/**
 * Bytes of the character at `address`, or 0 when it is not well-formed, or is U+FFFD. Reads at most 4 bytes, within `left`.
 */
export function character(address: usize, left: usize): usize {
  const a = <u32>load<u8>(address)
  if (a < 0x80) return 1
  if (a < 0xc2 || a > 0xf4 || left < 2) return 0
  const b = <u32>load<u8>(address, 1)
  if ((b & 0xc0) != 0x80) return 0
  if (a < 0xe0) return 2
  if (left < 3) return 0
  const c = <u32>load<u8>(address, 2)
  if ((c & 0xc0) != 0x80) return 0
  if (a < 0xf0) {
    if (a == 0xe0 && b < 0xa0) return 0
    if (a == 0xed && b > 0x9f) return 0
    if (a == 0xef && b == 0xbf && c == 0xbd) return 0
    return 3
  }
  if (left < 4 || (<u32>load<u8>(address, 3) & 0xc0) != 0x80) return 0
  if (a == 0xf0 && b < 0x90) return 0
  if (a == 0xf4 && b > 0x8f) return 0
  return 4
}

/** Number of characters, or -1 when the text is not well-formed or holds U+FFFD. */
export function countCharacters(address: usize, length: usize): i32 {
  let at = address
  const end = address + length
  let count = 0
  while (at < end) {
    if (end - at >= 8 && (load<u64>(at) & 0x8080808080808080) == 0) {
      at += 8
      count += 8
      continue
    }
    const size = character(at, end - at)
    if (size == 0) return -1
    at += size
    count++
  }
  return count
}

const ONES: u64 = 0x0101010101010101
const HIGH: u64 = 0x8080808080808080

/** High bit set in each byte of `value` that is zero, and possibly in bytes above the first such byte. */
function zeroBytes(value: u64): u64 {
  return (value - ONES) & ~value & HIGH
}

/** Marks of the bytes of a word that are `:`; exact up to and including the lowest one. */
export function colons(value: u64): u64 {
  return zeroBytes(value ^ (ONES * 0x3a))
}

/** True when a word has only printable ASCII other than `*`; bytes above `length` are ignored. */
export function plainWord(value: u64, length: usize): bool {
  const mask = <u64>-1 >> (<u64>(8 - length) << 3)
  const low = (value - ONES * 0x20) & ~value
  const star = zeroBytes(value ^ (ONES * 0x2a))
  const del = zeroBytes(value ^ (ONES * 0x7f))
  return ((value | low | star | del) & HIGH & mask) == 0
}

/** True when the text may be (part of) a segment: well-formed, no `:`, `*`, controls or U+FFFD. */
export function segmentText(address: usize, length: usize): bool {
  let at = address
  const end = address + length
  while (at < end) {
    const c = <u32>load<u8>(at)
    if (c < 0x20 || c == 0x2a || c == 0x3a || c == 0x7f) return false
    const size = character(at, end - at)
    if (size == 0) return false
    if (c == 0xc2 && <u32>load<u8>(at, 1) < 0xa0) return false
    at += size
  }
  return true
}

/** Hash of the name that `isName` saw last: what `hashBytes` makes of it. */
export let nameHash: u32 = 0

/** True for an agent's name or an action: 1-128 bytes of segment text. */
export function isName(address: usize, length: usize): bool {
  if (length == 0 || length > 128) return false
  let at = address
  let left = length
  let hash: u32 = <u32>SEED_NAME
  let plain = true
  while (left > 0) {
    const take = left < 8 ? left : 8
    const mask = <u64>-1 >> (<u64>(8 - take) << 3)
    const value = load<u64>(at) & mask
    plain = plain && plainWord(value, take) && colons(value) == 0
    hash = fold(hash, value)
    at += take
    left -= take
  }
  nameHash = finish(hash ^ <u32>length)
  return plain || segmentText(address, length)
}
