/**
 * Which of the numbers that a policy can tell apart a request can carry: JSON numbers are doubles, read as the shortest
 * decimal that round-trips, so that large ones have gaps between them, and some decimals are none.
 *
 * Positions are those of the dimension `number.value`: twice a number in units of 10^-9, an odd one for the gap between two.
 */
import type { BigRange } from './ranges.ts'

/**
 * A number that lies in the range; `undefined` when none does.
 *
 * Positions never fall while numbers rise, so that the double nearest to the low end, and those beside it, tell: when all
 * three lie outside, every other one does.
 */
export function numberWithin({ low, high }: BigRange): number | undefined {
  if (low <= 0n && 0n <= high) return 0
  // Most ranges hold a whole number that is exact, which needs no look at its neighbours.
  const whole = low > 0n ? (low + UNIT - 1n) / UNIT : high / UNIT
  if (whole * UNIT >= low && whole * UNIT <= high && whole <= LAST_EXACT && -whole <= LAST_EXACT) return Number(whole)
  const nearest = clamp(Number(decimalAt(low)))
  const candidates = [nearest, neighbour(nearest, 1n), neighbour(nearest, -1n)]
  return candidates.find((number) => {
    if (!Number.isFinite(number)) return false
    const position = positionOf(number)
    return low <= position && position <= high
  })
}

const UNIT = 2_000_000_000n
const LAST_EXACT = BigInt(Number.MAX_SAFE_INTEGER)

/** Where the shortest decimal of a number lies. */
export function positionOf(number: number): bigint {
  const [mantissa = '', exponent = '0'] = String(number).split('e')
  const [whole = '0', fraction = ''] = mantissa.split('.')
  const digits = BigInt(whole + fraction)
  const shift = Number(exponent) - fraction.length + 9
  if (shift >= 0) return 2n * digits * 10n ** BigInt(shift)
  const divisor = 10n ** BigInt(-shift)
  const isExact = digits % divisor === 0n
  const down = digits >= 0n || isExact ? digits / divisor : digits / divisor - 1n
  return isExact ? 2n * down : 2n * down + 1n
}

/** The decimal text of a position: of a gap, its middle. */
function decimalAt(position: bigint): string {
  const digits = String((position < 0n ? -position : position) * 5n).padStart(11, '0')
  return `${position < 0n ? '-' : ''}${digits.slice(0, -10)}.${digits.slice(-10)}`
}

function clamp(number: number): number {
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, number))
}

/** The next double upwards or downwards; there is one zero. */
function neighbour(number: number, direction: 1n | -1n): number {
  if (number === 0) return Number(direction) * Number.MIN_VALUE
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, number)
  // Away from zero the bits rise, whatever the sign.
  const bits = view.getBigInt64(0) + (number > 0 ? direction : -direction)
  view.setBigInt64(0, bits)
  return view.getFloat64(0)
}
