/** Findings as people read them: from the first file to the last, from top to bottom. */
import type { Diagnostic, PolicyFile } from '../../grammar/index.ts'

/** The diagnostics by file, offset and code. `files` are in the order of the policy. */
export function inTextOrder(files: readonly PolicyFile[], diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const position = new Map(files.map((file, index) => [file.path, index]))
  const at = (diagnostic: Diagnostic) => position.get(diagnostic.path) ?? -1
  return [...diagnostics].sort(
    (a, b) => at(a) - at(b) || a.span.start - b.span.start || (a.code < b.code ? -1 : a.code > b.code ? 1 : 0),
  )
}
