// `npm run bench -- batch`: `decideBatch` beside as many calls of `decide`, and linear memory over a million decisions.
import { openChild } from './child.mjs'
import { untilInterrupted } from './interrupt.mjs'
import { progress } from './progress.mjs'
import { conclude, limit } from './report.mjs'
import { median, quantile } from './statistics.mjs'

export const options = {
  rounds: { type: 'string', default: '5' },
  ms: { type: 'string', default: '100' },
}

export const quick = { rounds: '2', ms: '50' }

export const help = `npm run bench -- batch [--rounds 5] [--ms 100]
  64 requests to decideBatch beside 64 calls of decide, on W2g; linear memory over a million decisions`

const WAYS = ['decide', 'decideBatch']
const MIXES = { 'one-agent': 'one agent, 64 resources', mixed: '64 requests as they come' }

export async function run(values) {
  const rows = []
  let memory
  await untilInterrupted(
    measureAll(values, rows, (found) => {
      memory = found
    }),
  )
  const of = (mix, way) => rows.find((row) => row.mix === mix && row.way === way)?.medianNs
  const gain = (mix) => of(mix, 'decide') / of(mix, 'decideBatch')
  return conclude(
    {
      suite: 'batch',
      how: `W2g; ${values.rounds} rounds by turns, ${values.ms} ms each; ns for each decision`,
      rows: memory === undefined ? rows : [...rows, memory],
      tables: [
        {
          columns: ['requests, call', 'p50', 'p99', 'min', 'max'],
          rows: rows.map(({ mix, way, medianNs, p99Ns, minNs, maxNs }) => [
            `${MIXES[mix]}, ${way}`,
            ...[medianNs, p99Ns, minNs, maxNs].map((ns) => Math.round(ns).toLocaleString('en')),
          ]),
        },
      ],
      limits: [
        limit('decideBatch: one agent and 64 resources', gain('one-agent'), { atLeast: 2, unit: 'x' }),
        limit('decideBatch: 64 requests as they come', gain('mixed'), { atLeast: 1, unit: 'x' }),
        limit('linear memory gained by 1,000,000 decisions', memory && memory.after - memory.before, {
          atMost: 0,
          unit: ' bytes',
        }),
      ],
    },
    values,
  )
}

async function* measureAll({ rounds, ms }, rows, noteMemory) {
  for (const mix of Object.keys(MIXES)) {
    const open = []
    try {
      for (const way of WAYS) {
        progress(`batch: ${mix}, loading ${way}`)
        open.push({ way, child: await openChild('batch-child.mjs', [way, mix]), turns: [] })
        yield
      }
      for (let round = 0; round < Number(rounds); round++) {
        for (const { child, turns } of open) turns.push(await child.ask({ ms: Number(ms) }))
        yield
      }
      if (mix === 'mixed') {
        progress('batch: a million decisions')
        noteMemory({ what: 'memory', ...(await open[0].child.ask({ steady: true })) })
      }
    } finally {
      for (const { way, child, turns } of open) {
        child.close()
        if (turns.length > 0) rows.push({ mix, way, ...summarize(turns) })
      }
    }
  }
}

/** The 99th percentile is that of the batches of all turns. */
function summarize(turns) {
  const samples = turns.flatMap((turn) => turn.samples).sort((a, b) => a - b)
  return {
    medianNs: median(turns.map(({ p50 }) => p50)),
    p99Ns: quantile(samples, 0.99),
    minNs: Math.min(...turns.map(({ min }) => min)),
    maxNs: Math.max(...turns.map(({ max }) => max)),
  }
}
