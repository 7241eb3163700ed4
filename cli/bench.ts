/** `kavach bench`: what the decisions of a policy take, on requests of its own, and whether that is within a budget. */
import { appendFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { resolve } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Command, InvalidArgumentError, Option } from 'commander'
import { emitImage, spliceModule } from '../compiler/emit/index.ts'
import { nearest } from '../compiler/model/index.ts'
import { type Engine, type EngineRequest, loadEngine } from '../engine-wasm/host/index.ts'
import { type BudgetFault, type BudgetLine, isSelected, parseBudget } from './bench-budget.ts'
import { judgeBudget, measureUntilSure, refusedOf } from './bench-judge.ts'
import { openBareModule, withMark } from './bench-module.ts'
import {
  BENCH_FORMATS,
  type BenchFormat,
  type BenchReport,
  benchMarkdown,
  MAX_FAULTS,
  renderBench,
  unmeasuredText,
  verdictOfReport,
} from './bench-report.ts'
import { type BenchRequests, loadRequests } from './bench-requests.ts'
import { type BenchRun, createRun, selectionsOf } from './bench-run.ts'
import { requireSound } from './checked.ts'
import { loadEngineWasm } from './engine-wasm.ts'
import { CliError, EXIT_FINDINGS, EXIT_FINE, EXIT_INTERRUPTED, EXIT_UNKNOWN, EXIT_USAGE } from './exit.ts'
import { isFolder, writeFilesAtomically } from './files.ts'
import { plural } from './findings.ts'
import { toInstant } from './instant.ts'
import { loadCompiled } from './module-file.ts'
import { putStateFile, startEngine } from './policy-engine.ts'
import { loadPolicyFolder, loadText } from './policy-folder.ts'
import type { Terminal } from './terminal.ts'

interface BenchOptions {
  readonly module: string
  readonly requests: string
  readonly budget?: string
  readonly allowFaults?: true
  readonly rounds: number
  readonly seconds: number
  readonly state?: string
  readonly now?: 'system' | number
  readonly format: BenchFormat
  readonly json?: string
}

export function benchCommand(terminal: Terminal): Command {
  return new Command('bench')
    .description('measure what decisions take, and hold them against a budget')
    .requiredOption('-m, --module <file>', 'module (.wasm) or image (.img); a policy folder is compiled on the fly')
    .requiredOption('-r, --requests <file>', 'file of requests, one JSON object a line, or - for standard input')
    .option('-b, --budget <file>', 'limits, one a line, such as `decide.p99 <= 5us`')
    .option('--allow-faults', 'let a budget pass that lines which are no requests were left out of')
    .addOption(new Option('--rounds <count>', 'rounds to measure').argParser(toRounds).default(5))
    .addOption(new Option('--seconds <seconds>', 'seconds of one round').argParser(toSeconds).default(1))
    .option('-s, --state <file>', 'JSON of agents, delegations and revocations made at run time')
    .option('--now <time>', 'fills in an absent `now`: `system`, or a time such as 2026-04-01T10:00:00Z', toNow)
    .addOption(new Option('--format <format>', 'how the result is printed').choices(BENCH_FORMATS).default('text'))
    .option('--json <file>', 'write the result as JSON too')
    .addHelpText(
      'after',
      `
A budget:   decide.p99 <= 5us                      # in absolute figures
            decide.p50 <= 8x map                   # or beside a floor that the same run measures
            decide.p99 where agent = triager <= 8us
            load <= 50ms
            module <= 64kB

Metrics:    decide.p50, decide.p99, decide.p999, decide.mean, load, verify, module, image, memory
Floors:     map, a look-up in a map of all requests; empty, an empty call of the module

Examples:
  kavach bench --module build/acme.wasm --requests requests.ndjson
  kavach bench -m build/acme.wasm -r requests.ndjson --budget bench.budget --format github

The exit code is 1 when the best round exceeds a limit, or when there is a budget and a line is no request; 3 when only
some rounds keep a limit, of twice as many as were asked for; and 0 otherwise.`,
    )
    .action(async (options: BenchOptions) => {
      terminal.recordExit(await bench(terminal, options))
    })
}

function toRounds(text: string): number {
  if (!/^\d{1,3}$/.test(text) || Number(text) < 1) throw new InvalidArgumentError('It wants a number from 1 to 999.')
  return Number(text)
}

function toSeconds(text: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  if (!(seconds > 0 && seconds <= 3600)) throw new InvalidArgumentError('It wants seconds, such as 0.5, at most 3600.')
  return seconds
}

function toNow(text: string): 'system' | number {
  return text === 'system' ? text : toInstant(text)
}

