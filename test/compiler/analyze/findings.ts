/** What the analyses say of a policy's text, every member of every finding. */
import { type AnalyzePolicyOptions, analyzePolicy, type PolicyAnalysis } from '../../../compiler/analyze/index.ts'
import { type CheckOptions, checkPolicy } from '../../../compiler/front/index.ts'
import { type Diagnostic, type PolicyFile, parsePolicy, type Span } from '../../../grammar/index.ts'

/** Files by path; text alone is `a.kavach`. */
export type Sources = string | Readonly<Record<string, string>>

export interface Analyzed extends PolicyAnalysis {
  readonly files: readonly PolicyFile[]
}

/** Checks and analyses a policy. @throws {TypeError} when it has errors already */
export function analyzed(sources: Sources, options: AnalyzePolicyOptions & CheckOptions = {}): Analyzed {
  const texts = typeof sources === 'string' ? { 'a.kavach': sources } : sources
  const parsed = Object.entries(texts)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, text]) => parsePolicy(path, text))
  const files = parsed.map(({ file }) => file)
  const checked = checkPolicy(files, options)
  const errors = [...parsed.flatMap(({ diagnostics }) => diagnostics), ...checked.diagnostics].filter(
    ({ severity }) => severity === 'error',
  )
  const { model } = checked
  if (model === undefined || errors.length > 0) throw new TypeError(JSON.stringify(errors))
  return { files, ...analyzePolicy({ ...checked, model, files }, options) }
}

/** What the analyses say: the spans as `line:column "text"`. */
export function findings(sources: Sources, options: AnalyzePolicyOptions & CheckOptions = {}): string {
  const { files, diagnostics } = analyzed(sources, options)
  return `\n${diagnostics.map((diagnostic) => describe(files, diagnostic)).join('\n')}\n`
}

function describe(files: readonly PolicyFile[], diagnostic: Diagnostic): string {
  const { code, severity, message, path, span, label, secondary, notes, help, ...others } = diagnostic
  const where = (file: string, at: Span): string => {
    const text = files.find((candidate) => candidate.path === file)?.text ?? ''
    const before = text.slice(0, at.start).split('\n')
    const shown = text.slice(at.start, at.end).replace(/\s+/g, ' ')
    return `${file}:${before.length}:${(before.at(-1) ?? '').length + 1} ${JSON.stringify(shown)}`
  }
  const lines = [`${severity} ${code}: ${message}`, `  ${where(path, span)} ${label ?? ''}`.trimEnd()]
  for (const other of secondary ?? []) lines.push(`  ${where(other.path, other.span)} ${other.label}`)
  for (const note of notes ?? []) lines.push(`  ${note.key}: ${note.text}`)
  if (help !== undefined) lines.push(`  help: ${help}`)
  if (Object.keys(others).length > 0) lines.push(`  ${JSON.stringify(others)}`)
  return lines.join('\n')
}
