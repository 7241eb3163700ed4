/**
 * IPv4 and IPv6 text (RFC 4291, RFC 5952 as input) to 128 bits; IPv4 is `::ffff:0:0/96`.
 *
 * An address is put together in memory, in the order of the network, from its left end on. What stands behind `::` is then
 * moved to the right end:
 *
 *   | group | group | tail  | tail  |   ->   | group | group | 0 ... | tail  | tail  |
 *   ADDRESS         gap             next                                            ADDRESS + 16
 */
import { ADDRESS } from './memory'

const ADDRESS_END: usize = ADDRESS + 16

/** Puts an address where `addressIn` looks for it. False when the text is none: zone, prefix, leading zeros in IPv4. */
export function parseAddress(at: usize, length: usize): bool {
  if (length > 45) return false
  const end = at + length
  store<u64>(ADDRESS, 0)
  store<u32>(ADDRESS, 0xffff0000, 8)
  if (parseV4(at, end, ADDRESS + 12)) return true
  let next = ADDRESS
  let gap: usize = 0
  // Of `::` at the start the loop wants to see the second one.
  if (<u32>load<u8>(at) == 0x3a && <u32>load<u8>(++at) != 0x3a) return false
  while (at < end) {
    if (<u32>load<u8>(at) == 0x3a) {
      if (gap != 0) return false
      gap = next
      at++
      continue
    }
    const start = at
    let value: u32 = 0
    while (at < end) {
      let digit = <u32>load<u8>(at) - 0x30
      if (digit > 9) {
        digit = ((digit + 0x30) | 0x20) - 0x57
        if (digit - 10 > 5) break
      }
      value = (value << 4) | digit
      at++
    }
    if (at < end && <u32>load<u8>(at) == 0x2e) {
      if (next > ADDRESS + 12 || !parseV4(start, end, next)) return false
      next += 4
      break
    }
    if (at - start - 1 > 3 || next == ADDRESS_END) return false
    store<u16>(next, bswap<u16>(<u16>value))
    next += 2
    if (at == end) break
    if (<u32>load<u8>(at++) != 0x3a || at == end) return false
  }
  if (gap == 0) return next == ADDRESS_END
  // The gap stands for one group at least.
  if (next == ADDRESS_END) return false
  memory.copy(ADDRESS_END - (next - gap), gap, next - gap)
  memory.fill(gap, 0, ADDRESS_END - next)
  return true
}

/** Writes the four bytes of dotted decimal that fills the range. */
function parseV4(at: usize, end: usize, out: usize): bool {
  for (let i: usize = 0; i < 4; i++) {
    const start = at
    let octet: u32 = 0
    while (at < end) {
      const digit = <u32>load<u8>(at) - 0x30
      if (digit > 9) break
      octet = octet * 10 + digit
      at++
    }
    if (at - start - 1 > 2 || octet > 255 || (at - start > 1 && <u32>load<u8>(start) == 0x30)) return false
    store<u8>(out + i, <u8>octet)
    if (i < 3 && <u32>load<u8>(at++) != 0x2e) return false
  }
  return at == end
}

/** True when the last parsed address lies in one of `count` sorted, disjoint ranges at `ranges`. */
export function addressIn(ranges: usize, count: u32): bool {
  const high = bswap<u64>(load<u64>(ADDRESS))
  const low = bswap<u64>(load<u64>(ADDRESS, 8))
  let from: u32 = 0
  let to = count
  while (from < to) {
    const middle = (from + to) >> 1
    const range = ranges + (<usize>middle << 5)
    if (less(high, low, load<u64>(range, 8), load<u64>(range))) to = middle
    else if (less(load<u64>(range, 24), load<u64>(range, 16), high, low)) from = middle + 1
    else return true
  }
  return false
}

function less(ah: u64, al: u64, bh: u64, bl: u64): bool {
  return ah < bh || (ah == bh && al < bl)
}
