/**
 * IPv4 and IPv6 text (RFC 4291, RFC 5952 as input) to 128 bits; IPv4 is `::ffff:0:0/96`.
 *
 * The groups of an address are put together in memory from the top down, so that it stands there as a number, low byte first.
 * What stands behind `::` is then moved to the lower end:
 *
 *   ADDRESS          next            gap               ADDRESS + 16
 *   |                | tail  | tail  | group | group |   ->   | tail | tail | 0 ... | group | group |
 */
import { ADDRESS } from './memory'

const END: usize = ADDRESS + 16

/** Puts an address where `addressIn` looks for it. False when the text is none: zone, prefix, leading zeros in IPv4. */
export function parseAddress(from: usize, length: usize): bool {
  if (length > 45) return false
  const end = from + length
  store<u64>(ADDRESS, 0xffff00000000)
  store<u64>(ADDRESS, 0, 8)
  if (parseV4(from, end, ADDRESS + 4)) return true
  let at = from
  let next = END
  let gap: usize = 0
  // Of `::` at the start the loop wants to see the second one.
  if (load<u8>(at) == 0x3a && load<u8>(++at) != 0x3a) return false
  while (at < end) {
    if (load<u8>(at) == 0x3a) {
      if (gap != 0) return false
      gap = next
      at++
      continue
    }
    const start = at
    let value: u32 = 0
    for (; at < end; at++) {
      let digit = <u32>load<u8>(at) - 0x30
      if (digit > 9) {
        digit = ((digit + 0x30) | 0x20) - 0x57
        if (digit - 10 > 5) break
      }
      value = (value << 4) | digit
    }
    if (at < end && load<u8>(at) == 0x2e) {
      if (next < ADDRESS + 4 || !parseV4(start, end, next)) return false
      next -= 4
      break
    }
    if (at - start - 1 > 3 || next == ADDRESS) return false
    next -= 2
    store<u16>(next, <u16>value)
    if (at == end) break
    if (load<u8>(at++) != 0x3a || at == end) return false
  }
  if (gap == 0) return next == ADDRESS
  // The gap stands for one group at least.
  if (next == ADDRESS) return false
  memory.copy(ADDRESS, next, gap - next)
  memory.fill(ADDRESS + gap - next, 0, next - ADDRESS)
  return true
}

/** Writes the four bytes of dotted decimal that fills the range, below `out`. */
function parseV4(from: usize, end: usize, out: usize): bool {
  let at = from
  for (let i: usize = 1; i <= 4; i++) {
    const start = at
    let octet: u32 = 0
    for (; at < end; at++) {
      const digit = <u32>load<u8>(at) - 0x30
      if (digit > 9) break
      octet = octet * 10 + digit
    }
    if (at - start - 1 > 2 || octet > 255 || (at - start > 1 && load<u8>(start) == 0x30)) return false
    store<u8>(out - i, <u8>octet)
    if (i < 4 && load<u8>(at++) != 0x2e) return false
  }
  return at == end
}

/** True when the last parsed address lies in one of `count` sorted, disjoint ranges at `ranges`. */
export function addressIn(ranges: usize, count: u32): bool {
  let from: u32 = 0
  let to = count
  while (from < to) {
    const middle = (from + to) >> 1
    const range = ranges + (<usize>middle << 5)
    if (isLess(ADDRESS, range)) to = middle
    else if (isLess(range + 16, ADDRESS)) from = middle + 1
    else return true
  }
  return false
}

/** Whether one u128 is below another. */
export function isLess(a: usize, b: usize): bool {
  const x = load<u64>(a, 8)
  const y = load<u64>(b, 8)
  return x < y || (x == y && load<u64>(a) < load<u64>(b))
}
