/** The rounds of a benchmark: everything is measured in each of them, so that their spread says what the machine adds. */
import { type BudgetLine, DECIDE_METRICS, isSelected, type Metric, measureOf, type Selection } from './bench-budget.ts'
import type { BareModule } from './bench-module.ts'
import type { BenchRequest } from './bench-requests.ts'
import { type Sample, type SampleOptions, type Subject, takeSample } from './bench-sample.ts'

/** What the rounds have measured of one thing, a value each: nanoseconds or bytes. */
export interface Series {
  readonly metric: Metric
  readonly where: Selection | undefined
  readonly values: readonly number[]
}

/** The floors that were measured with the decisions of a selection, by turns. */
export interface FloorSeries {
  readonly where: Selection | undefined
  readonly map: readonly number[]
  readonly empty: readonly number[]
}

export interface Measured {
  readonly rounds: number
  /** Decisions that were timed one by one, in all rounds. */
  readonly singles: number
  readonly series: readonly Series[]
  readonly floors: readonly FloorSeries[]
}

export interface BenchSubject extends Pick<Subject, 'decide'> {
  readonly bare: BareModule
  /** From the bytes of a module that no engine has compiled to one that has answered a request. */
  load(): void
  readonly moduleBytes: number
  readonly imageBytes: number
}

export interface RunOptions extends Pick<SampleOptions, 'clock' | 'collect' | 'rest'> {
  /** Of one round. */
  readonly seconds: number
  /** Selections beside all requests. */
  readonly selections: readonly Selection[]
  readonly progress: (round: number) => void
}

/** Loads and verifications in a round; their median counts. */
const REPETITIONS = 3
/** Seconds of decisions before the first round: the engine under us compiles what is used often. */
const WARM_UP_SECONDS = 0.4

/** Adds rounds to what was measured. */
export interface BenchRun {
  /** Measures one more round; false when it was interrupted, and does not count. */
  round(): Promise<boolean>
  measured(): Measured
}

/** Prepares a run on `requests`, of which there must be one at least for each selection. */
export function createRun(subject: BenchSubject, requests: readonly BenchRequest[], options: RunOptions): BenchRun {
  const { seconds, selections, clock, collect, rest, progress } = options
  const asked: Subject = { decide: subject.decide, lookUp: createLookUp(requests), touch: subject.bare.touch }
  const parts = [undefined, ...selections].map((where) => ({
    where,
    requests: requests.filter((request) => isSelected(where, request.asked)),
    samples: [] as Sample[],
  }))
  const loads: number[] = []
  const verifications: number[] = []
  let isWarm = false
  let rounds = 0

  async function warmUp(): Promise<boolean> {
    const limits = { seconds: Math.min(WARM_UP_SECONDS, seconds), clock, collect, rest }
    isWarm = (await takeSample(asked, requests, limits)) !== undefined
    return isWarm
  }

  async function measure(): Promise<boolean> {
    const samples: Sample[] = []
    for (const part of parts) {
      const sample = await takeSample(asked, part.requests, { seconds: seconds / parts.length, clock, collect, rest })
      if (sample === undefined) return false
      samples.push(sample)
    }
    const load = await medianOf(subject.load, clock, rest)
    const verify = await medianOf(subject.bare.verify, clock, rest)
    if (load === undefined || verify === undefined) return false
    // A round counts as a whole.
    for (const [index, part] of parts.entries()) part.samples.push(...samples.slice(index, index + 1))
    loads.push(load)
    verifications.push(verify)
    rounds++
    return true
  }

  return {
    async round() {
      progress(rounds + 1)
      return (isWarm || (await warmUp())) && (await measure())
    },
    measured: () => ({
      rounds,
      singles: parts.flatMap(({ samples }) => samples).reduce((sum, { singles }) => sum + singles, 0),
      series: [
        ...parts.flatMap(({ where, samples }) => decideSeries(where, samples)),
        { metric: 'load', where: undefined, values: [...loads] },
        { metric: 'verify', where: undefined, values: [...verifications] },
        { metric: 'module', where: undefined, values: [subject.moduleBytes] },
        { metric: 'image', where: undefined, values: [subject.imageBytes] },
        { metric: 'memory', where: undefined, values: [subject.bare.memoryBytes] },
      ],
      floors: parts.map(({ where, samples }) => ({
        where,
        map: samples.map(({ map }) => map),
        empty: samples.map(({ empty }) => empty),
      })),
    }),
  }
}

/** The selections that the lines of a budget name, each once. */
export function selectionsOf(lines: readonly BudgetLine[]): readonly Selection[] {
  const found = new Map<string, Selection>()
  for (const { where } of lines) if (where !== undefined && !found.has(where.text)) found.set(where.text, where)
  return [...found.values()]
}

/** The values that a line is about. @throws {RangeError} when they were not measured */
export function valuesOf(measured: Measured, { metric, where }: Pick<BudgetLine, 'metric' | 'where'>) {
  const series = measured.series.find((each) => each.metric === metric && each.where?.text === where?.text)
  const floors = measured.floors.find((each) => each.where?.text === where?.text)
  if (series === undefined || floors === undefined) {
    throw new RangeError(`${measureOf({ metric, where })} was not measured`)
  }
  return { values: series.values, floors }
}

function decideSeries(where: Selection | undefined, samples: readonly Sample[]): readonly Series[] {
  return DECIDE_METRICS.map((metric) => ({
    metric,
    where,
    values: samples.map((sample) => statisticOf(sample, metric)),
  }))
}

function statisticOf(sample: Sample, metric: (typeof DECIDE_METRICS)[number]): number {
  switch (metric) {
    case 'decide.p50':
      return sample.p50
    case 'decide.p99':
      return sample.p99
    case 'decide.p999':
      return sample.p999
    case 'decide.mean':
      return sample.mean
  }
}

function createLookUp(requests: readonly BenchRequest[]): Subject['lookUp'] {
  const places = new Map<string, number>()
  for (const [place, { asked }] of requests.entries()) {
    places.set(`${asked.agent}|${asked.action}|${asked.resource}`, place)
  }
  return (agent, action, resource) => places.get(`${agent}|${action}|${resource}`) ?? Number.NaN
}

/** Nanoseconds. */
async function medianOf(
  run: () => void,
  clock: () => number,
  rest: () => Promise<boolean>,
): Promise<number | undefined> {
  const times: number[] = []
  for (let i = 0; i < REPETITIONS; i++) {
    const start = clock()
    run()
    times.push((clock() - start) * 1e6)
    if (!(await rest())) return undefined
  }
  return median(times)
}

/** The middle value; of an even number of them, the upper of the two. @throws {RangeError} when there is none */
export function median(values: readonly number[]): number {
  const middle = [...values].sort((a, b) => a - b)[values.length >> 1]
  if (middle === undefined) throw new RangeError('nothing was measured')
  return middle
}
