/** `kavach agents suspend`: one agent, or the kill switch for many. */
import { Command } from 'commander'
import { ACTING, type AgentsOptions, aboutAgent, toLine, withAgents, withDatabase } from './agents-database.ts'
import { CliError, EXIT_FINE, EXIT_USAGE } from './exit.ts'
import { plural } from './findings.ts'
import type { Terminal } from './terminal.ts'

interface SuspendOptions extends Omit<AgentsOptions, 'project'> {
  readonly project?: string
  readonly all?: true
  readonly owner?: string
  readonly reason?: string
}

const DEFAULT_PROJECT = 'default'

export function agentsSuspendCommand(terminal: Terminal): Command {
  return withDatabase(new Command('suspend'))
    .description('suspend agents: nothing is allowed to them, nor through them, until `unsuspend`')
    .argument('[ids...]', 'agents, as `kavach agents list` prints them')
    .option('--all', 'every active agent of every project')
    .option('--owner <owner>', 'every active agent of this owner')
    .option(
      '--project <name>',
      `every active agent of this project; with ids or --owner: where they are (${DEFAULT_PROJECT})`,
    )
    .option('--reason <text>', 'why, for the log and for whoever asks')
    .addHelpText(
      'after',
      `
Examples:
  kavach agents suspend agt_01K8... --db kavach.db
  kavach agents suspend --all --db kavach.db --reason "incident 17"
  kavach agents suspend --owner ann --db kavach.db
  kavach agents suspend --project shop --db kavach.db

It prints how many agents were suspended and how long it took. A running host denies from its next decision
on; agents that are made later are not suspended.`,
    )
    .action(async (ids: readonly string[], options: SuspendOptions) => {
      if (ids.length > 0) await suspendEach(terminal, ids, options)
      else await suspendMany(terminal, options)
      terminal.recordExit(EXIT_FINE)
    })
}

async function suspendEach(terminal: Terminal, ids: readonly string[], options: SuspendOptions): Promise<void> {
  const { db, project = DEFAULT_PROJECT, all, owner, reason, format } = options
  if (all || owner !== undefined) throw new CliError(EXIT_USAGE, 'give ids, or one of --all and --owner')
  await withAgents(terminal, { db, project }, async (agents) => {
    for (const id of ids) {
      const agent = await aboutAgent(id, agents.suspend(id, { ...ACTING, reason }))
      await terminal.print(toLine(agent, format))
    }
  })
}

interface Suspended {
  readonly project: string
  readonly suspended: number
  /** Milliseconds until it was durable. */
  readonly tookMs: number
}

async function suspendMany(terminal: Terminal, options: SuspendOptions): Promise<void> {
  const { db, project, all, owner, reason, format } = options
  if (!all && owner === undefined && project === undefined) {
    throw new CliError(EXIT_USAGE, 'give ids, or --all, --owner or --project', 'nothing was suspended')
  }
  const projects = all && project === undefined ? await projectsOf(terminal, db) : [project ?? DEFAULT_PROJECT]
  const done: Suspended[] = []
  for (const name of projects) {
    const result = await withAgents(terminal, { db, project: name }, async (agents) => {
      const start = performance.now()
      const { suspended } = await agents.suspendAll({ ...ACTING, reason, owner })
      return { project: name, suspended, tookMs: Math.ceil(performance.now() - start) }
    })
    done.push(result)
    await terminal.print(format === 'json' ? `${JSON.stringify(result)}\n` : `${describeDone(result, owner)}\n`)
  }
  if (done.length === 0) terminal.note('kavach: the database has no project yet\n')
}

function projectsOf(terminal: Terminal, db: string): Promise<readonly string[]> {
  return withAgents(terminal, { db, project: DEFAULT_PROJECT }, (_, site) => site.store.projects())
}

function describeDone({ project, suspended, tookMs }: Suspended, owner: string | undefined): string {
  const whose = owner === undefined ? '' : ` of ${owner}`
  return `${project}: ${plural(suspended, 'agent')}${whose} suspended in ${tookMs} ms; hosts deny from their next decision on`
}
