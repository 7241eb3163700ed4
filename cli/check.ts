/** `kavach check`: what is wrong with a policy. */
import { join } from 'node:path'
import { Command } from 'commander'
import type { Diagnostic, DiagnosticFormat, TextEdit } from '../grammar/index.ts'
import { analyzeFolder } from './checked.ts'
import { EXIT_FINE, EXIT_UNKNOWN, worstExit } from './exit.ts'
import { writeFilesAtomically } from './files.ts'
import { countFindings, formatOption, plural, printFindings } from './findings.ts'
import { loadPolicyFolder, type PolicyFolder } from './policy-folder.ts'
import type { Terminal } from './terminal.ts'

interface CheckOptions {
  readonly fix?: true
  readonly strict?: true
  readonly format: DiagnosticFormat
}

export function checkCommand(terminal: Terminal): Command {
  return new Command('check')
    .description('find what is wrong with a policy: syntax, names, types, catalogs, delegations that give too much')
    .argument('<path>', 'folder of .kavach files, or one file')
    .option('--fix', 'apply the fixes that are certainly right, then check again')
    .option('--strict', 'report as errors the warnings that the language reference marks so')
    .addOption(formatOption())
    .addHelpText(
      'after',
      `
Examples:
  kavach check policy
  kavach check policy --fix
  kavach check policy --strict --format github    annotations in a pull request
  kavach check policy --format sarif > policy.sarif

The exit code is 1 when there is an error, 3 when a delegation could be neither proved nor refuted (KV9001);
other warnings leave it 0. Assertions are \`kavach prove\`'s.`,
    )
    .action(async (path: string, options: CheckOptions) => {
      terminal.recordExit(await check(terminal, path, options))
    })
}

async function check(terminal: Terminal, path: string, options: CheckOptions): Promise<number> {
  const settings = { strict: options.strict ?? false, assertions: false }
  let folder = loadPolicyFolder(terminal, path)
  let checked = await analyzeFolder(terminal, folder, settings)
  if (options.fix) {
    const fixed = applyFixes(folder, checked.diagnostics)
    if (fixed.count > 0) {
      writeFilesAtomically(
        terminal.cwd,
        fixed.files.map(({ path: name, text }) => ({ path: join(folder.root, name), data: text })),
      )
      terminal.note(`fixed ${plural(fixed.count, 'finding')} in ${plural(fixed.files.length, 'file')}\n`)
      folder = loadPolicyFolder(terminal, path)
      checked = await analyzeFolder(terminal, folder, settings)
    }
  }
  const code = await printFindings(terminal, folder, checked.diagnostics, options.format)
  if (options.format === 'text') {
    const summary =
      code === EXIT_FINE && checked.diagnostics.length === 0 ? 'nothing to report' : countFindings(checked.diagnostics)
    terminal.note(`${path}: ${plural(folder.files.length, 'file')}, ${summary}\n`)
  }
  return worstExit(code, (checked.analysis?.unknown ?? 0) > 0 ? EXIT_UNKNOWN : EXIT_FINE)
}

/** Texts after the fixes that do not touch each other; the rest is left for the next run. */
export function applyFixes(
  folder: PolicyFolder,
  diagnostics: readonly Diagnostic[],
): { readonly files: PolicyFolder['files']; readonly count: number } {
  const taken: TextEdit[] = []
  let count = 0
  for (const { fix } of diagnostics) {
    if (fix === undefined || fix.edits.some((edit) => taken.some((other) => touches(edit, other)))) continue
    taken.push(...fix.edits)
    count++
  }
  const files = folder.files.flatMap(({ path, text }) => {
    const edits = taken.filter((edit) => edit.path === path).sort((a, b) => b.span.start - a.span.start)
    if (edits.length === 0) return []
    return [
      {
        path,
        text: edits.reduce((now, { span, text: put }) => now.slice(0, span.start) + put + now.slice(span.end), text),
      },
    ]
  })
  return { files, count }
}

function touches(a: TextEdit, b: TextEdit): boolean {
  return a.path === b.path && a.span.start <= b.span.end && b.span.start <= a.span.end
}
