// One decision, beside hand-written JavaScript and beside the peers.
import { aheadOf } from '../decide-report.mjs'
import { BY_HAND, CONTENDERS } from '../peers/contenders.mjs'
import { ahead as markAhead, noteText, table, time } from './markdown.mjs'

/** What a workload is, for those who have not read bench/README.md. */
export const ABOUT = {
  W1x: '10 agents x 5 grants, exact',
  W1g: '10 x 5, 30 % with `*`',
  W2x: '1,000 x 20, exact',
  W2g: '1,000 x 20, 30 % with `*`',
  W3ax: '10,000 x 20, exact',
  W3ag: '10,000 x 20, 30 % with `*`',
  W3bx: '100,000 x 10, exact',
  W3bg: '100,000 x 10, 30 % with `*`',
  W4: '1,000 x 5, hours, networks, regex',
  W5d1: '1,000 x 20, one hop',
  W5d5: '1,000 x 20, a chain of five',
}

export const nameOf = (workload) => (ABOUT[workload] === undefined ? workload : `${workload}: ${ABOUT[workload]}`)

const PEERS = Object.keys(CONTENDERS).filter((name) => CONTENDERS[name].kind === 'peer')

const OPA = '- OPA is not in the table: the program that compiles its policies is in neither npm nor Debian.'

export function decideTable({ rows }) {
  const cells = workloadsOf(rows).map((workload) => {
    const of = (contender) => find(rows, workload, contender)
    const byHand = fasterOf(BY_HAND.map(of))
    const ours = of('kavachos')
    return [
      nameOf(workload),
      time(ours?.medianNs),
      time(byHand?.medianNs),
      time(of('one Map.get')?.medianNs) || '-',
      ours && byHand ? `${(ours.medianNs / byHand.medianNs).toFixed(2)}x` : '',
      ours && byHand ? holds(ours.medianNs / byHand.medianNs, workload) : '',
    ]
  })
  return table(['workload', 'kavachos', 'by hand', 'one `Map.get`', 'beside by hand', 'limit'], cells)
}

export function peersTable({ rows, notes }) {
  const ahead = aheadOf(rows)
  const isAhead = (workload, contender) => ahead.some((row) => row.workload === workload && row.contender === contender)
  const cells = workloadsOf(rows).map((workload) => [
    nameOf(workload),
    time(find(rows, workload, 'kavachos')?.medianNs),
    ...PEERS.map((peer) => {
      const row = find(rows, workload, peer)
      if (row?.cannot !== undefined) return 'cannot'
      if (row?.medianNs === undefined) return 'left out'
      return isAhead(workload, peer) ? markAhead(time(row.medianNs)) : time(row.medianNs)
    }),
  ])
  const closing = [...notes.map(noteText), ...whyLeftOut(rows)].map((line) => `- ${line}`)
  const head = table(['workload', 'kavachos', ...PEERS], cells)
  return `${head}\n\n${[...closing, OPA].join('\n')}`
}

function whyLeftOut(rows) {
  const left = rows.filter(({ leftOut }) => leftOut !== undefined)
  const reasons = [...new Set(left.map(({ contender, leftOut }) => `${contender}: ${leftOut}`))]
  return reasons.map((reason) => {
    const where = left.filter(({ contender, leftOut }) => `${contender}: ${leftOut}` === reason)
    return `${where[0].contender} is left out on ${where.map(({ workload }) => workload).join(', ')}: ${where[0].leftOut}.`
  })
}

/** Everything: median, spread, p99, loading. */
export function pictures({ rows, how }) {
  const cells = rows
    .filter(({ medianNs }) => medianNs !== undefined)
    .map(({ workload, contender, medianNs, minNs, maxNs, p99Ns, loadMs, loadBytes }) => [
      `${workload} ${contender}`,
      ...[medianNs, minNs, maxNs, p99Ns].map(time),
      time(loadMs * 1e6),
      `${Math.max(0, Math.round(loadBytes / 1e6))} MB`,
    ])
  const head = ['workload, contender', 'p50', 'min', 'max', 'p99 of one', 'load', 'memory']
  return `${how}.\n\n${table(head, cells)}`
}

export function workloadsOf(rows) {
  return [...new Set(rows.map(({ workload }) => workload))]
}

export function find(rows, workload, contender) {
  return rows.find((row) => row.workload === workload && row.contender === contender)
}

function fasterOf(rows) {
  return rows.filter((row) => row?.medianNs !== undefined).sort((a, b) => a.medianNs - b.medianNs)[0]
}

function holds(ratio, workload) {
  const bound = workload === 'W1x' ? 1.5 : 1
  return `${bound.toFixed(1)}x ${ratio <= bound ? 'holds' : '**missed**'}`
}
