// What the figures of `npm run bench -- decide` say: a row for each contender, who is ahead of us and why, and the limits.
import { CONTENDERS } from './peers/contenders.mjs'
import { limit } from './report.mjs'

/** `W1x` has 10 agents with 5 exact grants each: a map needs no more than its look-up there. */
const MOST_BESIDE_BY_HAND = { W1x: 1.5 }
/** Where a peer may be ahead. */
const MAY_BE_AHEAD = { W1x: ['CASL'] }

export function decideReport(rows, contenders) {
  const order = (row) => contenders.indexOf(row.contender)
  const workloads = [...new Set(rows.map(({ workload }) => workload))]
  const sorted = workloads.flatMap((workload) =>
    rows.filter((row) => row.workload === workload).sort((a, b) => order(a) - order(b)),
  )
  const ahead = aheadOf(rows)
  const marks = new Set(ahead.map(({ workload, contender }) => `${workload} ${contender}`))
  const cells = sorted.map((row) => {
    const { workload, contender } = row
    const name = `${workload} ${contender}${marks.has(`${workload} ${contender}`) ? ' *' : ''}`
    if (row.medianNs === undefined) {
      const why = row.cannot === undefined ? `left out: ${row.leftOut}` : `cannot: ${row.cannot}`
      return [name, '', '', '', '', '', '', '', why]
    }
    const { medianNs, minNs, maxNs, p99Ns, ratio, loadMs, loadBytes } = row
    const beside = ratio === undefined ? '' : `${ratio.toFixed(2)}x`
    return [
      name,
      ...[medianNs, minNs, maxNs, p99Ns].map(whole),
      beside,
      whole(loadMs),
      whole(Math.max(0, loadBytes) / 1e6),
      '',
    ]
  })
  const columns = ['workload, contender', 'p50', 'min', 'max', 'p99 of one', 'by hand', 'load ms', 'load MB', '']
  return {
    tables: [{ columns, rows: cells }],
    limits: workloads.flatMap((workload) => limitsOf(rows, workload)),
    notes: [...notesOf(ahead), ...notesOfRestarts(rows)],
  }
}

/** Peers with a lower median than ours. */
export function aheadOf(rows) {
  return rows.filter(({ workload, contender, medianNs }) => {
    const ours = rows.find((row) => row.workload === workload && row.contender === 'kavachos')?.medianNs
    return CONTENDERS[contender].kind === 'peer' && ours !== undefined && medianNs < ours
  })
}

function limitsOf(rows, workload) {
  const of = (kind) =>
    rows.filter((row) => row.workload === workload && CONTENDERS[row.contender].kind === kind && row.medianNs)
  const [ours] = of('ours')
  if (ours === undefined) return []
  const peers = of('peer').filter(({ contender }) => !MAY_BE_AHEAD[workload]?.includes(contender))
  const fastest = peers.sort((a, b) => a.medianNs - b.medianNs)[0]
  const atMost = MOST_BESIDE_BY_HAND[workload] ?? 1
  return [
    ...limit(`${workload}: beside hand-written JavaScript`, ours.ratio, { atMost, unit: 'x' }),
    ...(fastest === undefined
      ? []
      : limit(`${workload}: beside the fastest peer, ${fastest.contender}`, ours.medianNs / fastest.medianNs, {
          atMost: 1,
          unit: 'x',
        })),
  ]
}

function notesOf(ahead) {
  const names = [...new Set(ahead.map(({ contender }) => contender))]
  return names.map((name) => {
    const where = ahead.filter(({ contender }) => contender === name).map(({ workload }) => workload)
    return `* ${name} is ahead on ${where.join(', ')}: ${CONTENDERS[name].why ?? 'the profile does not say why yet'}.`
  })
}

function notesOfRestarts(rows) {
  const restarted = rows.filter(({ restarts }) => restarts !== undefined)
  return restarted.map(
    ({ workload, contender, restarts }) =>
      `${contender} on ${workload} was started anew ${restarts === 1 ? 'once' : `${restarts} times`}, since V8 had ended its process.`,
  )
}

function whole(value) {
  return Math.round(value).toLocaleString('en')
}
