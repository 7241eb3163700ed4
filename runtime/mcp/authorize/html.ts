/** HTML in which every text is escaped, because there is no other way to put one in. */

export interface Html {
  readonly html: string
}

type Part = string | Html | readonly Html[]

/** Texts become text, in elements and in quoted attributes; parts stay what they are. */
export function html(literals: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return { html: literals.reduce((all, literal, at) => all + toHtml(parts[at - 1] ?? '') + literal) }
}

function toHtml(part: Part): string {
  if (typeof part === 'string') return part.replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`)
  return 'html' in part ? part.html : part.map((one) => one.html).join('')
}
