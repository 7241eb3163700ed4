/** `kavach audit prove`: a proof that a row is in the log, for somebody who has nothing but the public key. */
import { Command } from 'commander'
import { createAudit, proveFromBundle } from '../runtime/index.ts'
import { linesOf, PROJECT, sha256, withErrors, withLog } from './audit-source.ts'
import { CliError, EXIT_FINE, EXIT_USAGE } from './exit.ts'
import type { Terminal } from './terminal.ts'

interface ProveCliOptions {
  readonly db?: string
  readonly project: string
  readonly id: string
}

export function auditProveCommand(terminal: Terminal): Command {
  return new Command('prove')
    .description('prove that a row is in the log that was signed')
    .argument('[export]', 'what `kavach audit export --proofs` wrote')
    .option('--db <file>', 'database of a host, in place of an export')
    .option(...PROJECT)
    .requiredOption('--id <audit-id>', 'the row, aud_...')
    .addHelpText(
      'after',
      `
Examples:
  kavach audit prove audit.jsonl --id aud_17 > proof.json
  kavach audit verify proof.json --key log.key.pub`,
    )
    .action(async (file: string | undefined, options: ProveCliOptions) => {
      terminal.recordExit(await prove(terminal, file, options))
    })
}

async function prove(terminal: Terminal, file: string | undefined, options: ProveCliOptions): Promise<number> {
  const { db, project, id } = options
  if ((file === undefined) === (db === undefined)) {
    throw new CliError(EXIT_USAGE, 'give an export, or a database with --db')
  }
  const proof =
    db === undefined
      ? await withErrors(() => proveFromBundle(linesOf(terminal, file ?? ''), id, { sha256 }), file ?? '')
      : await withLog(terminal, { db, project }, (site) => createAudit(site).prove(id))
  await terminal.print(`${JSON.stringify(proof, null, 2)}\n`)
  return EXIT_FINE
}
