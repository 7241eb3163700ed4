/** An engine: one policy that answers, and what was made, flagged and reloaded at run time. */
import { ANSWER_NEED_AGENT, ANSWER_NEED_DELEGATIONS, ANSWER_NEED_METERS } from '../format/codes.ts'
import { ANSWER_APPROVED, ANSWER_METERED, REQ_OPEN, REQ_POSSIBLE } from '../format/layout.ts'
import { approvalDigest } from './approval.ts'
import {
  type Decision,
  type Explanation,
  isPlainAnswer,
  plainDecision,
  readDecision,
  readRules,
  refusal,
} from './decision.ts'
import { encodeRequest } from './encode.ts'
import { EngineError, succeeded } from './engine-error.ts'
import { generationOf, identityOf, Machine, type PolicyIdentity } from './machine.ts'
import {
  type Charge,
  type Meter,
  putReadings,
  type ReadingTable,
  type Reservation,
  readMeters,
  readReadings,
  toMeter,
} from './meter.ts'
import { RecordShelf } from './record.ts'
import { chainOf, type EngineRequest, type Readings } from './request.ts'
import { readSource, type Source } from './source.ts'

/** An agent by name, or the delegations from one to another. */
export type PrincipalOrPair = string | { readonly from: string; readonly to: string }

/** `suspended` says nothing about a pair. */
export type Flag = 'revoked' | 'suspended'

/** Where limits are counted. Both are called while a decision is made, so they answer at once. */
export interface Meters {
  /** What these meters read, by key; one that is not there reads 0. Without it `readings` of the request are read, else 0. */
  read?(meters: readonly Meter[]): NonNullable<Readings['meters']>
  /**
   * Takes all of it or nothing; true when it was taken. What an approval allowed also uses up the approval of that digest.
   * When it was not, the request is decided again with new readings, some of which may be returned instead of false.
   */
  take(reservations: readonly Reservation[], approvalDigest?: string): boolean | NonNullable<Readings['meters']>
}

/** The store of what was made at run time, asked for what the engine does not hold. */
export interface RecordSource {
  agent(name: string): Uint8Array | undefined
  delegations(from: string, to: string): Uint8Array | undefined
}

export interface EngineOptions {
  /** A policy of an older generation is refused. */
  readonly minGeneration?: number
}

export interface DecideOptions {
  readonly meters?: Meters | undefined
  /** The caller charges `reservations` and uses up approvals before it acts. */
  readonly charge?: 'caller' | undefined
  /** Absent arguments count for access: for lists of what might be called, never for a call. */
  readonly possible?: boolean | undefined
  readonly records?: RecordSource | undefined
}

/** Nothing that a request says makes `decide` throw; only what `meters` and `records` throw comes through. */
export interface Engine<R extends EngineRequest = EngineRequest> {
  readonly policy: PolicyIdentity
  /** A bound on the rules and conditions that one decision visits. */
  readonly maxSteps: number
  decide(request: R, options?: DecideOptions): Decision
  /** The same answers as `decide` one by one, in order. */
  decideBatch(requests: readonly R[], options?: DecideOptions): readonly Decision[]
  /** Charges nothing; the decision is what `decide` says when all reservations can be taken. */
  explain(request: R, options?: DecideOptions): Explanation
  /**
   * Puts another policy in the place of this one, between two decisions. Records and flags stay.
   *
   * @throws {EngineError} for an older generation, the same one with other bytes, or what the verifier refuses
   */
  reload(source: Source): void
  /** The same in slices of about 2 ms, with `yield` awaited between them. A later reload ends it: `superseded`. */
  reloadAsync(source: Source, schedule: { readonly yield: () => Promise<unknown> }): Promise<void>
  /** Takes an agent or delegations made at run time. @throws {EngineError} */
  putRecord(record: Uint8Array): void
  /** Forgets a record; false when there was none. */
  dropRecord(id: PrincipalOrPair): boolean
  /** Holds for agents and delegations of the policy too, and stays through reloads and evictions. @throws {EngineError} */
  setFlag(id: PrincipalOrPair, flag: Flag, isSet?: boolean): void
  /** SHA-256, hex. */
  sha256(bytes: Uint8Array): string
}

const FLAG_BITS = { revoked: 1, suspended: 2 }
const NO_OPTIONS: DecideOptions = {}
const NO_READINGS: ReadingTable = { used: new Map(), spent: new Map(), meters: new Map() }
/** How often a decision is made when others have taken what it reserved. */
const ATTEMPTS = 3
/** Steps of the verifier in about 2 ms, and bytes that are copied in less. */
const SLICE_STEPS = 1500
const SLICE_BYTES = 1 << 20

/** Answers that are not the module's: the request was malformed, or evaluation failed. */
const MALFORMED = -1
const FAULT = -2

