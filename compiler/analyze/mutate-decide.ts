/** An engine for each of many models, asked the same questions. */
import {
  type Decision,
  EngineError,
  type EngineRequest,
  type LiveEngine,
  loadLiveEngine,
} from '../../engine-wasm/host/index.ts'
import { emitImage, emitState } from '../emit/index.ts'
import { RUNTIME_TEST_STATE } from '../front/index.ts'
import { type LimitWindow, type PolicyModel, parseState, type State } from '../model/index.ts'
import type { WitnessRequest, WitnessState } from './counterexample.ts'

/** What meters read, whichever they are. Money in USD. */
export interface AskedReadings {
  readonly used?: { readonly [W in LimitWindow]?: string }
  readonly spent?: { readonly [W in LimitWindow]?: string }
}

/** A request of a test or a witness, with what meters read. */
export type AskedRequest = Omit<WitnessRequest, 'args'> & {
  readonly args?: unknown
  readonly readings?: AskedReadings
}

export interface Asker {
  /** With the agent of `as runtime`, unless a state is given. */
  readonly decide: (request: AskedRequest, state?: WitnessState) => Decision
}

/** @throws {EngineError} when the engine refuses the model */
export function createAsker(model: PolicyModel): Asker {
  const { notBefore: _, notAfter: __, ...lasting } = model
  const image = emitImage(lasting)
  let engine: LiveEngine | undefined
  let last: { readonly state: WitnessState; readonly engine: LiveEngine } | undefined
  return {
    decide: (request, state) => {
      if (state === undefined) {
        engine ??= withState(image, TESTED)
        return ask(engine, request)
      }
      if (last?.state !== state) last = { state, engine: withState(image, toState(state)) }
      return ask(last.engine, request)
    },
  }
}

/** The same, or `undefined` when the engine refuses the model. */
export function tryAsker(model: PolicyModel): Asker | undefined {
  try {
    const asker = createAsker(model)
    // The engine starts with the first question.
    asker.decide({ agent: 'runtime', action: 'x', resource: 'x' })
    return asker
  } catch (error) {
    if (error instanceof EngineError) return undefined
    throw error
  }
}

const TESTED = toState(RUNTIME_TEST_STATE)

function toState(json: unknown): State {
  const parsed = parseState(json)
  if (!parsed.ok) throw new RangeError(parsed.message)
  return parsed.value
}

function withState(image: Uint8Array, state: State): LiveEngine {
  const engine = loadLiveEngine(image)
  for (const record of emitState(state)) engine.putRecord(record)
  return engine
}

function ask(engine: LiveEngine, request: AskedRequest): Decision {
  const asked = { ...request, readings: request.readings ?? {} }
  return engine.decide(asked as EngineRequest, { charge: 'caller' }) // The engine looks at `args` itself.
}
