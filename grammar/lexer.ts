/**
 * Reads tokens one at a time, when the parser asks for them.
 *
 * What a run of characters is depends on the place: `09:00-18:00`, `mcp:github:*` and `10.0.0.0/8` share an alphabet, and
 * no word is reserved. So the parser names the mode in which the next token is to be read; a token that was already read
 * ahead in another mode is dropped and read again. Nothing is kept of tokens that were consumed.
 */
import type { IToken, TokenType } from 'chevrotain'
import { EOF } from 'chevrotain'
import { parseString } from '../compiler/model/index.ts'
import type { Comment } from './ast.ts'
import type { Finding } from './finding.ts'
import { readJson } from './json.ts'
import {
  Arrow,
  AtLeast,
  AtMost,
  Broken,
  Clock,
  Comma,
  Digits,
  Dot,
  Equal,
  Json,
  LeftBrace,
  LeftBracket,
  Minus,
  Pattern,
  Percent,
  Raw,
  Regex,
  RightBrace,
  RightBracket,
  Star,
  Str,
  wordType,
} from './tokens.ts'

/** `pattern`: a resource pattern; `raw`: an address, CIDR or stamp; `clock`: `HH:MM-HH:MM`; `json`: a JSON value. */
export type Mode = 'plain' | 'pattern' | 'raw' | 'clock' | 'json'

/** A token with its value where reading the text already made one: a string, JSON, or the finding of `Broken`. */
export interface Token extends IToken {
  readonly endOffset: number
  readonly payload: unknown
}

export class Lexer {
  readonly text: string
  /** Comments met so far, in order. */
  readonly comments: Comment[] = []
  /** End of the last consumed token. */
  end = 0
  private readonly ahead: Token[] = []
  private commentsEnd = 0

  constructor(text: string) {
    this.text = text
  }

  /** The token `distance` (from 1) ahead. */
  peek(distance: number): Token {
    const { ahead } = this
    while (ahead.length < distance) {
      const last = ahead[ahead.length - 1]
      ahead.push(this.read(last === undefined ? this.end : last.endOffset + 1, 'plain'))
    }
    return ahead[distance - 1] ?? this.make(EOF, this.text.length, this.text.length)
  }

  /** Reads the next token in `mode`, whatever it was taken for before. */
  readAs(mode: Mode): Token {
    this.ahead.length = 0
    const token = this.read(this.end, mode)
    this.ahead.push(token)
    return token
  }

  consume(): void {
    const token = this.ahead.shift() ?? this.read(this.end, 'plain')
    if (token.tokenType !== EOF) this.end = token.endOffset + 1
  }

  /** Continues at `offset`, forgetting what was read ahead. */
  jump(offset: number): void {
    this.ahead.length = 0
    this.end = offset
  }

  private read(from: number, mode: Mode): Token {
    const { text } = this
    const start = this.skipBlanks(from)
    if (start >= text.length) return this.make(EOF, text.length, text.length)
    switch (mode) {
      case 'plain':
        return this.readPlain(start)
      case 'pattern': {
        const end = scanPattern(text, start)
        return end > start ? this.make(Pattern, start, end) : this.readPlain(start)
      }
      case 'raw': {
        const end = scanRaw(text, start)
        return end > start ? this.make(Raw, start, end) : this.readPlain(start)
      }
      case 'clock': {
        CLOCK.lastIndex = start
        const match = CLOCK.exec(text)
        return match === null ? this.readPlain(start) : this.make(Clock, start, start + match[0].length)
      }
      case 'json': {
        const json = readJson(text, start)
        if (!json.ok) return this.broken(json.finding)
        for (const comment of json.comments) this.addComment(comment.start, comment.end)
        return this.make(Json, start, json.end, json.value)
      }
    }
  }

  private readPlain(start: number): Token {
    const { text } = this
    const code = text.charCodeAt(start)
    if (isWordStart(code)) {
      const end = scanWord(text, start)
      const word = text.slice(start, end)
      if (!isName(word)) return this.broken(badName(word, start))
      return this.make(wordType(word), start, end, undefined, word)
    }
    if (isDigit(code)) return this.make(Digits, start, scanDigits(text, start))
    if (code === 0x22) return this.readString(start)
    if (code === 0x2f) return this.readRegex(start)
    const single = SINGLE.get(code)
    if (single !== undefined) return this.make(single, start, start + 1)
    const next = text.charCodeAt(start + 1)
    if (code === 0x2d) return next === 0x3e ? this.make(Arrow, start, start + 2) : this.make(Minus, start, start + 1)
    if (code === 0x3d && next !== 0x3d && next !== 0x3e) return this.make(Equal, start, start + 1)
    if (next === 0x3d && (code === 0x3c || code === 0x3e)) {
      return this.make(code === 0x3c ? AtMost : AtLeast, start, start + 2)
    }
    return this.broken(unknownText(text, start))
  }

