// `npm run bench -- decide`: a decision of ours beside the peers, hand-written JavaScript and one `Map.get`. Every contender stays loaded
// in a process of its own, and all of them take turns.
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Crashed, openChild } from './child.mjs'
import { decideReport } from './decide-report.mjs'
import { untilInterrupted } from './interrupt.mjs'
import { BY_HAND, CONTENDERS } from './peers/contenders.mjs'
import { progress } from './progress.mjs'
import { conclude } from './report.mjs'
import { median } from './statistics.mjs'
import { WORKLOADS } from './workload.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const DEFAULT = ['W1x', 'W1g', 'W2x', 'W2g', 'W3ax', 'W3ag', 'W3bx', 'W3bg', 'W4', 'W5d1', 'W5d5']

/** Of one contender on one workload. */
const MOST_RESTARTS = 5

export const options = {
  workloads: { type: 'string', default: DEFAULT.join() },
  contenders: { type: 'string', default: Object.keys(CONTENDERS).join() },
  rounds: { type: 'string', default: '5' },
  ms: { type: 'string', default: '50' },
  'left-out': { type: 'boolean', default: false },
  floors: { type: 'string', default: join(here, '../../shared/floors') },
}

export const quick = { workloads: 'W2g', contenders: 'kavachos,by hand,given,CASL,Cedar', rounds: '2', ms: '30' }

export const help = `npm run bench -- decide [--workloads W1g,W4] [--contenders kavachos,CASL] [--rounds 5] [--ms 50] [--left-out] [--floors DIR]
  --workloads   of ${WORKLOADS.join(' ')}
  --contenders  of ${Object.keys(CONTENDERS).join(', ')}
  --ms          how long a contender measures at each of its turns
  --left-out    measures what is left out because it takes long as well
  --floors      a folder with a hand-written program by others, plain-js.mjs; left out when it is not there`

export async function run(values) {
  const names = values.workloads.split(',')
  const floors = existsSync(join(values.floors, 'plain-js.mjs')) ? resolve(values.floors) : undefined
  const contenders = values.contenders.split(',').filter((name) => name !== 'given' || floors !== undefined)
  const unknown = names.find((name) => !WORKLOADS.includes(name)) ?? contenders.find((name) => !(name in CONTENDERS))
  if (unknown !== undefined) {
    console.error(`there is no ${unknown}: ${WORKLOADS.join(' ')}; ${Object.keys(CONTENDERS).join(', ')}`)
    return 64
  }
  const rows = []
  await untilInterrupted(
    measureAll(names, contenders, { ...values, isLeftOutWanted: values['left-out'], floors, rows }),
  )
  const how = `${values.rounds} rounds by turns, ${values.ms} ms each; ns for each decision, on strings that nobody has hashed yet`
  const packages = [...new Set(contenders.flatMap((name) => CONTENDERS[name].package ?? []))]
  return conclude({ suite: 'decide', how, packages, rows, ...decideReport(rows, contenders) }, values)
}

async function* measureAll(names, contenders, { rounds, ms, isLeftOutWanted, floors, rows }) {
  for (const [index, workload] of names.entries()) {
    const say = (what) => progress(`decide: ${workload} (${index + 1} of ${names.length}), ${what}`)
    const open = []
    try {
      for (const contender of contenders) {
        const { cannot = {}, leftOut = {} } = CONTENDERS[contender]
        if (workload in cannot) rows.push({ workload, contender, cannot: cannot[workload] })
        else if (workload in leftOut && !isLeftOutWanted) rows.push({ workload, contender, leftOut: leftOut[workload] })
        else {
          say(`loading ${contender}`)
          open.push(await openContender(contender, workload, floors))
        }
        yield
      }
      for (let round = 0; round < Number(rounds); round++) {
        say(`round ${round + 1} of ${rounds}`)
        for (const one of open) if (takesTurn(one.contender, round)) await one.measure(Number(ms))
        yield
      }
    } finally {
      for (const { contender, turns, restarts, close, ready } of open) {
        close()
        if (turns.length === 0) continue
        rows.push({
          workload,
          contender,
          ...summarize(turns),
          ...ready(),
          ...(restarts() > 0 && { restarts: restarts() }),
        })
      }
      compare(rows.filter((row) => row.workload === workload))
    }
  }
}

/** Peers rest every other round: their figures are far from ours, and need fewer samples. */
function takesTurn(contender, round) {
  return CONTENDERS[contender].kind !== 'peer' || round % 2 === 0
}

/** Starts a process anew that its engine broke: V8 of Node 20 ends some that call exports which return references, as Cedar's do. */
async function openContender(contender, workload, floors = '') {
  const turns = []
  let restarts = -1
  let child
  const start = async () => {
    restarts++
    child = await openChild('decide-child.mjs', [contender, workload, floors], CONTENDERS[contender])
  }
  const withPatience = async (work) => {
    for (;;) {
      try {
        return await work()
      } catch (cause) {
        if (!(cause instanceof Crashed) || restarts >= MOST_RESTARTS) throw cause
        child = undefined
      }
    }
  }
  await withPatience(start)
  return {
    contender,
    turns,
    ready: () => child?.ready,
    restarts: () => restarts,
    async measure(ms) {
      await withPatience(async () => {
        if (child === undefined) await start()
        turns.push(await child.ask({ ms }))
      })
    },
    close: () => child?.close(),
  }
}

/** Median of the turns' medians, and the spread over all turns. */
function summarize(turns) {
  return {
    medianNs: median(turns.map(({ p50 }) => p50)),
    minNs: Math.min(...turns.map(({ min }) => min)),
    maxNs: Math.max(...turns.map(({ max }) => max)),
    p99Ns: median(turns.map(({ p99 }) => p99)),
    turns: turns.map(({ p50 }) => p50),
  }
}

/** Each beside the faster of the hand-written programs. */
function compare(rows) {
  const byHand = rows.filter(({ contender, medianNs }) => BY_HAND.includes(contender) && medianNs !== undefined)
  const fastest = Math.min(...byHand.map(({ medianNs }) => medianNs))
  for (const row of rows) if (row.medianNs !== undefined && byHand.length > 0) row.ratio = row.medianNs / fastest
}
