/** A world as the engine and the reference see it. The engine lives on while the world around it changes. */
import { loadEngineWasm } from '../../../cli/engine-wasm.ts'
import { emitAgentRecord, emitDelegationsRecord, emitImage, spliceModule } from '../../../compiler/emit/index.ts'
import { checkPolicy, meterKeys } from '../../../compiler/front/index.ts'
import { parsePattern, parseState, type RuntimeDelegation } from '../../../compiler/model/index.ts'
import { createReference, type Reference, type ReferenceReservation } from '../../../compiler/reference/index.ts'
import { type EngineRequest, loadLiveEngine, type RecordSource } from '../../../engine-wasm/host/index.ts'
import { parsePolicy } from '../../../grammar/index.ts'
import type { Answer, Numbered } from './oracle.ts'
import { printPolicy, printState } from './print.ts'
import { type Question, toRequest } from './question.ts'
import { idOf, type World } from './world.ts'

export interface Subject extends Numbered {
  readonly text: string
  ask(question: Question): Answer
  /** The reference's answer; nothing where a flag of a pair holds for what the policy declares, which it cannot be told. */
  askReference(question: Question): Answer | undefined
  /** The request, and what was made at run time, as JSON. */
  show(question: Question): string
  state(): string
  /** The engine goes on in another world. */
  become(world: World, how?: Change): void
}

export type Change =
  /** Another generation, though its policy may say the same. */
  | 'swap'
  /** The same, with the engine's own module around it. */
  | 'swap-module'
  /** Every record is pushed out of the engine's ring; `world` must say so. */
  | 'evict'
  /** Every record is pushed out, and the engine is given those that it asks for. */
  | 'evict-and-supply'

/** @throws {TypeError} when the policy or the state of the world is refused */
export function createSubject(first: World): Subject {
  let generation = 1
  let world = first
  let printed = printPolicy(world, generation)
  let compiled = compile(printed.text)
  let made = makeState(world)
  let records = made.records
  let supply: RecordSource | undefined
  let reference: Reference | undefined
  const engine = loadLiveEngine(compiled.image)
  for (const record of records.values()) engine.putRecord(record)

  function swap(how: Change | undefined): void {
    generation++
    printed = printPolicy(world, generation)
    compiled = compile(printed.text)
    const { image } = compiled
    engine.reload(how === 'swap-module' ? new WebAssembly.Module(spliceModule(loadEngineWasm(), image).slice()) : image)
  }

  function flag(before: World): void {
    for (const kind of ['revoked', 'suspended'] as const) {
      const put = (id: string, isSet: boolean) => engine.setFlag(toTarget(id), kind, isSet)
      for (const id of before[kind]) if (!world[kind].has(id)) put(id, false)
      for (const id of world[kind]) if (!before[kind].has(id)) put(id, true)
    }
  }

  function record(isAgain: boolean): void {
    const now = made.records
    for (const id of records.keys()) if (!now.has(id)) engine.dropRecord(toTarget(id))
    for (const [id, bytes] of now) {
      const old = records.get(id)
      const isSame = old === bytes || (old !== undefined && Buffer.compare(old, bytes) === 0)
      if (isAgain || !isSame) engine.putRecord(bytes)
    }
    records = now
  }

  return {
    get world() {
      return world
    },
    get numbers() {
      return printed.numbers
    },
    get text() {
      return printed.text
    },
    ask(question) {
      const options = { charge: 'caller', possible: question.facts.possible, records: supply } as const
      // Members that are undefined count as absent.
      const found = engine.decide(toRequest(question, world.weeks) as EngineRequest, options)
      const { decision, allowed, reason } = found
      const chosen = found.charged ?? (found.grant === undefined ? [] : [found.grant])
      return {
        decision,
        allowed,
        reason,
        reservations: allowed ? byKey(found.reservations ?? []) : [],
        chosen: allowed ? chosen : [],
      }
    },
    askReference(question) {
      if (crossesFlag(world, question)) return undefined
      reference ??= compiled.refer(world, made.keys)
      const found = reference.decide(toRequest(question, world.weeks), { possible: question.facts.possible })
      const { decision, allowed, reason, reservations, charged } = found
      return { decision, allowed, reason, reservations: byKey(reservations), chosen: charged }
    },
    show: (question) => JSON.stringify(toRequest(question, world.weeks)),
    state: () => JSON.stringify(printState(world, false)),
    become(next, how) {
      const before = world
      const wasSupplied = supply !== undefined
      world = next
      supply = undefined
      reference = undefined
      if (made.json !== JSON.stringify(printState(world, false))) made = makeState(world)
      if (how === 'swap' || how === 'swap-module') swap(how)
      else {
        const { text, numbers } = printPolicy(world, generation)
        if (text !== printed.text) swap(undefined)
        else printed = { text, numbers }
      }
      flag(before)
      if (how === 'evict') {
        for (const junk of junkRecords()) engine.putRecord(junk)
        records = made.records
      } else record(wasSupplied)
      if (how === 'evict-and-supply') {
        for (const junk of junkRecords()) engine.putRecord(junk)
        supply = sourceOf(records)
      }
    },
  }
}

