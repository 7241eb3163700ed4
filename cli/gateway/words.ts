/** A command line in one text, as `--upstream` has it. */

/** Words that are parted by blanks; quotes, double or single, keep blanks. Nothing else of a shell is known. */
export function wordsOf(text: string): readonly string[] | undefined {
  const words: string[] = []
  let rest = text.trim()
  while (rest !== '') {
    const [all, parts] = /^((?:"[^"]*"|'[^']*'|[^\s"'])+)(?:\s+|$)/.exec(rest) ?? []
    if (all === undefined || parts === undefined) return undefined
    words.push(parts.replace(/"([^"]*)"|'([^']*)'/g, (_, double?: string, single?: string) => double ?? single ?? ''))
    rest = rest.slice(all.length)
  }
  return words
}
