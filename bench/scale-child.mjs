// One size in a process of its own, so that its peak memory is its own: prints a line of JSON. Started by bench/scale.mjs.
import { readFileSync } from 'node:fs'
import { emitImage, spliceModule } from 'kavachos/compiler'
import { loadEngine } from 'kavachos/engine'
import { clockCostNs } from './clock.mjs'
import { check } from './compile-work.mjs'
import { toModel } from './policy.mjs'
import { textName, workloadText } from './policy-text.mjs'
import { toRequest } from './request.mjs'
import { quantile } from './statistics.mjs'
import { createWorkload } from './workload.mjs'

const [from, agents, grants] = process.argv.slice(2)
const shape = { agents: Number(agents), grants: Number(grants), glob: 30 }
const workload = createWorkload('scale', { shape })
const times = {}
const timed = (name, work) => {
  const start = performance.now()
  const result = work()
  times[name] = performance.now() - start
  return result
}

const text = from === 'text' ? workloadText(workload) : undefined
const model =
  text === undefined ? timed('build', () => toModel(workload)) : timed('parse and check', () => check(text).model)
const image = timed('emit', () => emitImage(model))
const wasm = readFileSync(new URL('../build/engine.wasm', import.meta.url))
const module = timed('splice', () => spliceModule(wasm, image))
const engine = timed('load', () => loadEngine(module))

const requests = Array.from({ length: workload.pool }, (_, i) => i)
for (const i of requests) {
  const { allowed } = engine.decide(ask(i))
  if (allowed !== (workload.expect[i] === 1)) throw new Error(`request ${i} is answered ${allowed}`)
}
const means = []
for (let round = 0; round < 60; round++) {
  const batch = requests.map(ask)
  const start = performance.now()
  for (const request of batch) engine.decide(request)
  if (round >= 20) means.push(((performance.now() - start) / batch.length) * 1e6)
}
means.sort((a, b) => a - b)
const singles = timeSingles()

console.log(
  JSON.stringify({
    from,
    agents: shape.agents,
    grants: shape.agents * shape.grants,
    ...(text !== undefined && { textBytes: text.length, lines: text.split('\n').length }),
    times,
    imageBytes: image.length,
    bytesPerGrant: image.length / (shape.agents * shape.grants),
    decideNs: { median: means[means.length >> 1], min: means[0], max: means.at(-1), p99: quantile(singles, 0.99) },
    peakBytes: process.resourceUsage().maxRSS * 1024,
  }),
)

/** Nanoseconds of single decisions, less the cost of reading the clock, in order. */
function timeSingles() {
  const cost = clockCostNs()
  const times = requests.map(ask).map((request) => {
    const start = process.hrtime.bigint()
    engine.decide(request)
    return Math.max(0, Number(process.hrtime.bigint() - start) - cost)
  })
  return times.sort((a, b) => a - b)
}

function ask(i) {
  const { agent, ...rest } = toRequest(workload.fresh(i), 0, shape)
  return { agent: from === 'text' ? textName(agent) : agent, ...rest }
}
