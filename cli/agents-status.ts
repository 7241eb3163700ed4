/** `kavach agents unsuspend`, `revoke` and `rotate`. */
import { Command, InvalidArgumentError } from 'commander'
import {
  ACTING,
  type AgentsOptions,
  aboutAgent,
  describe,
  toLine,
  withAgents,
  withDatabase,
} from './agents-database.ts'
import { PROJECT } from './audit-source.ts'
import { EXIT_FINE } from './exit.ts'
import type { Terminal } from './terminal.ts'

const IDS = ['<ids...>', 'agents, as `kavach agents list` prints them'] as const

export function agentsStatusCommands(terminal: Terminal): readonly Command[] {
  return [unsuspendCommand(terminal), revokeCommand(terminal), rotateCommand(terminal)]
}

function unsuspendCommand(terminal: Terminal): Command {
  return withDatabase(new Command('unsuspend'))
    .description('end the suspension of agents, and forget the denials that led to it')
    .argument(...IDS)
    .option(...PROJECT)
    .action(async (ids: readonly string[], options: AgentsOptions) => {
      await withAgents(terminal, options, async (agents) => {
        for (const id of ids) {
          await terminal.print(toLine(await aboutAgent(id, agents.unsuspend(id, ACTING)), options.format))
        }
      })
      terminal.recordExit(EXIT_FINE)
    })
}

function revokeCommand(terminal: Terminal): Command {
  return withDatabase(new Command('revoke'))
    .description('end agents for good, and all that was delegated from them')
    .argument(...IDS)
    .option(...PROJECT)
    .option('--reason <text>', 'why, for the log')
    .action(async (ids: readonly string[], options: AgentsOptions & { readonly reason?: string }) => {
      const { reason, format } = options
      await withAgents(terminal, options, async (agents) => {
        for (const id of ids) {
          const revoked = await aboutAgent(id, agents.revoke(id, { ...ACTING, reason }))
          if (format === 'json') await terminal.print(`${JSON.stringify(revoked)}\n`)
          else await terminal.print(`${describe(revoked)}${cascadeText(revoked.cascade)}\n`)
        }
      })
      terminal.recordExit(EXIT_FINE)
    })
}

function cascadeText({
  revoked,
  affected,
}: {
  readonly revoked: readonly string[]
  readonly affected: readonly string[]
}) {
  const parts = [
    ...(revoked.length > 0 ? [`revoked with it: ${revoked.join(', ')}`] : []),
    ...(affected.length > 0 ? [`less than before has ${affected.join(', ')}`] : []),
  ]
  return parts.map((part) => `; ${part}`).join('')
}

function rotateCommand(terminal: Terminal): Command {
  return withDatabase(new Command('rotate'))
    .description('give an agent a new token, in place of the old one; it is printed once')
    .argument('<id>', 'the agent; an agent of the policy by its name')
    .option(...PROJECT)
    .option('--grace <seconds>', 'how long the old token is good beside the new one', toSeconds, 0)
    .action(async (id: string, options: AgentsOptions & { readonly grace: number }) => {
      const { grace, format } = options
      const issued = await withAgents(terminal, options, (agents) =>
        aboutAgent(id, agents.rotate(id, { ...ACTING, graceSeconds: grace })),
      )
      if (format === 'json') await terminal.print(`${JSON.stringify(issued)}\n`)
      else {
        const { expiresAt } = issued
        const end = expiresAt === null ? 'does not expire' : `expires ${expiresAt.toISOString()}`
        terminal.note(`${id} has a new token, which ${end}\n  = note: the token is shown only now\n`)
        await terminal.print(`${issued.token}\n`)
      }
      terminal.recordExit(EXIT_FINE)
    })
}

function toSeconds(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('It wants a whole number of seconds.')
  return Number(text)
}
