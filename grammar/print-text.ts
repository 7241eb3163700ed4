/** Lines of formatted text, written token by token beside the source, so that comments fall where they belong. */
import type { Comment } from './ast.ts'
import { lineEnd } from './lexer.ts'

/** Blanks of one step to the right. */
export const INDENT = 2
/** Wider statements and lists are broken over lines. */
const WIDTH = 120

/** A part of a statement that may stand on a line of its own; `start` is the offset of its first token. */
export interface Clause {
  readonly start: number
  readonly print: () => void
}

/** One of several items with the same word or comma between them. */
export interface RunItem {
  readonly start: number
  readonly end: number
  readonly print: () => void
}

/** A list in brackets; in a table only its author breaks lines. */
export interface ListParts {
  readonly open: '[' | '{'
  readonly close: ']' | '}'
  readonly items: readonly (() => void)[]
  readonly isTable: boolean
}

/**
 * Tokens are separated by a blank unless they are glued. A comment that shares its line with the token before it stays
 * behind that token; any other gets a line of its own.
 *
 * INVARIANT: `at` is the end of the last token or comment in the source, because every token of the source is written, in
 * order and as it was.
 */
export class CommentedText {
  private readonly text: string
  private readonly comments: readonly Comment[]
  private readonly lines: string[] = []
  private line = ''
  private at = 0
  private comment = 0
  private gap = ' '
  /** The line has its last token; a comment may still follow on it. */
  private isLineOver = false
  /** Columns of the current line, of the next one, and of those that only continue it. */
  private lineIndent = 0
  private nextIndent = 0
  private continuation = 0
  /** Columns of the item that is being written. */
  private itemIndent = 0
  private isBetweenItems = true
  private isFirstItem = true
  private needsBlankLine = false
  /** Width so far, while a part is measured instead of written. */
  private measured: number | undefined

  constructor(text: string, comments: readonly Comment[]) {
    this.text = text
    this.comments = comments
  }

  /** Begins a statement or member, the comments before it included. One empty line before it is kept. */
  startItem(start: number, indent: number, needsBlankLine: boolean): void {
    this.isLineOver = true
    this.itemIndent = indent
    this.nextIndent = indent
    this.needsBlankLine = needsBlankLine
    this.flush(start)
    this.beginLine(start)
    this.isBetweenItems = false
    this.continuation = indent + INDENT
  }

  endItem(): void {
    this.isLineOver = true
    this.isBetweenItems = true
  }

  /** Behind a `{`: the items of the block follow. */
  openBlock(): void {
    this.endItem()
    this.isFirstItem = true
  }

  /** Writes the `}` at `offset` on a line of its own. */
  closeBlock(offset: number): void {
    this.nextIndent = INDENT
    this.needsBlankLine = false
    this.flush(offset)
    this.endLine()
    this.isBetweenItems = false
    this.nextIndent = 0
    this.continuation = 0
    this.isFirstItem = false
    this.token('}')
  }

  /** The whole text, with the comments that are left. */
  finish(): string {
    this.isLineOver = true
    this.isBetweenItems = true
    this.nextIndent = 0
    this.flush(this.text.length + 1)
    this.endLine()
    return this.lines.length === 0 ? '' : `${this.lines.join('\n')}\n`
  }

  /** Writes the next token of the source; `end` where it was longer there. */
  token(token: string, end?: number): void {
    if (this.measured !== undefined) {
      this.measured += this.gap.length + token.length
      this.gap = ' '
      return
    }
    const start = this.tokenStart(this.at)
    this.flush(start)
    if (this.isLineOver) this.endLine()
    if (this.line === '') {
      this.lineIndent = this.nextIndent
      this.nextIndent = this.continuation
      this.line = ' '.repeat(this.lineIndent) + token
    } else this.line += this.gap + token
    this.gap = ' '
    this.at = end ?? start + token.length
  }

  /** No blank before the next token. */
  glue(): void {
    this.gap = ''
  }

  /** That many blanks more before the next token. */
  blanks(count: number): void {
    this.gap = ' '.repeat(1 + count)
  }

  /**
   * `head`, then the clauses: all on its line, or each on one of its own, `indent` columns to the right. In a table only
   * its author breaks lines.
   */
  withClauses(
    head: () => void,
    clauses: readonly Clause[],
    { indent, isTable }: { readonly indent: number; readonly isTable: boolean } = { indent: INDENT, isTable: false },
  ): void {
    const first = this.itemIndent + indent
    this.continuation = clauses.length === 0 ? first : first + INDENT
    const isBroken =
      clauses.some(({ start }) => this.startsLine(start)) ||
      (!isTable && clauses.length > 0 && this.isTooWide([head, ...clauses.map(({ print }) => print)]))
    head()
    for (const { print } of clauses) {
      if (isBroken) this.breakLine(first, first + INDENT)
      print()
    }
  }

