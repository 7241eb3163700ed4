/** `kavach explain`: why a request is decided as it is, and what would open it. */
import { resolve } from 'node:path'
import { Command, Option } from 'commander'
import { CliError, EXIT_FINE, EXIT_USAGE } from './exit.ts'
import { explainReport } from './explain-report.ts'
import { openInput } from './input.ts'
import { toInstant } from './instant.ts'
import { loadAnalyses } from './language.ts'
import { readLines } from './lines.ts'
import { putStateFile } from './policy-engine.ts'
import { loadText } from './policy-folder.ts'
import { loadPolicySource } from './policy-source.ts'
import type { Terminal } from './terminal.ts'

const AUDIENCES = ['caller', 'administrator', 'both'] as const
export type Audience = (typeof AUDIENCES)[number]

interface ExplainCommandOptions {
  readonly state?: string
  readonly now?: 'system' | number
  readonly for: Audience
  readonly format: 'text' | 'json'
}

export function explainCommand(terminal: Terminal): Command {
  return new Command('explain')
    .description('say why a request is decided as it is, and what would open it')
    .argument('<policy>', 'folder, file, module or image, or REV:PATH of the git repository')
    .argument('<request>', 'the request as JSON, a file that holds it, or - for standard input')
    .option('-s, --state <file>', 'JSON of agents, delegations and revocations made at run time')
    .option('--now <time>', 'fills in an absent `now`: `system`, or a time such as 2026-04-01T10:00:00Z', toNow)
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

For a denial it names the fewest facts of the request that have to change, and edits of the policy
that open it; the engine has allowed each of them before it is printed. The exit code is 0 whatever
is decided.`,
    )
    .action(async (policy: string, request: string, options: ExplainCommandOptions) => {
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
  const { administratorText, callerText, explainRequest } = await loadAnalyses()
  const { files, map, model } = source
  const explanation = explainRequest(model, request, {
    engine,
    ...(state && { state }),
    ...(files && map && { text: { files, map } }),
  })
  const texts = {
    caller: callerText(explanation.decision),
    administrator: administratorText(explanation, { showRule: source.showRule }),
  }
  await terminal.print(explainReport({ explanation, texts, source, audience, format }))
  return EXIT_FINE
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
