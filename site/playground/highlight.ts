/** Colours of policy text: kinds of words, by their looks. The compiler decides what they are. */

export interface Piece {
  readonly kind: 'comment' | 'string' | 'regex' | 'pattern' | 'keyword' | 'number' | undefined
  readonly start: number
  readonly end: number
}

const WORDS =
  'policy generation catalog from set cidr hours regex role includes autonomous delegated service agent owner roles allow deny forbid require assert needs approval approved by within limit limited rate budget throttle throttled per each estimate expires delegate may depth boundary runtime when unless and not matches in on at to for can is never only some every as via since with used spent trust cost because time ip minute hour day month test denied USD args len true false'

const TOKENS = new RegExp(
  [
    '(?<comment>//[^\\n]*)',
    '(?<string>"(?:\\\\.|[^"\\\\\\n])*"?)',
    '(?<regex>(?<=matches\\s)/(?:\\\\.|[^/\\\\\\n])+/[a-z]*)',
    '(?<number>\\b\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z|\\b\\d\\d:\\d\\d-\\d\\d:\\d\\d|\\b\\d{1,3}(?:\\.\\d{1,3}){3}(?:/\\d+)?)',
    '(?<pattern>(?:[\\w.@*-]|\\{[^}\\s]*\\})+(?::(?:[\\w.@*-]|\\{[^}\\s]*\\})+)+|\\*\\*?)',
    '(?<digits>\\b\\d[\\d_]*(?:\\.\\d+)?(?:[smhd]\\b|%)?)',
    `(?<keyword>(?<![\\w.-])(?:${WORDS.replaceAll(' ', '|')})(?![\\w-]))`,
    '[\\w-]+',
  ].join('|'),
  'g',
)

/** All of the text in pieces, one behind the other. */
export function piecesOf(text: string): readonly Piece[] {
  const pieces: Piece[] = []
  let at = 0
  for (const { index, 0: found, groups = {} } of text.matchAll(TOKENS)) {
    const kind = kindOf(groups)
    if (kind === undefined) continue
    if (index > at) pieces.push({ kind: undefined, start: at, end: index })
    at = index + found.length
    pieces.push({ kind, start: index, end: at })
  }
  if (at < text.length) pieces.push({ kind: undefined, start: at, end: text.length })
  return pieces
}

function kindOf(groups: Readonly<Record<string, string | undefined>>): Piece['kind'] {
  if (groups.comment !== undefined) return 'comment'
  if (groups.string !== undefined) return 'string'
  if (groups.regex !== undefined) return 'regex'
  if (groups.pattern !== undefined) return 'pattern'
  if (groups.keyword !== undefined) return 'keyword'
  return groups.number !== undefined || groups.digits !== undefined ? 'number' : undefined
}
