/** The text of a policy with grants narrowed or taken away; comments of what stays, stay. */
import { type PolicyFile, parsePolicy, printPolicy, type Span, type TextEdit } from '../../grammar/index.ts'

/** A statement or member that goes, with the comments that are its own. */
export function removal(file: PolicyFile, { start, end }: Span): TextEdit {
  const { text } = file
  const lineStart = text.lastIndexOf('\n', start - 1) + 1
  const lineEnd = endOfLine(text, end)
  const isAlone = text.slice(lineStart, start).trim() === '' && /^\s*(\/\/.*)?$/.test(text.slice(end, lineEnd))
  if (!isAlone) return { path: file.path, span: { start, end }, text: '' }
  return {
    path: file.path,
    span: { start: withComments(text, lineStart), end: Math.min(lineEnd + 1, text.length) },
    text: '',
  }
}

function endOfLine(text: string, from: number): number {
  const found = text.indexOf('\n', from)
  return found < 0 ? text.length : found
}

/** The start of the comments that stand right above the line, without an empty line between. */
function withComments(text: string, lineStart: number): number {
  let start = lineStart
  while (start > 0) {
    const above = text.lastIndexOf('\n', start - 2) + 1
    if (!/^\s*\/\//.test(text.slice(above, start - 1))) return start
    start = above
  }
  return start
}

/** The file with its edits made; as `kavach fmt` writes it when it was written so before. */
export function applyEdits(file: PolicyFile, edits: readonly TextEdit[]): string {
  const own = edits.filter(({ path }) => path === file.path).sort((a, b) => b.span.start - a.span.start)
  if (own.length === 0) return file.text
  let { text } = file
  for (const { span, text: inserted } of own) text = text.slice(0, span.start) + inserted + text.slice(span.end)
  const isFormatted = printPolicy(file) === file.text
  const parsed = parsePolicy(file.path, text)
  return isFormatted && parsed.diagnostics.length === 0 ? printPolicy(parsed.file) : text
}
