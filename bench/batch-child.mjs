// `decide` one by one or `decideBatch` on 64 requests at a time, in a process of its own: says that it is ready, and measures when it is
// told to. `one-agent` asks for 64 resources of one agent, as a list of tools does; `mixed` for what comes in.

import { loadEngine } from 'kavachos/engine'
import { Bench } from 'tinybench'
import { toModule } from './policy.mjs'
import { toRequest } from './request.mjs'
import { createWorkload } from './workload.mjs'

const [way, mix] = process.argv.slice(2)
const SIZE = 64
const GROUPS = 64
/** Decisions over which linear memory may not grow. */
const STEADY = 1_000_000

process.on('disconnect', () => process.exit())
const memories = watchMemories()
const workload = createWorkload('W2g')
const engine = loadEngine(toModule(workload))
const decideAll =
  way === 'decideBatch' ? (group) => engine.decideBatch(group) : (group) => group.map((one) => engine.decide(one))

for (let i = 0; i < workload.pool / SIZE; i++) {
  const group = groupAt(i)
  const answers = JSON.stringify(decideAll(group))
  if (answers !== JSON.stringify(group.map((one) => engine.decide(one))))
    throw new Error(`${way} answers group ${i} otherwise`)
}
let next = 0
let groups = []
await measure(100)
process.on('message', async ({ ms, steady }) => process.send(steady ? decideMany() : await measure(ms)))
process.send({})

async function measure(ms) {
  const bench = new Bench({ time: ms, warmup: false, iterations: 5, retainSamples: true })
  bench.add(
    way,
    () => {
      let count = 0
      for (const group of groups) count += decideAll(group).length
      return count
    },
    { beforeEach: nextGroups },
  )
  const [{ result }] = await bench.run()
  if (result.error) throw result.error
  const { p50, min, max, samples } = result.latency
  const perCall = (batchMs) => (batchMs / (SIZE * GROUPS)) * 1e6
  return { p50: perCall(p50), min: perCall(min), max: perCall(max), samples: samples.map(perCall) }
}

/** Bytes of linear memory before and after, and what the heap of JavaScript keeps. */
function decideMany() {
  if (memories.length === 0) throw new Error('no linear memory was seen')
  const bytes = () => memories.reduce((sum, memory) => sum + memory.buffer.byteLength, 0)
  const heap = () => {
    globalThis.gc()
    return process.memoryUsage().heapUsed
  }
  const before = bytes()
  const heapBefore = heap()
  for (let done = 0; done < STEADY; done += SIZE) decideAll(groupAt(done / SIZE))
  return { decisions: STEADY, before, after: bytes(), heapBefore, heapAfter: heap() }
}

function nextGroups() {
  groups = Array.from({ length: GROUPS }, () => groupAt(next++))
}

function groupAt(index) {
  const start = (index * SIZE) % workload.pool
  const [agent] = workload.fresh(start)
  return Array.from({ length: SIZE }, (_, j) => {
    const fields = workload.fresh(start + j)
    if (mix === 'one-agent') fields[0] = agent
    return toRequest(fields, 0, workload.spec)
  })
}

/** The linear memory of every module that is instantiated from now on. */
function watchMemories() {
  const found = []
  WebAssembly.Instance = class extends WebAssembly.Instance {
    constructor(...args) {
      super(...args)
      for (const value of Object.values(this.exports)) if (value instanceof WebAssembly.Memory) found.push(value)
    }
  }
  return found
}