/** @throws {EngineError} when the module or the image is refused */
export function createEngine<R extends EngineRequest>(
  engineModule: WebAssembly.Module,
  image: Uint8Array | undefined,
  { minGeneration = 0 }: EngineOptions,
): Engine<R> {
  let module = engineModule
  let machine = start(module, image)
  let policy = identityOf(machine.image())
  if (policy.generation < minGeneration) throw rollback(policy.generation, minGeneration)
  const flags = new Map<string, number>()
  const shelf = new RecordShelf()
  /** True while a request is read: getters and proxies run the caller's code, which must not ask us then. */
  let isReading = false
  let isBroken = false
  /** Counts what makes an image that is being loaded the wrong one. */
  let turn = 0

  /** Encodes and evaluates; details are in the response. */
  function ask(
    request: R,
    options: DecideOptions,
    isExplaining: boolean,
    charges?: readonly Charge[],
    table: ReadingTable = NO_READINGS,
  ): number {
    if (isReading) return MALFORMED
    if (isBroken && !recover()) return FAULT
    const m = machine
    let length = -1
    isReading = true
    try {
      length = encodeRequest(m, request, flagsOf(options), 0)
      if (charges !== undefined && length >= 0) length = putReadings(m, length, charges, table)
    } catch {
      // A getter or a proxy threw, or there is no object: what cannot be read is no request, and the reason says so.
      length = -1
    } finally {
      isReading = false
    }
    if (length < 0) return MALFORMED
    try {
      if (!isExplaining) return m.exports.eval(length)
      m.exports.explain(length)
      return m.view.getInt32(m.response, true)
    } catch {
      // The module trapped. It is a denial whose reason says so, and another instance takes over.
      isBroken = true
      return FAULT
    }
  }

  function respond(request: R, options: DecideOptions, isExplaining: boolean): Decision {
    const answer = ask(request, options, isExplaining)
    return answer >= 0 && isPlainAnswer(answer)
      ? plainDecision(machine, machine.response, policy)
      : settle(request, options, isExplaining, answer)
  }

  /** Brings what the answer depends on: records, meters, approvals. */
  function settle(request: R, options: DecideOptions, isExplaining: boolean, first: number): Decision {
    const need = first & 15
    if (first >= 0 && (need === ANSWER_NEED_AGENT || need === ANSWER_NEED_DELEGATIONS)) {
      if (options.records !== undefined) supply(options.records, attempt(() => chainOf(request)) ?? [])
      return respond(request, { ...options, records: undefined }, isExplaining)
    }
    const { meters, charge } = options
    let answer = first
    let table = attempt(() => (request.readings ? readReadings(request.readings) : undefined))
    for (let round = 0; round < ATTEMPTS; round++) {
      if (answer >= 0 && (answer & 15) === ANSWER_NEED_METERS) {
        const needed = attempt(() => readMeters(machine, request))
        if (needed === undefined) return refusal('invalid-request', policy)
        const list = needed.map(toMeter)
        if (meters?.read !== undefined) table = readReadings({ meters: meters.read(list) })
        else if (meters !== undefined) table ??= NO_READINGS
        if (table === undefined) return { ...refusal('meters-required', policy), meters: list }
        answer = ask(request, options, isExplaining, needed, table)
      }
      if (answer < 0) return refusal(answer === FAULT ? 'engine-fault' : 'invalid-request', policy)
      const decision = attempt(() => readWhole(request, answer))
      if (decision === undefined) return refusal('invalid-request', policy)
      if (!decision.allowed || (answer & (ANSWER_METERED | ANSWER_APPROVED)) === 0) return decision
      if (meters === undefined) return charge === 'caller' ? decision : withhold(decision, answer)
      const taken = meters.take(decision.reservations ?? [], decision.approvalDigest)
      if (taken === true) return decision
      if (typeof taken === 'object') table = readReadings({ meters: taken })
      else if (meters.read === undefined) break
      answer = ask(request, options, isExplaining)
    }
    return { ...refusal('rate-limited', policy), decision: 'limited' }
  }

  function readWhole(request: R, answer: number): Decision {
    const decision = readDecision(machine, request, policy)
    if (decision.decision !== 'approval' && (answer & ANSWER_APPROVED) === 0) return decision
    const digest = approvalDigest(machine, request, policy.generation)
    return digest === undefined ? decision : { ...decision, approvalDigest: digest }
  }

  function supply(source: RecordSource, chain: readonly string[]): void {
    chain.forEach((name, hop) => {
      const from = chain[hop - 1]
      const records = [source.agent(name), from === undefined ? undefined : source.delegations(from, name)]
      // A record that is refused is one that is not there: the answer can only become a denial.
      for (const record of records) if (record !== undefined) attempt(() => putRecord(record))
    })
  }

  function putRecord(record: Uint8Array): void {
    ready()
    machine.put(record)
    shelf.put(record, succeeded(machine.exports.overlay_put(record.length), 'the record'))
  }

  function writeFlags(m: Machine, id: string, bits: number): void {
    const bytes = new TextEncoder().encode(id)
    m.put(bytes)
    succeeded(m.exports.revoke(bytes.length, bits), `the flag of \`${id}\``)
  }

  /** @throws {EngineError} when the engine has trapped and cannot be replaced */
  function ready(): void {
    if (isReading) throw new EngineError('busy', 'a request is being read: do not change the engine from its getters')
    if (isBroken && !recover()) throw new EngineError('engine-fault', 'the engine has failed and cannot be replaced')
  }

  /** Another instance, with the image, the records and the flags of the one that trapped; the image is verified again. */
  function recover(): boolean {
    return attempt(() => replaceBy(start(module, machine.image().slice()))) !== undefined
  }

  function replaceBy(fresh: Machine): true {
    for (const [id, bits] of flags) writeFlags(fresh, id, bits)
    machine = fresh
    isBroken = false
    turn++
    for (const record of shelf.clear()) attempt(() => putRecord(record))
    return true
  }

  function adopt(): void {
    policy = identityOf(machine.image())
  }

  function assertNewer(candidate: Uint8Array): void {
    const { generation, digest } = generationOf(candidate)
    if (generation < BigInt(policy.generation)) throw rollback(Number(generation), policy.generation)
    if (generation === BigInt(policy.generation) && digest !== policy.digest) {
      throw new EngineError(
        'same-generation',
        `generation ${generation} is refused: generation ${policy.generation} is loaded with other bytes; raise the generation`,
      )
    }
  }

  function reload(source: Source): void {
    const read = readSource(source)
    if (read instanceof Uint8Array) {
      ready()
      assertNewer(read)
      turn++
      machine.load(read)
    } else {
      const fresh = start(read, undefined)
      assertNewer(fresh.image())
      replaceBy(fresh)
      module = read
    }
    adopt()
  }

  async function reloadAsync(source: Source, schedule: { readonly yield: () => Promise<unknown> }): Promise<void> {
    const read = readSource(source)
    if (!(read instanceof Uint8Array)) return reload(read)
    ready()
    assertNewer(read)
    const ours = ++turn
    const rest = async () => {
      await schedule.yield()
      if (ours !== turn) throw new EngineError('superseded', 'another reload came first')
    }
    const at = machine.begin(read.length)
    for (let from = 0; from < read.length; from += SLICE_BYTES) {
      machine.bytes.set(read.subarray(from, from + SLICE_BYTES), at + from)
      await rest()
    }
    while (succeeded(machine.exports.image_verify(SLICE_STEPS), 'the image') === 1) await rest()
    machine.commit(read.length)
    adopt()
  }

  return {
    get policy() {
      return policy
    },
    get maxSteps() {
      return machine.exports.max_steps()
    },
    decide: (request, options = NO_OPTIONS) => respond(request, options, false),
    decideBatch: (requests, options = NO_OPTIONS) => requests.map((request) => respond(request, options, false)),
    explain(request, options = NO_OPTIONS) {
      const decision = respond(request, { ...options, charge: 'caller', meters: withoutTaking(options.meters) }, true)
      const isJudged = decision.reason !== 'invalid-request' && decision.reason !== 'engine-fault'
      return { decision, rules: isJudged ? readRules(machine, chainOf(request)) : [] }
    },
    reload,
    reloadAsync,
    putRecord,
    dropRecord(id) {
      ready()
      const handle = shelf.take(idOf(id))
      return handle !== undefined && machine.exports.overlay_drop(handle) === 1
    },
    setFlag(id, flag, isSet = true) {
      ready()
      const key = idOf(id)
      const old = flags.get(key) ?? 0
      const bits = isSet ? old | FLAG_BITS[flag] : old & ~FLAG_BITS[flag]
      writeFlags(machine, key, bits)
      flags.set(key, bits)
    },
    sha256(bytes) {
      ready()
      return machine.sha256(bytes)
    },
  }
}

