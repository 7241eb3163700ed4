/** `kavach audit show`: one row of the log. */
import { Command } from 'commander'
import { createAudit } from '../runtime/index.ts'
import { type DatabaseOptions, PROJECT, withLog } from './audit-source.ts'
import { EXIT_FINE } from './exit.ts'
import type { Terminal } from './terminal.ts'

export function auditShowCommand(terminal: Terminal): Command {
  return new Command('show')
    .description('show a row of the log')
    .argument('<audit-id>', 'aud_...')
    .requiredOption('--db <file>', 'database of a host')
    .option(...PROJECT)
    .addHelpText('after', '\nExamples:\n  kavach audit show aud_17 --db kavach.db')
    .action(async (auditId: string, options: DatabaseOptions) => {
      const row = await withLog(terminal, options, (site) => createAudit(site).get(auditId))
      await terminal.print(`${JSON.stringify(row, null, 2)}\n`)
      terminal.recordExit(EXIT_FINE)
    })
}
