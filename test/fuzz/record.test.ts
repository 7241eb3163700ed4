/**
 * Mutated records of agents and delegations made at run time. What is forged or stale must stay within the compiled policy: a
 * decision that a mutant allows is one that the reference allows when everything made at run time may do anything that the
 * boundary and the guardrails leave. A record that is refused changes nothing.
 */
import { expect, test } from 'vitest'
import { createReference, type Reference } from '../../compiler/reference/index.ts'
import { STATUS_BAD_OFFSET, STATUS_BAD_ORDER, STATUS_NAME_TAKEN } from '../../engine-wasm/format/codes.ts'
import * as layout from '../../engine-wasm/format/layout.ts'
import { MAX_RECORD_BYTES } from '../../engine-wasm/format/limits.ts'
import type { Random } from '../properties/generate/random.ts'
import { type Mutant, mutateImage, seal } from './image-mutants.ts'
import { Instance, outcomeAndReason } from './instance.ts'
import { runCases, runsOr } from './setting.ts'
import { strayReference } from './sound-image.ts'
import { assertGolden, describeAnswer, isAllowed, putState, type Subject, subjectOf } from './subject.ts'
import { Tally } from './tally.ts'

const RUNS = runsOr(3000)
const STRETCH = 250
const STATUSES = ['', 'too large', 'bad magic', 'bad version', 'bad length', 'bad digest', 'bad offset', 'bad order']

test(
  `${RUNS} mutated records allow nothing that the policy does not leave to them`,
  () => {
    const statuses = new Tally()
    let host: Host | undefined
    runCases('record', RUNS, (random, number) => {
      const stretch = Math.floor(number / STRETCH)
      if (host?.stretch !== stretch) host = new Host(stretch)
      statuses.add(host.run(random))
    })
    console.log(statuses.print('records by status'))
    if (RUNS < 1000) return
    const checked = new Set([
      'accepted',
      'name taken',
      ...[STATUS_BAD_OFFSET, STATUS_BAD_ORDER].map((status) => STATUSES[-status]),
    ])
    expect(statuses.share((name) => checked.has(name))).toBeGreaterThan(0.2)
    expect(statuses.share((name) => name === 'accepted')).toBeGreaterThan(0.01)
  },
  RUNS * 20 + 60_000,
)

/** Everything made at run time, as the JSON of a state. */
interface StateJson {
  readonly agents: readonly AgentJson[]
  readonly delegations: readonly { readonly from: string; readonly to: string }[]
  readonly revoked: readonly string[]
  readonly suspended: readonly string[]
}

interface AgentJson {
  readonly name: string
  readonly type: string
  readonly owner?: string
}

const ANYTHING = [{ resource: '**', actions: ['*'] }]

class Host {
  readonly stretch: number
  private readonly subject: Subject
  private readonly state: StateJson
  private readonly instance = new Instance()
  private readonly bounds = new Map<string, Reference>()

  constructor(stretch: number) {
    this.stretch = stretch
    let number = stretch
    while (subjectOf(number).records.length === 0) number++
    this.subject = subjectOf(number)
    this.state = this.subject.state as StateJson // made by the generator
    expect(this.instance.load(this.subject.image)).toBe(0)
    putState(this.instance, this.subject)
  }

  run(random: Random): string {
    const { instance, subject } = this
    const record = random.pick(subject.records)
    const mutant = mutateImage(random, record, random.chance(0.2) ? subject.image : random.pick(subject.records))
    instance.put(mutant.image)
    const handle = instance.exports.overlay_put(mutant.image.length)
    if (handle >= 0) {
      this.judge(mutant)
      instance.exports.overlay_drop(handle)
      putState(instance, subject)
    } else if (mutant.meaning !== 'any' && handle !== STATUS_NAME_TAKEN) {
      throw new Error(`${mutant.change}: a sound record is refused with status ${handle}`)
    }
    assertGolden(instance, subject, random, handle >= 0 ? subject.golden.length : 3)
    return handle >= 0
      ? 'accepted'
      : handle === STATUS_NAME_TAKEN
        ? 'name taken'
        : (STATUSES[-handle] ?? `status ${handle}`)
  }

