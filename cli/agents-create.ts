/** `kavach agents create`. */
import { resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import type { NewAgent } from '../runtime/index.ts'
import { ACTING, type AgentsOptions, describe, withAgents, withDatabase } from './agents-database.ts'
import { PROJECT } from './audit-source.ts'
import { CliError, EXIT_FINE, EXIT_USAGE } from './exit.ts'
import { toInstant } from './instant.ts'
import { loadText } from './policy-folder.ts'
import type { Terminal } from './terminal.ts'

type Permission = NonNullable<NewAgent['permissions']>[number]

interface CreateOptions extends AgentsOptions {
  readonly from?: string
  readonly name?: string
  readonly owner?: string
  readonly type?: NewAgent['type']
  readonly allow?: readonly Permission[]
  readonly expires?: number
  readonly tokenExpiry?: string
}

export function agentsCreateCommand(terminal: Terminal): Command {
  return withDatabase(new Command('create'))
    .description('make an agent; its token is printed once and kept nowhere')
    .option(...PROJECT)
    .option('--from <file>', 'the agent as JSON, as `kavach.agents.create` takes it; options below stand over it')
    .option('-n, --name <name>', 'what people know it by')
    .option('--owner <owner>', 'id of the user whom it belongs to')
    .addOption(new Option('--type <type>', 'what it is').choices(['autonomous', 'delegated', 'service']))
    .option('-a, --allow <permission>', '"read, write on mcp:docs:**", may be repeated', collectPermission)
    .option('--expires <time>', 'RFC 3339 with Z; default: never', toInstant)
    .option('--token-expiry <life>', 'life of its tokens: `24h`, `30m`, `never`')
    .addHelpText(
      'after',
      `
Examples:
  kavach agents create --db kavach.db --owner ann --name "mail desk" --type service --allow "read on mcp:mail:**"
  TOKEN=$(kavach agents create --db kavach.db --from agent.json)

The token goes to standard output, everything else to standard error. What options of a host say of new agents
(\`maxPerUser\`, \`tokenExpiry\`) is not in the database, so it is not looked at here.`,
    )
    .action(async (options: CreateOptions) => {
      const agent = readAgent(terminal, options)
      const made = await withAgents(terminal, options, (agents) => agents.create(agent, ACTING))
      if (options.format === 'json') {
        const { agent: _, ...rest } = made
        await terminal.print(`${JSON.stringify(rest)}\n`)
      } else {
        terminal.note(`${describe(made)}\n  = note: the token is shown only now; the database has its SHA-256\n`)
        await terminal.print(`${made.token}\n`)
      }
      terminal.recordExit(EXIT_FINE)
    })
}

function readAgent(terminal: Terminal, options: CreateOptions): NewAgent {
  const { from, name, owner, type, allow, expires, tokenExpiry } = options
  const given = from === undefined ? {} : readJson(loadText(resolve(terminal.cwd, from), from), from)
  const agent = {
    ...given,
    ...(name !== undefined && { name }),
    ...(owner !== undefined && { ownerId: owner, userId: undefined }),
    ...(type !== undefined && { type }),
    ...(allow !== undefined && { permissions: allow }),
    ...(expires !== undefined && { expiresAt: new Date(expires) }),
    ...(tokenExpiry !== undefined && { tokenExpiry }),
  }
  // `create` reads every member, and says which one is wrong.
  return agent as NewAgent
}

function readJson(text: string, named: string): object {
  try {
    const json: unknown = JSON.parse(text)
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new CliError(EXIT_USAGE, `\`${named}\` is no JSON object`, 'docs/host.md shows what an agent is made of')
}

/** `read, write on mcp:docs:**`: as the language says it. */
function collectPermission(text: string, before: readonly Permission[] = []): readonly Permission[] {
  const [, actions, resource] = /^\s*(.+?)\s+on\s+(\S+)\s*$/.exec(text) ?? []
  if (actions === undefined || resource === undefined) {
    throw new InvalidArgumentError('It wants actions and a resource, such as "read, write on mcp:docs:**".')
  }
  return [...before, { actions: actions.split(',').map((action) => action.trim()), resource }]
}
