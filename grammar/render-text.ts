/**
 * Diagnostics for a terminal:
 *
 *     error[KV0101]: message
 *       ┌ acme.kavach:52:15
 *     52 │   the line of the text
 *        │       ^^^^^ label
 *       ┌ acme.kavach:17:3
 *     17 │   another line   <- its label
 *        = witness: a note
 *        = help: what to do
 *
 * Text of the policy is shown so that it cannot disturb the terminal, and of a long line only the part that matters.
 */
import type { Span } from './ast.ts'
import type { Diagnostic } from './diagnostic.ts'
import type { SourceText } from './source-text.ts'
import { visible, widthOf } from './visible.ts'

export interface TextContext {
  readonly texts: ReadonlyMap<string, SourceText>
  readonly page: (code: string) => string | undefined
  readonly isColored: boolean
}

/** One block for each diagnostic, with an empty line between them. */
export function renderText(diagnostics: readonly Diagnostic[], context: TextContext): string {
  const paint = context.isColored ? colored : plain
  return diagnostics.map((diagnostic) => renderOne(diagnostic, context, paint)).join('\n')
}

type Style = 'error' | 'warning' | 'gutter' | 'strong'
type Paint = (style: Style, text: string) => string

interface Frame {
  readonly path: string
  readonly span: Span
  readonly label: string | undefined
  readonly isPrimary: boolean
}

function renderOne(diagnostic: Diagnostic, { texts, page }: TextContext, paint: Paint): string {
  const { code, severity, message, path, span, label, secondary = [], notes = [], help, fix } = diagnostic
  const frames: Frame[] = [
    { path, span, label, isPrimary: true },
    ...secondary.map((item) => ({ ...item, isPrimary: false })),
  ]
  const lineNumbers = frames.map((frame) => texts.get(frame.path)?.place(frame.span.start).line ?? 1)
  const width = String(Math.max(...lineNumbers)).length
  const lines = [paint(severity, `${severity}[${code}]`) + paint('strong', `: ${visible(message)}`)]
  for (const frame of frames) lines.push(...renderFrame(frame, { text: texts.get(frame.path), width, severity, paint }))
  const tail = notes.map(({ key, text }) => [key, text] as const).concat(helpLines(help, fix?.title, page(code)))
  const margin = ' '.repeat(width + 1)
  for (const [key, text] of tail) {
    const continued = `\n${margin}  ${' '.repeat(key.length + 2)}`
    lines.push(`${margin}${paint('gutter', '=')} ${key}: ${text.split('\n').map(visible).join(continued)}`)
  }
  return `${lines.join('\n')}\n`
}

function helpLines(
  help: string | undefined,
  fix: string | undefined,
  page: string | undefined,
): (readonly [string, string])[] {
  const lines: (readonly [string, string])[] = []
  const advice = help ?? fix
  if (advice !== undefined) lines.push(['help', advice])
  if (page !== undefined) lines.push(['docs', page])
  return lines
}

interface FrameContext {
  readonly text: SourceText | undefined
  readonly width: number
  readonly severity: Diagnostic['severity']
  readonly paint: Paint
}

function renderFrame(frame: Frame, { text, width, severity, paint }: FrameContext): string[] {
  const corner = `${' '.repeat(width)}${paint('gutter', '┌')} `
  const path = visible(frame.path)
  if (text === undefined)
    return [
      corner + path,
      ...(frame.label ? [`${' '.repeat(width + 1)}${paint('gutter', '│')} ${visible(frame.label)}`] : []),
    ]
  const { line, column } = text.place(frame.span.start)
  const { before, marked, after, lead } = excerpt(text, frame.span, line)
  const shown = (before + marked + after).trimEnd()
  const gutter = (number: string): string => paint('gutter', `${number.padStart(width)} │`)
  const top = `${corner}${path}:${line}:${column}`
  const label = frame.label === undefined ? '' : visible(frame.label)
  if (!frame.isPrimary) {
    const arrow = label === '' ? '' : `   ${paint('gutter', `<- ${label}`)}`
    return [top, `${gutter(String(line))} ${shown}${arrow}`.trimEnd()]
  }
  const carets = paint(severity, `${'^'.repeat(Math.max(1, columns(marked)))}${label === '' ? '' : ` ${label}`}`)
  return [top, `${gutter(String(line))} ${shown}`.trimEnd(), `${gutter('')} ${' '.repeat(lead)}${carets}`]
}

interface Excerpt {
  readonly before: string
  readonly marked: string
  readonly after: string
  /** Columns before the marked part. */
  readonly lead: number
}

/** The line of the span's start in three parts, tabs expanded; of a long line what is around the start of the span. */
function excerpt(source: SourceText, span: Span, line: number): Excerpt {
  const { text } = source
  const { start, end } = source.line(line)
  const from = Math.min(Math.max(span.start, start), end)
  const isLong = end - start > LONG_LINE
  const first = isLong ? boundary(text, Math.max(start, from - BEFORE)) : start
  const last = isLong ? boundary(text, Math.min(end, from + BEHIND)) : end
  const to = Math.min(Math.max(span.end, from), last)
  const before = (first > start ? ELLIPSIS : '') + display(text.slice(first, from), 0)
  const lead = columns(before)
  const marked = display(text.slice(from, to), lead)
  const after = display(text.slice(to, last), lead + columns(marked)) + (last < end ? ELLIPSIS : '')
  return { before, marked, after, lead }
}

/** `at`, or one less where it would cut a character in two. */
function boundary(text: string, at: number): number {
  return (text.charCodeAt(at) & 0xfc00) === 0xdc00 && (text.charCodeAt(at - 1) & 0xfc00) === 0xd800 ? at - 1 : at
}

/** Text without tabs and without anything that a terminal would obey. */
function display(text: string, column: number): string {
  if (!text.includes('\t')) return visible(text)
  let shown = ''
  let at = column
  for (const [index, part] of text.split('\t').entries()) {
    if (index > 0) {
      const blanks = TAB - (at % TAB)
      shown += ' '.repeat(blanks)
      at += blanks
    }
    const safe = visible(part)
    shown += safe
    at += columns(safe)
  }
  return shown
}

function columns(text: string): number {
  let sum = 0
  for (const character of text) sum += widthOf(character)
  return sum
}

function plain(_style: Style, text: string): string {
  return text
}

function colored(style: Style, text: string): string {
  return text === '' ? '' : `\x1b[${STYLES[style]}m${text}\x1b[0m`
}

const STYLES: Readonly<Record<Style, string>> = { error: '1;31', warning: '1;33', gutter: '34', strong: '1' }
const TAB = 4
const ELLIPSIS = '...'
/** In UTF-16 units. */
const LONG_LINE = 160
const BEFORE = 60
const BEHIND = 90
