import fc from 'fast-check'
import { expect, test } from 'vitest'
import { describeHours } from '../../../compiler/analyze/describe-hours.ts'
import { type HoursRange, parseHours, type WeekRange, weekRanges } from '../../../compiler/model/index.ts'

function read(text: string): HoursRange {
  const parsed = parseHours(text)
  if (!parsed.ok) throw new TypeError(`${text}: ${parsed.fault.message}`)
  return parsed.value
}

test.each([
  [['mon-fri 08:00-18:00', 'sat 09:00-12:00']],
  [['daily 22:00-04:00']],
  [['sun 22:00-04:00']],
  [['mon-fri 22:00-06:00']],
  [['daily 00:00-24:00']],
  [['sat-mon 09:00-10:00']],
])('%s is written as it was read', (texts) => {
  expect(describeHours(weekRanges(texts.map(read)))).toEqual(texts)
})

test('what lies between is cut at midnight where it is longer than a day', () => {
  const free: WeekRange[] = [
    { from: 0, to: 480 },
    { from: 4 * 1440 + 1080, to: 10_080 },
  ]
  expect(describeHours(free)).toEqual(['mon 00:00-08:00', 'fri 18:00-24:00', 'sat-sun 00:00-24:00'])
})

test('the hours mean exactly the minutes', () => {
  const hours = fc.record({
    days: fc.integer({ min: 1, max: 127 }),
    from: fc.integer({ min: 0, max: 1439 }),
    to: fc.integer({ min: 1, max: 1440 }),
  })
  fc.assert(
    fc.property(fc.array(hours, { maxLength: 4 }), (drawn) => {
      const ranges = weekRanges(drawn.filter(({ from, to }) => from !== to))
      expect(weekRanges(describeHours(ranges).map(read))).toEqual(ranges)
    }),
  )
})
