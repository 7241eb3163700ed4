import { expect, test } from 'vitest'
import { Random } from '../../properties/generate/random.ts'
import { agree } from './agree.ts'
import { compile, FREE } from './compile.ts'

interface Numbers {
  readonly high: WebAssembly.Global<'i64'>
  readonly low: WebAssembly.Global<'i64'>
  scale(mantissa: bigint, power: bigint): void
  compareStored(address: number): number
}

const engine = await compile<Numbers>('number')
/** Literals of the language reach up to here, in units of 10^-9. */
const LARGEST = 10n ** 27n

/** Sign of `mantissa * 10^exponent - units / 10^9`. */
function compareExactly(mantissa: bigint, exponent: number, units: bigint): number {
  const shift = exponent + 9
  // Far outside every literal the sign of the mantissa decides, and far below one the sign of the difference does.
  const left = mantissa * 10n ** BigInt(Math.min(Math.max(shift, 0), 60))
  const right = units * 10n ** BigInt(Math.min(Math.max(-shift, 0), 60))
  return left < right ? -1 : left > right ? 1 : 0
}

function compareInEngine(mantissa: bigint, exponent: number, units: bigint): number {
  const view = new DataView(engine.memory.buffer)
  view.setBigUint64(FREE, BigInt.asUintN(64, 2n * units), true)
  view.setBigInt64(FREE + 8, (2n * units) >> 64n, true)
  engine.scale(mantissa, BigInt(exponent) + 9n)
  return [0, -1, 1][engine.compareStored(FREE)] ?? Number.NaN
}

const MANTISSAS = [
  0n,
  1n,
  -1n,
  5n,
  15n,
  10n ** 18n,
  (1n << 63n) - 1n,
  -(1n << 63n),
  -(1n << 63n) + 1n,
  9_007_199_254_740_991n,
]
const EXPONENTS = [0, 1, -1, -9, -10, -18, -27, -28, 9, 17, 18, 27, 40, 300, -340, 2 ** 31 - 1, -(2 ** 31)]

test('numbers compare with literals as exact decimals do', () => {
  const random = new Random(1)
  const seen = new Map<number, number>()
  for (let turn = 0; turn < 60_000; turn++) {
    const mantissa = random.chance(0.5)
      ? random.pick(MANTISSAS)
      : BigInt(random.next()) * BigInt(random.pick([1, -1, 4_294_967_295 / 5]))
    const exponent = random.chance(0.7) ? random.between(-20, 20) : random.pick(EXPONENTS)
    let units = random.chance(0.5)
      ? BigInt(random.between(-2, 2)) * 10n ** BigInt(random.below(28))
      : BigInt(random.next()) ** 2n
    // Often the value itself, or its neighbour.
    if (random.chance(0.5) && exponent >= -9 && exponent < 12) {
      const value = mantissa * 10n ** BigInt(exponent + 9) + BigInt(random.between(-1, 1))
      if (value > -LARGEST && value < LARGEST) units = value
    }
    if (units > LARGEST || units < -LARGEST) continue
    const expected = compareExactly(mantissa, exponent, units)
    agree([mantissa, exponent, units], compareInEngine(mantissa, exponent, units), expected)
    seen.set(expected, (seen.get(expected) ?? 0) + 1)
  }
  expect([-1, 0, 1].every((sign) => (seen.get(sign) ?? 0) > 1000)).toBe(true)
})

test('a value becomes twice its billionths, and one more when something is left', () => {
  const random = new Random(2)
  for (let turn = 0; turn < 20_000; turn++) {
    const mantissa = BigInt(random.next()) * BigInt(random.pick([1, 1000, 65_536, -1, -77]))
    const exponent = random.between(-25, 8)
    engine.scale(mantissa, BigInt(exponent) + 9n)
    const found = (engine.high.value << 64n) | BigInt.asUintN(64, engine.low.value)
    const magnitude = mantissa < 0n ? -mantissa : mantissa
    const shift = BigInt(Math.max(-exponent - 9, 0))
    const scaled = magnitude * 10n ** BigInt(Math.max(exponent + 9, 0))
    const whole = scaled / 10n ** shift
    const doubled = 2n * whole + (whole * 10n ** shift === scaled ? 0n : 1n)
    agree([mantissa, exponent], found, mantissa < 0n ? -doubled : doubled)
  }
})

test('no exponent is too large, and none too small', () => {
  const edges = [2 ** 31 - 1, 2 ** 31 - 9, 2 ** 31 - 10, 1000, -1000, -(2 ** 31)]
  const found = edges.flatMap((exponent) => [1n, -1n, 0n].map((mantissa) => compareInEngine(mantissa, exponent, 0n)))
  expect(found).toEqual(edges.flatMap(() => [1, -1, 0]))
  expect(edges.map((exponent) => compareInEngine(1n, exponent, LARGEST))).toEqual([1, 1, 1, 1, -1, -1])
})
