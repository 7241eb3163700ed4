/** What every engine does: asks the machine, brings what an answer depends on, and replaces a machine that has failed. */
import { ANSWER_NEED_METERS, OUTCOME_LIMITED, REASON_ENGINE_FAULT, REASON_RATE_LIMITED } from '../format/codes.ts'
import { ANSWER_APPROVED, ANSWER_METERED } from '../format/layout.ts'
import {
  type Decision,
  type Draft,
  isPlainAnswer,
  plainDecision,
  REASON_METERS_REQUIRED,
  readDecision,
  UNHEARD,
} from './decision.ts'
import type { DecideOptions } from './engine.ts'
import { EngineError } from './engine-error.ts'
import { createMachine, imageOf, type Machine } from './machine.ts'
import { type Lookup, readReadings } from './meter.ts'
import { attempt, type EngineRequest } from './request.ts'

/** The state of an engine: a machine that can be replaced. */
export type Core = {
  -readonly [Member in keyof Machine]: Machine[Member]
} & {
  /** True while a request is read: getters and proxies run the caller's code, which must not ask us then. */
  isReading: boolean
  /** True when the machine has trapped. */
  isBroken: boolean
  /** Gives another machine what the one before it held beside the image. */
  readonly restore?: (machine: Machine) => void
}

/** Evaluates the request of some length; the answer. */
export type Method = (core: Core, length: number) => number

export const evaluate: Method = ({ exports }, length) => exports.eval(length)

/** How often a decision is made when others have taken what it reserved. */
const ATTEMPTS = 3

/** Answers that are not the module's: the request was malformed, or evaluation failed. */
export const MALFORMED = UNHEARD
const FAULT = UNHEARD | (REASON_ENGINE_FAULT << 4)
export const OVERTAKEN = UNHEARD | (REASON_RATE_LIMITED << 4) | OUTCOME_LIMITED
export const UNREAD = UNHEARD | (REASON_METERS_REQUIRED << 4)

/** Puts another machine in the place of this one. @throws {EngineError} when the module or the image is refused */
export function install(core: Core, module: WebAssembly.Module, image?: Uint8Array): void {
  const machine = createMachine(module, image, core.policy)
  core.restore?.(machine)
  Object.assign(core, machine, { isBroken: false })
}

/** @throws {EngineError} when a request is being read */
export function assertIdle(core: Core): void {
  if (core.isReading) throw new EngineError('busy', 'a request is being read')
}

/** After a trap another instance, with the image and all else of the one that trapped; the image is verified again. */
export function revive(core: Core): Core {
  if (core.isBroken) install(core, core.module, imageOf(core.exports, core))
  return core
}

/** Encodes and evaluates; details are in the response. */
export function ask(
  core: Core,
  request: EngineRequest,
  flags: number,
  method: Method,
  readings?: readonly bigint[],
): number {
  if (core.isReading) return MALFORMED
  let failure = FAULT
  try {
    revive(core)
    // A getter or a proxy may throw, or there is no object: what cannot be read is no request, and the reason says so.
    failure = MALFORMED
    core.isReading = true
    const length = core.encode(request, flags, readings)
    // The module may trap. It is a denial whose reason says so, and another instance takes over.
    failure = FAULT
    core.isBroken = true
    const answer = method(core, length)
    core.isBroken = false
    return answer
  } catch {
    return failure
  } finally {
    core.isReading = false
  }
}

/** The decision of the first answer to a request; brings the meters and approvals that it depends on. */
export function respond(
  core: Core,
  request: EngineRequest,
  options: DecideOptions,
  flags: number,
  method: Method,
  first: number,
): Decision {
  return isPlainAnswer(first) ? plainDecision(core, first) : settle(core, request, options, flags, method, first)
}

function settle(
  core: Core,
  request: EngineRequest,
  { meters, charge }: DecideOptions,
  flags: number,
  method: Method,
  first: number,
): Decision {
  let answer = first
  let table: Lookup | undefined
  for (let round = 0; round < ATTEMPTS; ) {
    if (isPlainAnswer(answer)) return plainDecision(core, answer)
    const read = attempt(() => readDecision(core, answer, request))
    if (!read) return plainDecision(core, MALFORMED)
    const [draft, list] = read
    if ((answer & 15) === ANSWER_NEED_METERS) {
      if (meters?.read) {
        const values = meters.read(list)
        table = attempt(() => readReadings({ meters: values }))
      } else table ??= attempt(() => readReadings(request.readings ?? (meters && {})))
      if (!table) return { ...plainDecision(core, UNREAD), meters: list }
      answer = ask(core, request, flags, method, list.map(table))
      continue
    }
    if (!draft.allowed || !(answer & (ANSWER_METERED | ANSWER_APPROVED))) return draft
    const taken = meters ? meters.take(draft.reservations ?? [], draft.approvalDigest) : charge === 'caller'
    if (taken === true) return draft
    if (!meters) return unpaid(draft, answer)
    if (typeof taken === 'object') table = attempt(() => readReadings({ meters: taken }))
    else if (!meters.read) break
    round++
    answer = ask(core, request, flags, method)
  }
  return plainDecision(core, OVERTAKEN)
}

/** It would be allowed if somebody charged it, used up the approval, or both. */
export function unpaid(draft: Draft, answer: number): Draft {
  const isMetered = answer & ANSWER_METERED
  draft.decision = isMetered ? 'deny' : 'approval'
  draft.allowed = false
  draft.reason = isMetered ? 'meters-required' : 'approval-required'
  return draft
}
