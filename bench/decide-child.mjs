// One contender on one workload, in a process of its own: loads, answers the whole pool, says that it is ready, and then measures
// for as long as it is told with each message. A sample is a batch of decisions; single decisions are timed apart, since a clock
// reading costs about as much as a decision.
import { pathToFileURL } from 'node:url'
import { Bench } from 'tinybench'
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
const before = memoryNow()
const started = performance.now()
const { decide, prepare = (fields) => fields } = await CONTENDERS[contender].load(
  workload,
  floors && pathToFileURL(floors).href,
)
const loadMs = performance.now() - started
globalThis.gc?.()
const loadBytes = memoryNow() - before

const { perCallMs, isAsync } = await answerAll()
const batchSize = Math.max(16, Math.min(BATCH, Math.round(BATCH_MS / perCallMs)))
const run = isAsync ? runAsync : runSync
let position = 0
let batch = []
await measure(100)
process.on('message', async ({ ms }) => process.send(await measure(ms)))
process.send({ loadMs, loadBytes, batchSize })

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
  const clock = new Float64Array(1024)
  for (let i = 0; i < clock.length; i++) {
    const start = process.hrtime.bigint()
    clock[i] = Number(process.hrtime.bigint() - start)
  }
  const overhead = clock.sort()[clock.length >> 1]
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

function memoryNow() {
  globalThis.gc?.()
  const { rss, external } = process.memoryUsage()
  return rss + external
}
