import { expect, test } from 'vitest'
import { parseBudget } from '../../cli/bench-budget.ts'
import { judgeBudget, measureUntilSure, refusedOf, verdictOf } from '../../cli/bench-judge.ts'
import type { LineFault } from '../../cli/bench-requests.ts'
import type { Measured } from '../../cli/bench-run.ts'

/** Three rounds of `decide.p99` in nanoseconds, with a floor that varies as the rounds do. */
function measured(values: readonly number[], map: readonly number[] = values.map(() => 100)): Measured {
  return {
    rounds: values.length,
    singles: 1024,
    series: [{ metric: 'decide.p99', where: undefined, values }],
    floors: [{ where: undefined, map, empty: map }],
  }
}

function verdict(text: string, values: readonly number[], map?: readonly number[]) {
  const { lines, faults } = parseBudget(text)
  expect(faults).toEqual([])
  return judgeBudget(lines, measured(values, map)).map((line) => [line.verdict, line.best, line.median, line.worst])
}

test.each([
  ['every round is below', [400, 420, 480], 'within'],
  ['the median is at the limit, and one round above it', [400, 500, 9000], 'within'],
  ['the median is above, and the best round is not', [500, 501, 502], 'unsure'],
  ['the best round is above', [501, 502, 503], 'above'],
])('%s', (_, values, expected) => {
  expect(verdict('decide.p99 <= 500ns', values)).toEqual([[expected, values[0], values[1], values[2]]])
})

test('a ratio is that of each round, so that a slow machine is slow on both sides', () => {
  expect(verdict('decide.p99 <= 4x map', [400, 800, 4000], [100, 200, 1000])).toEqual([['within', 4, 4, 4]])
  expect(verdict('decide.p99 <= 4x map', [410, 820, 4100], [100, 200, 1000])).toEqual([['above', 4.1, 4.1, 4.1]])
})

test('one round is enough for a verdict, which is never unsure', () => {
  expect(verdict('decide.p99 <= 500ns', [500])).toEqual([['within', 500, 500, 500]])
  expect(verdict('decide.p99 <= 500ns', [500.1])).toEqual([['above', 500.1, 500.1, 500.1]])
})

test('what is no number is not within', () => {
  expect(verdict('decide.p99 <= 4x map', [400], [Number.NaN])).toEqual([['above', Number.NaN, Number.NaN, Number.NaN]])
})

test('a limit that is exceeded stands above one that is unsure', () => {
  const { lines } = parseBudget('decide.p99 <= 500ns\ndecide.p99 <= 1x map')
  expect(verdictOf(judgeBudget(lines, measured([500, 501, 502])))).toBe('above')
  expect(verdictOf(judgeBudget(lines.slice(0, 1), measured([500, 501, 502])))).toBe('unsure')
  expect(verdictOf([])).toBe('within')
})

test('what was not measured cannot be judged', () => {
  const { lines } = parseBudget('decide.p50 where agent = a <= 500ns')
  expect(() => judgeBudget(lines, measured([1]))).toThrow(new RangeError('decide.p50 where agent = a was not measured'))
})

test.each([
  ['the rounds are clear', [400, 400, 400], 3],
  ['more rounds tell that it is kept', [500, 501, 502, 400, 400, 9000, 9000], 5],
  ['more rounds tell nothing', [500, 501, 502, 503, 504, 505, 506, 507], 6],
  ['it is exceeded', [600, 601, 602, 400, 400], 3],
  ['a round is interrupted', [500, 501], 2],
])('when %s, rounds are measured until that is known', async (_, values, expected) => {
  const { lines } = parseBudget('decide.p99 <= 500ns')
  let rounds = 0
  const run = {
    round: async () => {
      if (rounds === values.length) return false
      rounds++
      return true
    },
    measured: () => measured(values.slice(0, rounds)),
  }
  await measureUntilSure(run, lines, 3)
  expect(rounds).toBe(expected)
})

const BAD: LineFault = { line: 1, kind: 'no-request', fault: 'it is not JSON' }
const FAILED: LineFault = { line: 2, kind: 'engine-fault', fault: 'the engine answers engine-fault' }

test.each([
  [true, false, [BAD, FAILED]],
  [true, true, [FAILED]],
  [false, false, [FAILED]],
  [false, true, [FAILED]],
])('with a budget: %j, faults allowed: %j, these lines keep it from passing', (hasBudget, allowFaults, expected) => {
  expect(refusedOf([BAD, FAILED], { hasBudget, allowFaults })).toEqual(expected)
})
