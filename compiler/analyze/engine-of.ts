/** Engines that answer for a model, whatever the times at which hosts accept its image. */
import { type Decision, type EngineRequest, type LiveEngine, loadLiveEngine } from '../../engine-wasm/host/index.ts'
import { emitImage, emitState } from '../emit/index.ts'
import { type PolicyModel, parseState } from '../model/index.ts'

/** The image of a policy that is always valid. */
export function lastingImage({ notBefore: _, notAfter: __, ...model }: PolicyModel): Uint8Array {
  return emitImage(model)
}

/** A new engine with what was made at run time, as JSON of `--state`. @throws {EngineError} when it refuses the image */
export function engineWith(image: Uint8Array, state: unknown): LiveEngine {
  const parsed = parseState(state)
  if (!parsed.ok) throw new RangeError(parsed.message)
  const engine = loadLiveEngine(image)
  for (const record of emitState(parsed.value)) engine.putRecord(record)
  return engine
}

/** A request with all that meters read, as JSON can say it. The engine looks at `args` itself. */
export interface EngineQuestion extends Omit<EngineRequest, 'args'> {
  readonly args?: unknown
}

/** The decision with the readings of the request, 0 where it has none; nothing is charged. */
export function decideWith(engine: LiveEngine, request: EngineQuestion): Decision {
  const asked = { ...request, readings: request.readings ?? {} }
  return engine.decide(asked as EngineRequest, { charge: 'caller' }) // The engine looks at `args` itself.
}
