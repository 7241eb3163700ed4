/** A node of the policy text on one line, for people and for manifests. */
import type { PolicyFile, Span } from '../../grammar/index.ts'

/**
 * The text of a span without its comments, blanks and line ends between two words made one blank. Strings and regexes stay as
 * they are: what is inside of them is not ours to change.
 */
export function lineText({ text, comments }: PolicyFile, { start, end }: Span): string {
  let code = ''
  let from = start
  for (const comment of comments) {
    if (comment.start < from || comment.end > end) continue
    code += text.slice(from, comment.start)
    from = comment.end
  }
  code += text.slice(from, end)
  return code.replace(TOKEN, (token) => (/^\s/.test(token) ? ' ' : token)).trim()
}

/** A string, a regex, or blanks. A `/` in an address opens no regex that ends on its line, or keeps the blanks behind it. */
const TOKEN = /"(?:\\.|[^"\\\n])*"|\/(?:\\.|[^/\\\n])+\/|\s+/g
