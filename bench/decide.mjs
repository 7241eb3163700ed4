// `npm run bench -- decide`: a decision of ours beside hand-written JavaScript, and beside the floor that somebody else
// wrote, where its folder is there. Every contender runs in a process of its own, all of them by turns.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describeMachine } from './machine.mjs'
import { printTable } from './table.mjs'
import { WORKLOADS } from './workload.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const DEFAULT = ['W1g', 'W2g', 'W3ag', 'W3bg', 'W4', 'W5d5']

export const options = {
  workloads: { type: 'string', default: DEFAULT.join() },
  rounds: { type: 'string', default: '3' },
  seconds: { type: 'string', default: '1' },
  floors: { type: 'string', default: join(here, '../../shared/floors') },
  json: { type: 'string' },
}

export const help = `npm run bench -- decide [--workloads W1g,W4] [--rounds 3] [--seconds 1] [--floors DIR] [--json FILE]
  --workloads  of ${WORKLOADS.join(' ')}
  --floors     folder with plain-js.mjs and decide.mjs written by others; left out when it is not there`

export function run(values) {
  const names = values.workloads.split(',')
  const unknown = names.find((name) => !WORKLOADS.includes(name))
  if (unknown !== undefined) {
    console.error(`there is no workload ${unknown}: ${WORKLOADS.join(', ')}`)
    return 64
  }
  const floors = existsSync(join(values.floors, 'decide.mjs')) ? resolve(values.floors) : undefined
  const contenders = ['kavach', 'floor', ...(floors === undefined ? [] : ['given', 'given, as it is'])]
  console.log(`${describeMachine()}; ${values.rounds} rounds by turns, ${values.seconds} s each; ns per decision\n`)

  const rows = []
  for (const workload of names) {
    const found = new Map(contenders.map((contender) => [contender, []]))
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const contender of contenders)
        found.get(contender)?.push(measure(contender, workload, values.seconds, floors))
    }
    const summary = new Map([...found].map(([contender, results]) => [contender, summarize(results)]))
    const best = Math.min(...[...summary].filter(([name]) => name !== 'kavach').map(([, { medianNs }]) => medianNs))
    for (const [contender, result] of summary) {
      rows.push({ workload, contender, ...result, ratioToFastestFloor: result.medianNs / best })
    }
  }
  printTable(
    ['workload and contender', 'median', 'min', 'max', 'p99 of one', 'of the fastest floor'],
    rows.map(({ workload, contender, medianNs, minNs, maxNs, p99Ns, ratioToFastestFloor }) => [
      `${workload} ${contender}`,
      whole(medianNs),
      whole(minNs),
      whole(maxNs),
      whole(p99Ns),
      `${ratioToFastestFloor.toFixed(2)}x`,
    ]),
  )
  if (values.json !== undefined) {
    mkdirSync(dirname(resolve(values.json)), { recursive: true })
    writeFileSync(values.json, `${JSON.stringify({ machine: describeMachine(), rows }, undefined, 2)}\n`)
  }
  return 0
}

function measure(contender, workload, seconds, floors) {
  const args =
    contender === 'given, as it is'
      ? [join(floors, 'decide.mjs'), workload]
      : ['--expose-gc', join(here, 'decide-child.mjs'), contender, workload, seconds, floors ?? '']
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${contender} on ${workload}: ${stderr.trim().split('\n').slice(-8).join('\n')}`)
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}')
}

/** Median of the rounds' medians, and the spread over all rounds. */
function summarize(results) {
  const middle = (values) => values.sort((a, b) => a - b)[values.length >> 1]
  return {
    medianNs: middle(results.map(({ medianNs }) => medianNs)),
    minNs: Math.min(...results.map(({ minNs }) => minNs)),
    maxNs: Math.max(...results.map(({ maxNs }) => maxNs)),
    p99Ns: results[0].p99Ns === undefined ? undefined : middle(results.map(({ p99Ns }) => p99Ns)),
  }
}

function whole(value) {
  return value === undefined ? '' : String(Math.round(value))
}
