/**
 * Takes samples of decisions, and of the floors that they are held against, by turns.
 *
 * A block is 1,024 requests. Their strings and objects are made before the clock starts; then each is decided with the clock
 * read around it. As many are decided 64 at a time, since reading the clock costs about as much as a small decision. The
 * floors follow within the same milliseconds, so that a busy moment hurts all of them.
 *
 * A sample keeps 256 blocks. When there are more, each has the same chance to be one of those that are kept (Vitter, "Random sampling with a
 * reservoir", 1985, algorithm R), so that an hour takes the memory of a second and its figures are about all of it.
 */
import type { EngineRequest } from '../engine-wasm/host/index.ts'
import type { BenchRequest } from './bench-requests.ts'

/** What is measured. */
export interface Subject {
  decide(request: EngineRequest): unknown
  /** One look-up in a map of all requests: the place that the request has in it. */
  lookUp(agent: string, action: string, resource: string): number
  /** A call into the module that does nothing. */
  touch(): number
}

/** Nanoseconds. `mean`, `map` and `empty` are means of 64, the median of all: a pause of the machine hits few of them. */
export interface Sample {
  readonly p50: number
  readonly p99: number
  readonly p999: number
  readonly mean: number
  readonly map: number
  readonly empty: number
  /** Decisions that were timed one by one, those of blocks that are not kept too. */
  readonly singles: number
}

export interface SampleOptions {
  readonly seconds: number
  /** Milliseconds, with fractions. */
  readonly clock: () => number
  /** Collects what making requests has left behind, so that no decision is charged for it; what decisions leave behind stays theirs. */
  readonly collect: () => void
  /** Between blocks: lets signals in; false ends the sample. */
  readonly rest: () => Promise<boolean>
}

const BLOCK = 1024
const CHUNK = 64
/** Blocks at the least, so that 0.1 % of the singles are some. */
const MIN_BLOCKS = 4
const KEPT_BLOCKS = 256
const CLOCK_READINGS = 2048

/** Decides `requests` for some seconds; `undefined` when `rest` said so before the end. */
export async function takeSample(
  subject: Subject,
  requests: readonly BenchRequest[],
  { seconds, clock, collect, rest }: SampleOptions,
): Promise<Sample | undefined> {
  const next = createOrder(requests)
  const prepare = () => {
    const block = makeBlock(next)
    collect()
    return block
  }
  // One more place is for what is not kept.
  const places = KEPT_BLOCKS + 1
  const chunks = () => new Float64Array((BLOCK / CHUNK) * places)
  const times = { single: new Float64Array(BLOCK * places), decide: chunks(), map: chunks(), empty: chunks() }
  const random = createRandom()
  const overhead = costOfClock(clock)
  const end = clock() + seconds * 1000
  let blocks = 0
  while (blocks < MIN_BLOCKS || clock() < end) {
    const place = blocks < KEPT_BLOCKS ? blocks : Math.min(KEPT_BLOCKS, random(blocks + 1))
    const partOf = (all: Float64Array) => all.subarray((all.length / places) * place)
    timeEach(subject, prepare(), clock, partOf(times.single))
    timeDecisions(subject, prepare(), clock, partOf(times.decide))
    timeLookUps(subject, prepare(), clock, partOf(times.map))
    timeTouches(subject, clock, partOf(times.empty))
    blocks++
    if (!(await rest())) return undefined
  }
  const kept = Math.min(KEPT_BLOCKS, blocks)
  const sorted = (all: Float64Array) => all.subarray(0, (all.length / places) * kept).sort()
  const toNs = (ms: number) => Math.max(0, ms - overhead) * 1e6
  const singles = sorted(times.single)
  const single = (part: number) => toNs(percentile(singles, part))
  const perCall = (all: Float64Array) => toNs(percentile(sorted(all), 0.5)) / CHUNK
  return {
    p50: single(0.5),
    p99: single(0.99),
    p999: single(0.999),
    mean: perCall(times.decide),
    map: perCall(times.map),
    empty: perCall(times.empty),
    singles: blocks * BLOCK,
  }
}

/** The smallest of `sorted` that at least this part of them does not exceed. */
export function percentile(sorted: Float64Array, part: number): number {
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0
}

/** All requests again and again, in a new order each time that is the same in every run: no processor learns it by heart. */
function createOrder(requests: readonly BenchRequest[]): () => BenchRequest {
  const order = [...requests]
  const random = createRandom()
  let position = order.length
  return () => {
    if (position === order.length) {
      position = 0
      for (let i = order.length - 1; i > 0; i--) {
        const j = random(i + 1)
        const [a, b] = [order[i], order[j]]
        if (a !== undefined && b !== undefined) {
          order[i] = b
          order[j] = a
        }
      }
    }
    const request = order[position++]
    if (request === undefined) throw new RangeError('there are no requests')
    return request
  }
}

/** Whole numbers below what is asked for, the same ones in every run. */
function createRandom(): (below: number) => number {
  let seed = 1
  return (below) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    return Math.floor((seed / 2 ** 32) * below)
  }
}

function makeBlock(next: () => BenchRequest): readonly EngineRequest[] {
  return Array.from({ length: BLOCK }, () => next().fresh())
}

/** Median milliseconds between two readings of the clock with nothing between them. */
function costOfClock(clock: () => number): number {
  const times = new Float64Array(CLOCK_READINGS)
  for (let i = 0; i < times.length; i++) {
    const start = clock()
    times[i] = clock() - start
  }
  return percentile(times.sort(), 0.5)
}

function timeEach(subject: Subject, block: readonly EngineRequest[], clock: () => number, times: Float64Array): void {
  let at = 0
  for (const request of block) {
    const start = clock()
    subject.decide(request)
    times[at++] = clock() - start
  }
}

function timeDecisions(
  subject: Subject,
  block: readonly EngineRequest[],
  clock: () => number,
  times: Float64Array,
): void {
  for (let from = 0; from < BLOCK; from += CHUNK) {
    const chunk = block.slice(from, from + CHUNK)
    const start = clock()
    for (const request of chunk) subject.decide(request)
    times[from / CHUNK] = clock() - start
  }
}

function timeLookUps(
  subject: Subject,
  block: readonly EngineRequest[],
  clock: () => number,
  times: Float64Array,
): void {
  for (let from = 0; from < BLOCK; from += CHUNK) {
    const chunk = block.slice(from, from + CHUNK)
    let sum = 0
    const start = clock()
    for (const { agent, action, resource } of chunk) sum += subject.lookUp(agent, action, resource)
    times[from / CHUNK] = used(clock() - start, sum)
  }
}

function timeTouches(subject: Subject, clock: () => number, times: Float64Array): void {
  for (let from = 0; from < BLOCK; from += CHUNK) {
    let sum = 0
    const start = clock()
    for (let i = 0; i < CHUNK; i++) sum += subject.touch()
    times[from / CHUNK] = used(clock() - start, sum)
  }
}

/** Looks at a sum, so that what was summed up cannot be left out. @throws {RangeError} when it is no number */
function used(ms: number, sum: number): number {
  if (Number.isNaN(sum)) throw new RangeError('a floor has no answer')
  return ms
}