  private readString(start: number): Token {
    const end = scanString(this.text, start)
    if (end < 0) {
      return this.broken({
        code: 'KV0103',
        start,
        end: start + 1,
        message: 'this string is never closed',
        help: 'a string ends on the line it begins on; write `\\n` for a line end and `\\"` for a quote',
      })
    }
    const value = parseString(this.text.slice(start, end))
    if (value.ok) return this.make(Str, start, end, value.value)
    return this.broken({ ...value.fault, start: start + value.fault.start, end: start + value.fault.end })
  }

  private readRegex(start: number): Token {
    const end = scanRegex(this.text, start)
    if (end >= 0) return this.make(Regex, start, end)
    return this.broken({
      code: 'KV0104',
      start,
      end: start + 1,
      message: 'this regex is never closed',
      help: 'a regex ends on the line it begins on; write `\\/` for a slash in it',
    })
  }

  /** Skips blanks and comments; a comment is recorded the first time it is passed. */
  private skipBlanks(from: number): number {
    const { text } = this
    let at = from
    for (;;) {
      const code = text.charCodeAt(at)
      if (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) at++
      else if (code === 0x2f && text.charCodeAt(at + 1) === 0x2f) {
        const end = lineEnd(text, at)
        this.addComment(at, end)
        at = end
      } else if (code === 0xfeff && at === 0) at++
      else return at
    }
  }

  private addComment(start: number, lineEndOffset: number): void {
    if (start < this.commentsEnd) return
    const end = this.text.charCodeAt(lineEndOffset - 1) === 0x0d ? lineEndOffset - 1 : lineEndOffset
    this.comments.push({ start, end })
    this.commentsEnd = lineEndOffset
  }

  private broken(finding: Finding): Token {
    return this.make(Broken, finding.start, Math.max(finding.end, finding.start + 1), finding)
  }

  private make(type: TokenType, start: number, end: number, payload?: unknown, image?: string): Token {
    return {
      image: image ?? this.text.slice(start, end),
      startOffset: start,
      endOffset: end - 1,
      tokenTypeIdx: type.tokenTypeIdx ?? 0,
      tokenType: type,
      payload,
    }
  }
}

/** End of the string that opens at `start`, or -1 when its line ends first. */
export function scanString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) return at + 1
    if (code === 0x0a) return -1
    if (code === 0x5c && text.charCodeAt(at + 1) !== 0x0a) at++
  }
  return -1
}

/** End of the regex that opens at `start`, flags included, or -1 when its line ends first. */
export function scanRegex(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x0a) return -1
    if (code === 0x5c && text.charCodeAt(at + 1) !== 0x0a) at++
    if (code !== 0x2f) continue
    at++
    while (isWordPart(text.charCodeAt(at))) at++
    return at
  }
  return -1
}

/** End of the word that starts at `start`: a name, or what someone took for one. */
export function scanWord(text: string, start: number): number {
  let at = start
  for (;;) {
    const code = text.charCodeAt(at)
    if (isWordPart(code) || (code >= 0x80 && isLetter(text, at))) at++
    else if (code === 0x2d && isWordPart(text.charCodeAt(at + 1))) at++
    else return at
  }
}

/** Offset of the line end at or behind `at`, or the end of the text. */
export function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at)
  return end < 0 ? text.length : end
}

/** Whether a word is spelled like a name: ASCII parts joined by `-`, none starting with a digit. */
export function isName(word: string): boolean {
  return NAME.test(word)
}

export function isWordStart(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0x5f
}

function isWordPart(code: number): boolean {
  return isWordStart(code) || isDigit(code)
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

function isLetter(text: string, at: number): boolean {
  return /[\p{L}\p{M}\p{N}]/u.test(text.charAt(at))
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d
}

function scanDigits(text: string, start: number): number {
  let at = start + 1
  while (isWordPart(text.charCodeAt(at)) || (text.charCodeAt(at) === 0x2e && isDigit(text.charCodeAt(at + 1)))) at++
  return at
}

function scanPattern(text: string, start: number): number {
  let at = start
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (isBlank(code) || code === 0x2c || code === 0x7d || code === 0x5d || code === 0x3b) return at
    if (code === 0x2f && text.charCodeAt(at + 1) === 0x2f) return at
    if (code === 0x22) {
      const end = scanString(text, at)
      if (end < 0) return at
      at = end
    } else if (code === 0x7b) {
      at = scanBraces(text, at)
    } else at++
  }
  return at
}

/** End of `{...}`; without a `}` on the line, the end of what is glued to the brace. */
function scanBraces(text: string, start: number): number {
  let glued = -1
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x7d) return at + 1
    if (code === 0x0a || code === 0x7b || (code === 0x2f && text.charCodeAt(at + 1) === 0x2f)) {
      return glued < 0 ? at : glued
    }
    if (glued < 0 && isBlank(code)) glued = at
    if (code === 0x22) {
      const end = scanString(text, at)
      if (end < 0) return glued < 0 ? at : glued
      at = end - 1
    }
  }
  return glued < 0 ? text.length : glued
}

