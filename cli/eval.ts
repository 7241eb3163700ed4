/** `kavach eval`: requests in, decisions out, a line each. */
import { createReadStream } from 'node:fs'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { emitImage, emitState, spliceModule } from '../compiler/emit/index.ts'
import { parseState } from '../compiler/model/index.ts'
import { type Engine, loadEngine } from '../engine-wasm/host/index.ts'
import { requireSound } from './checked.ts'
import { loadEngineWasm } from './engine-wasm.ts'
import { CliError, EXIT_FINDINGS, EXIT_FINE, EXIT_INTERRUPTED } from './exit.ts'
import { inputError, isFolder } from './files.ts'
import { toInstant } from './instant.ts'
import { type Line, readLines } from './lines.ts'
import { loadCompiled } from './module-file.ts'
import { loadPolicyFolder, loadText } from './policy-folder.ts'
import type { Terminal } from './terminal.ts'

interface EvalOptions {
  readonly module: string
  readonly requests: string
  readonly state?: string
  readonly now?: 'system' | number
}

export function evalCommand(terminal: Terminal): Command {
  return new Command('eval')
    .description('decide requests, one JSON object a line in, one JSON decision a line out, in order')
    .requiredOption('-m, --module <file>', 'module (.wasm) or image (.img); a policy folder is compiled on the fly')
    .option('-r, --requests <file>', 'file of requests, or - for standard input', '-')
    .option('-s, --state <file>', 'JSON of agents, delegations and revocations made at run time')
    .option('--now <time>', 'fills in an absent `now`: `system`, or a time such as 2026-04-01T10:00:00Z', toNow)
    .addHelpText(
      'after',
      `
A request:  {"agent":"planner","action":"read","resource":"mcp:github:repos"}
Optional:   id, via, args, ip, now, since, cost, trust, tenant, approvedBy, approvedAt, readings
Readings that are not given count as 0, and charging what a decision reserves is left to you.
A line that is no request is answered with the reason invalid-request, and the run goes on.
The exit code is 0 whatever is decided.`,
    )
    .action(async (options: EvalOptions) => {
      terminal.recordExit(await evaluate(terminal, options))
    })
}

async function evaluate(terminal: Terminal, options: EvalOptions): Promise<number> {
  const { image, module } = await loadPolicy(terminal, options.module)
  const engine = startEngine(module, options.module)
  if (options.state !== undefined) putState(terminal, engine, image, options.state)
  const now = options.now
  const clock = now === 'system' ? terminal.now : now === undefined ? undefined : () => now

  terminal.takeInterrupts()
  for await (const line of readLines(openRequests(terminal, options.requests))) {
    if (terminal.interrupt.aborted) return EXIT_INTERRUPTED
    if ('text' in line && line.text.trim() === '') continue
    await terminal.print(`${answer(engine, line, clock)}\n`)
  }
  return terminal.interrupt.aborted ? EXIT_INTERRUPTED : EXIT_FINE
}

async function loadPolicy(
  terminal: Terminal,
  named: string,
): Promise<{ readonly image: Uint8Array; readonly module: Uint8Array }> {
  if (named.endsWith('.kavach') || isFolder(resolve(terminal.cwd, named), named)) {
    const { model } = await requireSound(terminal, loadPolicyFolder(terminal, named))
    const image = emitImage(model)
    return { image, module: spliceModule(loadEngineWasm(), image) }
  }
  const compiled = loadCompiled(terminal, named)
  const module = compiled.kind === 'module' ? compiled.module : spliceModule(loadEngineWasm(), compiled.image)
  return { image: compiled.image, module }
}

/** @throws {CliError} 1 when WebAssembly or the verifier of the engine refuses the bytes */
function startEngine(module: Uint8Array, named: string): Engine {
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

function putState(terminal: Terminal, engine: Engine, image: Uint8Array, named: string): void {
  const parsed = parseState(parseJson(loadText(resolve(terminal.cwd, named), named), named))
  if (!parsed.ok) throw new CliError(EXIT_FINDINGS, `\`${named}\`: ${parsed.message}`, 'see `kavach eval --help` and docs/language.md')
  const state = parsed.value
  for (const record of emitState(state, image)) engine.putRecord(record)
  for (const id of state.revoked) engine.setFlag(id, 'revoked')
  for (const id of state.suspended) engine.setFlag(id, 'suspended')
}

function parseJson(text: string, named: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new CliError(EXIT_FINDINGS, `\`${named}\` is not JSON: ${error.message}`, 'mend the file')
  }
}

/** Opens at once, so that a missing file is reported before anything is decided. */
function openRequests(terminal: Terminal, named: string): AsyncIterable<Uint8Array> {
  if (named === '-') return abortable(terminal.stdin, terminal.interrupt)
  const path = resolve(terminal.cwd, named)
  if (isFolder(path, named)) throw inputError(Object.assign(new Error(), { code: 'EISDIR' }), named)
  return abortable(createReadStream(path, { highWaterMark: 1 << 18 }), terminal.interrupt)
}

/** Ends, without an error, when Ctrl-C was pressed. */
async function* abortable(stream: AsyncIterable<Uint8Array> & { destroy(): unknown }, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const stop = () => stream.destroy()
  signal.addEventListener('abort', stop)
  try {
    yield* stream
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

function answer(engine: Engine, line: Line, clock: (() => number) | undefined): string {
  if ('fault' in line) return refuse(engine, line, line.fault)
  let request: unknown
  try {
    request = JSON.parse(line.text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return refuse(engine, line, 'it is not JSON')
  }
  if (typeof request !== 'object' || request === null || Array.isArray(request)) {
    return refuse(engine, line, 'it is not an object')
  }
  // The engine looks at every member itself and answers invalid-request for what it does not like.
  const asked = request as Parameters<Engine['decide']>[0] & { readonly id?: unknown }
  const filled = {
    ...asked,
    readings: asked.readings ?? {},
    ...(clock !== undefined && (asked.now === undefined || asked.now === null) && { now: clock() }),
  }
  const decision = engine.decide(filled, { charge: 'caller' })
  return toJson({ ...(asked.id !== undefined && { id: asked.id }), ...decision })
}

function refuse(engine: Engine, line: Line, fault: string): string {
  const nothing = {} as Parameters<Engine['decide']>[0] // Deliberately no request: the engine says invalid-request.
  return toJson({ ...engine.decide(nothing, { charge: 'caller' }), detail: `line ${line.number}: ${fault}` })
}

function toJson(value: unknown): string {
  return JSON.stringify(value, (_, member) => (typeof member === 'bigint' ? member.toString() : member))
}

function toNow(text: string): 'system' | number {
  return text === 'system' ? text : toInstant(text)
}
