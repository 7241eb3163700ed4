/** Cedar text of strings, `like` patterns and attributes. */

/** A Cedar string literal. */
export function quote(text: string): string {
  return `"${escaped(text)}"`
}

/** The pattern of a `like` whose literal parts stand between its `*`. */
export function quotePattern(parts: readonly string[]): string {
  return `"${parts.map((part) => escaped(part).replaceAll('*', '\\*')).join('*')}"`
}

/** An entity such as `Agent::"planner"`. */
export function entity(type: string, id: string): string {
  return `${type}::${quote(id)}`
}

/** `record.name`, or `record["odd name"]`. */
export function attribute(record: string, name: string): string {
  return isIdentifier(name) ? `${record}.${name}` : `${record}[${quote(name)}]`
}

/** `record has name`: false, and never an error, where the attribute is absent. */
export function has(record: string, name: string): string {
  return `${record} has ${isIdentifier(name) ? name : quote(name)}`
}

function escaped(text: string): string {
  return text.replace(/["\\\p{C}\p{Zl}\p{Zp}]/gu, (char) => {
    if (char === '"' || char === '\\') return `\\${char}`
    return `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`
  })
}

/** @see https://docs.cedarpolicy.com/policies/syntax-grammar.html, `IDENT` and `RESERVED` */
const RESERVED = ['true', 'false', 'if', 'then', 'else', 'in', 'is', 'like', 'has', '__cedar']

function isIdentifier(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !RESERVED.includes(name)
}
