/** `kavach explain`: why a request is decided as it is, and what would open it. */
import { resolve } from 'node:path'
import { Command, Option } from 'commander'
import type { State } from '../compiler/model/index.ts'
import type { Decision, LiveEngine } from '../engine-wasm/host/index.ts'
import type { DatabaseOptions } from './audit-source.ts'
import { CliError, EXIT_FINE, EXIT_USAGE } from './exit.ts'
import { explainReport } from './explain-report.ts'
import { openInput } from './input.ts'
import { toInstant } from './instant.ts'
import { loadAnalyses } from './language.ts'
import { readLines } from './lines.ts'
import { putStateFile } from './policy-engine.ts'
import { loadText } from './policy-folder.ts'
import { loadPolicySource, type PolicySource } from './policy-source.ts'
import type { Terminal } from './terminal.ts'

const AUDIENCES = ['caller', 'administrator', 'both'] as const
export type Audience = (typeof AUDIENCES)[number]

interface ExplainCommandOptions {
  readonly state?: string
  readonly now?: 'system' | number
  readonly for: Audience
  readonly format: 'text' | 'json'
  readonly audit?: string
  readonly db?: string
  readonly project: string
}

export function explainCommand(terminal: Terminal): Command {
  return new Command('explain')
    .description('say why a request is decided as it is, and what would open it')
    .argument('[policy]', 'folder, file, module or image, or REV:PATH of the git repository')
    .argument('[request]', 'the request as JSON, a file that holds it, or - for standard input')
    .option('-s, --state <file>', 'JSON of agents, delegations and revocations made at run time')
    .option('--now <time>', 'fills in an absent `now`: `system`, or a time such as 2026-04-01T10:00:00Z', toNow)
    .option('--audit <id>', 'a row of the log, aud_..., decided again by the image that decided it; with --db')
    .option('--db <file>', 'database of a host, for --audit')
    .option('--project <name>', 'project of the database', 'default')
    .addOption(new Option('--for <audience>', 'whose text is printed').choices(AUDIENCES).default('both'))
    .addOption(new Option('--format <format>', 'how it is printed').choices(['text', 'json']).default('text'))
    .addHelpText(
      'after',
      `
Examples:
  kavach explain policy '{"agent":"assistant","action":"read","resource":"mcp:docs:home"}'
  kavach explain build/acme.wasm request.json --now system
  kavach explain HEAD~1:policy request.json --state state.json --format json
  kavach explain policy request.json --for caller    what may be told to whoever asked
  kavach explain --audit aud_17 --db kavach.db       why it was decided so then

For a denial it names the fewest facts of the request that have to change, and edits of the policy
that open it; the engine has allowed each of them before it is printed. The exit code is 0 whatever
is decided.`,
    )
    .action(async (policy: string | undefined, request: string | undefined, options: ExplainCommandOptions) => {
      const { audit, db } = options
      if (audit !== undefined || db !== undefined) {
        if (audit === undefined || db === undefined || policy !== undefined) {
          throw new CliError(EXIT_USAGE, '--audit and --db go together, without a policy and a request')
        }
        terminal.recordExit(await explainRow(terminal, audit, { ...options, db }))
        return
      }
      if (policy === undefined || request === undefined) {
        throw new CliError(EXIT_USAGE, 'give a policy and a request', 'see `kavach explain --help`')
      }
      terminal.recordExit(await explain(terminal, policy, request, options))
    })
}

async function explain(
  terminal: Terminal,
  policy: string,
  named: string,
  { state: stateFile, now, for: audience, format }: ExplainCommandOptions,
): Promise<number> {
  const source = await loadPolicySource(terminal, policy)
  const request = withNow(await readRequest(terminal, named), now === 'system' ? terminal.parts.now() : now)
  const engine = source.start()
  const state = stateFile === undefined ? undefined : putStateFile(terminal, engine, stateFile)
  await terminal.print((await explainWith({ source, request, engine, state }, { audience, format })).text)
  return EXIT_FINE
}

async function explainRow(
  terminal: Terminal,
  auditId: string,
  { for: audience, format, ...options }: ExplainCommandOptions & DatabaseOptions,
): Promise<number> {
  // The drivers of databases are large, and a request on the command line needs none.
  const { loadRecorded, recordedText, unknownsJson } = await import('./explain-audit.ts')
  const recorded = await loadRecorded(terminal, auditId, options)
  const { text, decision } = await explainWith(recorded, { audience, format })
  if (format === 'json') await terminal.print(unknownsJson(recorded, text))
  else await terminal.print(`${audience === 'caller' ? '' : recordedText(recorded, decision)}${text}`)
  return EXIT_FINE
}

interface Subject {
  readonly source: PolicySource
  readonly request: unknown
  readonly engine: LiveEngine
  readonly state: State | undefined
}

async function explainWith(
  { source, request, engine, state }: Subject,
  { audience, format }: { readonly audience: Audience; readonly format: 'text' | 'json' },
): Promise<{ readonly text: string; readonly decision: Decision }> {
  const { administratorText, callerText, explainRequest } = await loadAnalyses()
  const { files, map, model } = source
  const explanation = explainRequest(model, request, {
    engine,
    ...(state && { state }),
    ...(files && map && { text: { files, map } }),
  })
  const { decision } = explanation
  const texts = {
    caller: callerText(decision),
    administrator: administratorText(explanation, { showRule: source.showRule }),
  }
  return { text: explainReport({ explanation, texts, source, audience, format }), decision }
}

/** @throws {CliError} 64 when it is no JSON, 66 when there is no such file */
async function readRequest(terminal: Terminal, named: string): Promise<unknown> {
  const isInline = /^\s*[{[]/.test(named)
  const text = isInline
    ? named
    : named === '-'
      ? await readAll(terminal)
      : loadText(resolve(terminal.cwd, named), named)
  try {
    return JSON.parse(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    const what = isInline ? 'the request' : named === '-' ? 'standard input' : `\`${named}\``
    throw new CliError(
      EXIT_USAGE,
      `${what} is not JSON: ${error.message}`,
      'write one JSON object, in quotes of the shell',
    )
  }
}

async function readAll(terminal: Terminal): Promise<string> {
  const texts: string[] = []
  for await (const lines of readLines(openInput(terminal, '-', 'a request'))) {
    for (const line of lines) texts.push('text' in line ? line.text : '')
  }
  return texts.join('\n')
}

function withNow(request: unknown, now: number | undefined): unknown {
  if (now === undefined || typeof request !== 'object' || request === null || Array.isArray(request)) return request
  const stated: unknown = 'now' in request ? request.now : undefined
  return stated === undefined || stated === null ? { ...request, now: new Date(now).toISOString() } : request
}

function toNow(text: string): 'system' | number {
  return text === 'system' ? text : toInstant(text)
}
