/** What the commands of `kavach agents` share: the database, how agents are printed, and whose name is in the log. */
import { type Command, Option } from 'commander'
import { type Agent, createManagement, KavachError } from '../runtime/index.ts'
import { type DatabaseOptions, type LogSite, withLog } from './audit-source.ts'
import { CliError, EXIT_NO_INPUT } from './exit.ts'
import type { Terminal } from './terminal.ts'

export interface AgentsOptions extends DatabaseOptions {
  readonly format: 'text' | 'json'
}

/** The log says that it was done here. */
export const ACTING = { actor: 'kavach agents' }

export function withDatabase(command: Command): Command {
  return command
    .requiredOption('--db <file>', 'database of a host')
    .addOption(new Option('--format <format>', 'how the result is printed').choices(['text', 'json']).default('text'))
}

/** @throws {CliError} 66 for an agent that is not there, 64 for what may not be done with it */
export function withAgents<R>(
  terminal: Terminal,
  options: DatabaseOptions,
  work: (agents: ReturnType<typeof createManagement>, site: LogSite) => Promise<R>,
): Promise<R> {
  return withLog(terminal, options, (site) => work(createManagement(site), site))
}

/** Names the agent in what the host says of it. */
export async function aboutAgent<R>(id: string, work: Promise<R>): Promise<R> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof KavachError) || error.code !== 'KVCH_E_AGENT_NOT_FOUND') throw error
    throw new CliError(EXIT_NO_INPUT, `there is no agent \`${id}\``, '`kavach agents list` prints those that there are')
  }
}

export function toLine(agent: Agent, format: AgentsOptions['format']): string {
  return `${format === 'json' ? JSON.stringify(agent) : describe(agent)}\n`
}

/** `agt_01K8... mail desk: service of ann, suspended (too many denials); made 2026-04-01T12:00:00.000Z` */
export function describe(agent: Agent): string {
  const { id, name, type, ownerId, status, statusReason, origin, createdAt, expiresAt } = agent
  const whose = ownerId === null ? '' : ` of ${ownerId}`
  const why = statusReason === undefined || statusReason === '' ? '' : ` (${statusReason})`
  const made = origin === 'policy' ? 'declared by the policy' : `made ${createdAt.toISOString()}`
  const end = expiresAt === null ? '' : `; expires ${expiresAt.toISOString()}`
  const named = name === id ? id : `${id} ${name}`
  return `${named}: ${type}${whose}, ${status}${why}; ${made}${end}`
}
