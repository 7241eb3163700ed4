/** `kavach audit erase`: takes the personal values of somebody out of the log. */
import { Command } from 'commander'
import { createAudit } from '../runtime/index.ts'
import { type DatabaseOptions, PROJECT, withLog } from './audit-source.ts'
import { CliError, EXIT_FINE, EXIT_USAGE } from './exit.ts'
import type { Terminal } from './terminal.ts'

interface EraseCliOptions extends DatabaseOptions {
  readonly user?: string
  readonly agent?: string
  readonly actor: string
}

export function auditEraseCommand(terminal: Terminal): Command {
  return new Command('erase')
    .description('erase personal values from the log; proofs stay as they are')
    .requiredOption('--db <file>', 'database of a host')
    .option(...PROJECT)
    .option('--user <id>', 'of this user, wherever it is named')
    .option('--agent <id>', 'of rows about this agent')
    .option('--actor <name>', 'who does it, for the row that says so', 'kavach audit erase')
    .addHelpText('after', '\nExamples:\n  kavach audit erase --db kavach.db --user user-123 --actor dpo@example.com')
    .action(async ({ user, agent, actor, ...options }: EraseCliOptions) => {
      const subject = subjectOf(user, agent)
      const { auditId, rows } = await withLog(terminal, options, (site) => createAudit(site).erase(subject, { actor }))
      await terminal.print(`erased the personal values of ${rows} rows; ${auditId} says so\n`)
      terminal.recordExit(EXIT_FINE)
    })
}

function subjectOf(userId: string | undefined, agentId: string | undefined) {
  if (userId !== undefined && agentId === undefined) return { userId }
  if (agentId !== undefined && userId === undefined) return { agentId }
  throw new CliError(EXIT_USAGE, 'give --user or --agent')
}
