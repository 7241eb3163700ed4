/** A fault of one statement while it is being read: what `syntax-errors.ts` turns into a diagnostic. */
import type { Span } from './ast.ts'

/** Offsets are absolute. A fix replaces `span` of the text by `text`. */
export interface Finding extends Span {
  readonly code: string
  readonly message: string
  readonly label?: string
  readonly help?: string
  readonly fix?: { readonly title: string; readonly span: Span; readonly text: string }
  readonly secondary?: { readonly span: Span; readonly label: string }
}

/** Thrown inside the parser only, and caught at the statement it spoils; it carries no stack, so it is cheap. */
export class StatementFault {
  readonly finding: Finding

  constructor(finding: Finding) {
    this.finding = finding
  }
}