function scanRaw(text: string, start: number): number {
  let at = start
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (isBlank(code) || RAW_STOPS.has(code)) break
    if (code === 0x2f && text.charCodeAt(at + 1) === 0x2f) break
  }
  return at
}

function badName(word: string, start: number): Finding {
  const shown = word.length > 60 ? `${word.slice(0, 60)}...` : word
  const foreign = /[^A-Za-z0-9_-]/u.exec(word)
  const code =
    foreign === null ? '' : `U+${(foreign[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
  return {
    code: 'KV0112',
    start,
    end: start + word.length,
    message: `\`${shown}\` is no name`,
    help:
      foreign === null
        ? 'each part of a name starts with a letter or `_`'
        : `names and keywords are ASCII, and this holds \`${foreign[0]}\` (${code})`,
  }
}

function unknownText(text: string, start: number): Finding {
  const point = text.codePointAt(start) ?? 0
  if (point >= 0x80 && isLetter(text, start)) {
    return badName(
      text.slice(start, Math.max(scanWord(text, start), start + String.fromCodePoint(point).length)),
      start,
    )
  }
  let end = start + (point > 0xffff ? 2 : 1)
  if (OPERATOR.includes(text.charAt(start))) while (end < start + 3 && OPERATOR.includes(text.charAt(end) || ' ')) end++
  const written = text.slice(start, end)
  const hex = `U+${point.toString(16).toUpperCase().padStart(4, '0')}`
  const shown = point > 0x20 && point < 0x7f ? `\`${written}\`` : hex
  const finding = { code: 'KV0105', start, end, message: `${shown} has no meaning here` }
  const meant = MEANT.get(written)
  if (meant === undefined) return finding
  const { help, instead } = meant
  if (instead === undefined) return { ...finding, help }
  return {
    ...finding,
    help,
    fix: { title: instead === '' ? 'remove it' : `replace with \`${instead}\``, span: { start, end }, text: instead },
  }
}

/** What people write who know other languages. `instead` is given where nothing else can be meant. */
const MEANT = new Map<string, { readonly help: string; readonly instead?: string }>([
  ['==', { help: 'equal is written `=`', instead: '=' }],
  ['===', { help: 'equal is written `=`', instead: '=' }],
  ['=<', { help: 'at most is written `<=`', instead: '<=' }],
  ['=>', { help: 'at least is written `>=`, and a delegation `A -> B`' }],
  ['!=', { help: 'write `not PATH = VALUE`' }],
  ['<', { help: 'the comparisons are `=`, `<=` and `>=`' }],
  ['>', { help: 'the comparisons are `=`, `<=` and `>=`' }],
  ['!', { help: 'write `not` before the condition' }],
  ['&&', { help: 'conditions are joined by `and`' }],
  ['&', { help: 'conditions are joined by `and`' }],
  ['||', { help: 'there is no `or`: alternatives are written as two grants' }],
  ['|', { help: 'there is no `or`: alternatives are written as two grants' }],
  ['(', { help: 'there are no parentheses: `not` belongs to one condition, alternatives are two grants' }],
  [')', { help: 'there are no parentheses: `not` belongs to one condition, alternatives are two grants' }],
  [';', { help: 'nothing stands between statements' }],
  ['#', { help: 'a comment runs from `//` to the end of its line' }],
  ["'", { help: 'strings stand in double quotes' }],
  ['`', { help: 'strings stand in double quotes' }],
  ['\u2018', { help: 'strings stand in double quotes `"`' }],
  ['\u2019', { help: 'strings stand in double quotes `"`' }],
  ['\u201c', { help: 'strings stand in double quotes `"`' }],
  ['\u201d', { help: 'strings stand in double quotes `"`' }],
  ['$', { help: 'amounts are in USD, as in `2.50 USD`' }],
])

const NAME = /^[A-Za-z_][A-Za-z0-9_]*(?:-[A-Za-z_][A-Za-z0-9_]*)*$/
const CLOCK = /[0-9][0-9A-Za-z:.]*[ \t]*-[ \t]*[0-9][0-9A-Za-z:.]*/y
const OPERATOR = '=<>!&|'
const RAW_STOPS = new Set([...',{}[]";'].map((character) => character.charCodeAt(0)))
const SINGLE = new Map<number, TokenType>(
  (
    [
      ['{', LeftBrace],
      ['}', RightBrace],
      ['[', LeftBracket],
      [']', RightBracket],
      [',', Comma],
      ['.', Dot],
      ['*', Star],
      ['%', Percent],
    ] as const
  ).map(([character, type]) => [character.charCodeAt(0), type]),
)
