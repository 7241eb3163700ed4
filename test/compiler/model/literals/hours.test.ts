import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatHours, type HoursRange, parseHours, weekRanges } from '../../../../compiler/model/index.ts'

function parse(text: string): HoursRange | object {
  const parsed = parseHours(text)
  return parsed.ok ? parsed.value : parsed.fault
}

describe('hours', () => {
  it.each<[string, HoursRange]>([
    ['daily 09:00-18:00', { days: 0b1111111, from: 540, to: 1080 }],
    ['mon 00:00-24:00', { days: 0b0000001, from: 0, to: 1440 }],
    ['mon-fri 22:00-06:00', { days: 0b0011111, from: 1320, to: 360 }],
    ['fri-mon 23:59-00:00', { days: 0b1110001, from: 1439, to: 1440 }],
    ['sun-sat 00:00-00:01', { days: 0b1111111, from: 0, to: 1 }],
  ])('%s', (text, expected) => {
    expect(parse(text)).toEqual(expected)
  })

  it.each<[string, string, string]>([
    ['mon 9:00-18:00', 'KV0221', 'mon 9:00-18:00'],
    ['mon 09:00', 'KV0221', 'mon 09:00'],
    ['09:00-18:00', 'KV0221', '09:00-18:00'],
    ['mon 09:00-09:00', 'KV0222', '09:00-09:00'],
    ['monday 09:00-18:00', 'KV0223', 'monday'],
    ['mon-xyz 09:00-18:00', 'KV0223', 'xyz'],
    ['Mon 09:00-18:00', 'KV0223', 'Mon'],
    ['mon-mon 09:00-18:00', 'KV0223', 'mon-mon'],
    ['daily-fri 09:00-18:00', 'KV0223', 'daily'],
    ['mon 24:00-06:00', 'KV0224', '24:00'],
    ['mon 09:00-24:01', 'KV0224', '24:01'],
    ['mon 09:60-10:00', 'KV0224', '09:60'],
    ['mon 25:00-26:00', 'KV0224', '25:00'],
  ])('%s is refused with %s at %s', (text, code, part) => {
    const start = text.indexOf(part)
    expect(parse(text)).toMatchObject({ code, start, end: start + part.length })
  })

  it('prints what it reads back', () => {
    const range = fc.record({
      first: fc.nat(6),
      count: fc.integer({ min: 1, max: 7 }),
      from: fc.nat(1439),
      to: fc.integer({ min: 1, max: 1440 }),
    })
    fc.assert(
      fc.property(range, ({ first, count, from, to }) => {
        fc.pre(from !== to)
        let days = 0
        for (let i = 0; i < count; i++) days |= 1 << ((first + i) % 7)
        expect(parse(formatHours({ days, from, to }))).toEqual({ days, from, to })
      }),
    )
  })
})

describe('minutes of the week', () => {
  /** Straight from the words: a range over midnight belongs to the day on which it starts. */
  function holds({ days, from, to }: HoursRange, minute: number): boolean {
    const day = Math.floor(minute / 1440)
    const time = minute % 1440
    const isOn = (d: number) => (days & (1 << ((d + 7) % 7))) !== 0
    return from < to
      ? isOn(day) && from <= time && time < to
      : (isOn(day) && time >= from) || (isOn(day - 1) && time < to)
  }

  it('are those that some range holds, sorted and with gaps between them', () => {
    const range = fc.record({
      days: fc.integer({ min: 1, max: 127 }),
      from: fc.nat(1439),
      to: fc.integer({ min: 1, max: 1440 }),
    })
    fc.assert(
      fc.property(fc.array(range, { minLength: 1, maxLength: 3 }), (ranges) => {
        fc.pre(ranges.every(({ from, to }) => from !== to))
        const merged = weekRanges(ranges)
        const expected = Array.from({ length: 10_080 }, (_, minute) => ranges.some((r) => holds(r, minute)))
        const got = new Array<boolean>(10_080).fill(false)
        for (const { from, to } of merged) got.fill(true, from, to)
        expect(got.join()).toBe(expected.join())
        expect(merged.every(({ from, to }, i) => from < to && (merged[i - 1]?.to ?? -1) < from)).toBe(true)
      }),
      { numRuns: 50 },
    )
  })

  it('Friday night reaches into Saturday, and Monday morning is not part of Sunday', () => {
    const parsed = parseHours('mon-fri 22:00-06:00')
    const ranges = parsed.ok ? weekRanges([parsed.value]) : []
    const isIn = (day: number, hour: number) =>
      ranges.some(({ from, to }) => from <= day * 1440 + hour * 60 && day * 1440 + hour * 60 < to)
    expect([isIn(5, 5), isIn(5, 6), isIn(0, 3), isIn(0, 22), isIn(4, 22)]).toEqual([true, false, false, true, true])
  })
})
