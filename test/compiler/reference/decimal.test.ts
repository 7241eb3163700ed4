import { expect, test } from 'vitest'
import { compareToUnits, numberToDecimal, parseAmount, roundUp } from '../../../compiler/reference/decimal.ts'

function against(value: number, units: bigint): number | undefined {
  const decimal = numberToDecimal(value)
  return decimal && compareToUnits(decimal, units)
}

test('a number is the shortest decimal that reads back as it', () => {
  expect([against(0.1, 100_000_000n), against(0.1 + 0.2, 300_000_000n), against(1.5, 1_500_000_000n)]).toEqual([
    0, 1, 0,
  ])
  expect([against(5e-324, 0n), against(-5e-324, 0n), against(1e308, 10n ** 27n), against(-0, 0n)]).toEqual([
    1, -1, 1, 0,
  ])
  expect([Number.NaN, Number.POSITIVE_INFINITY].map(numberToDecimal)).toEqual([undefined, undefined])
})

test('an amount in text has no sign, no exponent and no idle zero', () => {
  expect(parseAmount('1.60')).toEqual({ digits: 160n, exponent: -2 })
  expect(['', '1.', '.5', '01', '-1', '+1', '1e3', ' 1', '1_0'].map(parseAmount)).toEqual(Array(9).fill(undefined))
})

test('rounding goes up', () => {
  const nano = (text: string) => roundUp(parseAmount(text) ?? { digits: -1n, exponent: 0 }, 9)
  expect([nano('1'), nano('0.0000000001'), nano('1.0000000010'), nano('0')]).toEqual([
    10n ** 9n,
    1n,
    10n ** 9n + 1n,
    0n,
  ])
})
