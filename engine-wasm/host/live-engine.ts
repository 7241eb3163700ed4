/** An engine for a host: agents, delegations and flags made at run time, explanations, and policies replaced in slices. */
import { REQ_OPEN } from '../format/layout.ts'
import { attempt, createCore, withoutTaking } from './core.ts'
import { type Decision, type Explanation, readRules } from './decision.ts'
import type { DecideOptions, Engine, EngineOptions } from './engine.ts'
import { EngineError, succeeded } from './engine-error.ts'
import type { Machine } from './machine.ts'
import { RecordShelf } from './record.ts'
import { chainOf, type EngineRequest } from './request.ts'
import { readSource, type Source } from './source.ts'

/** An agent by name, or the delegations from one to another. */
export type PrincipalOrPair = string | { readonly from: string; readonly to: string }

/** `suspended` says nothing about a pair. */
export type Flag = 'revoked' | 'suspended'

/** The store of what was made at run time, asked for what the engine does not hold. */
export interface RecordSource {
  agent(name: string): Uint8Array | undefined
  delegations(from: string, to: string): Uint8Array | undefined
}

export interface LiveDecideOptions extends DecideOptions {
  readonly records?: RecordSource | undefined
}

/** Nothing that a request says makes `decide` throw; only what `meters` and `records` throw comes through. */
export interface LiveEngine<R extends EngineRequest = EngineRequest> extends Engine<R> {
  /** A bound on the rules and conditions that one decision visits. */
  readonly maxSteps: number
  decide(request: R, options?: LiveDecideOptions): Decision
  decideBatch(requests: readonly R[], options?: LiveDecideOptions): readonly Decision[]
  /** Charges nothing; the decision is what `decide` says when all reservations can be taken. */
  explain(request: R, options?: LiveDecideOptions): Explanation
  /** `reload` in slices of about 2 ms, with `yield` awaited between them. A later reload ends it: `superseded`. */
  reloadAsync(source: Source, schedule: { readonly yield: () => Promise<unknown> }): Promise<void>
  /** Takes an agent or delegations made at run time; they stay through reloads. @throws {EngineError} */
  putRecord(record: Uint8Array): void
  /** Forgets a record; false when there was none. */
  dropRecord(id: PrincipalOrPair): boolean
  /** Holds for agents and delegations of the policy too, and stays through reloads and evictions. @throws {EngineError} */
  setFlag(id: PrincipalOrPair, flag: Flag, isSet?: boolean): void
  /** SHA-256, hex. */
  sha256(bytes: Uint8Array): string
}

const FLAG_BITS = { revoked: 1, suspended: 2 }
const NO_OPTIONS: LiveDecideOptions = {}
/** Steps of the verifier in about 2 ms, and bytes that are copied in less. */
const SLICE_STEPS = 1500
const SLICE_BYTES = 1 << 20

/** @throws {EngineError} when the module or the image is refused */
export function createLiveEngine<R extends EngineRequest>(
  module: WebAssembly.Module,
  image: Uint8Array | undefined,
  options: EngineOptions,
): LiveEngine<R> {
  const flags = new Map<string, number>()
  const shelf = new RecordShelf()
  /** Counts what makes an image that is being loaded the wrong one. */
  let turn = 0

  const core = createCore(module, image, options, {
    restore(machine) {
      turn++
      for (const [id, bits] of flags) writeFlags(machine, id, bits)
      for (const record of shelf.clear()) attempt(() => putInto(machine, record))
    },
    supply(request, { records }: LiveDecideOptions) {
      if (records === undefined) return false
      const chain = attempt(() => chainOf(request)) ?? []
      chain.forEach((name, hop) => {
        const from = chain[hop - 1]
        const found = [records.agent(name), from === undefined ? undefined : records.delegations(from, name)]
        // A record that is refused is one that is not there: the answer can only become a denial.
        for (const record of found) if (record !== undefined) attempt(() => putRecord(record))
      })
      return true
    },
  })

  function putInto(machine: Machine, record: Uint8Array): void {
    machine.put(record)
    shelf.put(record, succeeded(machine.exports.overlay_put(record.length), 'the record'))
  }

  function putRecord(record: Uint8Array): void {
    core.ready()
    putInto(core.machine(), record)
  }

  const decide = (request: R, options: LiveDecideOptions = NO_OPTIONS): Decision =>
    core.respond(request, options, options.records === undefined ? 0 : REQ_OPEN, false)

  async function reloadAsync(source: Source, schedule: { readonly yield: () => Promise<unknown> }): Promise<void> {
    const read = readSource(source)
    if (!(read instanceof Uint8Array)) return core.reload(read)
    core.ready()
    core.admit(read)
    const ours = ++turn
    const rest = async () => {
      await schedule.yield()
      if (ours !== turn) throw new EngineError('superseded', 'another reload came first')
    }
    const at = core.machine().begin(read.length)
    for (let from = 0; from < read.length; from += SLICE_BYTES) {
      core.machine().bytes.set(read.subarray(from, from + SLICE_BYTES), at + from)
      await rest()
    }
    while (succeeded(core.machine().exports.image_verify(SLICE_STEPS), 'the image') === 1) await rest()
    core.machine().commit(read.length)
    core.adopt()
  }

  return {
    get policy() {
      return core.policy()
    },
    get maxSteps() {
      return core.machine().exports.max_steps()
    },
    decide,
    decideBatch: (requests, options) => requests.map((request) => decide(request, options)),
    explain(request, options = NO_OPTIONS) {
      const quiet = { ...options, charge: 'caller', meters: withoutTaking(options.meters) } as const
      const decision = core.respond(request, quiet, options.records === undefined ? 0 : REQ_OPEN, true)
      const isJudged = decision.reason !== 'invalid-request' && decision.reason !== 'engine-fault'
      return { decision, rules: isJudged ? readRules(core.machine(), chainOf(request)) : [] }
    },
    reload(source) {
      core.ready()
      turn++
      core.reload(source)
    },
    reloadAsync,
    putRecord,
    dropRecord(id) {
      core.ready()
      const handle = shelf.take(idOf(id))
      return handle !== undefined && core.machine().exports.overlay_drop(handle) === 1
    },
    setFlag(id, flag, isSet = true) {
      core.ready()
      const key = idOf(id)
      const old = flags.get(key) ?? 0
      const bits = isSet ? old | FLAG_BITS[flag] : old & ~FLAG_BITS[flag]
      writeFlags(core.machine(), key, bits)
      flags.set(key, bits)
    },
    sha256(bytes) {
      core.ready()
      return core.machine().sha256(bytes)
    },
  }
}

function writeFlags(machine: Machine, id: string, bits: number): void {
  const bytes = new TextEncoder().encode(id)
  machine.put(bytes)
  succeeded(machine.exports.revoke(bytes.length, bits), `the flag of \`${id}\``)
}

function idOf(id: PrincipalOrPair): string {
  return typeof id === 'string' ? id : `${id.from}\0${id.to}`
}
