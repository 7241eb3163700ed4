import { expect, test } from 'vitest'
import { parseBudget } from '../../cli/bench-budget.ts'
import type { BenchRequest } from '../../cli/bench-requests.ts'
import { createRun, median, selectionsOf, valuesOf } from '../../cli/bench-run.ts'

const requestOf = (agent: string): BenchRequest => ({
  asked: { agent, action: 'read', resource: 'mcp:docs:home', verdict: 'allow' },
  fresh: () => ({ agent, action: 'read', resource: 'mcp:docs:home' }),
})

/** A run whose decisions take 10 us for `slow` and 5 us for others; `rests` blocks and loads may end. */
function runOf({ budget, rests = Number.POSITIVE_INFINITY }: { readonly budget: string; readonly rests?: number }) {
  const { lines } = parseBudget(budget)
  const asked = new Set<string>()
  let nowUs = 0
  let left = rests
  const run = createRun(
    {
      decide: ({ agent }) => {
        asked.add(agent)
        nowUs += agent === 'slow' ? 10 : 5
      },
      bare: { memoryBytes: 65_536, touch: () => 0, verify: () => (nowUs += 70) },
      load: () => {
        nowUs += 900
      },
      moduleBytes: 200,
      imageBytes: 100,
    },
    ['slow', 'quick', 'quick'].map(requestOf),
    {
      seconds: 0.001,
      selections: selectionsOf(lines),
      clock: () => nowUs / 1000,
      collect: () => undefined,
      rest: async () => left-- > 0,
      progress: () => undefined,
    },
  )
  return { run, lines, asked }
}

test('a round measures all requests, each selection apart, and everything else', async () => {
  const budget = 'decide.p50 where agent = slow <= 1us\ndecide.p99 where agent = slow <= 1us\nload <= 1ms'
  const { run, asked } = runOf({ budget })
  expect([await run.round(), await run.round()]).toEqual([true, true])
  expect(asked).toEqual(new Set(['slow', 'quick']))
  const { rounds, singles, series, floors } = run.measured()
  expect([rounds, singles]).toEqual([2, 2 * 2 * 4096])
  const rounded = series.map(({ metric, where, values }) => [metric, where?.text, ...values.map(Math.round)])
  expect(rounded.filter(([metric]) => metric !== 'decide.mean')).toEqual([
    ['decide.p50', undefined, 5000, 5000],
    ['decide.p99', undefined, 10_000, 10_000],
    ['decide.p999', undefined, 10_000, 10_000],
    ['decide.p50', 'agent = slow', 10_000, 10_000],
    ['decide.p99', 'agent = slow', 10_000, 10_000],
    ['decide.p999', 'agent = slow', 10_000, 10_000],
    ['load', undefined, 900_000, 900_000],
    ['verify', undefined, 70_000, 70_000],
    ['module', undefined, 200],
    ['image', undefined, 100],
    ['memory', undefined, 65_536],
  ])
  expect(floors.map(({ where, map }) => [where?.text, map.length])).toEqual([
    [undefined, 2],
    ['agent = slow', 2],
  ])
})

test.each([0, 3, 5, 9])('a round that is interrupted after %d steps does not count', async (rests) => {
  const { run } = runOf({ budget: 'load <= 1ms', rests })
  expect(await run.round()).toBe(false)
  expect(run.measured()).toMatchObject({ rounds: 0, singles: 0 })
})

test('selections that say the same are one', () => {
  const { lines } = parseBudget(
    'decide.p50 where agent = a <= 1us\ndecide.p99 where agent="a" <= 1us\ndecide.p99 where agent = b <= 1us',
  )
  expect(selectionsOf(lines).map(({ text }) => text)).toEqual(['agent = a', 'agent = b'])
})

test('values are found by metric and selection, and what was not measured is an error', async () => {
  const { run, lines } = runOf({ budget: 'decide.p99 where agent = slow <= 1us' })
  await run.round()
  expect(lines.map((line) => valuesOf(run.measured(), line).floors.where?.text)).toEqual(['agent = slow'])
  expect(() => valuesOf({ ...run.measured(), series: [] }, { metric: 'load', where: undefined })).toThrow(
    'load was not measured',
  )
})

test('a median is the middle, the upper one of two', () => {
  expect([[3], [1, 2], [9, 1, 5]].map(median)).toEqual([3, 2, 5])
  expect(() => median([])).toThrow('nothing was measured')
})
