/** An engine: one policy that answers, until another takes its place. */
import { REQ_POSSIBLE } from '../format/layout.ts'
import { ask, assertIdle, type Core, evaluate, install, respond } from './core.ts'
import type { Decision } from './decision.ts'
import { createMachine, type PolicyIdentity } from './machine.ts'
import type { Meter, Reservation } from './meter.ts'
import type { EngineRequest, Readings } from './request.ts'
import { readSource, type Source } from './source.ts'

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

const NO_OPTIONS: DecideOptions = {}

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
}

/** Nothing that a request says makes `decide` throw; only what `meters` throws comes through. */
export interface Engine<R extends EngineRequest = EngineRequest> {
  readonly policy: PolicyIdentity
  decide(request: R, options?: DecideOptions): Decision
  /** The same answers as `decide` one by one, in order. */
  decideBatch(requests: readonly R[], options?: DecideOptions): readonly Decision[]
  /**
   * Puts another policy in the place of this one, between two decisions.
   *
   * @throws {EngineError} for an older generation, the same one with other bytes, or what the verifier refuses
   */
  reload(source: Source): void
}

/** @throws {EngineError} when the module or the image is refused */
export function createEngine<R extends EngineRequest>(
  module: WebAssembly.Module,
  image: Uint8Array | undefined,
  { minGeneration = 0 }: EngineOptions,
): Engine<R> {
  const core: Core = {
    ...createMachine(module, image, { generation: minGeneration }),
    isReading: false,
    isBroken: false,
  }
  function decide(request: R, options: DecideOptions = NO_OPTIONS): Decision {
    const flags = options.possible === true ? REQ_POSSIBLE : 0
    return respond(core, request, options, flags, evaluate, ask(core, request, flags, evaluate))
  }
  return {
    get policy() {
      return core.policy
    },
    decide,
    decideBatch: (requests, options) => requests.map((request) => decide(request, options)),
    reload(source) {
      const read = readSource(source)
      assertIdle(core)
      if (read instanceof Uint8Array) install(core, core.module, read)
      else install(core, read)
    },
  }
}
