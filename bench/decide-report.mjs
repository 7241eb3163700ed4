// What the figures of `npm run bench -- decide` say: a row for each contender, who is ahead of us and why, and the limits.
import { BY_HAND, CONTENDERS } from './peers/contenders.mjs'
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
    limits: workloads.flatMap((workload) => limitsOf(rows, workload, contenders)),
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

/** Of those that were wanted: ours beside each kind of the others. */
function limitsOf(rows, workload, contenders) {
  const of = (kind) =>
    rows.filter((row) => row.workload === workload && CONTENDERS[row.contender].kind === kind && row.medianNs)
  if (!contenders.includes('kavachos')) return []
  const [ours] = of('ours')
  const judged = contenders.filter(
    (name) =>
      CONTENDERS[name].kind === 'peer' && !MAY_BE_AHEAD[workload]?.includes(name) && !isAbsent(rows, workload, name),
  )
  const peers = of('peer').filter(({ contender }) => judged.includes(contender))
  const fastest = peers.sort((a, b) => a.medianNs - b.medianNs)[0]
  const named = fastest === undefined ? '' : `, ${fastest.contender}`
  const atMost = MOST_BESIDE_BY_HAND[workload] ?? 1
  return [
    ...(contenders.some((name) => BY_HAND.includes(name))
      ? [limit(`${workload}: beside hand-written JavaScript`, ours?.ratio, { atMost, unit: 'x' })]
      : []),
    ...(judged.length > 0
      ? [
          limit(`${workload}: beside the fastest peer${named}`, ours?.medianNs / fastest?.medianNs, {
            atMost: 1,
            unit: 'x',
          }),
        ]
      : []),
  ]
}

/** It cannot, or is left out on purpose. */
function isAbsent(rows, workload, contender) {
  const row = rows.find((one) => one.workload === workload && one.contender === contender)
  return row?.cannot !== undefined || row?.leftOut !== undefined
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
