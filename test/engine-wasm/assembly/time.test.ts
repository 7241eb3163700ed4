import { expect, test } from 'vitest'
import { WINDOW_DAY, WINDOW_HOUR, WINDOW_MINUTE, WINDOW_MONTH } from '../../../engine-wasm/format/layout.ts'
import { Random } from '../../properties/generate/random.ts'
import { agree } from './agree.ts'
import { compile, FREE } from './compile.ts'

interface Time {
  readonly UNKNOWN: WebAssembly.Global<'i64'>
  parseTime(at: number, length: number): bigint
  weekMinute(ms: bigint): number
  minuteIn(minute: number, weeks: number, count: number): number
  windowStart(ms: bigint, window: number): bigint
}

const engine = await compile<Time>('time')
const YEAR_0 = Date.parse('0000-01-01T00:00:00Z')
const YEAR_10000 = Date.parse('9999-12-31T23:59:59.999Z') + 1

function parse(text: string): number | undefined {
  const bytes = new TextEncoder().encode(text)
  const time = engine.parseTime(engine.write(Uint8Array.from([...bytes, 0x5a, 0x30])), bytes.length)
  return time === engine.UNKNOWN.value ? undefined : Number(time)
}

/** Moments of every year, and those beside the borders of days, months and years. */
function someMoment(random: Random): number {
  if (random.chance(0.6)) return YEAR_0 + Math.floor((random.next() / 2 ** 32) * (YEAR_10000 - YEAR_0))
  const year = random.below(9999)
  const border = new Date(0)
  border.setUTCFullYear(year, random.below(12), random.pick([1, 1, 28, 29, 30]))
  return border.getTime() + random.pick([-1, 0, 1, 59_999, 60_000, 3_599_999, 86_399_999])
}

test('what JavaScript prints is read back, for every year from 0 to 9999', () => {
  const random = new Random(1)
  for (let turn = 0; turn < 40_000; turn++) {
    const moment = Math.max(YEAR_0, someMoment(random))
    const text = new Date(moment).toISOString()
    agree(text, parse(text), moment)
    const whole = `${text.slice(0, 19)}Z`
    agree(whole, parse(whole), Math.floor(moment / 1000) * 1000)
  }
})

test('every day of every month exists, and no other', () => {
  for (const year of [0, 1, 4, 100, 400, 1900, 1970, 2000, 2023, 2024, 2100, 9999]) {
    for (let month = 0; month <= 13; month++) {
      for (let day = 0; day <= 32; day++) {
        const date = `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
        const moment = new Date(0)
        moment.setUTCFullYear(year, month - 1, day)
        // JavaScript carries a day that does not exist over to the next month.
        const exists =
          moment.getUTCFullYear() === year && moment.getUTCMonth() === month - 1 && moment.getUTCDate() === day
        agree(date, parse(`${date}T00:00:00Z`), exists ? moment.getTime() : undefined)
      }
    }
  }
})

test('the form is the one of RFC 3339 with Z', () => {
  const good = [
    '2026-04-01T10:00:00Z',
    '2026-04-01T23:59:59.9Z',
    '2026-04-01T10:00:00.0019Z',
    `2026-04-01T10:00:00.${'1'.repeat(90)}Z`,
  ]
  const bad =
    `2026-04-01T10:00:00 2026-04-01t10:00:00Z 2026-04-01T10:00:00z 2026-04-01T10:00:00+00:00 2026-04-01T24:00:00Z
    2026-04-01T10:60:00Z 2026-04-01T10:00:60Z 2026-04-01T10:00Z 2026-04-01T10:00:00.Z 2026-04-01T10:00:00,5Z 2026-4-1T10:00:00Z
    +02026-04-01T10:00:00Z 2026-04-01T10:00:00.5 2026-04-01T1o:00:00Z 2026/04/01T10:00:00Z 2026-04-01T10-00-00Z`.split(
      /\s+/,
    )
  expect(good.map(parse)).toEqual([1775037600000, 1775087999900, 1775037600001, 1775037600111])
  expect(bad.map(parse)).toEqual(bad.map(() => undefined))
})

test('the minute of the week counts from Monday, before 1970 too', () => {
  const random = new Random(2)
  for (let turn = 0; turn < 40_000; turn++) {
    const moment = someMoment(random)
    const date = new Date(moment)
    const expected = ((date.getUTCDay() + 6) % 7) * 1440 + date.getUTCHours() * 60 + date.getUTCMinutes()
    agree(moment, engine.weekMinute(BigInt(moment)), expected)
  }
})

test('windows start where the minute, hour, day and month do', () => {
  const random = new Random(3)
  for (let turn = 0; turn < 20_000; turn++) {
    const moment = someMoment(random)
    const date = new Date(moment)
    const month = new Date(0)
    month.setUTCFullYear(date.getUTCFullYear(), date.getUTCMonth(), 1)
    const starts = [date.setUTCSeconds(0, 0), date.setUTCMinutes(0), date.setUTCHours(0), month.getTime()]
    const found = [WINDOW_MINUTE, WINDOW_HOUR, WINDOW_DAY, WINDOW_MONTH].map((window) =>
      Number(engine.windowStart(BigInt(moment), window)),
    )
    agree(moment, found.join(), starts.join())
  }
})

test('the largest moment of a request has its windows', () => {
  const last = BigInt(Number.MAX_SAFE_INTEGER)
  expect(engine.windowStart(last, WINDOW_MINUTE)).toBe(last - (last % 60_000n))
  const month = engine.windowStart(last, WINDOW_MONTH)
  expect([month % 86_400_000n, last - month < 31n * 86_400_000n]).toEqual([0n, true])
})

test('ranges of minutes are half open', () => {
  const view = new DataView(engine.memory.buffer)
  for (const [index, bound] of [60, 120, 120, 180, 10_079, 10_080].entries())
    view.setUint16(FREE + 2 * index, bound, true)
  const minutes = [59, 60, 119, 120, 179, 180, 10_078, 10_079]
  expect(minutes.map((minute) => engine.minuteIn(minute, FREE, 3))).toEqual([0, 1, 1, 1, 1, 0, 0, 1])
  expect(engine.minuteIn(60, FREE, 0)).toBe(0)
})
