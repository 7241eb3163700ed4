/** Diagnostics on their way to a person or a machine. */
import { Option } from 'commander'
import type { Diagnostic, DiagnosticFormat } from '../grammar/index.ts'
import { EXIT_FINDINGS, EXIT_FINE } from './exit.ts'
import { loadGrammar } from './language.ts'
import { type PolicyFolder, shownFile } from './policy-folder.ts'
import type { Terminal } from './terminal.ts'

export const FORMATS = ['text', 'json', 'sarif', 'github'] as const

/** `--format`, for every command that reports findings. */
export function formatOption(): Option {
  return new Option('--format <format>', 'how findings are printed').choices(FORMATS).default('text')
}

/** Prints findings with paths as seen from the current folder, and returns the exit code: 1 when one is an error. */
export async function printFindings(
  terminal: Terminal,
  folder: PolicyFolder,
  diagnostics: readonly Diagnostic[],
  format: DiagnosticFormat,
): Promise<number> {
  const text = await findingsText(terminal, folder, diagnostics, format)
  if (text !== '') await terminal.print(text)
  return hasErrors(diagnostics) ? EXIT_FINDINGS : EXIT_FINE
}

/** What `printFindings` prints; empty, or whole lines. */
export async function findingsText(
  terminal: Terminal,
  folder: PolicyFolder,
  diagnostics: readonly Diagnostic[],
  format: DiagnosticFormat,
): Promise<string> {
  const show = (path: string): string => shownFile(terminal, folder, path)
  const sources = new Map(folder.files.map(({ path, text }) => [show(path), text]))
  const moved = diagnostics.map((diagnostic) => withPaths(diagnostic, show))
  const { renderDiagnostics } = await loadGrammar()
  const text = renderDiagnostics(moved, sources, format, { color: terminal.color })
  return text === '' || text.endsWith('\n') ? text : `${text}\n`
}

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(({ severity }) => severity === 'error')
}

function withPaths(diagnostic: Diagnostic, show: (path: string) => string): Diagnostic {
  const { secondary, fix } = diagnostic
  return {
    ...diagnostic,
    path: show(diagnostic.path),
    ...(secondary && { secondary: secondary.map((item) => ({ ...item, path: show(item.path) })) }),
    ...(fix && { fix: { ...fix, edits: fix.edits.map((edit) => ({ ...edit, path: show(edit.path) })) } }),
  }
}

/** `2 errors, 1 warning`. */
export function countFindings(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length
  return `${plural(errors, 'error')}, ${plural(diagnostics.length - errors, 'warning')}`
}

/** `1 test`, `2 tests`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
