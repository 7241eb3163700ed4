/** Where `kavach test --write` puts its tests: never over what a person wrote. */
import { existsSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import type { ProposedTests } from '../compiler/analyze/index.ts'
import { CliError, EXIT_REFUSED, EXIT_USAGE } from './exit.ts'
import { writeFilesAtomically } from './files.ts'
import { plural } from './findings.ts'
import { loadAnalyses } from './language.ts'
import { loadText, type PolicyFolder } from './policy-folder.ts'
import type { Terminal } from './terminal.ts'

export interface WriteTarget {
  /** Absolute. */
  readonly path: string
  readonly shown: string
}

const ENDING = '.generated.test.kavach'

/** @throws {CliError} 64 for another ending, 2 when the file is there and was not written by us */
export async function openTarget(terminal: Terminal, named: string): Promise<WriteTarget> {
  if (!named.endsWith(ENDING)) {
    throw new CliError(
      EXIT_USAGE,
      `\`${named}\` does not end in \`${ENDING}\``,
      `name a file such as \`policy${ENDING}\``,
    )
  }
  const path = resolve(terminal.cwd, named)
  if (existsSync(path)) {
    const { GENERATED_MARK } = await loadAnalyses()
    if (!loadText(path, named).startsWith(`${GENERATED_MARK}\n`)) {
      throw new CliError(
        EXIT_REFUSED,
        `\`${named}\` was not written by \`kavach test --write\``,
        'name another file, or take this one away',
      )
    }
  }
  return { path, shown: named }
}

/** The policy without what was written before: its tests are found anew. */
export function withoutTarget(folder: PolicyFolder, target: WriteTarget | undefined): PolicyFolder {
  if (target === undefined) return folder
  const name = relative(folder.root, target.path).replaceAll('\\', '/')
  return { ...folder, files: folder.files.filter(({ path }) => path !== name) }
}

/** Writes the file, unless nothing is proposed. */
export function writeProposed(terminal: Terminal, target: WriteTarget, { rows, text }: ProposedTests): void {
  if (rows > 0) writeFilesAtomically(terminal.cwd, [{ path: target.path, data: text }])
}

export function proposedText(
  proposed: ProposedTests,
  target: WriteTarget | undefined,
  show: (path: string) => string,
): string {
  const { rows, left, text } = proposed
  const written = target === undefined ? 'proposed' : `written to ${target.shown}`
  const lines = [rows === 0 ? 'no tests to propose' : `${plural(rows, 'row')} ${written}`]
  if (left.length > 0) lines.push(`${plural(left.length, 'difference')} that no row can show:`)
  for (const { unnoticed, why } of left) {
    lines.push(`  ${show(unnoticed.place.path)}:${unnoticed.place.line}  ${unnoticed.said}: ${why}`)
  }
  return `\n${lines.join('\n')}\n${target === undefined && rows > 0 ? `\n${text}` : ''}`
}

export function proposedJson({ rows, text, left }: ProposedTests, show: (path: string) => string): unknown {
  return {
    rows,
    text,
    left: left.map(({ unnoticed: { place, said }, why }) => ({ path: show(place.path), line: place.line, said, why })),
  }
}