/** An instance whose image is verified: the one given, else the one that the module carries. */
function start(module: WebAssembly.Module, image: Uint8Array | undefined): Machine {
  const machine = new Machine(module)
  if (image === undefined) succeeded(machine.exports.boot(), 'the policy in the module')
  else {
    machine.load(image)
  }
  return machine
}

function rollback(generation: number, loaded: number): EngineError {
  return new EngineError(
    'old-generation',
    `generation ${generation} is refused: it is older than generation ${loaded}; compile with a higher generation`,
  )
}

function flagsOf({ possible, records }: DecideOptions): number {
  return (possible === true ? REQ_POSSIBLE : 0) | (records === undefined ? 0 : REQ_OPEN)
}

function idOf(id: PrincipalOrPair): string {
  return typeof id === 'string' ? id : `${id.from}\0${id.to}`
}

/** What would be allowed if somebody charged it, used up the approval, or both. */
function withhold(decision: Decision, answer: number): Decision {
  return (answer & ANSWER_METERED) !== 0
    ? { ...decision, decision: 'deny', allowed: false, reason: 'meters-required' }
    : { ...decision, decision: 'approval', allowed: false, reason: 'approval-required' }
}

function withoutTaking(meters: Meters | undefined): Meters | undefined {
  return meters && { ...(meters.read && { read: meters.read.bind(meters) }), take: () => true }
}

/** The result, or nothing when something threw: what a request cannot answer is a denial, whose reason says why. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
