// Node, Bun and Deno: decides or swaps many times and prints, as a line of JSON, what was wrong, how long requests waited and the memory
// at eleven points. Node and Deno need --expose-gc.
import { readdirSync, readFileSync } from 'node:fs'
import { checkPolicy, emitImage, parsePolicy } from 'kavachos/compiler'
import { createDigest, loadLiveEngine, openEngine } from 'kavachos/engine'
import { Load, turnOf } from './load.mjs'
import { askOne, POLICIES, withGeneration } from './runner.mjs'

const POINTS = 10
const PER_SECOND = 100_000
/** Decisions after each swap that is done in one go. */
const BETWEEN = 10

const [way, given] = process.argv.slice(2)
const count = Number(given)
const memories = watchMemories()
const images = POLICIES.map((text) => emitImage(checkPolicy([parsePolicy('p.kavach', text).file]).model))
const digest = createDigest()
const imageOf = (generation) => withGeneration(images[generation % 2], generation, digest)

let generation = 2
let decisions = 0
const wrong = []
const engine =
  way === 'instances'
    ? openEngine(new WebAssembly.Module(readFileSync(new URL(import.meta.resolve('kavachos/engine.wasm')))), imageOf(2))
    : loadLiveEngine(imageOf(2))
const ask = (number) => {
  decisions++
  const found = askOne(engine, number, generation)
  if (found !== undefined) wrong.push(found)
}
const load = new Load(PER_SECOND, ask)

/** By the way that is asked for: what is done once of `count` times. */
const WAYS = {
  decide: () => ask(decisions),
  requests: askAcme(),
  /** A live engine takes the image at once. */
  reload: () => swap((image) => engine.reload(image)),
  /** Each image has another instance. */
  instances: () => swap((image) => engine.reload(image)),
  /** A live engine takes the image in slices, under a load. */
  slices: async () => {
    await engine.reloadAsync(imageOf(generation + 1), { yield: turnOf(load) })
    generation++
    load.drain()
  },
}

const points = []
await run(count / POINTS)
await note()
for (let point = 0; point < POINTS; point++) {
  await run(count / POINTS)
  await note()
}
console.log(
  JSON.stringify({
    way,
    count,
    swaps: generation - 2,
    decisions,
    wrong,
    points,
    ...(load.count > 0 && { p50Ms: load.quantileMs(0.5), p99Ms: load.quantileMs(0.99), maxMs: load.maxMs }),
  }),
)

async function run(times) {
  const once = WAYS[way]
  load.start()
  if (way === 'slices') for (let i = 0; i < times; i++) await once()
  else for (let i = 0; i < times; i++) once()
}

/** Every request of acme by turns, read anew each time: arguments, chains, meters and approvals. */
function askAcme() {
  if (way !== 'requests') return undefined
  const folder = new URL('../../../policies/acme/', import.meta.url)
  const files = readdirSync(folder).filter((name) => /^[^.]+\.kavach$/.test(name))
  const parsed = files.map((name) => parsePolicy(name, readFileSync(new URL(name, folder), 'utf8')).file)
  const acme = loadLiveEngine(emitImage(checkPolicy(parsed).model))
  const lines = readFileSync(new URL('requests.ndjson', folder), 'utf8').trim().split('\n')
  const answer = (line) => JSON.stringify(acme.decide({ readings: {}, ...JSON.parse(line) }, { charge: 'caller' }))
  const first = lines.map(answer)
  return () => {
    const index = decisions++ % lines.length
    const found = answer(lines[index])
    if (found !== first[index]) wrong.push({ asked: lines[index], expected: first[index], found })
  }
}

function swap(take) {
  take(imageOf(generation + 1))
  generation++
  for (let i = 0; i < BETWEEN; i++) ask(i)
}

/** What is held after all garbage is gone, which is freed some time after it was found: the least of a few looks. */
async function note() {
  let least
  for (let i = 0; i < 4; i++) {
    await collect()
    const { heapUsed: heapBytes, external: externalBytes, rss: rssBytes } = process.memoryUsage()
    const heldBytes = heapBytes + externalBytes
    if (least === undefined || heldBytes < least.heldBytes) least = { heldBytes, rssBytes }
  }
  // A reference that is looked at holds what it names for the rest of its turn, so this comes last.
  points.push({ ...least, linearBytes: linearBytes() })
}

async function collect() {
  await new Promise((resolve) => setTimeout(resolve, 2))
  globalThis.Bun === undefined ? globalThis.gc() : Bun.gc(true)
  await new Promise((resolve) => setTimeout(resolve, 2))
}

function linearBytes() {
  const alive = memories.filter((memory) => memory.deref() !== undefined)
  // What is gone is not remembered, so that the watching itself takes no memory.
  memories.splice(0, memories.length, ...alive)
  return alive.reduce((sum, memory) => sum + (memory.deref()?.buffer.byteLength ?? 0), 0)
}

/** The linear memory of every module that is instantiated from here on, as long as somebody holds it. */
function watchMemories() {
  const found = []
  WebAssembly.Instance = class extends WebAssembly.Instance {
    constructor(...args) {
      super(...args)
      found.push(new WeakRef(this.exports.memory))
    }
  }
  return found
}
