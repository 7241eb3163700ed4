// `npm run bench -- authorize`: durable decisions a second, beside a bare better-sqlite3 loop that writes the same rows, hashes
// and counters. Contenders run in processes of their own and take turns.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describeMachine } from './machine.mjs'
import { printTable } from './table.mjs'

const here = dirname(fileURLToPath(import.meta.url))

export const options = {
  rounds: { type: 'string', default: '3' },
  calls: { type: 'string', default: '60000' },
  folder: { type: 'string', default: tmpdir() },
  floors: { type: 'string', default: join(here, '../../shared/floors') },
  large: { type: 'boolean', default: false },
}

export const help = `npm run bench -- authorize [--rounds 3] [--calls 60000] [--folder DIR] [--floors DIR] [--large]
  --folder  where the database files go; they ought to be on the disk that you mean to use
  --floors  a folder with somebody else's floor, sqlite.mjs; left out when it is not there
  --large   the same with 50,000 agents and 1,000,000 rows in the log beforehand`

const MODES = ['NORMAL', 'FULL']

export async function run(values) {
  const folder = mkdtempSync(join(resolve(values.folder), 'kavach-bench-'))
  const results = new Map()
  const note = (name, figures) => {
    for (const [figure, value] of Object.entries(figures)) {
      const key = `${name} ${figure}`
      results.set(key, [...(results.get(key) ?? []), value])
    }
  }
  try {
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const mode of MODES) {
        for (const contender of ['floor', 'kavachos']) {
          process.stderr.write(`round ${round + 1}, ${mode}, ${contender}\n`)
          note(
            `${mode} ${contender}`,
            runChild([contender, mode, values.calls, join(folder, `${contender}.db`), 'small']),
          )
        }
      }
      const given = join(values.floors, 'sqlite.mjs')
      if (existsSync(given)) noteGiven(given, folder, note)
    }
    if (values.large) {
      process.stderr.write('50,000 agents and 1,000,000 rows\n')
      for (const mode of MODES) {
        note(`${mode} large`, runChild(['kavachos', mode, values.calls, join(folder, 'large.db'), 'large']))
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return report(results)
}

function runChild(args) {
  const child = spawnSync(process.execPath, [join(here, 'authorize-child.mjs'), ...args], {
    encoding: 'utf8',
    maxBuffer: 1e8,
  })
  if (child.status !== 0) throw new Error(`${args.join(' ')}: ${child.stderr}`)
  return JSON.parse(child.stdout.trim().split('\n').at(-1))
}

/** The floor of somebody else prints a line for each mode and size of batch. */
function noteGiven(program, folder, note) {
  const child = spawnSync(process.execPath, [program, folder], { encoding: 'utf8' })
  for (const line of child.stdout.trim().split('\n')) {
    const { synchronous, batch, perSecond } = JSON.parse(line)
    if (batch === 256) note(`${synchronous} given`, { perSecond })
    else note(`${synchronous} given`, { singleUs: 1e6 / perSecond })
  }
}

function report(results) {
  const of = (key) => [...(results.get(key) ?? [])].sort((a, b) => a - b)
  const median = (key) => of(key)[Math.floor(of(key).length / 2)]
  const whole = (value) => (value === undefined ? '-' : Math.round(value).toLocaleString('en'))
  console.log(`${describeMachine()}\n`)
  const rows = []
  let holds = true
  const ratio = (name, value, limit, isAtMost) => {
    if (value === undefined || Number.isNaN(value)) return
    const isGood = isAtMost ? value <= limit : value >= limit
    holds &&= isGood
    rows.push([
      name,
      `${value.toFixed(2)}x`,
      '',
      '',
      `${isAtMost ? 'at most' : 'at least'} ${limit}x`,
      isGood ? 'holds' : 'MISSED',
    ])
  }
  for (const mode of MODES) {
    const floor = Math.max(median(`${mode} floor perSecond`), median(`${mode} given perSecond`) ?? 0)
    const figures = [
      ['floor, 256 to a transaction, rows/s', `${mode} floor perSecond`],
      ['given floor, rows/s', `${mode} given perSecond`],
      ['authorize, 256 callers, calls/s', `${mode} kavachos perSecond`],
      ['authorizeByToken, 256 callers, calls/s', `${mode} kavachos byTokenPerSecond`],
      ['floor, one row to a transaction, us', `${mode} floor singleUs`],
      ['authorize, one caller, median us', `${mode} kavachos singleUs`],
      ['authorize, one caller, p99 us', `${mode} kavachos singleP99Us`],
      ['authorize, large, calls/s', `${mode} large perSecond`],
      ['authorizeByToken, large, calls/s', `${mode} large byTokenPerSecond`],
      ['authorize, large, one caller, median us', `${mode} large singleUs`],
    ]
    for (const [name, key] of figures) {
      const all = of(key)
      if (all.length > 0) rows.push([`${mode}: ${name}`, whole(median(key)), whole(all[0]), whole(all.at(-1)), '', ''])
    }
    ratio(`${mode}: authorize / the faster floor`, median(`${mode} kavachos perSecond`) / floor, 0.5, false)
    ratio(
      `${mode}: by token / by id`,
      median(`${mode} kavachos byTokenPerSecond`) / median(`${mode} kavachos perSecond`),
      0.85,
      false,
    )
    ratio(
      `${mode}: one caller / one row`,
      median(`${mode} kavachos singleUs`) / median(`${mode} floor singleUs`),
      1.5,
      true,
    )
    if (of(`${mode} large perSecond`).length === 0) continue
    ratio(
      `${mode}: large / small`,
      median(`${mode} large perSecond`) / median(`${mode} kavachos perSecond`),
      0.8,
      false,
    )
    ratio(
      `${mode}: by token, large / small`,
      median(`${mode} large byTokenPerSecond`) / median(`${mode} kavachos byTokenPerSecond`),
      0.8,
      false,
    )
    ratio(
      `${mode}: one caller, small / large`,
      median(`${mode} kavachos singleUs`) / median(`${mode} large singleUs`),
      0.8,
      false,
    )
  }
  printTable(['what', 'median', 'min', 'max', 'limit', ''], rows)
  return holds ? 0 : 1
}
