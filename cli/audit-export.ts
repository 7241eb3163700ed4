/** `kavach audit export`: the log for other systems. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command, Option } from 'commander'
import { type AuditExport, createAudit, EXPORT_FORMATS } from '../runtime/index.ts'
import { PROJECT, withLog } from './audit-source.ts'
import { CliError, EXIT_FINE, EXIT_USAGE } from './exit.ts'
import { toInstant } from './instant.ts'
import type { Terminal } from './terminal.ts'

interface ExportCliOptions {
  readonly db: string
  readonly project: string
  readonly format: AuditExport['format']
  readonly proofs?: true
  readonly agent?: string
  readonly user?: string
  readonly result?: 'allowed' | 'denied'
  readonly kind?: string
  readonly since?: number
  readonly until?: number
  readonly out?: string
}

export function auditExportCommand(terminal: Terminal): Command {
  return new Command('export')
    .description('write the log, the oldest row first')
    .requiredOption('--db <file>', 'database of a host')
    .option(...PROJECT)
    .addOption(new Option('--format <format>', 'of the rows').choices(EXPORT_FORMATS).default('jsonl'))
    .option('--proofs', 'with jsonl: all rows as they were hashed, for `kavach audit verify`')
    .option('--agent <id>', 'rows about this agent')
    .option('--user <id>', 'rows that name this owner')
    .addOption(new Option('--result <result>', 'rows with this result').choices(['allowed', 'denied']))
    .option('--kind <kind>', 'rows of this kind')
    .option('--since <time>', 'from this time on, RFC 3339 with Z', toInstant)
    .option('--until <time>', 'before this time', toInstant)
    .option('-o, --out <file>', 'where to write; default: standard output')
    .addHelpText(
      'after',
      `
Examples:
  kavach audit export --db kavach.db --proofs -o audit.jsonl
  kavach audit export --db kavach.db --format csv --since 2026-04-01T00:00:00Z -o april.csv
  kavach audit export --db kavach.db --kind decision | kavach replay - --policy policy`,
    )
    .action(async (options: ExportCliOptions) => {
      terminal.recordExit(await writeExport(terminal, options))
    })
}

async function writeExport(terminal: Terminal, options: ExportCliOptions): Promise<number> {
  const { db, project, format, proofs, agent, user, result, kind, since, until, out } = options
  const wanted = { format, proofs, agentId: agent, userId: user, result, kind, since, until }
  await withLog(terminal, { db, project }, async (site) => {
    const chunks = createAudit(site).exportStream(wanted)
    if (out === undefined) for await (const chunk of chunks) await terminal.print(chunk)
    else await writeTo(resolve(terminal.cwd, out), out, chunks)
  })
  return EXIT_FINE
}

/** Only its owner may read what is written: rows hold personal values. */
async function writeTo(path: string, shown: string, chunks: AsyncIterable<string>): Promise<void> {
  let file: number
  try {
    file = openSync(path, 'w', 0o600)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error
    throw new CliError(EXIT_USAGE, `cannot write \`${shown}\`: ${error.code}`, 'choose another folder')
  }
  try {
    for await (const chunk of chunks) writeSync(file, chunk)
  } finally {
    closeSync(file)
  }
}
