/** `kavach eval`: requests in, decisions out, a line each. */
import { resolve } from 'node:path'
import { Command } from 'commander'
import { emitImage } from '../compiler/emit/index.ts'
import type { EngineRequest, LiveEngine } from '../engine-wasm/host/index.ts'
import { requireSound } from './checked.ts'
import { EXIT_FINE, EXIT_INTERRUPTED } from './exit.ts'
import { isFolder } from './files.ts'
import { openInput } from './input.ts'
import { toInstant } from './instant.ts'
import { type Line, readLines } from './lines.ts'
import { loadCompiled } from './module-file.ts'
import { putStateFile, startEngine } from './policy-engine.ts'
import { loadPolicyFolder } from './policy-folder.ts'
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

Examples:
  kavach eval --module build/acme.wasm --requests requests.ndjson
  echo '{"agent":"triager","action":"read","resource":"mcp:wiki:home"}' | kavach eval -m policies/acme --now system

Readings that are not given count as 0, and charging what a decision reserves is left to you.
A line that is no request is answered with the reason invalid-request, and the run goes on.
The exit code is 0 whatever is decided.`,
    )
    .action(async (options: EvalOptions) => {
      terminal.recordExit(await evaluate(terminal, options))
    })
}

async function evaluate(terminal: Terminal, options: EvalOptions): Promise<number> {
  const { interrupt } = terminal.parts
  const engine = await openEngine(terminal, options.module)
  if (options.state !== undefined) putStateFile(terminal, engine, options.state)
  const now = options.now
  const clock = now === 'system' ? terminal.parts.now : now === undefined ? undefined : () => now

  let decided = 0
  terminal.parts.takeInterrupts()
  for await (const lines of readLines(openInput(terminal, options.requests, 'requests'))) {
    if (interrupt.aborted) break
    const asked = lines.filter((line) => !('text' in line) || line.text.trim() !== '')
    if (asked.length === 0) continue
    await terminal.print(asked.map((line) => `${answer(engine, line, clock)}\n`).join(''))
    decided += asked.length
    if (!terminal.parts.isScreen) terminal.progress(() => `${decided} decided`)
  }
  terminal.endProgress()
  return interrupt.aborted ? EXIT_INTERRUPTED : EXIT_FINE
}

async function openEngine(terminal: Terminal, named: string): Promise<LiveEngine> {
  if (named.endsWith('.kavach') || isFolder(resolve(terminal.cwd, named), named)) {
    const { model } = await requireSound(terminal, loadPolicyFolder(terminal, named))
    return startEngine({ kind: 'image', image: emitImage(model) }, named)
  }
  return startEngine(loadCompiled(terminal, named), named)
}

function answer(engine: LiveEngine, line: Line, clock: (() => number) | undefined): string {
  if ('fault' in line) return refuse(engine, line, line.fault)
  try {
    const request: unknown = JSON.parse(line.text)
    if (typeof request !== 'object' || request === null || Array.isArray(request)) {
      return refuse(engine, line, 'it is not an object')
    }
    return decide(engine, request, clock)
  } catch (error) {
    if (error instanceof SyntaxError) return refuse(engine, line, 'it is not JSON')
    // What nests too deeply for the stack is no request either.
    if (error instanceof RangeError) return refuse(engine, line, 'it nests too deeply')
    throw error
  }
}

function decide(engine: LiveEngine, request: object, clock: (() => number) | undefined): string {
  // The engine looks at every member itself and answers invalid-request for what it does not like.
  const asked = request as EngineRequest & { readonly id?: unknown }
  const filled = {
    ...asked,
    readings: asked.readings ?? {},
    ...(clock !== undefined && (asked.now === undefined || asked.now === null) && { now: clock() }),
  }
  const decision = engine.decide(filled, { charge: 'caller' })
  return JSON.stringify({ ...(asked.id !== undefined && { id: asked.id }), ...decision })
}

function refuse(engine: LiveEngine, line: Line, fault: string): string {
  const nothing = {} as EngineRequest // Deliberately no request: the engine says invalid-request.
  return JSON.stringify({ ...engine.decide(nothing, { charge: 'caller' }), detail: `line ${line.number}: ${fault}` })
}

function toNow(text: string): 'system' | number {
  return text === 'system' ? text : toInstant(text)
}
