/** Diagnostics as text for people, and as JSON, SARIF and workflow commands for machines. */
import type { Span } from './ast.ts'
import type { Diagnostic, TextEdit } from './diagnostic.ts'
import { renderText } from './render-text.ts'
import { type Place, SourceText } from './source-text.ts'
import { visible } from './visible.ts'

export type DiagnosticFormat = 'text' | 'json' | 'sarif' | 'github'

export interface RenderOptions {
  /** ANSI colours, in the format `text` only. */
  readonly color?: boolean
  /** Where the pages of the codes are; `CODE.md` is appended. Without it no links are given. */
  readonly docsBaseUrl?: string | undefined
}

/**
 * The diagnostics in `format`; lines end in `\n`. No diagnostics are the empty text, or an empty document where the format
 * has one.
 *
 * @param sources text by path. A diagnostic whose path is missing here is given without its place.
 */
export function renderDiagnostics(
  diagnostics: readonly Diagnostic[],
  sources: ReadonlyMap<string, string>,
  format: DiagnosticFormat,
  options: RenderOptions = {},
): string {
  const texts = new Map([...sources].map(([path, text]) => [path, new SourceText(text)]))
  const base = options.docsBaseUrl?.replace(/\/+$/, '')
  const context: Context = { texts, page: (code) => (base === undefined ? undefined : `${base}/${code}.md`) }
  switch (format) {
    case 'text':
      return renderText(diagnostics, { ...context, isColored: options.color === true })
    case 'json':
      return `${JSON.stringify({ diagnostics: diagnostics.map((diagnostic) => toJson(diagnostic, context)) }, null, 2)}\n`
    case 'sarif':
      return `${JSON.stringify(toSarif(diagnostics, context), null, 2)}\n`
    case 'github':
      return diagnostics.map((diagnostic) => toWorkflowCommand(diagnostic, context)).join('')
  }
}

interface Context {
  readonly texts: ReadonlyMap<string, SourceText>
  readonly page: (code: string) => string | undefined
}

/** First and last place of a span; the last is exclusive. Lines and columns count from 1, columns in UTF-16 units. */
function range(path: string, span: Span, { texts }: Context): { readonly from: Place; readonly to: Place } | undefined {
  const text = texts.get(path)
  if (text === undefined) return undefined
  return { from: text.place(span.start), to: text.place(Math.max(span.start, span.end)) }
}

function toJson(diagnostic: Diagnostic, context: Context): unknown {
  const { code, severity, message, path, span, label, secondary, notes, help, fix } = diagnostic
  const page = context.page(code)
  return {
    code,
    severity,
    message,
    path,
    ...span,
    ...jsonRange(path, span, context),
    ...(label !== undefined && { label }),
    ...(secondary && {
      secondary: secondary.map((item) => ({
        label: item.label,
        path: item.path,
        ...item.span,
        ...jsonRange(item.path, item.span, context),
      })),
    }),
    ...(notes && { notes }),
    ...(help !== undefined && { help }),
    ...(fix && { fix: { title: fix.title, edits: fix.edits.map((edit) => jsonEdit(edit, context)) } }),
    ...(page !== undefined && { docs: page }),
  }
}

function jsonEdit({ path, span, text }: TextEdit, context: Context): unknown {
  return { path, ...span, ...jsonRange(path, span, context), text }
}

function jsonRange(path: string, span: Span, context: Context): object {
  const places = range(path, span, context)
  if (places === undefined) return {}
  const { from, to } = places
  return { line: from.line, column: from.column, endLine: to.line, endColumn: to.column }
}

/** @see SARIF 2.1.0 (OASIS), sections 3.27 (results), 3.49 (rules) and 3.55 (fixes) */
function toSarif(diagnostics: readonly Diagnostic[], context: Context): unknown {
  const codes = [...new Set(diagnostics.map(({ code }) => code))].sort()
  const rules = codes.map((id) => {
    const helpUri = context.page(id)
    return helpUri === undefined ? { id } : { id, helpUri }
  })
  const results = diagnostics.map((diagnostic) => sarifResult(diagnostic, codes.indexOf(diagnostic.code), context))
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{ tool: { driver: { name: 'kavach', rules } }, columnKind: 'utf16CodeUnits', results }],
  }
}

function sarifResult(diagnostic: Diagnostic, ruleIndex: number, context: Context): unknown {
  const { code, severity, path, span, secondary, fix } = diagnostic
  return {
    ruleId: code,
    ruleIndex,
    level: severity,
    message: { text: fullMessage(diagnostic) },
    locations: [sarifLocation(path, span, context)],
    ...(secondary && {
      relatedLocations: secondary.map((item, id) => ({
        id,
        ...sarifLocation(item.path, item.span, context),
        message: { text: wellFormed(item.label) },
      })),
    }),
    ...(fix && {
      fixes: [{ description: { text: wellFormed(fix.title) }, artifactChanges: sarifChanges(fix.edits, context) }],
    }),
  }
}

function sarifLocation(path: string, span: Span, context: Context): object {
  const region = sarifRegion(path, span, context)
  return { physicalLocation: { artifactLocation: { uri: toUri(path) }, ...(region && { region }) } }
}

function sarifRegion(path: string, span: Span, context: Context): object | undefined {
  const places = range(path, span, context)
  if (places === undefined) return undefined
  const { from, to } = places
  return { startLine: from.line, startColumn: from.column, endLine: to.line, endColumn: to.column }
}

function sarifChanges(edits: readonly TextEdit[], context: Context): unknown {
  const byPath = new Map<string, TextEdit[]>()
  for (const edit of edits) byPath.set(edit.path, [...(byPath.get(edit.path) ?? []), edit])
  return [...byPath].map(([path, list]) => ({
    artifactLocation: { uri: toUri(path) },
    replacements: list.map(({ span, text }) => ({
      deletedRegion: sarifRegion(path, span, context) ?? { charOffset: span.start, charLength: span.end - span.start },
      insertedContent: { text: wellFormed(text) },
    })),
  }))
}

/** @see https://docs.github.com/actions/reference/workflow-commands-for-github-actions */
function toWorkflowCommand(diagnostic: Diagnostic, context: Context): string {
  const { code, severity, path, span } = diagnostic
  const places = range(path, span, context)
  const properties: [string, string | number][] = [['file', path]]
  if (places !== undefined) {
    properties.push(['line', places.from.line], ['col', places.from.column])
    properties.push(['endLine', places.to.line], ['endColumn', places.to.column])
  }
  properties.push(['title', code])
  const list = properties.map(([key, value]) => `${key}=${escapeProperty(String(value))}`).join(',')
  return `::${severity} ${list}::${escapeData(fullMessage(diagnostic))}\n`
}

/** Message, label, notes and help as a few lines of plain text. */
function fullMessage({ message, label, notes, help }: Diagnostic): string {
  const lines = [label === undefined ? message : `${message}: ${label}`]
  for (const note of notes ?? []) lines.push(`${note.key}: ${note.text}`)
  if (help !== undefined) lines.push(`help: ${help}`)
  return lines.map((line) => visible(line)).join('\n')
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}

/** A path as a relative URI reference. */
function toUri(path: string): string {
  return wellFormed(path)
    .split('/')
    .map((part) => encodeURIComponent(part))
    .join('/')
}

/** Without lone surrogates, which no encoder of JSON or URIs likes. */
function wellFormed(text: string): string {
  return text.replace(/\p{Cs}/gu, '\ufffd')
}
