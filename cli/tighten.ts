/** `kavach tighten`: the smallest policy that covers what a log shows, proved to lie within the present one. */
import { relative, resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import type { Generalise, Tightened } from '../compiler/analyze/index.ts'
import { emitImage } from '../compiler/emit/index.ts'
import type { LiveEngine } from '../engine-wasm/host/index.ts'
import {
  CliError,
  EXIT_FINDINGS,
  EXIT_FINE,
  EXIT_INTERNAL,
  EXIT_INTERRUPTED,
  EXIT_UNKNOWN,
  EXIT_USAGE,
} from './exit.ts'
import { writeFilesAtomically } from './files.ts'
import { loadAnalyses, loadFront } from './language.ts'
import { putState, putStateFile, startEngine } from './policy-engine.ts'
import { loadPolicySource, type PolicySource } from './policy-source.ts'
import type { Terminal } from './terminal.ts'
import { decideRow, eachAllowed, grantsBehind, type LogCounts } from './tighten-log.ts'
import { diffOf, tightenJson, tightenText } from './tighten-report.ts'

interface TightenCommandOptions {
  readonly policy: string
  readonly state?: string
  readonly out?: string
  readonly format: 'text' | 'json'
  readonly generalise: Generalise
  readonly conditions?: true
}

export function tightenCommand(terminal: Terminal): Command {
  return new Command('tighten')
    .description('narrow a policy to what recorded decisions used, and prove that it allows nothing new')
    .argument('<log>', 'recorded decisions, one JSON object a line')
    .requiredOption('-p, --policy <policy>', 'folder or file of policy text')
    .option('-s, --state <file>', 'JSON of agents, delegations and revocations made at run time')
    .option('-o, --out <folder>', 'write the narrowed policy there instead of printing a diff')
    .option(
      '--generalise <how>',
      'none: the very resources; segment: one value at each position, else what was granted; or up to so many values',
      toGeneralise,
      { kind: 'values', most: 8 },
    )
    .option('--conditions', 'narrow conditions too: bounds to the outermost value, lists to what was used')
    .addOption(new Option('--format <format>', 'how the result is printed').choices(['text', 'json']).default('text'))
    .addHelpText(
      'after',
      `
Examples:
  kavach tighten decisions.ndjson --policy policy
  kavach tighten decisions.ndjson --policy policy --generalise none -o narrowed
  kavach tighten decisions.ndjson --policy policy | patch -p0

Grants that no allowed row used go, the others keep the actions and resources that were used; everything else
stays, conditions too unless --conditions is given. What the log does not show is lost: read the list of what goes. The exit code is 1 when a line is no row or the
policy does not allow a row that was allowed, 3 when nothing can be kept or the proof is not found; then nothing
is printed.`,
    )
    .action(async (log: string, options: TightenCommandOptions) => {
      terminal.recordExit(await tightenPolicy(terminal, log, options))
    })
}

function toGeneralise(text: string): Generalise {
  if (text === 'none') return { kind: 'none' }
  if (text === 'segment') return { kind: 'values', most: 1 }
  const most = Number(text)
  if (!Number.isSafeInteger(most) || most < 1 || most > 64) {
    throw new InvalidArgumentError('`none`, `segment` or a number from 1 to 64 is wanted.')
  }
  return { kind: 'values', most }
}

async function tightenPolicy(terminal: Terminal, log: string, options: TightenCommandOptions): Promise<number> {
  if (log === '-') {
    throw new CliError(EXIT_USAGE, 'the log is read twice, and standard input is not', 'write it to a file first')
  }
  const source = await loadPolicySource(terminal, options.policy)
  const { files, map, model } = source
  if (files === undefined || map === undefined) {
    throw new CliError(EXIT_USAGE, `\`${source.shown}\` is no policy text`, 'name the folder that it was compiled from')
  }
  const { createConditions, createUsage, tighten } = await loadAnalyses()
  terminal.parts.takeInterrupts()
  const engine = withState(terminal, source.start(), options.state)
  const usage = createUsage(model)
  const conditions = createConditions({ files, map, model })
  const uncovered: Uncovered = { count: 0, first: undefined }
  const counts = await eachAllowed(terminal, log, ({ line, row }) => {
    const decision = decideRow(engine, row)
    if (decision.allowed) {
      const ids = grantsBehind(engine, row, decision)
      usage.add(row.request, ids)
      conditions.add(row.request, ids, row.isComplete)
    } else {
      uncovered.count++
      uncovered.first ??= { line, reason: decision.reason }
    }
  })
  if (counts === undefined) return interrupted(terminal)
  if (usage.usage().size === 0) {
    throw new CliError(
      EXIT_UNKNOWN,
      `\`${log}\` shows no use of the policy: nothing of it would be left`,
      'name a log with allowed rows of this policy',
    )
  }
  const tightening = tighten({ files, map, model }, usage.usage(), {
    generalise: options.generalise,
    ...(options.conditions && { conditions }),
  })
  if (tightening.kind === 'broken')
    throw new CliError(EXIT_INTERNAL, `the narrowed policy is refused: ${tightening.why}`)
  if (tightening.kind === 'unproved') {
    throw new CliError(
      EXIT_UNKNOWN,
      `it is not proved that the narrowed policy allows nothing new: ${tightening.why}`,
      'nothing is printed; try another `--generalise`',
    )
  }
  const { result } = tightening
  const isCovering = await coversAll(terminal, { log, engine, result, source, state: options.state })
  if (isCovering === undefined) return interrupted(terminal)
  if (!isCovering) throw new CliError(EXIT_INTERNAL, 'the narrowed policy decides a row of the log otherwise')
  await report(terminal, { source, result, counts, uncovered, options, log })
  return uncovered.count > 0 || counts.unreadable > 0 ? EXIT_FINDINGS : EXIT_FINE
}

function interrupted(terminal: Terminal): number {
  terminal.note('stopped; nothing is reported of a part\n')
  return EXIT_INTERRUPTED
}

function withState(terminal: Terminal, engine: LiveEngine, state: string | undefined): LiveEngine {
  if (state !== undefined) putStateFile(terminal, engine, state)
  return engine
}

interface Replay {
  readonly log: string
  readonly engine: LiveEngine
  readonly result: Tightened
  readonly source: PolicySource
  readonly state: string | undefined
}

/** Whether every row that the policy allows has the same verdict from the narrowed one. `undefined` after Ctrl-C. */
async function coversAll(
  terminal: Terminal,
  { log, engine, result, source, state }: Replay,
): Promise<boolean | undefined> {
  const narrowed = startEngine({ kind: 'image', image: emitImage(result.model) }, source.shown)
  withState(terminal, narrowed, state)
  let isSame = true
  const counts = await eachAllowed(terminal, log, ({ row }) => {
    const before = decideRow(engine, row)
    if (before.allowed && decideRow(narrowed, row).decision !== before.decision) isSame = false
  })
  return counts === undefined ? undefined : isSame
}

interface Uncovered {
  count: number
  first: { readonly line: number; readonly reason: string } | undefined
}

interface Report {
  readonly source: PolicySource
  readonly result: Tightened
  readonly counts: LogCounts
  readonly uncovered: Readonly<Uncovered>
  readonly options: TightenCommandOptions
  readonly log: string
}

async function report(terminal: Terminal, { source, result, counts, uncovered, options, log }: Report): Promise<void> {
  const { out, format } = options
  const failing = await failingTests(source, result)
  const shown = { source, result, counts, uncovered, log, failing, out }
  if (out !== undefined) {
    const folder = resolve(terminal.cwd, out)
    writeFilesAtomically(
      terminal.cwd,
      result.files.map(({ path, after }) => ({ path: resolve(folder, path), data: after })),
    )
  }
  if (format === 'json') await terminal.print(`${JSON.stringify(tightenJson(shown), null, 2)}\n`)
  else if (out === undefined) {
    await terminal.print(diffOf(shown))
    terminal.note(tightenText(shown))
  } else await terminal.print(`${tightenText(shown)}written to ${relative(terminal.cwd, resolve(terminal.cwd, out))}\n`)
}

/** Questions of the policy's own tests that the narrowed one answers otherwise. */
async function failingTests(source: PolicySource, { model }: Tightened): Promise<number> {
  const { RUNTIME_TEST_STATE, runTests } = await loadFront()
  const engine = startEngine({ kind: 'image', image: emitImage(model) }, source.shown)
  putState(engine, RUNTIME_TEST_STATE, 'runtime')
  const results = runTests(source.files ?? [], (request) => {
    const asked = { ...request, readings: request.readings ?? {} }
    return engine.decide(asked as Parameters<LiveEngine['decide']>[0], { charge: 'caller' }) // It looks at `args` itself.
  })
  return results.filter(({ passed }) => !passed).length
}
