/** `kavach who-can`: every agent and chain that can do something. */
import { Command, InvalidArgumentError, Option } from 'commander'
import type { WhoCanAnswer, WhoCanQuestion } from '../compiler/analyze/index.ts'
import type { CanAssertion } from '../compiler/model/index.ts'
import { CliError, EXIT_FINE, EXIT_UNKNOWN, EXIT_USAGE } from './exit.ts'
import { plural } from './findings.ts'
import { toInstant } from './instant.ts'
import { loadAnalyses, loadFront, loadGrammar } from './language.ts'
import { loadPolicySource, type PolicySource } from './policy-source.ts'
import type { Terminal } from './terminal.ts'
import {
  ACCESS_FORMATS,
  type AccessFormat,
  chainJson,
  chainMarkdown,
  chainText,
  type ShownChain,
  showChains,
  unknownText,
} from './who-can-report.ts'

/** Facts that are known of the requests that are asked about. */
interface FactOptions {
  readonly ip?: string
  readonly now?: 'system' | number
  readonly args?: string
  readonly trust?: number
  readonly cost?: number
}

interface WhoCanOptions extends FactOptions {
  readonly when?: string
  readonly format: AccessFormat
}

export function whoCanCommand(terminal: Terminal): Command {
  return new Command('who-can')
    .description('list every agent and chain that can do something, and prove that nobody else can')
    .argument('<policy>', 'folder, file, module or image, or REV:PATH of the git repository')
    .argument('<action>', 'an action, several with commas, or *')
    .argument('<resource>', 'a resource or a pattern')
    .option('--when <condition>', "only requests that meet it, as in policy text: 'ip in office and trust >= 60'")
    .option('--ip <address>', 'only from this address')
    .option('--now <time>', 'only at this time: `system`, or a time such as 2026-04-01T10:00:00Z', toNow)
    .option('--args <json>', 'only with exactly these arguments')
    .option('--trust <number>', 'only with this trust', toNumber)
    .option('--cost <usd>', 'only at this cost', toNumber)
    .addOption(new Option('--format <format>', 'how it is printed').choices(ACCESS_FORMATS).default('text'))
    .addHelpText(
      'after',
      `
Examples:
  kavach who-can policy write 'mcp:docs:**'
  kavach who-can policy '*' 'mcp:**' --when 'not ip in cidr [10.0.0.0/8]'
  kavach who-can build/acme.wasm execute tool:shell --args '{"command":"rm"}' --format markdown

Whoever is listed can for some facts, approvals and readings, and an example that the engine allowed
stands beside it. Of everybody else it is proved that nothing helps; what could not be decided is
said, and the exit code is 3.`,
    )
    .action(async (policy: string, action: string, resource: string, options: WhoCanOptions) => {
      terminal.recordExit(await whoCan(terminal, { policy, action, resource }, options))
    })
}

interface Asked {
  readonly policy: string
  readonly action: string
  readonly resource: string
}

async function whoCan(terminal: Terminal, asked: Asked, options: WhoCanOptions): Promise<number> {
  const source = await loadPolicySource(terminal, asked.policy)
  const analyses = await loadAnalyses()
  const { scope, when } = await readQuestion(source, asked, options.when)
  const facts = await readFacts(terminal, options)
  const subject = analyses.analyze(source.model, { around: terminal.parts.now() })
  const question: WhoCanQuestion = { scope, ...(when && { when }), ...(facts && { facts }) }
  const answer = analyses.whoCan(subject, question)
  const shown = await Promise.all(
    answer.can.map(async ({ agent, isRuntime, chains, isAbridged }) => ({
      agent,
      isRuntime,
      isAbridged,
      chains: await showChains(chains, source),
    })),
  )
  await terminal.print(report(answer, shown, options.format))
  if (options.format === 'text') {
    const { can, cannot, unknown } = answer
    const doubts = unknown.length === 0 ? '' : `, ${unknown.length} unknown`
    const abridged = can.filter(({ isAbridged }) => isAbridged).length
    if (abridged > 0) {
      terminal.note(`of ${plural(abridged, 'agent')} only one of the chains through the API is listed\n`)
    }
    terminal.note(`${plural(can.length, 'agent')} can, ${cannot.length} proved unable${doubts}\n`)
  }
  return answer.unknown.length > 0 ? EXIT_UNKNOWN : EXIT_FINE
}

interface ShownAgent {
  readonly agent: string
  readonly isRuntime: boolean
  readonly isAbridged: boolean
  readonly chains: readonly ShownChain[]
}

