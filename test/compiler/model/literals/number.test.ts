import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatDecimal, parseDecimal, parseInteger, parseMoney } from '../../../../compiler/model/index.ts'

const NANO = 1_000_000_000n

const integer = (text: string) => {
  const parsed = parseInteger(text)
  return parsed.ok ? parsed.value : parsed.fault.code
}
const decimal = (text: string) => {
  const parsed = parseDecimal(text)
  return parsed.ok ? parsed.value.units : parsed.fault.code
}
const money = (text: string) => {
  const parsed = parseMoney(text)
  return parsed.ok ? parsed.value : parsed.fault.code
}

describe('numbers', () => {
  it.each<[string, bigint]>([
    ['0', 0n],
    ['60', 60n],
    ['2_000', 2000n],
    ['9_9_9', 999n],
    ['999_999_999_999_999_999', 999_999_999_999_999_999n],
  ])('integer %s', (text, expected) => {
    expect(integer(text)).toBe(expected)
  })

  it.each<[string, bigint]>([
    ['0', 0n],
    ['-0', 0n],
    ['1.5', 1_500_000_000n],
    ['1.50', 1_500_000_000n],
    ['-3', -3n * NANO],
    ['0.000000001', 1n],
    ['0.000_000_001', 1n],
    ['999999999999999999.999999999', 999_999_999_999_999_999_999_999_999n],
  ])('decimal %s', (text, expected) => {
    expect(decimal(text)).toBe(expected)
  })

  it.each([
    ['', 'KV0241'],
    ['060', 'KV0241'],
    ['00', 'KV0241'],
    ['_1', 'KV0241'],
    ['1_', 'KV0241'],
    ['1__0', 'KV0241'],
    ['1.5', 'KV0241'],
    ['1e3', 'KV0241'],
    ['-1', 'KV0241'],
    ['0x10', 'KV0241'],
    ['1234567890123456789', 'KV0242'],
  ])('integer %j is refused with %s', (text, code) => {
    expect(integer(text)).toBe(code)
  })

  it.each([
    ['.5', 'KV0241'],
    ['5.', 'KV0241'],
    ['1.2.3', 'KV0241'],
    ['--1', 'KV0241'],
    ['+1', 'KV0241'],
    ['01.5', 'KV0241'],
    ['1._5', 'KV0241'],
    ['0.0000000001', 'KV0242'],
    ['1234567890123456789.0', 'KV0242'],
  ])('decimal %j is refused with %s', (text, code) => {
    expect(decimal(text)).toBe(code)
  })

  it('an idle zero is told apart, with the number that is meant', () => {
    expect(parseInteger('0060')).toEqual({
      ok: false,
      fault: { code: 'KV0241', start: 0, end: 4, message: '`0060` starts with an idle zero', help: 'write `60`' },
    })
  })

  it('money runs from 0 to 9,000,000,000 USD', () => {
    expect(['0', '0.000000001', '9_000_000_000', '9_000_000_000.000000001', '-0.01'].map(money)).toEqual([
      0n,
      1n,
      9_000_000_000n * NANO,
      'KV0243',
      'KV0243',
    ])
  })

  it('prints what it reads back', () => {
    const limit = 10n ** 27n - 1n
    fc.assert(
      fc.property(fc.bigInt({ min: -limit, max: limit }), (units) => {
        expect(decimal(formatDecimal(units))).toBe(units)
      }),
    )
  })
})
