import { expect, test } from 'vitest'
import { compareNumber, compareWhole, isOneOf, toCedarNumber } from '../../../../compiler/analyze/cedar/number.ts'
import { parseDecimal } from '../../../../compiler/model/index.ts'
import { evaluate } from './evaluate.ts'

const MOST = Number.MAX_SAFE_INTEGER

function units(text: string): bigint {
  const parsed = parseDecimal(text)
  if (!parsed.ok) throw new TypeError(text)
  return parsed.value.units
}

/** Each from just below the one before it to just above. */
const ASCENDING: readonly number[] = [
  -Number.MAX_VALUE,
  -1e21,
  -MOST,
  -9_007_199.254740993,
  -2.000000001,
  -2,
  -1.9999999999,
  -1e-9,
  -5e-324,
  0,
  5e-324,
  1e-10,
  1e-9,
  1.5,
  4.999999999999,
  5,
  5.000000000000001,
  5.000000001,
  9_007_199.254740993,
  123456789012,
  MOST - 1,
  MOST,
  1e21,
  Number.MAX_VALUE,
]

test('a number is rounded both ways, and ends where JSON ends to be exact', () => {
  expect(toCedarNumber(1.5)).toEqual({ floor: 1, ceiling: 2, nanoFloor: 1_500_000_000, nanoCeiling: 1_500_000_000 })
  expect(toCedarNumber(-0)).toEqual({ floor: 0, ceiling: 0, nanoFloor: 0, nanoCeiling: 0 })
  expect(toCedarNumber(-1e-10)).toEqual({ floor: -1, ceiling: 0, nanoFloor: -1, nanoCeiling: 0 })
  expect(toCedarNumber(1e300)).toEqual({ floor: MOST, ceiling: MOST, nanoFloor: MOST, nanoCeiling: MOST })
  expect([Number.NaN, Number.POSITIVE_INFINITY].map(toCedarNumber)).toEqual([undefined, undefined])
})

test('Cedar compares as exact decimals compare', () => {
  for (const constant of ['0', '5', '-2', '5.000000001', '1.5', '-0.000000001', '123456789012', '9007199.254740989']) {
    const at = ASCENDING.findIndex((value) => value >= Number(constant))
    for (const [index, value] of ASCENDING.entries()) {
      const isEqual = value === Number(constant)
      const expected = { '<=': index < at || isEqual, '>=': index >= at, '=': isEqual }
      for (const operator of ['<=', '>=', '='] as const) {
        const text = compareNumber('context.x', operator, units(constant)) ?? ''
        const found = evaluate(text, { x: toCedarNumber(value) })
        expect([value, operator, constant, found]).toEqual([value, operator, constant, expected[operator]])
      }
    }
  }
})

test('a constant is whole where it can be, and what is too large has no text', () => {
  expect(compareNumber('x', '<=', units('5.0'))).toBe('x.ceiling <= 5')
  expect(compareNumber('x', '>=', units('0.5'))).toBe('x.nanoFloor >= 500000000')
  expect(compareNumber('x', '=', BigInt(MOST - 1) * 1_000_000_000n)).toBe(
    `x.floor == ${MOST - 1} && x.ceiling == ${MOST - 1}`,
  )
  expect(compareNumber('x', '=', BigInt(MOST) * 1_000_000_000n)).toBeUndefined()
  expect(compareNumber('x', '=', BigInt(-MOST) * 1_000_000_000n)).toBeUndefined()
  expect(compareNumber('x', '<=', BigInt(MOST))).toBeUndefined()
  expect(isOneOf('x', [units('1'), BigInt(MOST)])).toBeUndefined()
  expect(isOneOf('x', [units('1'), units('2')])).toBe(
    '((x.floor == 1 && x.ceiling == 1) || (x.floor == 2 && x.ceiling == 2))',
  )
})

test('a whole number is compared with a whole number', () => {
  expect((['<=', '>=', '='] as const).map((operator) => compareWhole('x', operator, units('2.5')))).toEqual([
    'x <= 2',
    'x >= 3',
    'false',
  ])
  expect((['<=', '>=', '='] as const).map((operator) => compareWhole('x', operator, units('-2')))).toEqual([
    'x <= -2',
    'x >= -2',
    'x == -2',
  ])
  expect(compareWhole('x', '<=', units('999999999999999999'))).toBe(`x <= ${MOST}`)
})