async function bench(terminal: Terminal, options: BenchOptions): Promise<number> {
  const { interrupt } = terminal.parts
  const budget = options.budget === undefined ? [] : loadBudget(terminal, options.budget)
  const subject = await openSubject(terminal, options)
  terminal.parts.takeInterrupts()
  const now = options.now === 'system' ? terminal.parts.now() : options.now
  const file = await loadRequests(terminal, options.requests, { engine: subject.engine, now })
  if (interrupt.aborted) return interruptedEarly(terminal)
  requireRequests(terminal, file, options.requests)
  requireSelected(budget, file, options)

  const run = createRun(toBenchSubject(subject, file), file.requests, {
    seconds: options.seconds,
    selections: selectionsOf(budget),
    clock: () => performance.now(),
    collect: createCollect(),
    rest: async () => {
      await new Promise((resolve) => setImmediate(resolve))
      return !interrupt.aborted
    },
    progress: (round) => terminal.progress(() => `round ${round} of ${options.rounds}`),
  })
  await measureUntilSure(run, budget, options.rounds)
  terminal.endProgress()
  if (run.measured().rounds === 0) return interruptedEarly(terminal)
  const report = toReport({ options, subject, file, budget, run, isInterrupted: interrupt.aborted })
  await publish(terminal, report, options)
  noteRefused(terminal, report)
  return exitOf(report)
}

/** Collects young garbage. V8 has this as a global function of contexts that are made while the flag is set. */
function createCollect(): () => void {
  setFlagsFromString('--expose-gc')
  const gc: unknown = runInNewContext('globalThis.gc')
  setFlagsFromString('--no-expose-gc')
  return typeof gc === 'function' ? () => gc({ type: 'minor' }) : () => undefined
}

function interruptedEarly(terminal: Terminal): number {
  terminal.endProgress()
  terminal.note('kavach: interrupted before the first round was over\n')
  return EXIT_INTERRUPTED
}

/** @throws {CliError} 66 when it is missing, 64 when a line of it cannot be read; all of them are named */
function loadBudget(terminal: Terminal, named: string): readonly BudgetLine[] {
  const { lines, faults } = parseBudget(loadText(resolve(terminal.cwd, named), named))
  const last = faults.at(-1)
  if (last === undefined) return lines
  for (const fault of faults.slice(0, -1)) {
    terminal.note(`kavach: ${placeText(named, fault)}: ${fault.message}\n  = help: ${fault.help}\n`)
  }
  throw budgetError(named, last)
}

function budgetError(named: string, fault: BudgetFault): CliError {
  return new CliError(EXIT_USAGE, `${placeText(named, fault)}: ${fault.message}`, fault.help)
}

function placeText(named: string, { line, column }: Pick<BudgetFault, 'line' | 'column'>): string {
  return `${named}:${line}:${column}`
}

interface BenchEngine {
  readonly engine: Engine
  /** The loader again, with other bytes of the same policy. */
  readonly open: (module: Uint8Array) => Engine
  readonly loader: BenchReport['loader']
  readonly module: Uint8Array
  readonly image: Uint8Array
}

/** The policy as a module, in the loader that fits: with what was made at run time, that of hosts. */
async function openSubject(terminal: Terminal, { module: named, state }: BenchOptions): Promise<BenchEngine> {
  const { module, image } = await loadModule(terminal, named)
  const live = startEngine({ kind: 'module', module, image }, named)
  if (state === undefined) {
    return { engine: loadEngine(module), open: (bytes) => loadEngine(bytes), loader: 'loadEngine', module, image }
  }
  putStateFile(terminal, live, state)
  const open = (bytes: Uint8Array) => startEngine({ kind: 'module', module: bytes, image }, named)
  return { engine: live, open, loader: 'loadLiveEngine', module, image }
}

async function loadModule(terminal: Terminal, named: string) {
  if (named.endsWith('.kavach') || isFolder(resolve(terminal.cwd, named), named)) {
    const { model } = await requireSound(terminal, loadPolicyFolder(terminal, named))
    return withEngine(emitImage(model))
  }
  const compiled = loadCompiled(terminal, named)
  return compiled.kind === 'module' ? compiled : withEngine(compiled.image)
}

function withEngine(image: Uint8Array): { readonly module: Uint8Array; readonly image: Uint8Array } {
  return { module: spliceModule(loadEngineWasm(), image), image }
}

/** Names the lines that are no requests. @throws {CliError} 1 when there is no other line */
function requireRequests(terminal: Terminal, { requests, faults }: BenchRequests, named: string): void {
  for (const { line, fault } of faults.slice(0, MAX_FAULTS)) {
    terminal.note(`kavach: ${named}:${line}: ${fault}; the line is left out\n`)
  }
  if (faults.length > MAX_FAULTS) terminal.note(`kavach: and ${faults.length - MAX_FAULTS} lines more\n`)
  if (requests.length > 0) return
  throw new CliError(
    EXIT_FINDINGS,
    faults.length === 0 ? `there is no request in \`${named}\`` : `no line of \`${named}\` is a request`,
    'a line is {"agent":"planner","action":"read","resource":"mcp:github:repos"}; docs/language.md, section 2, has all members',
  )
}

