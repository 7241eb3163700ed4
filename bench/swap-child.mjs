// A policy of 1,000,000 grants swapped in while requests come at a steady rate, in a process of its own: prints a line of JSON for each
// swap. Started by bench/swap.mjs.
import { createHash } from 'node:crypto'
import { loadLiveEngine } from 'kavachos/engine'
import { Load, turnOf } from '../test/runtimes/swap/load.mjs'
import { withGeneration } from '../test/runtimes/swap/runner.mjs'
import { toImage } from './policy.mjs'
import { toRequest } from './request.mjs'
import { createWorkload } from './workload.mjs'

const [agents, grants, swaps, perSecond] = process.argv.slice(2).map(Number)
const shape = { agents, grants, glob: 30 }
const workload = createWorkload('swap', { shape })
const requests = Array.from({ length: workload.pool }, (_, i) => toRequest(workload.fresh(i), 0, shape))
const image = toImage(workload)
// The engine's own digest takes 16 MiB at most.
const digest = { digest: (bytes) => createHash('sha256').update(bytes).digest() }

const engine = loadLiveEngine(image)
let generation = 1
/** Since the last swap. */
let wrong = 0
const decide = (number) => {
  const index = number % requests.length
  const { allowed, policy } = engine.decide(requests[index])
  if (allowed !== (workload.expect[index] === 1) || policy.generation !== generation) wrong++
}
for (let i = 0; i < 20 * requests.length; i++) decide(i)

for (let swap = 0; swap < swaps; swap++) {
  const next = withGeneration(image, generation + 1, digest)
  const load = new Load(perSecond, decide)
  let slices = 0
  const turn = turnOf(load)
  const started = performance.now()
  load.start()
  await engine.reloadAsync(next, {
    yield() {
      slices++
      return turn()
    },
  })
  const swapMs = performance.now() - started
  generation++
  load.drain()
  const about = { imageBytes: image.length, grants: agents * grants, swapMs, slices, decisions: load.count, wrong }
  const [p50Ms, p99Ms] = [0.5, 0.99].map((share) => load.quantileMs(share))
  wrong = 0
  console.log(JSON.stringify({ ...about, p50Ms, p99Ms, maxMs: load.maxMs }))
}
