/** What is judged of measurements: limits, and whether figures belong together. */
import { cpus } from 'node:os'
import { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { aheadIn } from '../../bench/compile-report.mjs'
import { decideReport } from '../../bench/decide-report.mjs'
import { originOf } from '../../bench/figures/blocks.mjs'
import { watchOthers } from '../../bench/others.mjs'
import { formatMeasured, limit } from '../../bench/report.mjs'
import { smallerOf } from '../../bench/size-report.mjs'

describe('a limit', () => {
  test.each([undefined, Number.NaN, Number.POSITIVE_INFINITY])('of %s was not measured and does not hold', (value) => {
    const judged = limit('wrong decisions', value, { atMost: 0, unit: ' ms' })
    expect(judged).toEqual({
      what: 'wrong decisions',
      value: 'not measured',
      unit: ' ms',
      bound: 0,
      isAtMost: true,
      holds: false,
    })
    expect(formatMeasured(judged)).toBe('not measured')
  })

  test.each([
    [{ atMost: 1 }, 1, true],
    [{ atMost: 1 }, 1.001, false],
    [{ atLeast: 0.5 }, 0.5, true],
    [{ atLeast: 0.5 }, 0.499, false],
  ])('%o is judged on %s, and not on what is printed of it', (bound, value, holds) => {
    expect(limit('a ratio', value, { ...bound, unit: 'x' }).holds).toBe(holds)
  })
})

describe('limits of decide', () => {
  const row = (contender: string, medianNs: number) => ({
    workload: 'W1g',
    contender,
    medianNs,
    minNs: 1,
    maxNs: 1,
    p99Ns: 1,
    loadMs: 1,
    loadBytes: 1,
  })
  const limitsOf = (rows: readonly object[], contenders: readonly string[]) =>
    decideReport(rows, contenders).limits.map(({ what, value, holds }) => [what, value, holds])

  test('are those of the contenders that were wanted', () => {
    expect(limitsOf([row('kavachos', 100)], ['kavachos'])).toEqual([])
    expect(limitsOf([row('kavachos', 100), row('CASL', 200)], ['kavachos', 'CASL'])).toEqual([
      ['W1g: beside the fastest peer, CASL', 0.5, true],
    ])
  })

  test('do not hold when a contender that was wanted is not there', () => {
    expect(limitsOf([row('kavachos', 100)], ['kavachos', 'by hand', 'CASL'])).toEqual([
      ['W1g: beside hand-written JavaScript', 'not measured', false],
      ['W1g: beside the fastest peer', 'not measured', false],
    ])
  })
})

test('a peer is ahead of the whole compiler in the figures that are lower', () => {
  const ours = { contender: 'kavachos: text to module', coldMs: 10, warmMs: 5, peakBytes: 100 }
  const peer = { contender: 'casbin: lines to enforcer', coldMs: 9, warmMs: 6, peakBytes: 99 }
  expect(aheadIn(peer, [ours, peer])).toEqual(['coldMs', 'peakBytes'])
  expect(aheadIn(ours, [ours, peer])).toEqual([])
})

test('a peer is ahead in size when it is smaller than engine and loader together', () => {
  const rows = [
    { what: 'engine', gzippedBytes: 10 },
    { what: 'loader', gzippedBytes: 5 },
    { what: 'kavachos/client, node', gzippedBytes: 1 },
    { what: 'CASL', isPeer: true, gzippedBytes: 14 },
    { what: 'casbin', isPeer: true, gzippedBytes: 15 },
    { what: 'Cedar: its loader', isPeer: true, gzippedBytes: 1 },
  ]
  expect(smallerOf(rows).map(({ what }) => what)).toEqual(['CASL'])
})

describe('where figures come from', () => {
  const suite = (name: string, origin?: object) => ({ suite: name, origin })
  const whole = { commit: 'aaa', engine: 'bbb', runSeconds: 500 }

  test('is a line when they are of one run', () => {
    expect(
      originOf([suite('decide', { ...whole, quickSeconds: 50 }), suite('size', { ...whole, quickSeconds: 50 })]),
    ).toEqual(['Commit `aaa`, engine `bbb`.', 'The whole run took 500 s.', '`--quick` took 50 s.'])
  })

  test('is a warning when they are not', () => {
    const other = { commit: 'ccc', engine: 'ddd' }
    expect(originOf([suite('decide', whole), suite('batch', other), suite('size')])).toEqual([
      '**The suites are of different commits: `aaa`, `ccc`, unknown.**',
      '**The suites are of different engines: `bbb`, `ddd`, unknown.**',
      '**Not of a whole run with its defaults: `batch`, `size`.**',
    ])
  })
})

test('what this process does is not the load of others', async () => {
  const endWatch = watchOthers()
  const [started, before] = [performance.now(), process.cpuUsage()]
  const burn = 'const end = Date.now() + 1500; while (Date.now() < end);'
  const workers = cpus().map(() => new Worker(burn, { eval: true }))
  await Promise.all(workers.map((worker) => new Promise((done) => worker.once('exit', done))))
  const { user, system } = process.cpuUsage(before)
  const own = (user + system) / 1000 / (performance.now() - started)
  // What is left of the processors is all that others can have had; ticks are coarse.
  expect(endWatch()).toBeLessThanOrEqual(cpus().length - own + 0.2)
})
