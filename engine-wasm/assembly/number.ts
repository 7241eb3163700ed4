/**
 * Exact decimals without floats: a value becomes a signed 128-bit integer, twice floor(value * 10^9), plus one when there
 * was a remainder. The order of such integers is the order of the values against any decimal of nine places.
 */

/** Result of `scale`. */
export let high: i64 = 0
export let low: u64 = 0

/** Takes twice `mantissa * 10^power`, plus one when there was a remainder. */
export function scale(mantissa: i64, power: i64): void {
  let hi: u64 = 0
  let lo = <u64>(mantissa < 0 ? -mantissa : mantissa)
  let sticky: u64 = 0
  if (lo != 0) {
    // Saturates far above every literal (10^27), where order no longer matters.
    for (; power > 0 && hi < 0x0100000000000000; power--) {
      const a = (lo & 0xffffffff) * 10
      const b = (lo >> 32) * 10 + (a >> 32)
      hi = hi * 10 + (b >> 32)
      lo = (b << 32) | (a & 0xffffffff)
    }
    // Values with a negative power are mantissas of at most 63 bits: hi is 0 here.
    for (; power < 0 && lo != 0; power++) {
      if (lo % 10 != 0) sticky = 1
      lo /= 10
    }
  }
  hi = (hi << 1) | (lo >> 63)
  lo = (lo << 1) | sticky
  if (mantissa < 0) {
    lo = 0 - lo
    hi = ~hi + <u64>(lo == 0)
  }
  high = <i64>hi
  low = lo
}

/** Takes the number value of a request at `value`, with `power` more powers of ten. */
export function scaleValue(value: usize, power: i64): void {
  scale(load<i64>(value, 1), <i64>load<i32>(value, 9) + power)
}

/** How the current number compares with the one stored at `address`: COMPARE_EQUAL, or which comparison holds strictly. */
export function compareStored(address: usize): i32 {
  const h = load<i64>(address, 8)
  const l = load<u64>(address)
  if (high == h && low == l) return 0
  return high < h || (high == h && low < l) ? 1 : 2
}
