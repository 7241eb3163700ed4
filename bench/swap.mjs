// `npm run bench -- swap`: policies swapped while they are asked, memory over swaps and over a million decisions, and how long a decision
// waits while a policy of 1,000,000 grants is swapped in.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runOnce } from './child.mjs'
import { untilInterrupted } from './interrupt.mjs'
import { progress } from './progress.mjs'
import { conclude, format, limit } from './report.mjs'
import { median } from './statistics.mjs'

const STEADY = join(dirname(dirname(fileURLToPath(import.meta.url))), 'test/runtimes/swap/steady.mjs')
const GRANTS = 10

export const options = {
  decisions: { type: 'string', default: '1000000' },
  swaps: { type: 'string', default: '10000' },
  agents: { type: 'string', default: '100000' },
  rounds: { type: 'string', default: '5' },
  rate: { type: 'string', default: '10000' },
}

export const quick = { decisions: '50000', swaps: '300', agents: '10000', rounds: '2' }

export const help = `npm run bench -- swap [--swaps 10000] [--decisions 1000000] [--agents 100000] [--rounds 5] [--rate 10000]
  swaps under load and memory over them; a policy of 10 grants for each agent swapped in, with --rate requests a second`

/** What is done a number of times, by its name in the results. */
export const WAYS = {
  decide: 'decisions',
  requests: 'decisions on the requests of acme',
  slices: 'swaps in slices, under load',
  reload: 'swaps at once, live engine',
  instances: 'swaps at once, plain engine',
}
const MIB = 2 ** 20

export async function run(values) {
  const rows = []
  await untilInterrupted(measureAll(values, rows))
  const steady = rows.filter(({ what }) => what === 'steady')
  const large = rows.filter(({ what }) => what === 'large')
  const [decided, swapped] = [true, false].map((isDecided) => steady.filter((row) => (row.swaps === 0) === isDecided))
  const wrong = [...steady, ...large].reduce((sum, row) => sum + row.wrong, 0)
  return conclude(
    {
      suite: 'swap',
      how: `memory after garbage collection, ten points after one to warm up; requests at a steady rate, late from when they came`,
      rows,
      tables: [
        {
          title: 'two small policies by turns; every decision is held against the policy in force',
          columns: ['what', 'times', 'decisions', 'wrong', 'linear memory', 'heap grows', 'trend', 'resident'],
          rows: steady.map((row) => [
            WAYS[row.way],
            ...[row.count, row.decisions, row.wrong].map((count) => count.toLocaleString('en')),
            `${row.linearMib.map(format).join('-')} MiB`,
            `${row.heldMib.toFixed(2)} MiB`,
            ...[row.trendMib, row.residentMib].map((mib) => `${mib >= 0 ? '+' : ''}${mib.toFixed(2)} MiB`),
          ]),
        },
        {
          title: `a policy of ${(large[0]?.grants ?? 0).toLocaleString('en')} grants, ${format((large[0]?.imageBytes ?? 0) / 1e6)} MB, at ${Number(values.rate).toLocaleString('en')} requests a second; ms from when a request came`,
          columns: ['swap', 'takes', 'slices', 'decisions', 'wrong', 'p50', 'p99', 'max'],
          rows: large.map((row, index) => [
            String(index + 1),
            `${Math.round(row.swapMs)} ms`,
            ...[row.slices, row.decisions, row.wrong].map((count) => count.toLocaleString('en')),
            ...[row.p50Ms, row.p99Ms, row.maxMs].map((ms) => ms.toFixed(2)),
          ]),
        },
      ],
      limits: [
        limit('wrong or failed decisions', steady.length > 0 ? wrong : undefined, { atMost: 0 }),
        limit('memory over decisions', largestOf(decided, heldOf), { atMost: 2, unit: ' MiB' }),
        limit('memory over swaps', largestOf(swapped, heldOf), { atMost: 2, unit: ' MiB' }),
        limit('linear memory gained', largestOf(steady, gainedOf), { atMost: 0, unit: ' MiB' }),
        limit(
          'p99 of decide during a large swap, median of the rounds',
          large.length > 0 ? median(large.map(({ p99Ms }) => p99Ms)) : undefined,
          { atMost: 5, unit: ' ms' },
        ),
      ],
    },
    values,
  )
}

const heldOf = ({ heldMib }) => heldMib

const gainedOf = ({ linearMib }) => linearMib.at(-1) - linearMib[0]

function largestOf(rows, of) {
  return rows.length === 0 ? undefined : Math.max(...rows.map(of))
}

async function* measureAll({ decisions, swaps, agents, rounds, rate }, rows) {
  for (const way of Object.keys(WAYS)) {
    progress(`swap: ${WAYS[way]}`)
    // Acme's requests are read from text each time, and their answers written as text.
    const count = way === 'decide' ? decisions : way === 'requests' ? String(Number(decisions) / 20) : swaps
    rows.push(summarize(await runOnce(STEADY, [way, count], { execArgv: ['--expose-gc'] })))
    yield
  }
  progress(`swap: ${Number(agents) * GRANTS} grants`)
  const args = [agents, String(GRANTS), rounds, rate]
  for (const row of await runOnce('swap-child.mjs', args, { allLines: true })) rows.push({ what: 'large', ...row })
  yield
}

/** What changed from point to point. */
function summarize({ way, count, swaps, decisions, wrong, points }) {
  const held = points.map(({ heldBytes }) => heldBytes)
  const linear = [...new Set(points.map(({ linearBytes }) => linearBytes / MIB))].sort((a, b) => a - b)
  return {
    what: 'steady',
    way,
    count,
    swaps,
    decisions,
    wrong: wrong.length,
    heldMib: growthOf(held) / MIB,
    trendMib: (slopeOf(held) * (points.length - 1)) / MIB,
    linearMib: linear,
    residentMib: (points.at(-1).rssBytes - points[0].rssBytes) / MIB,
  }
}

/** The most by which a value is larger than one before it. */
function growthOf(values) {
  return Math.max(...values.map((value, index) => value - Math.min(...values.slice(0, index + 1))))
}

/** By how much a value grows from one to the next: the line that is nearest to all of them. */
function slopeOf(values) {
  const middle = (values.length - 1) / 2
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const across = values.reduce((sum, value, index) => sum + (index - middle) * (value - mean), 0)
  const along = values.reduce((sum, _, index) => sum + (index - middle) ** 2, 0)
  return across / along
}
