/** `kavach agents`: the agents of a project, made, listed and stopped beside running hosts. */
import { Command } from 'commander'
import { agentsCreateCommand } from './agents-create.ts'
import { agentsListCommand } from './agents-list.ts'
import { agentsStatusCommands } from './agents-status.ts'
import { agentsSuspendCommand } from './agents-suspend.ts'
import type { Terminal } from './terminal.ts'

export function agentsCommand(terminal: Terminal): Command {
  const command = new Command('agents')
    .description('make, list, suspend and revoke agents of a project')
    .addCommand(agentsCreateCommand(terminal))
    .addCommand(agentsListCommand(terminal))
    .addCommand(agentsSuspendCommand(terminal))
  for (const one of agentsStatusCommands(terminal)) command.addCommand(one)
  return command
}
