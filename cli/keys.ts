/** `kavach keys`: keys of a project, for those who use a host over HTTP. */
import { Command, InvalidArgumentError, Option } from 'commander'
import { createKeys, KavachError, KEY_SCOPES, type KeyScope, type ProjectKey } from '../runtime/index.ts'
import { type DatabaseOptions, PROJECT, withLog } from './audit-source.ts'
import { CliError, EXIT_FINE, EXIT_NO_INPUT } from './exit.ts'
import { toInstant } from './instant.ts'
import type { Terminal } from './terminal.ts'

interface FormatOption {
  readonly format: 'text' | 'json'
}

interface CreateOptions extends DatabaseOptions, FormatOption {
  readonly name: string
  readonly scope: readonly KeyScope[]
  readonly expires?: number
}

/** The log says that it was done here. */
const ACTING = { actor: 'kavach keys' }
/** No key is verified here, so nobody fails. */
const PORTS = { admitFailure: () => true }

export function keysCommand(terminal: Terminal): Command {
  return new Command('keys')
    .description('make, list and revoke keys of a project')
    .addCommand(createCommand(terminal))
    .addCommand(listCommand(terminal))
    .addCommand(revokeCommand(terminal))
}

function createCommand(terminal: Terminal): Command {
  return onDatabase(new Command('create'))
    .description('make a key; it is printed once and kept nowhere')
    .requiredOption('-n, --name <name>', 'what people know it by')
    .requiredOption('-s, --scope <scope>', `what it opens, may be repeated: ${KEY_SCOPES.join(', ')}`, collectScope)
    .option('--expires <time>', 'RFC 3339 with Z; default: never', toInstant)
    .addHelpText(
      'after',
      `
Examples:
  kavach keys create --db kavach.db --name "support desk" --scope approve --scope audit
  KEY=$(kavach keys create --db kavach.db --name gateway --scope decide --expires 2027-01-01T00:00:00Z)

The key goes to standard output, everything else to standard error.`,
    )
    .action(async (options: CreateOptions) => {
      const { name, scope, expires, format } = options
      const expiresAt = expires === undefined ? undefined : new Date(expires)
      const made = await withLog(terminal, options, (site) =>
        createKeys(site, PORTS).create({ name, scopes: scope, expiresAt }, ACTING),
      )
      if (format === 'json') await terminal.print(`${JSON.stringify(made)}\n`)
      else {
        terminal.note(`${describe(made)}\n  = note: the key is shown only now; the database has its SHA-256\n`)
        await terminal.print(`${made.key}\n`)
      }
      terminal.recordExit(EXIT_FINE)
    })
}

function listCommand(terminal: Terminal): Command {
  return onDatabase(new Command('list'))
    .description('list keys, the oldest first, those that are dead included')
    .action(async (options: DatabaseOptions & FormatOption) => {
      const keys = await withLog(terminal, options, (site) => createKeys(site, PORTS).list())
      const lines = keys.map((key) => (options.format === 'json' ? JSON.stringify(key) : describe(key)))
      await terminal.print(lines.map((line) => `${line}\n`).join(''))
      terminal.recordExit(EXIT_FINE)
    })
}

function revokeCommand(terminal: Terminal): Command {
  return onDatabase(new Command('revoke'))
    .description('revoke a key: it opens nothing from now on')
    .argument('<id>', 'key_..., as `kavach keys list` prints it')
    .action(async (id: string, options: DatabaseOptions & FormatOption) => {
      const revoked = await withLog(terminal, options, (site) =>
        createKeys(site, PORTS)
          .revoke(id, ACTING)
          .catch((error: unknown) => {
            if (!(error instanceof KavachError) || error.code !== 'KVCH_E_KEY_INVALID') throw error
            throw new CliError(EXIT_NO_INPUT, error.message, '`kavach keys list` prints those that there are')
          }),
      )
      await terminal.print(`${options.format === 'json' ? JSON.stringify(revoked) : describe(revoked)}\n`)
      terminal.recordExit(EXIT_FINE)
    })
}

function onDatabase(command: Command): Command {
  return command
    .requiredOption('--db <file>', 'database of a host')
    .option(...PROJECT)
    .addOption(new Option('--format <format>', 'how the result is printed').choices(['text', 'json']).default('text'))
}

/** `key_01K8... support desk: approve, audit; made 2026-04-01T12:00:00.000Z` */
function describe({ id, name, scopes, createdAt, expiresAt, revokedAt }: ProjectKey): string {
  const fate =
    revokedAt !== undefined
      ? `; revoked ${revokedAt.toISOString()}`
      : expiresAt !== undefined
        ? `; expires ${expiresAt.toISOString()}`
        : ''
  return `${id} ${name}: ${scopes.join(', ')}; made ${createdAt.toISOString()}${fate}`
}

function collectScope(value: string, before: readonly KeyScope[] = []): readonly KeyScope[] {
  const scope = KEY_SCOPES.find((known) => known === value)
  if (scope === undefined) throw new InvalidArgumentError(`There is no such scope: use ${KEY_SCOPES.join(', ')}.`)
  return [...before, scope]
}
