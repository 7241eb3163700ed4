/** `kavach what-can`: everything that an agent can do. */
import { Command, Option } from 'commander'
import type { WhatCanAnswer } from '../compiler/analyze/index.ts'
import { CliError, EXIT_FINE, EXIT_UNKNOWN, EXIT_USAGE } from './exit.ts'
import { plural } from './findings.ts'
import { loadAnalyses, loadGrammar } from './language.ts'
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

interface WhatCanOptions {
  readonly via?: string
  readonly alone?: true
  readonly action?: string
  readonly format: AccessFormat
}

export function whatCanCommand(terminal: Terminal): Command {
  return new Command('what-can')
    .description('list everything that an agent can do, alone and through every delegation')
    .argument('<policy>', 'folder, file, module or image, or REV:PATH of the git repository')
    .argument('<agent>', 'a declared agent, or runtime for those made through the API')
    .addOption(
      new Option('--via <agents>', 'only through these delegators, root first, with commas').conflicts('alone'),
    )
    .option('--alone', 'only by itself')
    .option('--action <actions>', 'only these actions, with commas')
    .addOption(new Option('--format <format>', 'how it is printed').choices(ACCESS_FORMATS).default('text'))
    .addHelpText(
      'after',
      `
Examples:
  kavach what-can policy assistant
  kavach what-can policies/acme summarizer --via triager
  kavach what-can build/acme.wasm runtime --action execute --format markdown

A region is what the grants of a chain give together, and the guardrails that take parts of it away;
an example that the engine allowed stands beside it. The list is complete; what could not be decided
is said, and the exit code is 3.`,
    )
    .action(async (policy: string, agent: string, options: WhatCanOptions) => {
      terminal.recordExit(await whatCan(terminal, policy, agent, options))
    })
}

async function whatCan(terminal: Terminal, named: string, agent: string, options: WhatCanOptions): Promise<number> {
  const source = await loadPolicySource(terminal, named)
  const { analyze, whatCan: ask } = await loadAnalyses()
  const via = options.alone === true ? [] : options.via?.split(',').map((name) => name.trim())
  const actions = options.action?.split(',').map((name) => name.trim())
  const subject = analyze(source.model, { around: terminal.parts.now() })
  const answer = ask(subject, {
    agent,
    ...(via && { via }),
    ...(actions && { scope: { actions, patterns: [{ segments: [], rest: true }] } }),
  })
  if (answer === undefined) throw await unknownAgent(source, agent)
  if (via !== undefined && answer.chains.length + answer.barren.length + answer.unknown.length === 0) {
    throw new CliError(
      EXIT_USAGE,
      `no chain leads to \`${agent}\` ${via.length === 0 ? 'alone' : `via ${via.join(', ')}`}`,
      `\`kavach what-can ${named} ${agent}\` lists its chains`,
    )
  }
  const chains = await showChains(answer.chains, source)
  await terminal.print(report({ agent, answer, chains, format: options.format }))
  return answer.unknown.length > 0 ? EXIT_UNKNOWN : EXIT_FINE
}

async function unknownAgent({ model, shown }: PolicySource, agent: string): Promise<CliError> {
  if (agent === 'runtime') {
    const help = 'without `boundary runtime` no agent can be made at run time'
    return new CliError(EXIT_USAGE, `\`${shown}\` has no boundary`, help)
  }
  const { nearest } = await loadGrammar()
  const near = nearest(
    agent,
    model.agents.map(({ name }) => name),
  )
  const help = near === undefined ? 'name an agent that it declares, or runtime' : `did you mean \`${near}\`?`
  return new CliError(EXIT_USAGE, `\`${shown}\` declares no agent \`${agent}\``, help)
}

interface Report {
  readonly agent: string
  readonly answer: WhatCanAnswer
  readonly chains: readonly ShownChain[]
  readonly format: AccessFormat
}

function report({ agent, answer, chains, format }: Report): string {
  const { unknown, barren, received, given, mayDelegate, expiresAt } = answer
  switch (format) {
    case 'json':
      return `${JSON.stringify(
        {
          agent,
          ...(mayDelegate !== undefined && { mayDelegate }),
          ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt).toISOString() }),
          chains: chainJson(chains),
          withoutAccess: barren,
          received: received.map(delegationJson),
          given: given.map(delegationJson),
          unknown,
        },
        null,
        2,
      )}\n`
    case 'markdown':
      return `${chains.length === 0 ? `${agent} can do nothing.\n` : chainMarkdown(chains)}\n${terms(agent, answer)
        .map((line) => `- ${line}\n`)
        .join('')}${unknownText(unknown)}`
    case 'text': {
      const nothing = unknown.length === 0 ? `${agent} can do nothing\n` : ''
      return `${chains.length === 0 ? nothing : chainText(chains)}\n${terms(agent, answer)
        .map((line) => `${line}\n`)
        .join('')}${unknownText(unknown)}`
    }
  }
}

type Delegation = WhatCanAnswer['received'][number]

function delegationJson({ from, to, depth = 0, expiresAt, expiresIn, grants }: Delegation): unknown {
  return {
    from,
    to,
    depth,
    grants: grants.length,
    ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt).toISOString() }),
    ...(expiresIn !== undefined && { expiresInMs: expiresIn }),
  }
}

function terms(agent: string, { barren, received, given, mayDelegate, expiresAt }: WhatCanAnswer): readonly string[] {
  return [
    ...(expiresAt === undefined ? [] : [`${agent} expires at ${new Date(expiresAt).toISOString()}`]),
    mayDelegate === undefined
      ? `${agent} may delegate nothing of its own`
      : `${agent} may delegate depth ${mayDelegate}`,
    ...received.map((one) => `received from ${one.from}${delegationTerms(one)}`),
    ...given.map((one) => `given to ${one.to}${delegationTerms(one)}`),
    ...barren
      .filter(({ isThroughApi }) => !isThroughApi)
      .map(({ via }) => `nothing ${via.length === 0 ? 'alone' : `via ${via.join(', ')}`}`),
  ]
}

function delegationTerms({ grants, depth = 0, expiresAt, expiresIn }: Delegation): string {
  const end =
    expiresAt !== undefined
      ? `, until ${new Date(expiresAt).toISOString()}`
      : expiresIn !== undefined
        ? `, for ${expiresIn / 1000} s after it is opened`
        : ''
  const further = depth === 0 ? '' : `, to be passed on ${plural(depth, 'time')}`
  return `: ${plural(grants.length, 'grant')}${end}${further}`
}