  /** Items with `separator` between them: on one line, or each on a line of its own. */
  run(items: readonly RunItem[], separator: ',' | 'and'): void {
    const isBroken =
      this.measured === undefined &&
      items.length > 1 &&
      (items.some(({ start }, index) => index > 0 && this.hasLineEnd(items[index - 1]?.end ?? start, start)) ||
        this.isTooWide(
          items.flatMap(({ print }, index) => (index === 0 ? [print] : [() => this.separate(separator), print])),
        ))
    for (const [index, { print }] of items.entries()) {
      if (index > 0) {
        if (isBroken && separator === 'and') this.breakLine(this.continuation, this.continuation)
        this.separate(separator)
        if (isBroken && separator === ',') this.breakLine(this.continuation, this.continuation)
      }
      print()
    }
  }

  /** A list in brackets: on one line, or each item on a line of its own. */
  list(parts: ListParts): void {
    const { open, close, items } = parts
    const isBroken = this.measured === undefined && items.length > 0 && this.isListBroken(parts)
    const { continuation } = this
    this.token(open)
    const indent = this.lineIndent
    for (const [index, print] of items.entries()) {
      if (index > 0) this.separate(',')
      if (isBroken) this.breakLine(indent + INDENT, indent + 2 * INDENT)
      else if (index === 0 && open === '[') this.glue()
      print()
    }
    if (isBroken) this.breakLine(indent, continuation)
    else if (open === '[' || items.length === 0) this.glue()
    this.token(close)
    this.continuation = continuation
    if (isBroken) this.nextIndent = continuation
  }

  /** Offset of the first token at or behind `offset`. */
  tokenStart(offset: number): number {
    const { text } = this
    for (let at = offset; ; ) {
      const code = text.charCodeAt(at)
      if (code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d || (code === 0xfeff && at === 0)) at++
      else if (code === 0x2f && text.charCodeAt(at + 1) === 0x2f) at = lineEnd(text, at)
      else return at
    }
  }

  private separate(separator: ',' | 'and'): void {
    if (separator === ',') this.glue()
    this.token(separator)
  }

  private isListBroken(parts: ListParts): boolean {
    const start = this.tokenStart(this.at)
    const isBrokenByAuthor = this.hasLineEnd(start, this.tokenStart(start + parts.open.length))
    return isBrokenByAuthor || (!parts.isTable && this.isTooWide([() => this.list(parts)]))
  }

  private isTooWide(parts: readonly (() => void)[]): boolean {
    if (this.measured !== undefined) return false
    const { gap } = this
    const isNewLine = this.isLineOver || this.line === ''
    if (isNewLine) this.gap = ''
    this.measured = isNewLine ? this.nextIndent : this.line.length
    for (const print of parts) print()
    const width = this.measured
    this.measured = undefined
    this.gap = gap
    return width > WIDTH
  }

  private breakLine(indent: number, continuation: number): void {
    if (this.measured !== undefined) return
    this.isLineOver = true
    this.nextIndent = indent
    this.continuation = continuation
  }

  /** Writes the comments that stand before `offset`. */
  private flush(offset: number): void {
    for (
      let next = this.comments[this.comment];
      next !== undefined && next.start < offset;
      next = this.comments[this.comment]
    ) {
      const text = this.text.slice(next.start, next.end).trimEnd()
      if (this.line !== '' && !this.hasLineEnd(this.at, next.start)) this.line += ` ${text}`
      else {
        this.beginLine(next.start)
        this.line = ' '.repeat(this.nextIndent) + text
      }
      this.isLineOver = true
      this.at = next.end
      this.comment++
    }
  }

  /** Ends the line before an item or comment, with an empty line where the source has one or one is due. */
  private beginLine(start: number): void {
    this.endLine()
    if (!this.isBetweenItems) return
    const isApart = this.needsBlankLine || this.hasEmptyLine(this.at, start)
    if (isApart && !this.isFirstItem) this.lines.push('')
    this.needsBlankLine = false
    this.isFirstItem = false
  }

  private endLine(): void {
    if (this.line !== '') this.lines.push(this.line)
    this.line = ''
    this.isLineOver = false
  }

  /** Whether the token at `start` is the first on its line. */
  private startsLine(start: number): boolean {
    for (let at = start - 1; at >= 0; at--) {
      const code = this.text.charCodeAt(at)
      if (code === 0x0a) return true
      if (code !== 0x20 && code !== 0x09 && code !== 0x0d) return false
    }
    return true
  }

  private hasLineEnd(start: number, end: number): boolean {
    const found = this.text.indexOf('\n', start)
    return found >= 0 && found < end
  }

  private hasEmptyLine(start: number, end: number): boolean {
    const found = this.text.indexOf('\n', start)
    return found >= 0 && found < end && this.hasLineEnd(found + 1, end)
  }
}
