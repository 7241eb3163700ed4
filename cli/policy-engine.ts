/** An engine that answers for a policy: what `eval` and `test` ask. */
import { resolve } from 'node:path'
import { emitState } from '../compiler/emit/index.ts'
import { parseState, type State } from '../compiler/model/index.ts'
import { EngineError, type LiveEngine, loadLiveEngine } from '../engine-wasm/host/index.ts'
import { CliError, EXIT_FINDINGS } from './exit.ts'
import type { Compiled } from './module-file.ts'
import { loadText } from './policy-folder.ts'
import type { Terminal } from './terminal.ts'

/** @throws {CliError} 1 when WebAssembly or the verifier of the engine refuses the bytes; `named` says whose they are */
export function startEngine(compiled: Compiled, named: string): LiveEngine {
  try {
    return loadLiveEngine(compiled.kind === 'module' ? compiled.module : compiled.image)
  } catch (error) {
    if (!(error instanceof EngineError)) throw error
    throw new CliError(
      EXIT_FINDINGS,
      `\`${named}\` cannot be loaded: ${error.message}`,
      'compile the policy again with `kavach compile`; what was changed by hand is refused',
    )
  }
}

/** Adds what `--state FILE` holds, and returns it. @throws {CliError} 66 when it is missing, 1 when it is no state, or is refused */
export function putStateFile(terminal: Terminal, engine: LiveEngine, named: string): State {
  return putState(engine, parseJson(loadText(resolve(terminal.cwd, named), named), named), named)
}

function parseJson(text: string, named: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new CliError(EXIT_FINDINGS, `\`${named}\` is not JSON: ${error.message}`, 'mend the file')
  }
}

/** Adds what was made at run time, as `--state` gives it. @throws {CliError} 1 when `state` is none, or is refused */
export function putState(engine: LiveEngine, state: unknown, named: string): State {
  const parsed = parseState(state)
  if (!parsed.ok) throw stateFault(named, parsed.message)
  const { agents } = parsed.value
  try {
    // The records of agents come first, in the order of the state.
    for (const [index, record] of emitState(parsed.value).entries()) putRecord(engine, record, agents[index]?.name)
    for (const name of parsed.value.revoked) engine.setFlag(name, 'revoked')
    for (const name of parsed.value.suspended) engine.setFlag(name, 'suspended')
    return parsed.value
  } catch (error) {
    if (error instanceof EngineError) throw stateFault(named, error.message)
    throw error
  }
}

function putRecord(engine: LiveEngine, record: Uint8Array, agent: string | undefined): void {
  try {
    engine.putRecord(record)
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 'name-taken' || agent === undefined) throw error
    throw new EngineError(error.code, `the policy declares \`${agent}\` already`, { cause: error })
  }
}

function stateFault(named: string, message: string): CliError {
  const help = 'docs/commands.md shows what a state holds, under `kavach eval`'
  return new CliError(EXIT_FINDINGS, `\`${named}\`: ${message}`, help)
}
