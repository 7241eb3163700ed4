// `npm run bench -- storage`: rows a second that the stores write, beside a loop over the bare driver that writes the same.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { nodeOf } from '../scripts/tools.mjs'
import { runOnce } from './child.mjs'
import { untilInterrupted } from './interrupt.mjs'
import { progress } from './progress.mjs'
import { conclude, format } from './report.mjs'
import { spread } from './statistics.mjs'

export const options = {
  rounds: { type: 'string', default: '2' },
  rows: { type: 'string', default: '30000' },
  folder: { type: 'string', default: tmpdir() },
}
export const quick = { rounds: '1', rows: '10000', synchronous: 'NORMAL' }
export const help = `npm run bench -- storage [--rounds 2] [--rows 30000] [--folder DIR]
  --folder  where the database files go; they ought to be on the disk that you mean to use
  rows of the log with a counter each: in memory, over better-sqlite3, and over node:sqlite with Node 24`

export async function run(values) {
  const folder = mkdtempSync(join(resolve(values.folder), 'kavach-bench-'))
  const found = new Map()
  const notes = []
  try {
    await untilInterrupted(measureAll(values, { file: join(folder, 'store.db'), found, notes }))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  const rows = [...found].map(([what, runs]) => ({
    what,
    node: runs[0].node,
    perSecond: spread(runs.map(({ perSecond }) => perSecond)),
    singleUs: spread(runs.map(({ singleUs }) => singleUs)),
    singleP99Us: spread(runs.map(({ singleP99Us }) => singleP99Us)),
  }))
  return conclude(
    {
      suite: 'storage',
      how: `256 rows to a transaction, then one; ${format(Number(values.rows))} rows in each of ${values.rounds} rounds by turns`,
      packages: ['better-sqlite3'],
      rows,
      tables: [
        {
          columns: ['what', 'rows/s', 'min', 'max', 'one row us', 'min', 'max', 'p99 us', 'Node'],
          rows: rows.map(({ what, perSecond, singleUs, singleP99Us, node }) => [
            what,
            ...[perSecond, singleUs].flatMap(({ median, min, max }) => [median, min, max].map(format)),
            format(singleP99Us.median),
            node,
          ]),
        },
      ],
      notes,
    },
    values,
  )
}

async function* measureAll({ rounds, rows, synchronous = 'NORMAL,FULL' }, { file, found, notes }) {
  const contenders = [...contendersOf(synchronous.split(','), notes)]
  for (let round = 0; round < Number(rounds); round++) {
    for (const { what, args, node } of contenders) {
      progress(`storage: round ${round + 1} of ${rounds}, ${what}`)
      const run = await runOnce('storage-child.mjs', [...args, rows, file], { node })
      found.set(what, [...(found.get(what) ?? []), run])
      yield
    }
  }
}

function* contendersOf(modes, notes) {
  yield { what: 'memory: store', args: ['store', 'memory', 'NORMAL'] }
  const node = newerNode(notes)
  for (const mode of modes) {
    for (const driver of ['better-sqlite3', ...(node === undefined ? [] : ['node:sqlite'])]) {
      for (const contender of ['bare', 'store']) {
        const what = `${driver}, ${mode}: ${contender === 'bare' ? 'bare driver' : 'store'}`
        yield { what, args: [contender, driver, mode], ...(driver === 'node:sqlite' && { node }) }
      }
    }
  }
}

/** `node:sqlite` does not load before Node 22.13. */
function newerNode(notes) {
  try {
    return nodeOf(24)
  } catch (cause) {
    notes.push(`node:sqlite is left out: ${cause.message}`)
    return undefined
  }
}
