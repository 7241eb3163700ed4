/** Cedar text of conjunctions and disjunctions. */

/** Texts joined by `&&`; `true` for none. Each is one that `&&` may join. */
export function allOf(texts: readonly string[]): string {
  return texts.length === 0 ? 'true' : texts.join(' && ')
}

/** Texts joined by `||`, in parentheses where there are several, so that `&&` may join the result; `false` for none. */
export function anyOf(texts: readonly string[]): string {
  if (texts.length === 0) return 'false'
  return texts.length === 1 ? texts.join() : `(${texts.map(inParentheses).join(' || ')})`
}

/** `!(...)`. */
export function not(text: string): string {
  return `!(${text})`
}

function inParentheses(text: string): string {
  return text.includes('&&') ? `(${text})` : text
}
