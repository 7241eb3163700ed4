// Batches, large policies, compiling, proving; and all limits.
import { aheadIn } from '../compile-report.mjs'
import { formatMeasured } from '../report.mjs'
import { WAYS } from '../swap.mjs'
import { ahead, bytes, round, table, time, whole, withNotes } from './markdown.mjs'

const MIXES = { 'one-agent': 'one agent, 64 resources', mixed: '64 requests as they come' }

export function batchTable({ rows, limits }) {
  const cells = rows
    .filter(({ mix }) => mix !== undefined)
    .map(({ mix, way, medianNs, p99Ns, minNs, maxNs }) => [
      `${MIXES[mix]}, \`${way}\``,
      ...[medianNs, p99Ns, minNs, maxNs].map(time),
    ])
  const closing = limits.map((limit) => `- ${limit.what}: ${formatMeasured(limit)}, ${verdict(limit.holds)}`)
  return `${table(['requests, call', 'a decision', 'p99', 'min', 'max'], cells)}\n\n${closing.join('\n')}`
}

/** Two small policies by turns, and a large one that is swapped in while requests come at a steady rate. */
export function swapTable({ rows }) {
  const steady = rows.filter(({ what }) => what === 'steady')
  const large = rows.filter(({ what }) => what === 'large')
  const small = table(
    ['two small policies by turns', 'times', 'decisions', 'wrong', 'memory moves'],
    steady.map(({ way, count, decisions, wrong, heldMib }) => [
      WAYS[way],
      ...[count, decisions, wrong].map(whole),
      `${heldMib.toFixed(2)} MiB`,
    ]),
  )
  const big = table(
    ['a large policy swapped in', 'takes', 'decisions meanwhile', 'wrong', 'p50', 'p99', 'max'],
    large.map(({ grants, imageBytes, swapMs, decisions, wrong, p50Ms, p99Ms, maxMs }) => [
      `${whole(grants)} grants, ${bytes(imageBytes)}`,
      time(swapMs * 1e6),
      ...[decisions, wrong].map(whole),
      ...[p50Ms, p99Ms, maxMs].map((ms) => time(ms * 1e6)),
    ]),
  )
  return `${small}\n\n${big}`
}

export function scaleTable({ rows }) {
  const cells = rows.map(({ agents, grants, from, times, decideNs, imageBytes, bytesPerGrant, peakBytes }) => [
    `${whole(agents)} x ${grants / agents}, from ${from === 'text' ? 'text' : 'the model API'}`,
    time((times.build ?? times['parse and check']) * 1e6),
    time(times.emit * 1e6),
    time(times.load * 1e6),
    time(decideNs.median),
    time(decideNs.p99),
    bytes(imageBytes),
    bytesPerGrant.toFixed(1),
    bytes(peakBytes),
  ])
  const head = [
    'agents x grants',
    'made',
    'emitted',
    'loaded',
    'a decision',
    'p99 of one',
    'image',
    'bytes a grant',
    'peak memory',
  ]
  return table(head, cells)
}

/** A figure in which a peer is ahead of the whole compiler is marked. */
export function compileTable({ rows, notes }) {
  const contenders = rows.filter(({ contender }) => contender !== undefined)
  const cells = contenders.map((row) => {
    const figures = aheadIn(row, contenders)
    const mark = (figure, text) => (figures.includes(figure) ? ahead(text) : text)
    return [
      row.contender,
      mark('coldMs', time(row.coldMs * 1e6)),
      mark('warmMs', time(row.warmMs * 1e6)),
      `${time(row.minMs * 1e6)} to ${time(row.maxMs * 1e6)}`,
      whole((row.lines / row.warmMs) * 1000),
      round(row.bytes / 1e3 / row.warmMs),
      mark('peakBytes', bytes(row.peakBytes)),
    ]
  })
  const head = ['20,000 grants', 'fresh process', 'warm', 'spread', 'lines/s', 'MB/s', 'peak memory']
  return withNotes(table(head, cells), notes)
}

export function proveTable(suites) {
  const rows = suites.flatMap((suite) => suite.rows.filter(({ atMostMs }) => atMostMs !== undefined))
  if (rows.length === 0) return undefined
  const hard = rows.filter(({ what }) => what.startsWith('unknown: '))
  const slowest = [...hard].sort((a, b) => b.median - a.median)[0]
  const shown = rows
    .filter((row) => row === slowest || !hard.includes(row))
    .map((row) =>
      row === slowest ? { ...row, what: `the slowest of ${hard.length} policies that end _unknown_` } : row,
    )
  const cells = shown.map(({ what, median, p99, min, max, atMostMs }) => [
    what,
    ...[median, p99, min, max].map((ms) => time(ms * 1e6)),
    `${whole(atMostMs)} ms ${verdict(median <= atMostMs)}`,
  ])
  return table(['what', 'p50', 'p99', 'min', 'max', 'limit'], cells)
}

export function limitsTable(results) {
  const rows = Object.values(results).flatMap(({ suite, limits = [] }) => limits.map((limit) => ({ suite, ...limit })))
  const cells = rows
    .filter(({ what }) => !what.startsWith('unknown: '))
    .map(({ suite, what, value, unit, bound, isAtMost, holds }) => [
      suite,
      what,
      formatMeasured({ value, unit }),
      `${isAtMost ? 'at most' : 'at least'} ${Number.isInteger(bound) ? whole(bound) : bound}${unit}`,
      verdict(holds),
    ])
  return cells.length === 0 ? undefined : table(['suite', 'limit', 'measured', 'bound', ''], cells, { isText: true })
}

function verdict(holds) {
  return holds ? 'holds' : '**missed**'
}
