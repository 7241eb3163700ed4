/** An engine that answers for a policy: what `eval` and `test` ask. */
import { emitImage, emitState, spliceModule } from '../compiler/emit/index.ts'
import { type PolicyModel, parseState } from '../compiler/model/index.ts'
import { type Engine, loadEngine } from '../engine-wasm/host/index.ts'
import { loadEngineWasm } from './engine-wasm.ts'
import { CliError, EXIT_FINDINGS } from './exit.ts'

/** An engine, and the image it runs: records of agents made at run time are made for one image. */
export interface PolicyEngine {
  readonly engine: Engine
  readonly image: Uint8Array
}

/** The engine of a policy that was just checked. */
export function engineOfModel(model: PolicyModel): PolicyEngine {
  return engineOfImage(emitImage(model), model.name)
}

/** The engine around an image. @throws {CliError} 1 when the engine's verifier refuses it; `named` says whose it is */
export function engineOfImage(image: Uint8Array, named: string): PolicyEngine {
  return { engine: engineOfModule(spliceModule(loadEngineWasm(), image), named), image }
}

/** @throws {CliError} 1 when WebAssembly or the verifier of the engine refuses the bytes */
export function engineOfModule(module: Uint8Array, named: string): Engine {
  try {
    return loadEngine(module)
  } catch (error) {
    if (!(error instanceof Error)) throw error
    throw new CliError(
      EXIT_FINDINGS,
      `\`${named}\` cannot be loaded: ${error.message}`,
      'compile the policy again with `kavach compile`; a module that was changed by hand is refused',
    )
  }
}

/** Adds what was made at run time, as `--state` gives it. @throws {CliError} 1 when `state` is none */
export function putState({ engine, image }: PolicyEngine, state: unknown, named: string): void {
  const parsed = parseState(state)
  if (!parsed.ok) {
    throw new CliError(
      EXIT_FINDINGS,
      `\`${named}\`: ${parsed.message}`,
      'docs/commands.md shows what a state holds, under `kavach eval`',
    )
  }
  for (const record of emitState(parsed.value, image)) engine.putRecord(record)
  for (const id of parsed.value.revoked) engine.setFlag(id, 'revoked')
  for (const id of parsed.value.suspended) engine.setFlag(id, 'suspended')
}
