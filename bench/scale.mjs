// `npm run bench -- scale`: large policies, from text and through the model API, and how much longer a decision takes among many agents.
import { runOnce } from './child.mjs'
import { untilInterrupted } from './interrupt.mjs'
import { progress } from './progress.mjs'
import { conclude, format, limit } from './report.mjs'
import { median } from './statistics.mjs'

const MAX_BYTES_PER_GRANT = 32
const MAX_GROWTH = 3
const GRANTS = 10
/** Agents from which on the tables of an image are a small part of it. */
const LARGE = 10_000

export const options = {
  sizes: { type: 'string', default: '10,100,1000,10000,100000' },
  rounds: { type: 'string', default: '2' },
}
export const quick = { sizes: '10,1000', rounds: '1' }
export const help = `npm run bench -- scale [--sizes 10,100000] [--rounds 2]
  agents with ten grants each: made, emitted, loaded, asked; bytes a grant, peak memory; 10,000 of them from text`

export async function run(values) {
  const sizes = values.sizes.split(',').map(Number)
  const found = []
  await untilInterrupted(measureAll(sizes, Number(values.rounds), found))
  const rows = summarize(found)
  const of = (agents) => rows.find((row) => row.from === 'model' && row.agents === agents)?.decideNs.median
  const large = rows.filter(({ agents }) => agents >= LARGE)
  return conclude(
    {
      suite: 'scale',
      how: `a process for each size and round, ${values.rounds} rounds by turns`,
      rows,
      tables: [{ columns: COLUMNS, rows: rows.map(toCells) }],
      limits: [
        ...(sizes.includes(10) && sizes.includes(100_000)
          ? [
              limit('a decision among 100,000 agents against one among 10', of(100_000) / of(10), {
                atMost: MAX_GROWTH,
                unit: 'x',
              }),
            ]
          : []),
        ...(sizes.some((agents) => agents >= LARGE)
          ? [
              limit('image, a grant', Math.max(...large.map(({ bytesPerGrant }) => bytesPerGrant)), {
                atMost: MAX_BYTES_PER_GRANT,
                unit: ' bytes',
              }),
            ]
          : []),
      ],
    },
    values,
  )
}

async function* measureAll(sizes, rounds, found) {
  for (let round = 0; round < rounds; round++) {
    for (const agents of sizes) {
      progress(`scale: round ${round + 1} of ${rounds}, ${agents} agents`)
      found.push(await runOnce('scale-child.mjs', ['model', String(agents), String(GRANTS)]))
      yield
    }
  }
  const fromText = Math.min(10_000, Math.max(...sizes))
  progress(`scale: ${fromText} agents from text`)
  found.push(await runOnce('scale-child.mjs', ['text', String(fromText), String(GRANTS)]))
  yield
}

/** The round in the middle for each size. */
function summarize(found) {
  const keys = [...new Set(found.map(({ from, agents }) => `${from} ${agents}`))]
  return keys.map((key) => {
    const rounds = found.filter(({ from, agents }) => `${from} ${agents}` === key)
    const middle = median(rounds.map(({ decideNs }) => decideNs.median))
    return rounds.find(({ decideNs }) => decideNs.median === middle)
  })
}

const COLUMNS = [
  'agents x grants, from',
  'text MB',
  'make ms',
  'emit ms',
  'splice ms',
  'load ms',
  'decide ns',
  'min',
  'max',
  'p99 of one',
  'image MB',
  'bytes a grant',
  'peak MB',
]

function toCells({ agents, grants, from, textBytes, times, decideNs, imageBytes, bytesPerGrant, peakBytes }) {
  return [
    `${format(agents)} x ${grants / agents}, ${from}`,
    textBytes === undefined ? '' : format(textBytes / 1e6),
    ...[times.build ?? times['parse and check'], times.emit, times.splice, times.load].map(whole),
    ...[decideNs.median, decideNs.min, decideNs.max, decideNs.p99].map(whole),
    (imageBytes / 1e6).toFixed(2),
    bytesPerGrant.toFixed(1),
    whole(peakBytes / 1e6),
  ]
}

function whole(value) {
  return Math.round(value).toLocaleString('en')
}
