/** `kavach fmt`: policy text in its one form. */
import { join, relative, resolve } from 'node:path'
import { Command } from 'commander'
import type { DiagnosticFormat } from '../grammar/index.ts'
import { EXIT_FINDINGS, EXIT_FINE } from './exit.ts'
import { isFolder, loadBytes, writeFilesAtomically } from './files.ts'
import { formatOption, hasErrors, printFindings } from './findings.ts'
import { loadGrammar } from './language.ts'
import { noPolicy, policyFilesBelow, toText } from './policy-folder.ts'
import type { Terminal } from './terminal.ts'

interface FmtOptions {
  readonly check?: true
  readonly format: DiagnosticFormat
}

export function fmtCommand(terminal: Terminal): Command {
  return new Command('fmt')
    .description('format policy files in place; without paths, or with -, standard input to standard output')
    .argument('[paths...]', 'files, or folders of .kavach files')
    .option('--check', 'write nothing; name the files that are not formatted and exit with 1')
    .addOption(formatOption())
    .addHelpText(
      'after',
      `
Examples:
  kavach fmt policy
  kavach fmt --check policy     for CI
  kavach fmt - < in.kavach      for editors

Comments stay where they are. A file with a syntax error is not touched.`,
    )
    .action(async (paths: string[], options: FmtOptions) => {
      if (paths.length === 0 || (paths.length === 1 && paths[0] === '-')) {
        terminal.recordExit(await formatStream(terminal, options))
        return
      }
      for (const path of paths) terminal.recordExit(await formatPath(terminal, path, options))
    })
}

async function formatStream(terminal: Terminal, options: FmtOptions): Promise<number> {
  if (terminal.parts.isTyped) terminal.note('reading a policy from the keyboard; Ctrl-D ends\n')
  const chunks: Uint8Array[] = []
  for await (const chunk of terminal.parts.stdin) chunks.push(Buffer.from(chunk))
  const text = toText(Buffer.concat(chunks), 'standard input')
  const formatted = await format(terminal, { path: '<stdin>', text }, options)
  if (formatted === undefined) return EXIT_FINDINGS
  if (options.check) return formatted === text ? EXIT_FINE : EXIT_FINDINGS
  await terminal.print(formatted)
  return EXIT_FINE
}

async function formatPath(terminal: Terminal, named: string, options: FmtOptions): Promise<number> {
  const path = resolve(terminal.cwd, named)
  const files = isFolder(path, named) ? policyFilesBelow(path, named).map((name) => join(path, name)) : [path]
  if (files.length === 0) throw noPolicy(named)
  const changed: { path: string; data: string }[] = []
  let code = EXIT_FINE
  for (const file of files) {
    const shown = relative(terminal.cwd, file)
    const text = toText(loadBytes(file, shown), shown)
    const formatted = await format(terminal, { path: shown, text }, options)
    if (formatted === undefined) code = EXIT_FINDINGS
    else if (formatted !== text) changed.push({ path: file, data: formatted })
  }
  for (const { path: file } of changed) await terminal.print(`${relative(terminal.cwd, file)}\n`)
  if (options.check) return changed.length > 0 ? EXIT_FINDINGS : code
  writeFilesAtomically(terminal.cwd, changed)
  return code
}

/** The formatted text, or `undefined` after printing why it cannot be formatted. */
async function format(
  terminal: Terminal,
  source: { readonly path: string; readonly text: string },
  options: FmtOptions,
): Promise<string | undefined> {
  const { parsePolicy, printPolicy } = await loadGrammar()
  const { file, diagnostics } = parsePolicy(source.path, source.text)
  if (!hasErrors(diagnostics)) return printPolicy(file)
  const folder = { root: terminal.cwd, shown: source.path, files: [source] }
  await printFindings(terminal, folder, diagnostics, options.format)
  return undefined
}
