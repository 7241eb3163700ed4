/** `kavach replay`: recorded decisions, decided again by another policy. */
import { Command, Option } from 'commander'
import { parseDecisionLine, type RecordedDecision, type RecordedRequest } from '../compiler/model/index.ts'
import type { Decision, LiveEngine } from '../engine-wasm/host/index.ts'
import { EXIT_FINDINGS, EXIT_FINE, EXIT_INTERRUPTED, EXIT_REFUSED, EXIT_UNKNOWN, worstExit } from './exit.ts'
import { openInput } from './input.ts'
import { readLines } from './lines.ts'
import { putStateFile } from './policy-engine.ts'
import { loadPolicySource } from './policy-source.ts'
import { type Judgement, judge } from './replay-judge.ts'
import { REPLAY_FORMATS, type ReplayFormat, renderReplay } from './replay-report.ts'
import { createTally, type Tally, type TallyKeeper } from './replay-tally.ts'
import type { Terminal } from './terminal.ts'

interface ReplayOptions {
  readonly policy: string
  readonly state?: string
  readonly format: ReplayFormat
}

export function replayCommand(terminal: Terminal): Command {
  return new Command('replay')
    .description('decide recorded requests again and show what would come out otherwise')
    .argument('<log>', 'recorded decisions, one JSON object a line, or - for standard input')
    .requiredOption('-p, --policy <policy>', 'folder, file, module or image, or REV:PATH of the git repository')
    .option('-s, --state <file>', 'JSON of agents, delegations and revocations made at run time')
    .addOption(new Option('--format <format>', 'how the result is printed').choices(REPLAY_FORMATS).default('text'))
    .addHelpText(
      'after',
      `
Examples:
  kavach replay decisions.ndjson --policy policy
  kavach replay decisions.ndjson --policy build/acme.wasm --state state.json --format markdown
  kavach replay decisions.ndjson --policy HEAD~1:policy

docs/decision-log.md has the format of a log. The exit code is 2 when a row that was denied would be
allowed, 1 when anything else would change or a line is no row, 3 when no row could be judged.`,
    )
    .action(async (log: string, options: ReplayOptions) => {
      terminal.recordExit(await replay(terminal, log, options))
    })
}

async function replay(terminal: Terminal, log: string, options: ReplayOptions): Promise<number> {
  const { interrupt } = terminal.parts
  const source = await loadPolicySource(terminal, options.policy)
  const engine = source.start()
  if (options.state !== undefined) putStateFile(terminal, engine, options.state)
  const tally = createTally()
  const input = openInput(terminal, log, 'recorded decisions')
  terminal.parts.takeInterrupts()
  for await (const lines of readLines(input)) {
    if (interrupt.aborted) break
    for (const line of lines) {
      if ('fault' in line) tally.addFault({ line: line.number, fault: line.fault })
      else if (line.text.trim() !== '') replayLine(tally, engine, line, options.state !== undefined)
    }
    terminal.progress(() => `${tally.rows()} rows decided`)
  }
  terminal.endProgress()
  if (interrupt.aborted) {
    terminal.note(`stopped after ${tally.rows()} rows; nothing is reported of a part\n`)
    return EXIT_INTERRUPTED
  }
  const result = tally.result()
  await terminal.print(renderReplay({ log, source, policy: engine.policy, tally: result }, options.format))
  return exitCodeOf(result)
}

function replayLine(
  tally: TallyKeeper,
  engine: LiveEngine,
  line: { readonly number: number; readonly text: string },
  hasState: boolean,
): void {
  const parsed = parseDecisionLine(line.text)
  if (!parsed.ok) {
    tally.addFault({ line: line.number, fault: parsed.fault })
    return
  }
  const { row } = parsed
  if (row.isComplete) {
    const decision = decide(engine, row.request)
    tally.add(line.number, row, decision, judge({ row, decision, hasState }))
    return
  }
  const certain = decideWithoutArguments(engine, row, hasState)
  if (certain === undefined) tally.addUnknown('arguments')
  else tally.add(line.number, row, certain.decision, certain.judgement)
}

/**
 * What is decided whatever the arguments were. Without any, every condition on them goes against access; with `possible`, for
 * it. What was asked lies between the two, so that where they agree nothing else can come out.
 */
function decideWithoutArguments(
  engine: LiveEngine,
  row: RecordedDecision,
  hasState: boolean,
): { readonly decision: Decision; readonly judgement: Judgement } | undefined {
  const { args: _partial, ...rest } = row.request
  const worst = decide(engine, rest)
  const best = decide(engine, rest, true)
  if (worst.decision !== best.decision) return undefined
  const judgement = judge({ row, decision: best, hasState })
  // The better of the two may use a grant that has no meters.
  const other = judge({ row, decision: worst, hasState })
  return JSON.stringify(judgement) === JSON.stringify(other) ? { decision: best, judgement } : undefined
}

function decide(engine: LiveEngine, request: RecordedRequest, possible = false): Decision {
  return engine.decide({ ...request, readings: request.readings ?? {} }, { charge: 'caller', possible })
}

function exitCodeOf({ changes, unreadable, same }: Tally): number {
  const judged = same + changes['new-access'] + changes['lost-access'] + changes.verdict
  const findings = changes['lost-access'] + changes.verdict + unreadable > 0 ? EXIT_FINDINGS : EXIT_FINE
  const worst = worstExit(findings, changes['new-access'] > 0 ? EXIT_REFUSED : EXIT_FINE)
  return judged === 0 ? worstExit(worst, EXIT_UNKNOWN) : worst
}