function report({ cannot, unknown }: WhoCanAnswer, agents: readonly ShownAgent[], format: AccessFormat): string {
  const chains = agents.flatMap((agent) => agent.chains)
  switch (format) {
    case 'json': {
      const can = agents.map(({ agent, isRuntime, isAbridged, chains: own }) => ({
        agent,
        isRuntime,
        ...(isAbridged && { isAbridged }),
        chains: chainJson(own),
      }))
      return `${JSON.stringify({ can, cannot, unknown }, null, 2)}\n`
    }
    case 'markdown':
      return `${chains.length === 0 ? 'Nobody can.\n' : chainMarkdown(chains)}${unknown.length > 0 ? `\n${unknownText(unknown)}` : ''}`
    case 'text':
      return `${chains.length === 0 && unknown.length === 0 ? 'nobody can\n' : chainText(chains)}${unknownText(unknown)}`
  }
}

/** Where the text of the question stands in messages. */
const COMMAND_LINE = '<command line>'

/** Reads action, resource and condition as policy text, with the sets of the policy. @throws {CliError} 64 */
async function readQuestion(
  { files = [] }: PolicySource,
  { action, resource }: Asked,
  condition: string | undefined,
): Promise<Pick<CanAssertion, 'when'> & { readonly scope: Pick<CanAssertion, 'actions' | 'patterns'> }> {
  const [{ parsePolicy }, { checkPolicy }] = await Promise.all([loadGrammar(), loadFront()])
  const names = action === '*' ? '*' : action.split(',').map(actionText).join(', ')
  const when = condition === undefined ? '' : ` when ${condition}`
  const header = files.length === 0 ? 'policy asked\n' : ''
  const parsed = parsePolicy(COMMAND_LINE, `${header}assert some * can ${names} on ${resource}${when}\n`)
  // Only the condition is of interest; what is wrong elsewhere was said when the policy was read.
  const checked = checkPolicy([parsed.file, ...files])
  const fault = [...parsed.diagnostics, ...checked.diagnostics].find(
    ({ severity, path }) => severity === 'error' && path === COMMAND_LINE,
  )
  const found = checked.assertions.find(({ path }) => path === COMMAND_LINE)
  if (fault !== undefined || found === undefined || found.assertion.kind !== 'some') {
    throw new CliError(
      EXIT_USAGE,
      fault?.message ?? 'the question cannot be read',
      fault?.help ?? 'write it as in policy text',
    )
  }
  const { assertion } = found
  return {
    scope: { actions: assertion.actions, patterns: assertion.patterns },
    ...(assertion.when && { when: assertion.when }),
  }
}

function actionText(name: string): string {
  const trimmed = name.trim()
  return /^[A-Za-z_]\w*(-\w+)*$/.test(trimmed) ? trimmed : JSON.stringify(trimmed)
}

/** The facts of the options. @throws {CliError} 64 when one cannot be read */
async function readFacts(
  terminal: Terminal,
  { ip, now, args, trust, cost }: FactOptions,
): Promise<WhoCanQuestion['facts']> {
  const stated = {
    ...(ip !== undefined && { ip }),
    ...(now !== undefined && { now: now === 'system' ? terminal.parts.now() : now }),
    ...(args !== undefined && { args: parseArgs(args) }),
    ...(trust !== undefined && { trust }),
    ...(cost !== undefined && { cost }),
  }
  const { readRequest } = await loadAnalyses()
  const read = readRequest({ agent: 'asked', action: 'asked', resource: 'asked', ...stated })
  if (!read.ok) throw new CliError(EXIT_USAGE, read.message, 'see `kavach who-can --help`')
  const { facts } = read
  if (ip !== undefined && facts.ip === undefined) {
    throw new CliError(
      EXIT_USAGE,
      `\`${ip}\` is not an address`,
      'write IPv4 such as 10.0.0.1 or IPv6 such as 2001:db8::1',
    )
  }
  const known = FACTS.filter((name) => Object.hasOwn(stated, name))
  return known.length === 0 ? undefined : { facts, known }
}

const FACTS = ['ip', 'now', 'args', 'trust', 'cost'] as const

function parseArgs(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new CliError(
      EXIT_USAGE,
      `--args is not JSON: ${error.message}`,
      'write one JSON object, in quotes of the shell',
    )
  }
}

function toNow(text: string): 'system' | number {
  return text === 'system' ? text : toInstant(text)
}

function toNumber(text: string): number {
  const number = Number(text)
  if (text.trim() === '' || !Number.isFinite(number)) throw new InvalidArgumentError('It wants a number.')
  return number
}
