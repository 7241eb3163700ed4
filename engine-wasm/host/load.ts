/** From bytes or a module to an engine that answers. */
import { carriedEngine } from '#carried'
import { createEngine, type Engine, type EngineOptions } from './engine.ts'
import { createLiveEngine, type LiveEngine, type LiveEngineOptions } from './live-engine.ts'
import type { EngineRequest } from './request.ts'
import { readSource, type Source } from './source.ts'

/**
 * Loads a compiled policy: `NAME.wasm` as a module or its bytes, or `NAME.img`, which goes into the engine that the package
 * carries. `R` is the `Request` of `NAME.d.ts`.
 *
 * @throws {EngineError} when the bytes are neither, or the engine refuses what they hold
 */
export function loadEngine<R extends EngineRequest = EngineRequest>(
  source: Source,
  options: EngineOptions = {},
): Engine<R> {
  return createEngine(...open(source), options)
}

/**
 * The same, for a host: with agents, delegations and flags made at run time, explanations, and policies replaced in slices.
 *
 * @throws {EngineError} when the bytes are neither, or the engine refuses what they hold
 */
export function loadLiveEngine<R extends EngineRequest = EngineRequest>(
  source: Source,
  options: LiveEngineOptions = {},
): LiveEngine<R> {
  return createLiveEngine(...open(source), options)
}

/**
 * `loadEngine` for an engine that the caller brings, with an image unless the module carries one. A bundle that uses only
 * this holds no second copy of the engine, and it works where WebAssembly cannot be compiled from bytes.
 *
 * @throws {EngineError} when the engine refuses the image, or there is none
 */
export function openEngine<R extends EngineRequest = EngineRequest>(
  engine: WebAssembly.Module,
  image?: Uint8Array,
  options: EngineOptions = {},
): Engine<R> {
  return createEngine(engine, image, options)
}

function open(source: Source): [WebAssembly.Module, Uint8Array | undefined] {
  const read = readSource(source)
  return read instanceof Uint8Array ? [carriedEngine(), read] : [read, undefined]
}
