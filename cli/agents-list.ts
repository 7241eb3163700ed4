/** `kavach agents list`. */
import { Command, Option } from 'commander'
import type { Agent } from '../runtime/index.ts'
import { type AgentsOptions, toLine, withAgents, withDatabase } from './agents-database.ts'
import { PROJECT } from './audit-source.ts'
import { EXIT_FINE } from './exit.ts'
import type { Terminal } from './terminal.ts'

interface ListOptions extends AgentsOptions {
  readonly owner?: string
  readonly status?: Agent['status']
}

/** Agents that are read at a time. */
const PAGE = 1000

export function agentsListCommand(terminal: Terminal): Command {
  return withDatabase(new Command('list'))
    .description('list agents, those of the policy and those that are revoked included')
    .option(...PROJECT)
    .option('--owner <owner>', 'only agents of this owner')
    .addOption(new Option('--status <status>', 'only agents that are so').choices(['active', 'suspended', 'revoked']))
    .addHelpText(
      'after',
      `
Examples:
  kavach agents list --db kavach.db --status suspended
  kavach agents list --db kavach.db --owner ann --format json    one JSON object a line`,
    )
    .action(async ({ owner, status, format, ...options }: ListOptions) => {
      await withAgents(terminal, options, async (agents) => {
        for (let cursor: string | undefined; ; ) {
          const page = await agents.list({ ownerId: owner, status, limit: PAGE, cursor })
          await terminal.print(page.agents.map((agent) => toLine(agent, format)).join(''))
          cursor = page.cursor
          if (cursor === undefined) return
        }
      })
      terminal.recordExit(EXIT_FINE)
    })
}
