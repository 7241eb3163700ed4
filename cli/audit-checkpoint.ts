/** `kavach audit checkpoint`: signs the log as it is now. */
import { resolve } from 'node:path'
import { Command } from 'commander'
import { createCheckpointer } from '../runtime/index.ts'
import { createFileSink } from '../storage/index.ts'
import { type DatabaseOptions, PROJECT, withLog } from './audit-source.ts'
import { CliError, EXIT_FINDINGS, EXIT_FINE } from './exit.ts'
import { loadText } from './policy-folder.ts'
import type { Terminal } from './terminal.ts'

interface CheckpointCliOptions extends DatabaseOptions {
  readonly key?: string
  readonly origin?: string
  readonly out?: string
}

export function auditCheckpointCommand(terminal: Terminal): Command {
  return new Command('checkpoint')
    .description('print the last signed checkpoint; with --key, sign the log as it is now')
    .requiredOption('--db <file>', 'database of a host')
    .option(...PROJECT)
    .option('-k, --key <file>', 'private key, as `kavach policy keygen` makes it')
    .option('--origin <name>', 'name of the log, as the host has it', 'kavachos')
    .option('-o, --out <file>', 'append the checkpoint to this file')
    .addHelpText(
      'after',
      `
Examples:
  kavach audit checkpoint --db kavach.db
  kavach audit checkpoint --db kavach.db --key log.key --origin example.com/kavach -o checkpoints.txt`,
    )
    .action(async (options: CheckpointCliOptions) => {
      terminal.recordExit(await checkpoint(terminal, options))
    })
}

async function checkpoint(terminal: Terminal, { key, origin, out, ...options }: CheckpointCliOptions): Promise<number> {
  const pem = key === undefined ? undefined : loadText(resolve(terminal.cwd, key), key)
  const last = await withLog(
    terminal,
    options,
    async (site) => {
      if (pem !== undefined) await createCheckpointer(site).flush()
      return site.read(async (reader) => {
        const [row] = await reader.find('checkpoints', 'key', { isReversed: true, limit: 1 })
        return { note: row?.note, isLast: row?.size === (await reader.get('heads', {}))?.size }
      })
    },
    { key: pem, origin },
  )
  if (last.note === undefined) throw new CliError(EXIT_FINDINGS, 'there is no checkpoint', 'sign one with --key')
  await terminal.print(last.note)
  if (out !== undefined)
    await createFileSink(resolve(terminal.cwd, out)).write({ note: last.note, size: 0, project: options.project })
  return pem === undefined || last.isLast ? EXIT_FINE : EXIT_FINDINGS
}
