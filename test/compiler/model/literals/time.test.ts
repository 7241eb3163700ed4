import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseDuration, parseStamp } from '../../../../compiler/model/index.ts'

const stamp = (text: string) => {
  const parsed = parseStamp(text)
  return parsed.ok ? parsed.value : parsed.fault
}
const duration = (text: string) => {
  const parsed = parseDuration(text)
  return parsed.ok ? parsed.value : parsed.fault.code
}

describe('times', () => {
  it('are read as the platform reads them', () => {
    const ends = { min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59.999Z') }
    fc.assert(
      fc.property(fc.date({ ...ends, noInvalidDate: true }), (date) => {
        const text = date.toISOString()
        expect([text, stamp(text)]).toEqual([text, date.getTime()])
      }),
    )
  })

  it('digits below a millisecond are dropped', () => {
    expect(
      ['1970-01-01T00:00:00.1Z', '1970-01-01T00:00:00.0009Z', '1970-01-01T00:00:00.123456789Z'].map(stamp),
    ).toEqual([100, 0, 123])
  })

  it.each<[string, string, string]>([
    ['2026-02-29T00:00:00Z', 'KV0262', '29'],
    ['1900-02-29T00:00:00Z', 'KV0262', '29'],
    ['2026-04-31T00:00:00Z', 'KV0262', '31'],
    ['2026-13-01T00:00:00Z', 'KV0262', '13'],
    ['2026-00-01T00:00:00Z', 'KV0262', '00'],
    ['2026-04-01T24:00:00Z', 'KV0262', '24'],
    ['2026-04-01T10:60:00Z', 'KV0262', '60'],
    ['2026-12-31T23:59:60Z', 'KV0262', '60'],
    ['2026-04-01', 'KV0261', '2026-04-01'],
    ['2026-04-01T10:00:00', 'KV0261', '2026-04-01T10:00:00'],
    ['2026-04-01T10:00Z', 'KV0261', '2026-04-01T10:00Z'],
    ['2026-04-01T10:00:00+02:00', 'KV0261', '2026-04-01T10:00:00+02:00'],
    ['2026-04-01t10:00:00z', 'KV0261', '2026-04-01t10:00:00z'],
    ['2026-04-01 10:00:00Z', 'KV0261', '2026-04-01 10:00:00Z'],
    ['2026-04-01T10:00:00.Z', 'KV0261', '2026-04-01T10:00:00.Z'],
    ['+002026-04-01T10:00:00Z', 'KV0261', '+002026-04-01T10:00:00Z'],
  ])('%s is refused with %s at %s', (text, code, part) => {
    const start = text.indexOf(part, code === 'KV0262' ? 4 : 0)
    expect(stamp(text)).toMatchObject({ code, start, end: start + part.length })
  })

  it('2000 and 2024 are leap years', () => {
    expect(['2000-02-29T00:00:00Z', '2024-02-29T00:00:00Z'].map(stamp)).toEqual([
      Date.UTC(2000, 1, 29),
      Date.UTC(2024, 1, 29),
    ])
  })
})

describe('durations', () => {
  it.each<[string, number | string]>([
    ['0s', 0],
    ['1s', 1000],
    ['15m', 900_000],
    ['2h', 7_200_000],
    ['1_000d', 86_400_000_000],
    ['104249991d', 9_007_199_222_400_000],
    ['104249992d', 'KV0252'],
    ['2w', 'KV0251'],
    ['5', 'KV0251'],
    ['5ms', 'KV0241'],
    ['m', 'KV0241'],
    ['1.5h', 'KV0241'],
    ['-1h', 'KV0241'],
    ['05m', 'KV0241'],
  ])('%s', (text, expected) => {
    expect(duration(text)).toBe(expected)
  })
})
