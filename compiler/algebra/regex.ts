/** The automaton of a regex. */
import type { RegexLiteral } from '../model/index.ts'
import { compileExpression } from './compile.ts'
import type { Dfa } from './dfa.ts'

export type CompiledRegex = { readonly ok: true; readonly dfa: Dfa } | { readonly ok: false }

/** Accepts the texts, as UTF-8, that `literal` matches as a whole; not `ok` when that takes more than 4,096 states. */
export function compileRegex(literal: RegexLiteral): CompiledRegex {
  const dfa = compileExpression(literal.root)
  return dfa === undefined ? { ok: false } : { ok: true, dfa }
}
