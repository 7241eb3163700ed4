// `npm run bench -- authorize`: durable decisions a second, beside a bare better-sqlite3 loop that writes the same rows, hashes
// and counters. Contenders run in processes of their own and take turns.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runOnce } from './child.mjs'
import { untilInterrupted } from './interrupt.mjs'
import { progress } from './progress.mjs'
import { conclude, format, limit } from './report.mjs'
import { spread } from './statistics.mjs'

const here = dirname(fileURLToPath(import.meta.url))

export const options = {
  rounds: { type: 'string', default: '3' },
  calls: { type: 'string', default: '20000' },
  folder: { type: 'string', default: tmpdir() },
  floors: { type: 'string', default: join(here, '../../shared/floors') },
  large: { type: 'boolean', default: false },
}

export const quick = { rounds: '1', calls: '10000', modes: 'FULL', floors: '' }

export const help = `npm run bench -- authorize [--rounds 3] [--calls 20000] [--folder DIR] [--floors DIR] [--large]
  --folder  where the database files go; they ought to be on the disk that you mean to use
  --floors  a folder with somebody else's floor, sqlite.mjs; left out when it is not there
  --large   the same with 50,000 agents and 1,000,000 rows in the log beforehand`

const MODES = ['NORMAL', 'FULL']

const FIGURES = {
  'floor perSecond': 'floor, 256 to a transaction, rows/s',
  'given perSecond': 'given floor, rows/s',
  'kavachos perSecond': 'authorize, 256 callers, calls/s',
  'kavachos byTokenPerSecond': 'authorizeByToken, 256 callers, calls/s',
  'floor singleUs': 'floor, one row to a transaction, us',
  'floor singleP99Us': 'floor, one row to a transaction, p99 us',
  'kavachos singleUs': 'authorize, one caller, median us',
  'kavachos singleP99Us': 'authorize, one caller, p99 us',
  'large perSecond': 'authorize, large, calls/s',
  'large byTokenPerSecond': 'authorizeByToken, large, calls/s',
  'large singleUs': 'authorize, large, one caller, median us',
  'large singleP99Us': 'authorize, large, one caller, p99 us',
}

export async function run(values) {
  const folder = mkdtempSync(join(resolve(values.folder), 'kavach-bench-'))
  const found = new Map()
  const note = (mode, contender, figures) => {
    for (const [figure, value] of Object.entries(figures)) {
      const key = `${mode} ${contender} ${figure}`
      found.set(key, [...(found.get(key) ?? []), value])
    }
  }
  try {
    await untilInterrupted(measureAll(values, folder, note))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  const rows = MODES.flatMap((mode) =>
    Object.entries(FIGURES).flatMap(([figure, what]) => {
      const all = found.get(`${mode} ${figure}`)
      return all === undefined ? [] : [{ mode, figure, what, ...spread(all) }]
    }),
  )
  const cells = rows.map(({ mode, what, median, min, max, runs }) => [
    `${mode}: ${what}`,
    ...[median, min, max].map(format),
    String(runs),
  ])
  return conclude(
    {
      suite: 'authorize',
      how: `${format(Number(values.calls))} calls in each of ${values.rounds} rounds by turns`,
      packages: ['better-sqlite3'],
      rows,
      tables: [{ columns: ['what', 'median', 'min', 'max', 'rounds'], rows: cells }],
      limits: modesOf(values).flatMap((mode) => limitsOf(mode, rows, values)),
    },
    values,
  )
}

function modesOf({ modes = MODES.join() }) {
  return modes.split(',')
}

async function* measureAll(values, folder, note) {
  const { rounds, calls, floors, large } = values
  const wanted = modesOf(values)
  const child = (contender, mode, size) =>
    runOnce('authorize-child.mjs', [contender, mode, calls, join(folder, `${contender}.db`), size])
  for (let round = 0; round < Number(rounds); round++) {
    for (const mode of wanted) {
      for (const contender of ['floor', 'kavachos']) {
        progress(`authorize: round ${round + 1} of ${rounds}, ${mode}, ${contender}`)
        note(mode, contender, await child(contender, mode, 'small'))
        yield
      }
    }
    const given = resolve(floors, 'sqlite.mjs')
    if (floors === '' || !existsSync(given)) continue
    progress(`authorize: round ${round + 1} of ${rounds}, given floor`)
    noteGiven(await runOnce(given, [folder], { allLines: true }), note)
    yield
  }
  for (const mode of large ? wanted : []) {
    progress(`authorize: ${mode}, 50,000 agents and 1,000,000 rows`)
    note(mode, 'large', await child('kavachos', mode, 'large'))
    yield
  }
}

/** The floor of somebody else prints a line for each mode and size of batch. */
function noteGiven(lines, note) {
  for (const { synchronous, batch, perSecond } of lines) {
    note(synchronous, 'given', batch === 256 ? { perSecond } : { singleUs: 1e6 / perSecond })
  }
}

function limitsOf(mode, rows, { large }) {
  const of = (figure) => rows.find((row) => row.mode === mode && row.figure === figure)?.median
  const floor = Math.max(of('floor perSecond'), of('given perSecond') ?? 0)
  const least = (what, value, atLeast) => limit(`${mode}: ${what}`, value, { atLeast, unit: 'x' })
  const most = (what, value, atMost) => limit(`${mode}: ${what}`, value, { atMost, unit: 'x' })
  return [
    least('authorize / the faster floor', of('kavachos perSecond') / floor, 0.5),
    least('by token / by id', of('kavachos byTokenPerSecond') / of('kavachos perSecond'), 0.85),
    most('one caller / one row', of('kavachos singleUs') / of('floor singleUs'), 1.5),
    ...(large
      ? [
          least('large / small', of('large perSecond') / of('kavachos perSecond'), 0.8),
          least('by token, large / small', of('large byTokenPerSecond') / of('kavachos byTokenPerSecond'), 0.8),
          least('one caller, small / large', of('kavachos singleUs') / of('large singleUs'), 0.8),
        ]
      : []),
  ]
}
