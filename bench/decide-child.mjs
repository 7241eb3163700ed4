// One contender on one workload in a process of its own: prints a line of JSON. Started by bench/decide.mjs.
//
// A sample is a batch of decisions on strings that nobody has hashed yet; they are cut before the clock starts. The mean of
// a batch is one sample, so p50 is the median batch; p99 of single decisions is timed apart, since a clock reading costs
// about as much as a decision.
import { pathToFileURL } from 'node:url'
import { Bench } from 'tinybench'
import { loadFloor } from './floor.mjs'
import { createWorkload } from './workload.mjs'

const [contender, name, seconds = '1', floors] = process.argv.slice(2)
const BATCH = 4096

const workload = createWorkload(name)
const before = process.memoryUsage()
const started = performance.now()
const { decide, prepare } = await load()
const loadMs = performance.now() - started
globalThis.gc?.()
const loadBytes = memoryNow() - (before.rss + before.external)

for (let i = 0; i < workload.pool; i++) {
  const answer = Boolean(decide(prepare(workload.fresh(i), workload.hours[i]), workload.hours[i]))
  if (answer !== (workload.expect[i] === 1))
    throw new Error(`${contender} answers ${answer} to request ${i} of ${name}`)
}

let position = 0
let batch = []
const bench = new Bench({ time: Number(seconds) * 1000, warmupTime: 300, iterations: 30, retainSamples: true })
bench.add(
  name,
  () => {
    let allowed = 0
    for (let i = 0; i < BATCH; i++) if (decide(batch[i].request, batch[i].hour)) allowed++
    return allowed
  },
  { beforeEach: nextBatch },
)
const [task] = await bench.run()
const { latency } = task.result
const perCall = (ms) => (ms / BATCH) * 1e6
const single = timeSingles()
console.log(
  JSON.stringify({
    contender,
    workload: name,
    medianNs: perCall(latency.p50),
    minNs: perCall(latency.min),
    maxNs: perCall(latency.max),
    samples: latency.samplesCount ?? latency.samples?.length,
    p99Ns: single,
    loadMs,
    loadBytes,
  }),
)

function nextBatch() {
  batch = new Array(BATCH)
  for (let i = 0; i < BATCH; i++) {
    const hour = workload.hours[position]
    batch[i] = { request: prepare(workload.fresh(position), hour), hour }
    position = (position + 1) % workload.pool
  }
}

/** p99 of single decisions, in nanoseconds, less the median cost of reading the clock. */
function timeSingles() {
  const times = new Float64Array(BATCH * 16)
  const clock = new Float64Array(4096)
  for (let i = 0; i < clock.length; i++) {
    const start = process.hrtime.bigint()
    clock[i] = Number(process.hrtime.bigint() - start)
  }
  const overhead = clock.sort()[clock.length >> 1]
  for (let round = 0; round < 16; round++) {
    nextBatch()
    for (let i = 0; i < BATCH; i++) {
      const { request, hour } = batch[i]
      const start = process.hrtime.bigint()
      decide(request, hour)
      times[round * BATCH + i] = Number(process.hrtime.bigint() - start) - overhead
    }
  }
  times.sort()
  return Math.max(0, times[Math.floor(times.length * 0.99)])
}

function memoryNow() {
  const { rss, external } = process.memoryUsage()
  return rss + external
}

/** `prepare` makes of fresh strings what a caller would hand over, outside the clock. */
async function load() {
  const asIs = (fields) => fields
  if (contender === 'floor') return { decide: loadFloor(workload), prepare: asIs }
  if (contender === 'given') {
    const { load } = await import(pathToFileURL(`${floors}/plain-js.mjs`))
    const engine = await load({ ...workload, spec: { ...workload.spec, glob: workload.spec.glob } })
    return { decide: (fields, hour) => engine.decide(fields, hour), prepare: asIs }
  }
  const { toImage, toRequest } = await import('./policy.mjs')
  const { loadEngine } = await import('kavachos/engine')
  const { spliceModule } = await import('kavachos/compiler')
  const { readFileSync } = await import('node:fs')
  const wasm = readFileSync(process.env.KAVACH_ENGINE ?? new URL('../build/engine.wasm', import.meta.url))
  const engine = loadEngine(spliceModule(wasm, toImage(workload)))
  return {
    decide: (request) => engine.decide(request).allowed,
    prepare: (fields, hour) => toRequest(fields, hour, workload.spec),
  }
}
