/** IPv4 and IPv6 text (RFC 4291, RFC 5952 as input) to 128 bits; IPv4 is `::ffff:0:0/96`. */

export let addressHigh: u64 = 0
export let addressLow: u64 = 0

/** False when the text is no address: zone, prefix, leading zeros in IPv4, anything else around it. */
export function parseAddress(at: usize, length: usize): bool {
  if (length < 2 || length > 45) return false
  for (let i: usize = 0; i < length; i++) if (load<u8>(at + i) == 0x3a) return parseV6(at, at + length)
  const value = parseV4(at, at + length)
  if (value < 0) return false
  addressHigh = 0
  addressLow = 0xffff00000000 | <u64>value
  return true
}

/** The 32 bits of dotted decimal that fills the range, or -1. */
function parseV4(from: usize, end: usize): i64 {
  let value: i64 = 0
  let parts = 0
  let at = from
  while (true) {
    let octet = 0
    let digits = 0
    while (at < end) {
      const c = <i32>load<u8>(at) - 0x30
      if (c < 0 || c > 9) break
      if (digits > 0 && octet == 0) return -1
      octet = octet * 10 + c
      digits++
      if (digits > 3) return -1
      at++
    }
    if (digits == 0 || octet > 255) return -1
    value = (value << 8) | <i64>octet
    parts++
    if (at == end) return parts == 4 ? value : -1
    if (load<u8>(at) != 0x2e || parts == 4) break
    at++
  }
  return -1
}

function parseV6(from: usize, end: usize): bool {
  // Groups before the gap collect in (h, l), those after it in (gh, gl).
  let h: u64 = 0
  let l: u64 = 0
  let gh: u64 = 0
  let gl: u64 = 0
  let groups = 0
  let gap = -1
  let at = from
  if (load<u8>(at) == 0x3a) {
    if (end - at < 2 || load<u8>(at, 1) != 0x3a) return false
    gap = 0
    at += 2
  }
  while (at < end) {
    let start = at
    let value: u64 = 0
    while (at < end) {
      const digit = hexDigit(<u32>load<u8>(at))
      if (digit < 0) break
      value = (value << 4) | <u64>digit
      at++
    }
    if (at < end && load<u8>(at) == 0x2e) {
      const tail = parseV4(start, end)
      if (tail < 0) return false
      if (gap < 0) {
        h = (h << 32) | (l >> 32)
        l = (l << 32) | <u64>tail
      } else {
        gh = (gh << 32) | (gl >> 32)
        gl = (gl << 32) | <u64>tail
      }
      groups += 2
      at = end
      break
    }
    if (at == start || at - start > 4) return false
    if (gap < 0) {
      h = (h << 16) | (l >> 48)
      l = (l << 16) | value
    } else {
      gh = (gh << 16) | (gl >> 48)
      gl = (gl << 16) | value
    }
    groups++
    if (groups > 8) return false
    if (at == end) break
    if (load<u8>(at) != 0x3a) return false
    at++
    if (at == end) return false
    if (load<u8>(at) == 0x3a) {
      if (gap >= 0) return false
      gap = groups
      at++
    }
  }
  if (gap < 0) {
    if (groups != 8) return false
  } else {
    if (groups > 7) return false
    // Move the head to the top: 8 - gap groups to the left.
    let shift = (8 - gap) * 16
    if (shift >= 128) {
      h = 0
      l = 0
    } else if (shift >= 64) {
      h = l << <u64>(shift - 64)
      l = 0
    } else if (shift > 0) {
      h = (h << <u64>shift) | (l >> <u64>(64 - shift))
      l = l << <u64>shift
    }
    h |= gh
    l |= gl
  }
  addressHigh = h
  addressLow = l
  return true
}

function hexDigit(c: u32): i32 {
  if (c - 0x30 <= 9) return <i32>(c - 0x30)
  const lower = c | 0x20
  return lower - 0x61 <= 5 ? <i32>(lower - 0x61 + 10) : -1
}

/** Makes an address that was parsed before the one `addressIn` looks for. */
export function setAddress(high: u64, low: u64): void {
  addressHigh = high
  addressLow = low
}

/** True when the last parsed address lies in one of `count` sorted, disjoint ranges at `ranges`. */
export function addressIn(ranges: usize, count: u32): bool {
  let from: u32 = 0
  let to = count
  while (from < to) {
    const middle = (from + to) >> 1
    const range = ranges + (<usize>middle << 5)
    if (less(addressHigh, addressLow, load<u64>(range, 8), load<u64>(range))) to = middle
    else if (less(load<u64>(range, 24), load<u64>(range, 16), addressHigh, addressLow)) from = middle + 1
    else return true
  }
  return false
}

function less(ah: u64, al: u64, bh: u64, bl: u64): bool {
  return ah < bh || (ah == bh && al < bl)
}
