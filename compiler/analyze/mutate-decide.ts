/** An engine for each of many models, asked the same questions. */
import { type Decision, EngineError, type LiveEngine } from '../../engine-wasm/host/index.ts'
import { RUNTIME_TEST_STATE } from '../front/index.ts'
import type { LimitWindow, PolicyModel } from '../model/index.ts'
import type { WitnessRequest, WitnessState } from './counterexample.ts'
import { decideWith, engineWith, lastingImage } from './engine-of.ts'

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
  const image = lastingImage(model)
  let engine: LiveEngine | undefined
  let last: { readonly state: WitnessState; readonly engine: LiveEngine } | undefined
  return {
    decide: (request, state) => {
      if (state === undefined) {
        engine ??= engineWith(image, RUNTIME_TEST_STATE)
        return decideWith(engine, request)
      }
      if (last?.state !== state) last = { state, engine: engineWith(image, state) }
      return decideWith(last.engine, request)
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
