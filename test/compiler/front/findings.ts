import { type CheckOptions, checkPolicy } from '../../../compiler/front/index.ts'
import { type Diagnostic, type PolicyFile, parsePolicy, type Span } from '../../../grammar/index.ts'

/** Files by path; text alone is `a.kavach`. */
export type Sources = string | Readonly<Record<string, string>>

export function parse(sources: Sources): readonly PolicyFile[] {
  const files = typeof sources === 'string' ? { 'a.kavach': sources } : sources
  return Object.entries(files).map(([path, text]) => {
    const { file, diagnostics } = parsePolicy(path, text)
    if (diagnostics.length > 0) throw new Error(JSON.stringify(diagnostics))
    return file
  })
}

/**
 * What the checks say of a policy that parses: every member of every diagnostic, the spans as `line:column "text"`.
 *
 * With `codes` the others are left out, so that a rule can be shown on text that others have something to say about too.
 */
export function findings(sources: Sources, options: CheckOptions = {}, codes?: readonly string[]): string {
  const files = parse(sources)
  const found = checkPolicy(files, options).diagnostics.filter(
    ({ code }) => codes === undefined || codes.includes(code),
  )
  return `\n${found.map((diagnostic) => describe(files, diagnostic)).join('\n')}\n`
}

function describe(files: readonly PolicyFile[], diagnostic: Diagnostic): string {
  const { code, severity, message, path, span, label, secondary, notes, help, fix, ...others } = diagnostic
  const where = (file: string, at: Span): string => {
    const text = files.find((candidate) => candidate.path === file)?.text ?? ''
    const before = text.slice(0, at.start).split('\n')
    return `${file}:${before.length}:${(before.at(-1) ?? '').length + 1} ${JSON.stringify(text.slice(at.start, at.end))}`
  }
  const lines = [`${severity} ${code}: ${message}`, `  ${where(path, span)} ${label ?? ''}`.trimEnd()]
  for (const other of secondary ?? []) lines.push(`  ${where(other.path, other.span)} ${other.label}`)
  for (const note of notes ?? []) lines.push(`  ${note.key}: ${note.text}`)
  if (help !== undefined) lines.push(`  help: ${help}`)
  for (const edit of fix?.edits ?? []) {
    lines.push(`  fix: ${fix?.title}: ${where(edit.path, edit.span)} -> ${JSON.stringify(edit.text)}`)
  }
  if (Object.keys(others).length > 0) lines.push(`  ${JSON.stringify(others)}`)
  return lines.join('\n')
}