function compile(text: string) {
  const parsed = parsePolicy('p.kavach', text)
  const checked = checkPolicy([parsed.file])
  const errors = [...parsed.diagnostics, ...checked.diagnostics].filter(({ severity }) => severity === 'error')
  if (checked.model === undefined || errors.length > 0) {
    throw new TypeError(`refused: ${errors.map(({ code, message }) => `${code} ${message}`).join('; ')}\n${text}`)
  }
  const keys = meterKeys([parsed.file])
  return {
    image: emitImage(checked.model),
    refer: (world: World, stateKeys: readonly string[]) =>
      createReference([parsed.file], printState(world, true), { keyOf: (clause) => keys.get(clause), stateKeys }),
  }
}

/** What was made at run time: as JSON, as records by the id of what they are about, and the keys of its clauses. */
interface Made {
  readonly json: string
  readonly records: ReadonlyMap<string, Uint8Array>
  readonly keys: readonly string[]
}

function makeState(world: World): Made {
  const json = JSON.stringify(printState(world, false))
  const parsed = parseState(JSON.parse(json))
  if (!parsed.ok) throw new TypeError(`the state is refused: ${parsed.message}`)
  const { agents, delegations } = parsed.value
  const pairs = new Map<string, RuntimeDelegation[]>()
  for (const delegation of delegations) {
    const known = pairs.get(idOf(delegation))
    if (known === undefined) pairs.set(idOf(delegation), [delegation])
    else known.push(delegation)
  }
  const records = new Map([
    ...agents.map((agent) => [agent.name, emitAgentRecord(agent)] as const),
    ...[...pairs].map(([id, list]) => [id, emitDelegationsRecord(list)] as const),
  ])
  const grants = [...agents, ...delegations].flatMap((holder) => holder.grants)
  return { json, records, keys: grants.flatMap(({ limits }) => (limits ?? []).map(({ key }) => key)) }
}

function sourceOf(records: ReadonlyMap<string, Uint8Array>): RecordSource {
  return { agent: (name) => records.get(name), delegations: (from, to) => records.get(idOf({ from, to })) }
}

function toTarget(id: string) {
  const [from, to] = id.split(' -> ')
  return from !== undefined && to !== undefined ? { from, to } : id
}

function crossesFlag({ revoked, delegations }: World, { chain }: Question): boolean {
  const pairs = chain.slice(1).map((to, index) => idOf({ from: chain[index] ?? '', to }))
  return pairs.some(
    (pair) => revoked.has(pair) && delegations.some((delegation) => !delegation.isRuntime && idOf(delegation) === pair),
  )
}

function byKey(reservations: readonly ReferenceReservation[]): readonly ReferenceReservation[] {
  return reservations
    .map(({ key, window, windowStart, amount, limit, unit }) => ({ key, window, windowStart, amount, limit, unit }))
    .toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
}

/** More than the ring of 2 MiB holds, under names that nobody asks about. */
const JUNK = 4
const JUNK_GRANTS = 150
const JUNK_SEGMENT = 'x'.repeat(128)
let junk: readonly Uint8Array[] | undefined

function junkRecords(): readonly Uint8Array[] {
  junk ??= Array.from({ length: JUNK }, (_, turn) => {
    const grants = Array.from({ length: JUNK_GRANTS }, (_, id) => {
      const pattern = parsePattern([...Array<string>(31).fill(JUNK_SEGMENT), String(id)].join(':'))
      return { id, actions: ['read'], patterns: pattern.ok ? [pattern.value] : [] }
    })
    return emitAgentRecord({ name: `junk${turn}`, type: 'service', grants })
  })
  return junk
}
