/**
 * Cedar text of conjunctions and disjunctions.
 *
 * Cedar parses a chain of operators as a tree as deep as the chain is long, and its WebAssembly ends at some 200 of them, so long
 * chains are grouped.
 */

/** Longest chain that is left as it is, and how many are grouped in a longer one. */
const MAX_CHAIN = 32
const GROUP = 16

/** Texts joined by `&&`; `true` for none. Each is one that `&&` may join. */
export function allOf(texts: readonly string[]): string {
  return texts.length === 0 ? 'true' : inGroups(texts, ' && ').join(' && ')
}

/** Texts joined by `||`, in parentheses where there are several, so that `&&` may join the result; `false` for none. */
export function anyOf(texts: readonly string[]): string {
  if (texts.length === 0) return 'false'
  return texts.length === 1 ? texts.join() : `(${inGroups(texts.map(inParentheses), ' || ').join(' || ')})`
}

/** `!(...)`. */
export function not(text: string): string {
  return `!(${text})`
}

/** At most `MAX_CHAIN` texts that mean the same when they are joined by `operator`. */
export function inGroups(texts: readonly string[], operator: ' && ' | ' || '): readonly string[] {
  if (texts.length <= MAX_CHAIN) return texts
  const groups: string[] = []
  for (let at = 0; at < texts.length; at += GROUP) groups.push(`(${texts.slice(at, at + GROUP).join(operator)})`)
  return inGroups(groups, operator)
}

function inParentheses(text: string): string {
  return text.includes('&&') ? `(${text})` : text
}
