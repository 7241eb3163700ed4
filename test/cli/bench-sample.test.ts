import { expect, test } from 'vitest'
import type { BenchRequest } from '../../cli/bench-requests.ts'
import { percentile, takeSample } from '../../cli/bench-sample.ts'

const REQUESTS: readonly BenchRequest[] = ['a', 'b', 'c'].map((agent) => ({
  asked: { agent, action: 'read', resource: 'mcp:docs:home', verdict: 'allow' },
  fresh: () => ({ agent, action: 'read', resource: 'mcp:docs:home' }),
}))

/** A machine on which reading the clock takes 1 us, and everything else what `costs` says, in us. */
function machine(costs: {
  readonly decide: (turn: number) => number
  readonly lookUp: number
  readonly touch: number
}) {
  let nowUs = 0
  const asked = new Map<string, number>()
  let turn = 0
  return {
    asked,
    clock: () => ++nowUs / 1000,
    subject: {
      decide: ({ agent }: { readonly agent: string }) => {
        asked.set(agent, (asked.get(agent) ?? 0) + 1)
        nowUs += costs.decide(turn++)
      },
      lookUp: () => {
        nowUs += costs.lookUp
        return 1
      },
      touch: () => {
        nowUs += costs.touch
        return 1
      },
    },
  }
}

test('figures are nanoseconds of one call, less what reading the clock takes', async () => {
  // Every 50th decision takes 100 us.
  const { subject, clock, asked } = machine({ decide: (turn) => (turn % 50 === 0 ? 100 : 8), lookUp: 3, touch: 2 })
  const sample = await takeSample(subject, REQUESTS, {
    seconds: 0,
    clock,
    collect: () => undefined,
    rest: async () => true,
  })
  const rounded = Object.entries(sample ?? {}).map(([name, value]) => [name, Math.round(value)])
  expect(Object.fromEntries(rounded)).toEqual({
    p50: 8000,
    p99: 100_000,
    p999: 100_000,
    // 64 decisions with one slow one, or with two.
    mean: expect.toSatisfy((value: number) => value > 9000 && value < 11_000),
    map: 3000,
    empty: 2000,
    singles: 4096,
  })
  expect([...asked.keys()].sort()).toEqual(['a', 'b', 'c'])
  expect(Math.max(...asked.values()) - Math.min(...asked.values())).toBeLessThanOrEqual(2)
})

test('a sample that is longer than what it keeps is about all of its time', async () => {
  // 256 blocks of 2,048 decisions are kept. The first 256 are quick, and four fifths of all are slow.
  const quick = 256 * 2048
  const { subject, clock, asked } = machine({ decide: (turn) => (turn < quick ? 1 : 4), lookUp: 0, touch: 0 })
  let blocks = 0
  const sample = await takeSample(subject, REQUESTS, {
    seconds: 12,
    clock,
    collect: () => undefined,
    rest: async () => ++blocks > 0,
  })
  expect(clock()).toBeGreaterThan(12_000)
  expect(blocks).toBeGreaterThan(5 * 256)
  expect(sample?.singles).toBe(blocks * 1024)
  expect([...asked.values()].reduce((sum, count) => sum + count)).toBe(blocks * 2048)
  expect([sample?.p50, sample?.p99, sample?.mean].map((ns) => Math.round(ns ?? 0))).toEqual([4000, 4000, 4000])
})

test('what is quicker than the clock can tell takes no time, and never less', async () => {
  const { subject, clock } = machine({ decide: () => 0, lookUp: 0, touch: 0 })
  const sample = await takeSample(subject, REQUESTS, {
    seconds: 0,
    clock,
    collect: () => undefined,
    rest: async () => true,
  })
  if (sample === undefined) throw new Error('there is no sample')
  const { p50, p999, map, empty } = sample
  // Milliseconds with fractions are not exact.
  expect([p50, p999, map, empty].map((ns) => ns >= 0 && ns < 1e-6)).toEqual([true, true, true, true])
})

test('a rest that says so ends the sample, which is none', async () => {
  const { subject, clock } = machine({ decide: () => 1, lookUp: 1, touch: 1 })
  let rests = 0
  const sample = await takeSample(subject, REQUESTS, {
    seconds: 1000,
    clock,
    collect: () => undefined,
    rest: async () => ++rests < 3,
  })
  expect([sample, rests]).toEqual([undefined, 3])
})

test('a percentile is the smallest value that so many do not exceed', () => {
  const values = Float64Array.from({ length: 1000 }, (_, i) => i + 1)
  expect([0, 0.5, 0.99, 0.999, 1].map((part) => percentile(values, part))).toEqual([1, 500, 990, 999, 1000])
  expect(percentile(new Float64Array([7]), 0.5)).toBe(7)
})
