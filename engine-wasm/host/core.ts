/** What every engine does: asks the machine, brings what an answer depends on, and replaces a machine that has failed. */
import { ANSWER_NEED_AGENT, ANSWER_NEED_DELEGATIONS, ANSWER_NEED_METERS } from '../format/codes.ts'
import { ANSWER_APPROVED, ANSWER_METERED, REQ_POSSIBLE } from '../format/layout.ts'
import { approvalDigest } from './approval.ts'
import { type Decision, isPlainAnswer, plainDecision, readDecision, refusal } from './decision.ts'
import { encodeRequest } from './encode.ts'
import type { DecideOptions, EngineOptions, Meters } from './engine.ts'
import { EngineError, succeeded } from './engine-error.ts'
import { generationOf, identityOf, Machine, type PolicyIdentity } from './machine.ts'
import { type Charge, putReadings, type ReadingTable, readMeters, readReadings, toMeter } from './meter.ts'
import type { EngineRequest } from './request.ts'
import { readSource, type Source } from './source.ts'

export interface Core {
  machine(): Machine
  policy(): PolicyIdentity
  decide(request: EngineRequest, options?: DecideOptions): Decision
  /** The same with more flags for the request; with `isExplaining` the response lists the rules. */
  respond(request: EngineRequest, options: DecideOptions, flags: number, isExplaining: boolean): Decision
  /** Before the machine is changed. @throws {EngineError} when a request is being read, or the engine is past repair */
  ready(): void
  /** Says who would replace the policy. @throws {EngineError} when it must not */
  admit(image: Uint8Array): void
  reload(source: Source): void
  /** After the machine has been given another image. */
  adopt(): void
}

/** What an engine for agents made at run time adds. */
export interface Hooks {
  /** Gives another machine what the one before it held beside the image. */
  restore(machine: Machine): void
  /** Brings the records that an answer needs; false when there is nowhere to ask. */
  supply(request: EngineRequest, options: DecideOptions): boolean
}

const NO_OPTIONS: DecideOptions = {}
const NO_READINGS: ReadingTable = { used: new Map(), spent: new Map(), meters: new Map() }
/** How often a decision is made when others have taken what it reserved. */
const ATTEMPTS = 3

/** Answers that are not the module's: the request was malformed, or evaluation failed. */
const MALFORMED = -1
const FAULT = -2

/** @throws {EngineError} when the module or the image is refused */
export function createCore(
  engineModule: WebAssembly.Module,
  image: Uint8Array | undefined,
  { minGeneration = 0 }: EngineOptions,
  hooks?: Hooks,
): Core {
  let module = engineModule
  let machine = start(module, image)
  let policy = identityOf(machine.image())
  if (policy.generation < minGeneration) throw rollback(policy.generation, minGeneration)
  /** True while a request is read: getters and proxies run the caller's code, which must not ask us then. */
  let isReading = false
  let isBroken = false

  /** Encodes and evaluates; details are in the response. */
  function ask(
    request: EngineRequest,
    flags: number,
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
      length = encodeRequest(m, request, flags, 0)
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
      return m.words[m.response >> 2] ?? FAULT
    } catch {
      // The module trapped. It is a denial whose reason says so, and another instance takes over.
      isBroken = true
      return FAULT
    }
  }

  function respond(request: EngineRequest, options: DecideOptions, flags: number, isExplaining: boolean): Decision {
    const all = options.possible === true ? flags | REQ_POSSIBLE : flags
    const answer = ask(request, all, isExplaining)
    return answer >= 0 && isPlainAnswer(answer)
      ? plainDecision(machine, machine.response, policy)
      : settle(request, options, all, isExplaining, answer)
  }

  /** Brings what the answer depends on: records, meters, approvals. */
  function settle(
    request: EngineRequest,
    options: DecideOptions,
    flags: number,
    isExplaining: boolean,
    first: number,
  ): Decision {
    const need = first & 15
    if (first >= 0 && (need === ANSWER_NEED_AGENT || need === ANSWER_NEED_DELEGATIONS)) {
      return hooks?.supply(request, options)
        ? respond(request, options, 0, isExplaining)
        : refusal('engine-fault', policy)
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
        answer = ask(request, flags, isExplaining, needed, table)
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
      answer = ask(request, flags, isExplaining)
    }
    return { ...refusal('rate-limited', policy), decision: 'limited' }
  }

  function readWhole(request: EngineRequest, answer: number): Decision {
    const decision = readDecision(machine, request, policy)
    if (decision.decision !== 'approval' && (answer & ANSWER_APPROVED) === 0) return decision
    const digest = approvalDigest(machine, request, policy.generation)
    return digest === undefined ? decision : { ...decision, approvalDigest: digest }
  }

  function ready(): void {
    if (isReading) throw new EngineError('busy', 'a request is being read: do not change the engine from its getters')
    if (isBroken && !recover()) throw new EngineError('engine-fault', 'the engine has failed and cannot be replaced')
  }

  /** Another instance, with the image and all else of the one that trapped; the image is verified again. */
  function recover(): boolean {
    return attempt(() => replaceBy(start(module, machine.image().slice()))) !== undefined
  }

  function replaceBy(fresh: Machine): true {
    hooks?.restore(fresh)
    machine = fresh
    isBroken = false
    return true
  }

  function admit(image: Uint8Array): void {
    const { generation, digest } = generationOf(image)
    if (generation < policy.generation) throw rollback(generation, policy.generation)
    if (generation === policy.generation && digest !== policy.digest) {
      throw new EngineError(
        'same-generation',
        `generation ${generation} is refused: generation ${generation} is loaded with other bytes; raise the generation`,
      )
    }
  }

  function adopt(): void {
    policy = identityOf(machine.image())
  }

  return {
    machine: () => machine,
    policy: () => policy,
    decide: (request, options = NO_OPTIONS) => respond(request, options, 0, false),
    respond,
    ready,
    admit,
    reload(source) {
      const read = readSource(source)
      if (read instanceof Uint8Array) {
        ready()
        admit(read)
        machine.load(read)
      } else {
        const fresh = start(read, undefined)
        admit(fresh.image())
        replaceBy(fresh)
        module = read
      }
      adopt()
    },
    adopt,
  }
}

/** An instance whose image is verified: the one given, else the one that the module carries. */
function start(module: WebAssembly.Module, image: Uint8Array | undefined): Machine {
  const machine = new Machine(module)
  if (image === undefined) succeeded(machine.exports.boot(), 'the policy in the module')
  else machine.load(image)
  return machine
}

function rollback(generation: number, loaded: number): EngineError {
  return new EngineError(
    'old-generation',
    `generation ${generation} is refused: it is older than generation ${loaded}; compile with a higher generation`,
  )
}

/** What would be allowed if somebody charged it, used up the approval, or both. */
function withhold(decision: Decision, answer: number): Decision {
  return (answer & ANSWER_METERED) !== 0
    ? { ...decision, decision: 'deny', allowed: false, reason: 'meters-required' }
    : { ...decision, decision: 'approval', allowed: false, reason: 'approval-required' }
}

/** The meters as they are, but nothing is taken from them. */
export function withoutTaking(meters: Meters | undefined): Meters | undefined {
  return meters && { ...(meters.read && { read: meters.read.bind(meters) }), take: () => true }
}

/** The result, or nothing when something threw: what a request cannot answer is a denial, whose reason says why. */
export function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