  private judge({ image, change, meaning }: Mutant): void {
    const stray = strayReference(image)
    if (stray !== undefined) throw new Error(`${change}: accepted, and it leads astray: ${stray}`)
    const bound = this.boundOf(image)
    for (const one of this.subject.golden) {
      const answer = outcomeAndReason(this.instance.ask(one.bytes))
      const isWide =
        isAllowed(answer) && bound !== undefined && !bound.decide(one.value, { possible: one.possible }).allowed
      const isOther =
        meaning === 'same'
          ? answer !== one.expected
          : meaning === 'narrower' && isAllowed(answer) && !isAllowed(one.expected)
      if (!isWide && !isOther) continue
      const found = `expected ${describeAnswer(one.expected)}, found ${describeAnswer(answer)}`
      throw new Error(`${change}${isWide ? ', beyond the policy' : ''}: ${JSON.stringify(one.value)}: ${found}`)
    }
  }

  /** Decides with all that is made at run time holding everything; `undefined` for a name or owner that no request has. */
  private boundOf(image: Uint8Array): Reference | undefined {
    const made = readRecord(image)
    if (made === undefined) return undefined
    const key = JSON.stringify(made)
    const known = this.bounds.get(key)
    if (known !== undefined) return known
    const { agents, delegations, revoked, suspended } = this.state
    const isOther = ({ name }: AgentJson) => !('name' in made) || name !== made.name
    const state = {
      agents: [...agents.filter(isOther), ...('name' in made ? [made] : [])].map(({ name, type, owner }) => {
        return { name, type, owner, permissions: ANYTHING, mayDelegate: 5 }
      }),
      delegations: [...delegations, ...('from' in made ? [made] : [])].map(({ from, to }) => {
        return { from, to, permissions: ANYTHING, depth: 5 }
      }),
      revoked,
      suspended,
    }
    try {
      const bound = createReference([this.subject.file], state)
      this.bounds.set(key, bound)
      return bound
    } catch (error) {
      // What is no name or no owner cannot be stated, and no request names it.
      if (error instanceof TypeError) return undefined
      throw error
    }
  }
}

const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const TYPES = ['autonomous', 'delegated', 'service']

/** Who a record is about. */
function readRecord(image: Uint8Array): AgentJson | { readonly from: string; readonly to: string } | undefined {
  const view = new DataView(image.buffer, image.byteOffset)
  const u32 = (at: number) => view.getUint32(at, true)
  const section = (number: number) => u32(layout.H_SECTIONS + 8 * number)
  const text = (at: number): string => {
    const from = section(layout.S_BYTES) + u32(at)
    return DECODER.decode(image.subarray(from, from + u32(at + 4)))
  }
  const string = (index: number) => text(section(layout.S_STRINGS) + index * layout.STRING_SIZE)
  try {
    if (u32(layout.H_KIND) === layout.KIND_AGENT) {
      const agent = section(layout.S_AGENTS)
      const owner = u32(agent + layout.AGENT_OWNER)
      const type = TYPES[view.getUint8(agent + layout.AGENT_TYPE)] ?? ''
      return { name: text(agent), type, ...(owner !== layout.NONE && { owner: string(owner) }) }
    }
    const delegation = section(layout.S_DELEGATIONS)
    const [from, to] = [string(u32(delegation)), string(u32(delegation + layout.DELEGATION_TO))]
    return from === to ? undefined : { from, to }
  } catch (error) {
    // Bytes that are no text are nobody's name.
    if (error instanceof TypeError) return undefined
    throw error
  }
}

test('a record of the largest size is taken, one of a byte more is not', () => {
  const subject = subjectOf(0)
  const instance = new Instance()
  instance.load(subject.image)
  const record = subject.records[0] ?? subjectOf(1).records[0]
  const put = (length: number): number => {
    const longer = new Uint8Array(length)
    longer.set(record ?? [])
    instance.put(seal(longer))
    return Math.sign(instance.exports.overlay_put(length))
  }
  expect([put(MAX_RECORD_BYTES), put(MAX_RECORD_BYTES + 1)]).toEqual([1, -1])
})
