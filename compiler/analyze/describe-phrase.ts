/** Words for people about a set, and whether they say all of it. */

export interface Phrase {
  readonly text: string
  /** `false`: the text only hints at what is meant, and says so. */
  readonly isExact: boolean
}

export function exactly(text: string): Phrase {
  return { text, isExact: true }
}

/** Phrases in one, exact when all of them are. */
export function join(phrases: readonly Phrase[], separator: string): Phrase {
  return { text: phrases.map(({ text }) => text).join(separator), isExact: phrases.every(({ isExact }) => isExact) }
}

/** Items of a list that are printed; the others are counted. */
const MAX_ITEMS = 12

/** `a, b and 3 more`; exact when nothing is left out. */
export function listed(items: readonly string[]): Phrase {
  if (items.length <= MAX_ITEMS) return exactly(items.join(', '))
  return { text: `${items.slice(0, MAX_ITEMS).join(', ')} and ${items.length - MAX_ITEMS} more`, isExact: false }
}

/** Of two ways to say the same, the exact one, else the shorter one. */
export function better(a: Phrase, b: Phrase): Phrase {
  if (a.isExact !== b.isExact) return a.isExact ? a : b
  return b.text.length < a.text.length ? b : a
}
