/** What is wrong with policy text, as data; `render.ts` prints it. */
import type { Span } from './ast.ts'

export interface Diagnostic {
  /** `KV....`; every code has a page under docs/errors. */
  readonly code: string
  readonly severity: 'error' | 'warning'
  /** Lower case, no final stop, user input in backticks. */
  readonly message: string
  readonly path: string
  readonly span: Span
  /** Text printed behind the carets. */
  readonly label?: string
  readonly secondary?: readonly { readonly path: string; readonly span: Span; readonly label: string }[]
  /** Lines printed as `= key: text`, such as `witness`. */
  readonly notes?: readonly { readonly key: string; readonly text: string }[]
  readonly help?: string
  /** Present where one change is certainly right. Edits do not overlap. */
  readonly fix?: { readonly title: string; readonly edits: readonly TextEdit[] }
}

export interface TextEdit {
  readonly path: string
  readonly span: Span
  readonly text: string
}
