/**
 * Exact decimals without floats: a value becomes a signed 128-bit integer, twice floor(value * 10^9), plus one when there
 * was a remainder. The order of such integers is the order of the values against any decimal of nine places.
 */

/** Result of `scale` and of `loadNumber`. */
export let high: i64 = 0
export let low: u64 = 0
/** Set by `scale`: the value times 10^9 rounded up, when 0 <= value <= 9e9. */
export let nano: u64 = 0

/** Takes `mantissa * 10^exponent`. */
export function scale(mantissa: i64, exponent: i32): void {
  const negative = mantissa < 0
  let hi: u64 = 0
  let lo: u64 = negative ? <u64>(-mantissa) : <u64>mantissa
  let sticky: u64 = 0
  let power = <i64>exponent + 9
  if (lo != 0) {
    while (power > 0) {
      // Saturates far above every literal (10^27), where order no longer matters.
      if (hi >= 0x0100000000000000) break
      const a = (lo & 0xffffffff) * 10
      const b = (lo >> 32) * 10 + (a >> 32)
      hi = hi * 10 + (b >> 32)
      lo = (b << 32) | (a & 0xffffffff)
      power--
    }
    while (power < 0) {
      // Values with a negative power are mantissas of at most 63 bits: hi is 0 here.
      if (lo == 0) break
      if (lo % 10 != 0) sticky = 1
      lo /= 10
      power++
    }
  }
  nano = lo + sticky
  hi = (hi << 1) | (lo >> 63)
  lo = (lo << 1) | sticky
  if (negative) {
    lo = ~lo + 1
    hi = ~hi + (lo == 0 ? 1 : 0)
  }
  high = <i64>hi
  low = lo
}

/** -1, 0, 1: the current number against the one stored at `address`. */
export function compareStored(address: usize): i32 {
  const h = load<i64>(address, 8)
  if (high != h) return high < h ? -1 : 1
  const l = load<u64>(address)
  return low == l ? 0 : low < l ? -1 : 1
}
