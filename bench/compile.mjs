// `npm run bench -- compile`: policy text to a module, beside what the peers do with the same policy, and a check in an editor.
import { runOnce } from './child.mjs'
import { aheadIn, notesOf } from './compile-report.mjs'
import { rows as EDITOR } from './compile-rows.mjs'
import { untilInterrupted } from './interrupt.mjs'
import { progress } from './progress.mjs'
import { conclude, format, limit } from './report.mjs'
import { median } from './statistics.mjs'

export const options = {
  rounds: { type: 'string', default: '2' },
  ms: { type: 'string', default: '1000' },
}
export const quick = { rounds: '1', ms: '0' }
export const help = `npm run bench -- compile [--rounds 2] [--ms 1000]
  W2g as text: 1,000 agents with 20 grants each, in a fresh process and warmed up; 2,000 lines as an editor checks them`

const CONTENDERS = [
  'kavachos: text to module',
  'kavachos: text to model, checked',
  'Cedar: text to policy set',
  'casbin: lines to enforcer',
]

export async function run(values) {
  const runs = new Map()
  const editor = []
  await untilInterrupted(measureAll(values, runs, editor))
  const rows = [...runs].map(([contender, found]) => summarize(contender, found))
  return conclude(
    {
      suite: 'compile',
      how: `W2g as text, 20,000 grants; ${values.rounds} processes each, by turns`,
      packages: ['@cedar-policy/cedar-wasm', 'casbin'],
      rows: [...rows, ...editor],
      tables: [
        {
          columns: [
            'what',
            'lines',
            'MB',
            'cold ms',
            'warm ms',
            'min',
            'max',
            'lines/s',
            'MB/s',
            'grants/s',
            'peak MB',
          ],
          rows: rows.map((row) => [
            `${row.contender}${aheadIn(row, rows).length > 0 ? ' *' : ''}`,
            format(row.lines),
            format(row.bytes / 1e6),
            ...[row.coldMs, row.warmMs, row.minMs, row.maxMs].map(format),
            format((row.lines / row.warmMs) * 1000),
            format(row.bytes / 1e3 / row.warmMs),
            format((row.grants / row.warmMs) * 1000),
            format(row.peakBytes / 1e6),
          ]),
        },
        {
          columns: ['what', 'p50 ms', 'p99 ms', 'min', 'max', 'runs'],
          rows: editor.map(({ what, median: p50, p99, min, max, runs: count }) => [
            what,
            ...[p50, p99, min, max].map(format),
            String(count),
          ]),
        },
      ],
      limits: Object.entries(EDITOR).map(([what, { atMostMs }]) => {
        const p50 = editor.find((row) => row.what === what)?.median
        return limit(what, p50, { atMost: atMostMs, unit: ' ms' })
      }),
      notes: notesOf(rows),
    },
    values,
  )
}

async function* measureAll({ rounds, ms }, runs, editor) {
  for (let round = 0; round < Number(rounds); round++) {
    for (const contender of CONTENDERS) {
      progress(`compile: round ${round + 1} of ${rounds}, ${contender}`)
      const found = await runOnce('compile-child.mjs', [contender, ms])
      runs.set(contender, [...(runs.get(contender) ?? []), found])
      yield
    }
  }
  for (const [what, { atMostMs }] of Object.entries(EDITOR)) {
    progress(`compile: ${what}`)
    editor.push({ what, atMostMs, ...(await runOnce('timed-child.mjs', ['compile-rows.mjs', what, ms, '5'])) })
    yield
  }
}

function summarize(contender, found) {
  const warm = found.flatMap((one) => one.warm)
  const [{ bytes, lines, grants }] = found
  return {
    contender,
    bytes,
    lines,
    grants,
    coldMs: median(found.map(({ coldMs }) => coldMs)),
    warmMs: median(warm),
    minMs: Math.min(...warm),
    maxMs: Math.max(...warm),
    peakBytes: median(found.map(({ peakBytes }) => peakBytes)),
  }
}