function noteRefused(terminal: Terminal, { requests: { file, refused } }: BenchReport): void {
  if (refused.length === 0) return
  const help = refused.some(({ kind }) => kind === 'engine-fault')
    ? 'an engine that fails is a defect of kavachos: please report it with the line'
    : 'mend these lines or remove them, or pass `--allow-faults`'
  terminal.note(`kavach: ${file}: ${unmeasuredText(refused.length)}\n  = help: ${help}\n`)
}

/** @throws {CliError} 64 when a selection holds no request, which would be within any limit */
function requireSelected(budget: readonly BudgetLine[], { requests }: BenchRequests, options: BenchOptions): void {
  for (const { line, where } of budget) {
    if (where === undefined || requests.some(({ asked }) => isSelected(where, asked))) continue
    const { field, value, column } = where.conditions.find(
      (condition) => !requests.some(({ asked }) => condition.holds(asked[condition.field])),
    ) ??
      where.conditions[0] ?? { field: 'agent', value: '', column: 1 }
    const found = new Set(requests.map(({ asked }) => asked[field]))
    const proposal = nearest(value, found)
    throw budgetError(options.budget ?? '', {
      line,
      column,
      message: `no request of \`${options.requests}\` is one where ${where.text}`,
      help:
        proposal === undefined || proposal === value
          ? `its requests have ${plural(found.size, `${field}`)}: ${[...found].slice(0, 5).join(', ')}`
          : `did you mean \`${proposal}\`?`,
    })
  }
}

function toBenchSubject({ engine, open, module, image }: BenchEngine, { requests }: BenchRequests) {
  const charge = { charge: 'caller' } as const
  const first = requests[0]?.fresh() ?? ({} as EngineRequest) // There is one, or the run was refused.
  let marks = 0
  return {
    bare: openBareModule(module, image),
    decide: (request: EngineRequest) => engine.decide(request, charge),
    load: () => {
      open(withMark(module, ++marks)).decide(first, charge)
    },
    moduleBytes: module.length,
    imageBytes: image.length,
  }
}

function toReport(parts: {
  readonly options: BenchOptions
  readonly subject: BenchEngine
  readonly file: BenchRequests
  readonly budget: readonly BudgetLine[]
  readonly run: BenchRun
  readonly isInterrupted: boolean
}): BenchReport {
  const { options, subject, file, budget, run, isInterrupted } = parts
  const measured = run.measured()
  const refused = refusedOf(file.faults, {
    hasBudget: options.budget !== undefined,
    allowFaults: options.allowFaults === true,
  })
  const verdicts: Record<string, number> = {}
  for (const { asked } of file.requests) verdicts[asked.verdict] = (verdicts[asked.verdict] ?? 0) + 1
  const processors = cpus()
  return {
    module: options.module,
    policy: subject.engine.policy,
    loader: subject.loader,
    requests: {
      file: options.requests,
      count: file.requests.length,
      verdicts,
      faults: file.faults,
      refused,
    },
    machine: {
      runtime: `Node ${process.versions.node}`,
      platform: `${process.platform} ${process.arch}`,
      cpu: processors[0]?.model.trim() || 'unknown processor',
      cores: processors.length,
    },
    seconds: options.seconds,
    measured,
    // What was cut short is no verdict.
    budget:
      options.budget === undefined || isInterrupted
        ? undefined
        : { file: options.budget, lines: judgeBudget(budget, measured) },
    isInterrupted,
  }
}

async function publish(terminal: Terminal, report: BenchReport, { format, json }: BenchOptions): Promise<void> {
  if (json !== undefined) {
    const path = resolve(terminal.cwd, json)
    writeFilesAtomically(terminal.cwd, [{ path, data: renderBench(report, 'json') }])
  }
  await terminal.print(renderBench(report, format))
  const summary = process.env.GITHUB_STEP_SUMMARY ?? ''
  if (format === 'github' && summary !== '') appendSummary(summary, benchMarkdown(report))
}

function appendSummary(path: string, text: string): void {
  try {
    appendFileSync(path, text)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error
    throw new CliError(EXIT_USAGE, `cannot write \`${path}\`: ${error.code}`, 'GITHUB_STEP_SUMMARY names it')
  }
}

function exitOf(report: BenchReport): number {
  if (report.isInterrupted) return EXIT_INTERRUPTED
  switch (verdictOfReport(report)) {
    case 'above':
      return EXIT_FINDINGS
    case 'unsure':
      return EXIT_UNKNOWN
    case 'within':
      return EXIT_FINE
  }
}
