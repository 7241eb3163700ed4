// One contender on one workload, in a process of its own: loads, answers the whole pool, says that it is ready, and then measures
// for as long as it is told with each message. A sample is a batch of decisions; single decisions are timed apart, since a clock
// reading costs about as much as a decision.
//
// Loading begins with what a contender takes: our module, rules, lines or text, made before the clock starts. The hand-written programs
// make their maps from the grants of the workload, which are made as they go. Memory is what the process gained in resident
// memory since the workload was there, so it includes what a contender takes as far as it is still held.
import { pathToFileURL } from 'node:url'
import { Bench } from 'tinybench'
import { clockCostNs } from './clock.mjs'
import { CONTENDERS } from './peers/contenders.mjs'
import { quantile } from './statistics.mjs'
import { createWorkload } from './workload.mjs'

const [contender, name, floors] = process.argv.slice(2)
const BATCH = 4096
/** A batch takes about so long, if it is not the largest. */
const BATCH_MS = 4
/** Single decisions take up to this share of the time for batches. */
const SINGLES_SHARE = 0.5

process.on('disconnect', () => process.exit())
const workload = createWorkload(name)
const { make, load } = CONTENDERS[contender]
const before = memoryNow()
const { decide, prepare = (fields) => fields, loadMs } = await loadTimed()
const loadBytes = memoryNow() - before

const { perCallMs, isAsync } = await answerAll()
const batchSize = Math.max(16, Math.min(BATCH, Math.round(BATCH_MS / perCallMs)))
const run = isAsync ? runAsync : runSync
let position = 0
let batch = []
await measure(100)
process.on('message', async ({ ms }) => process.send(await measure(ms)))
process.send({ loadMs, loadBytes, batchSize })

async function loadTimed() {
  const made = await make?.(workload)
  const started = performance.now()
  const loaded = await load(workload, { made, floors: floors && pathToFileURL(floors).href })
  return { ...loaded, loadMs: performance.now() - started }
}

/** The pool, which must be answered rightly, and what a decision takes when all is warm. */
async function answerAll() {
  let perCallMs = Number.POSITIVE_INFINITY
  let isAsync = false
  for (let i = 0; i < workload.pool; ) {
    const begun = performance.now()
    const end = Math.min(workload.pool, i + 512)
    const from = i
    for (; i < end; i++) {
      const promised = decide(prepare(workload.fresh(i), workload.hours[i]), workload.hours[i])
      isAsync ||= promised instanceof Promise
      const answer = Boolean(await promised)
      if (answer !== (workload.expect[i] === 1))
        throw new Error(`${contender} answers ${answer} to request ${i} of ${name}`)
    }
    perCallMs = Math.min(perCallMs, (performance.now() - begun) / (end - from))
  }
  return { perCallMs, isAsync }
}

async function measure(ms) {
  const bench = new Bench({ time: ms, warmup: false, iterations: 5, retainSamples: true })
  bench.add(name, run, { beforeEach: nextBatch })
  const [task] = await bench.run()
  if (task.result.error) throw task.result.error
  const { latency } = task.result
  const perCall = (batchMs) => (batchMs / batchSize) * 1e6
  return {
    p50: perCall(latency.p50),
    min: perCall(latency.min),
    max: perCall(latency.max),
    batches: latency.samplesCount,
    p99: await timeSingles(ms * SINGLES_SHARE),
  }
}

function runSync() {
  let allowed = 0
  for (const { request, hour } of batch) if (decide(request, hour)) allowed++
  return allowed
}

async function runAsync() {
  let allowed = 0
  for (const { request, hour } of batch) if (await decide(request, hour)) allowed++
  return allowed
}

function nextBatch() {
  batch = new Array(batchSize)
  for (let i = 0; i < batchSize; i++) {
    const hour = workload.hours[position]
    batch[i] = { request: prepare(workload.fresh(position), hour), hour }
    position = (position + 1) % workload.pool
  }
}

/** p99 of single decisions in nanoseconds, less the median cost of reading the clock. */
async function timeSingles(ms) {
  const overhead = clockCostNs()
  const times = []
  const until = performance.now() + ms
  while (performance.now() < until || times.length < 200) {
    nextBatch()
    for (const { request, hour } of batch) {
      const start = process.hrtime.bigint()
      const answer = decide(request, hour)
      if (isAsync) await answer
      times.push(Number(process.hrtime.bigint() - start) - overhead)
    }
  }
  return Math.max(0, quantile(Float64Array.from(times).sort(), 0.99))
}

/** Resident memory has linear memory in it. */
function memoryNow() {
  globalThis.gc?.()
  return process.memoryUsage.rss()
}
