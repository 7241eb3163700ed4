/** `kavach policy status`: what a host enforces, as its database has it. */
import { Command, Option } from 'commander'
import { type KeptPolicy, policyStatus } from '../runtime/index.ts'
import { type DatabaseOptions, PROJECT, withLog } from './audit-source.ts'
import { EXIT_FINE } from './exit.ts'
import type { Terminal } from './terminal.ts'

interface StatusOptions extends DatabaseOptions {
  readonly format: 'text' | 'json'
}

export function policyStatusCommand(terminal: Terminal): Command {
  return new Command('status')
    .description('print the policies that a host enforces, tries in the shadow, and stages')
    .requiredOption('--db <file>', 'database of a host')
    .option(...PROJECT)
    .addOption(new Option('--format <format>', 'how the result is printed').choices(['text', 'json']).default('text'))
    .addHelpText('after', '\nExamples:\n  kavach policy status --db kavach.db')
    .action(async ({ format, ...options }: StatusOptions) => {
      const status = await withLog(terminal, options, (site) => site.read((reader) => policyStatus(reader)))
      const { enforced, shadow, staged } = status
      const lines = [
        enforced === undefined ? 'enforced: the built-in policy' : `enforced: ${describe(enforced)}`,
        ...(shadow === undefined ? [] : [`shadow:   ${describe(shadow)}`]),
        ...(staged === undefined ? [] : [`staged:   ${describe(staged)}, for ${audience(staged)}`]),
      ]
      await terminal.print(format === 'json' ? `${JSON.stringify(status)}\n` : `${lines.join('\n')}\n`)
      terminal.recordExit(EXIT_FINE)
    })
}

function describe({ name, generation, digest, enforcedSince }: KeptPolicy): string {
  const since = enforcedSince === undefined ? '' : `, since ${enforcedSince.toISOString()}`
  return `${name} generation ${generation}, digest ${digest}${since}`
}

function audience({ percent, agents }: { readonly percent: number; readonly agents: readonly string[] }): string {
  return [...(percent > 0 ? [`${percent} % of all agents`] : []), ...agents].join(', ')
}
