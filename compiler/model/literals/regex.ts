/**
 * Regexes of the language: anchored, over code points, with nothing that a finite automaton cannot do.
 *
 *   body  = ["^"] alt ["$"]        alt   = seq {"|" seq}        seq = {atom [repeat]}
 *   atom  = char | "." | escape | class | "(" ["?:"] alt ")"
 *   repeat = "*" | "+" | "?" | "{n}" | "{n,}" | "{n,m}"          n <= m <= 256
 *
 * Flags are applied while reading, so that what comes out needs none.
 */

import {
  ALL_POINTS,
  DIGITS,
  foldAscii,
  invertRanges,
  NOT_NEWLINE,
  normalizeRanges,
  SPACES,
  WORDS,
} from './code-points.ts'
import { fault, parsed } from './fault.ts'
import type { CodePointRange, LiteralFault, Parsed, RegexExpression, RegexLiteral } from './values.ts'
import { isWellFormed } from './well-formed.ts'

/** Largest `n` and `m` of `{n,m}`. */
const MAX_REPEAT = 256
/** Most groups inside each other. */
const MAX_DEPTH = 50
/** Most characters of the source. */
const MAX_SOURCE = 8192
/** Most character positions after all repeats are written out. */
const MAX_POSITIONS = 20_000

/** A regex as written in policy text: `/.../`, then flags `i` and `s` in any order. */
export function parseRegex(text: string): Parsed<RegexLiteral> {
  const end = text.lastIndexOf('/')
  if (text[0] !== '/' || end === 0) {
    return fault({ code: 'KV0231', start: 0, end: text.length, message: 'a regex stands between two `/`' })
  }
  const flags = text.slice(end + 1)
  for (let i = 0; i < flags.length; i++) {
    const flag = flags.charAt(i)
    const message =
      flag !== 'i' && flag !== 's'
        ? `unknown flag \`${flag}\``
        : flags.indexOf(flag) < i
          ? `flag \`${flag}\` is given twice`
          : undefined
    if (message === undefined) continue
    const at = end + 1 + i
    return fault({ code: 'KV0232', start: at, end: at + 1, message, help: 'the flags are `i` and `s`' })
  }
  const body = parseRegexBody(text.slice(1, end), flags, { slashEscaped: true })
  if (body.ok) return body
  return fault({ ...body.fault, start: body.fault.start + 1, end: body.fault.end + 1 })
}

/**
 * The part of a regex between its slashes. With `slashEscaped` a `/` must be written `\/`; JSON strings need not.
 *
 * `flags` has been checked; offsets of faults count in `source`.
 */
export function parseRegexBody(
  source: string,
  flags: string,
  options: { readonly slashEscaped: boolean },
): Parsed<RegexLiteral> {
  if (source === '') {
    return fault({
      code: 'KV0231',
      start: 0,
      end: 0,
      message: 'a regex is never empty',
      help: 'write `^$` for the empty text',
    })
  }
  if (source.length > MAX_SOURCE) {
    return fault({
      code: 'KV0236',
      start: 0,
      end: source.length,
      message: `a regex has at most ${MAX_SOURCE} characters`,
    })
  }
  if (!isWellFormed(source)) {
    return fault({ code: 'KV0231', start: 0, end: source.length, message: 'this regex holds half of a surrogate pair' })
  }
  const reader: Reader = {
    source,
    end: source.length,
    at: 0,
    depth: 0,
    isFolded: flags.includes('i'),
    dot: flags.includes('s') ? ALL_POINTS : NOT_NEWLINE,
    slashEscaped: options.slashEscaped,
  }
  if (source[0] === '^') reader.at = 1
  const last = source.length - 1
  if (last >= reader.at && source[last] === '$' && !isEscaped(source, last)) reader.end = last
  try {
    const root = readChoice(reader)
    if (reader.at < reader.end) {
      throw new Found({ code: 'KV0231', start: reader.at, end: reader.at + 1, message: 'this `)` closes nothing' })
    }
    if (countPositions(root) > MAX_POSITIONS) {
      throw new Found({
        code: 'KV0236',
        start: 0,
        end: source.length,
        message: `this regex is larger than ${MAX_POSITIONS} characters when its repeats are written out`,
        help: 'repeat less, or use `len` to bound the length',
      })
    }
    return parsed({ source, flags, root })
  } catch (error) {
    if (error instanceof Found) return { ok: false, fault: error.fault }
    throw error
  }
}

interface Reader {
  readonly source: string
  end: number
  at: number
  depth: number
  readonly isFolded: boolean
  readonly dot: readonly CodePointRange[]
  readonly slashEscaped: boolean
}

/** Carries the first fault out of the descent; never leaves this file. */
class Found extends Error {
  readonly fault: LiteralFault
  constructor(found: LiteralFault) {
    super(found.message)
    this.fault = found
  }
}

function fail(code: string, start: number, end: number, message: string, help?: string): never {
  throw new Found(help === undefined ? { code, start, end, message } : { code, start, end, message, help })
}

function readChoice(reader: Reader): RegexExpression {
  const options = [readSequence(reader)]
  while (reader.at < reader.end && reader.source[reader.at] === '|') {
    reader.at++
    options.push(readSequence(reader))
  }
  const [only] = options
  return options.length === 1 && only !== undefined ? only : { kind: 'choice', options }
}

function readSequence(reader: Reader): RegexExpression {
  const items: RegexExpression[] = []
  while (reader.at < reader.end && reader.source[reader.at] !== '|' && reader.source[reader.at] !== ')') {
    items.push(readRepeat(reader, readAtom(reader)))
  }
  const [only] = items
  if (only === undefined) return { kind: 'empty' }
  return items.length === 1 ? only : { kind: 'sequence', items }
}

function readAtom(reader: Reader): RegexExpression {
  const { source, at } = reader
  const char = source.charAt(at)
  switch (char) {
    case '(':
      return readGroup(reader)
    case '[':
      return readClass(reader)
    case '.':
      reader.at++
      return { kind: 'class', ranges: reader.dot }
    case '\\':
      return { kind: 'class', ranges: readEscape(reader) }
    case '*':
    case '+':
    case '?':
      return fail('KV0231', at, at + 1, `\`${char}\` repeats nothing`, `write \`\\${char}\` for the character itself`)
    case '^':
      return fail(
        'KV0233',
        at,
        at + 1,
        '`^` may only stand first; a regex always matches the whole text',
        'write `\\^` for the character itself',
      )
    case '$':
      return fail(
        'KV0233',
        at,
        at + 1,
        '`$` may only stand last; a regex always matches the whole text',
        'write `\\$` for the character itself',
      )
    case '{':
    case '}':
    case ']':
      return mustEscape(at, char)
    case '/':
      if (reader.slashEscaped) return mustEscape(at, char)
  }
  return { kind: 'class', ranges: pointRanges(reader, readPoint(reader)) }
}

function mustEscape(at: number, char: string): never {
  return fail('KV0234', at, at + 1, `\`${char}\` must be escaped`, `write \`\\${char}\``)
}

function readPoint(reader: Reader): number {
  const point = reader.source.codePointAt(reader.at) ?? 0
  reader.at += point > 0xffff ? 2 : 1
  return point
}

function pointRanges(reader: Reader, point: number): readonly CodePointRange[] {
  const ranges = [{ low: point, high: point }]
  return reader.isFolded ? foldAscii(ranges) : ranges
}

function readGroup(reader: Reader): RegexExpression {
  const { source, at: start } = reader
  if (reader.depth === MAX_DEPTH) fail('KV0236', start, start + 1, `groups nest at most ${MAX_DEPTH} deep`)
  reader.at++
  if (source[reader.at] === '?' && reader.at < reader.end) {
    if (source[reader.at + 1] !== ':') refuseGroup(source, start)
    reader.at += 2
  }
  reader.depth++
  const inner = readChoice(reader)
  reader.depth--
  if (reader.at >= reader.end || source[reader.at] !== ')') fail('KV0231', start, start + 1, 'this `(` is never closed')
  reader.at++
  return inner
}

function refuseGroup(source: string, start: number): never {
  const look = /^\(\?(?:<?[=!])/.exec(source.slice(start, start + 4))
  if (look !== null) {
    return fail(
      'KV0235',
      start,
      start + look[0].length,
      'look-around is not offered',
      'say it with a second condition, or `not`',
    )
  }
  if (/^\(\?P?[<']/.test(source.slice(start, start + 4))) {
    return fail('KV0235', start, start + 3, 'groups have no names here', 'write `(...)`')
  }
  return fail(
    'KV0235',
    start,
    start + 3,
    `\`${source.slice(start, start + 3)}\` is not offered`,
    'write `(...)` or `(?:...)`, flags stand behind the last `/`',
  )
}

function readRepeat(reader: Reader, item: RegexExpression): RegexExpression {
  const { source, at: start } = reader
  const char = start < reader.end ? source[start] : undefined
  let bounds: readonly [number, number | undefined]
  if (char === '*') bounds = [0, undefined]
  else if (char === '+') bounds = [1, undefined]
  else if (char === '?') bounds = [0, 1]
  else if (char === '{') bounds = readBounds(reader)
  else return item
  if (char !== '{') reader.at++
  const after = reader.at < reader.end ? source.charAt(reader.at) : ''
  if (after === '?' || after === '+') {
    fail(
      'KV0235',
      reader.at,
      reader.at + 1,
      `${after === '?' ? 'lazy' : 'possessive'} repeats are not offered`,
      `remove the \`${after}\`: a whole-text match does not depend on it`,
    )
  }
  if (after === '*' || after === '{') {
    fail('KV0231', reader.at, reader.at + 1, 'a repeat is repeated', 'put the first repeat in a group')
  }
  return { kind: 'repeat', item, min: bounds[0], max: bounds[1] }
}

function readBounds(reader: Reader): readonly [number, number | undefined] {
  const { source, at: start } = reader
  const match = /^\{(\d+)(?:(,)(\d*))?\}/.exec(source.slice(start, Math.min(start + 32, reader.end)))
  if (match === null) {
    return fail(
      'KV0234',
      start,
      start + 1,
      '`{` must be escaped where it does not repeat',
      'write `\\{`, or a repeat such as `{2}`, `{2,}`, `{2,5}`',
    )
  }
  const end = start + match[0].length
  const min = Number(match[1])
  const max = match[2] === undefined ? min : match[3] === '' ? undefined : Number(match[3])
  if (min > MAX_REPEAT || (max !== undefined && max > MAX_REPEAT)) {
    fail('KV0236', start, end, `a repeat counts to at most ${MAX_REPEAT}`, 'use `len` to bound the length')
  }
  if (max !== undefined && max < min) fail('KV0231', start, end, `\`${match[0]}\` counts down`)
  reader.at = end
  return [min, max]
}

const SHORTHANDS: Readonly<Record<string, readonly CodePointRange[]>> = {
  d: DIGITS,
  D: invertRanges(DIGITS),
  w: WORDS,
  W: invertRanges(WORDS),
  s: SPACES,
  S: invertRanges(SPACES),
}
const CONTROLS: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, f: 12, v: 11 }

/** Reads an escape as the set of characters it stands for, folded where `i` asks for it. */
function readEscape(reader: Reader): readonly CodePointRange[] {
  const { source, at } = reader
  const letter = source.charAt(at + 1)
  const shorthand = Object.hasOwn(SHORTHANDS, letter) && at + 1 < reader.end ? SHORTHANDS[letter] : undefined
  if (shorthand !== undefined) {
    reader.at += 2
    return shorthand
  }
  return pointRanges(reader, readEscapedPoint(reader))
}

function readEscapedPoint(reader: Reader): number {
  const { source, at } = reader
  if (at + 1 >= reader.end)
    return fail('KV0231', at, at + 1, '`\\` escapes nothing', 'write `\\\\` for the character itself')
  const letter = source.charAt(at + 1)
  if (/[!-/:-@[-`{-~]/.test(letter)) {
    reader.at += 2
    return letter.charCodeAt(0)
  }
  const control = Object.hasOwn(CONTROLS, letter) ? CONTROLS[letter] : undefined
  if (control !== undefined) {
    reader.at += 2
    return control
  }
  const hex = /^\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|[xu]\{([0-9A-Fa-f]{1,6})\})/.exec(
    source.slice(at, Math.min(at + 10, reader.end)),
  )
  if (hex !== null) {
    const point = Number.parseInt(hex[1] ?? hex[2] ?? hex[3] ?? '', 16)
    const end = at + hex[0].length
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) {
      fail('KV0231', at, end, `\`${hex[0]}\` is not a character`)
    }
    reader.at = end
    return point
  }
  return refuseEscape(source, at)
}

function refuseEscape(source: string, at: number): never {
  const text = source.slice(at, at + 2)
  const letter = source.charAt(at + 1)
  const refuse = (message: string, help?: string): never => fail('KV0235', at, at + 2, message, help)
  if (/[1-9]/.test(letter) || letter === 'k') return refuse(`back-references such as \`${text}\` are not offered`)
  if (letter === 'b' || letter === 'B')
    return refuse(`\`${text}\` is not offered`, 'write the characters at the border as a class')
  if (letter === 'p' || letter === 'P')
    return refuse(`\`${text}\` is not offered`, 'write the characters as a class, such as `[a-z]`')
  if (letter === 'A' || letter === 'z' || letter === 'Z')
    return refuse(`\`${text}\` is not offered`, 'a regex always matches the whole text')
  const whole = String.fromCodePoint(source.codePointAt(at + 1) ?? 0)
  return fail(
    'KV0231',
    at,
    at + 1 + whole.length,
    `unknown escape \`\\${whole}\``,
    `write \`${whole}\` for the character itself`,
  )
}

function readClass(reader: Reader): RegexExpression {
  const { source, at: start } = reader
  reader.at++
  const isInverted = source[reader.at] === '^' && reader.at < reader.end
  if (isInverted) reader.at++
  const first = reader.at
  const ranges: CodePointRange[] = []
  for (;;) {
    if (reader.at >= reader.end) fail('KV0231', start, start + 1, 'this `[` is never closed')
    if (source[reader.at] === ']') break
    readClassItem(reader, first, ranges)
  }
  if (ranges.length === 0) {
    fail(
      'KV0231',
      start,
      reader.at + 1,
      'a class is never empty',
      isInverted ? 'write `.` with flag `s` for any character' : 'write `\\]` for the character itself',
    )
  }
  reader.at++
  const sorted = normalizeRanges(ranges)
  const folded = reader.isFolded ? foldAscii(sorted) : sorted
  return { kind: 'class', ranges: isInverted ? invertRanges(folded) : withoutSurrogates(folded) }
}

function readClassItem(reader: Reader, first: number, ranges: CodePointRange[]): void {
  const { source, at } = reader
  const escaped = source[at] === '\\' ? source.charAt(at + 1) : ''
  const shorthand = Object.hasOwn(SHORTHANDS, escaped) && escaped !== '' ? SHORTHANDS[escaped] : undefined
  if (shorthand !== undefined) {
    reader.at += 2
    ranges.push(...shorthand)
    if (isRangeDash(reader))
      fail(
        'KV0231',
        reader.at,
        reader.at + 1,
        'a range cannot start with a class',
        'write `\\-` for the character itself',
      )
    return
  }
  if (source[at] === '-' && at !== first && source[at + 1] !== ']') {
    fail('KV0234', at, at + 1, '`-` must be escaped inside a class, unless it stands first or last', 'write `\\-`')
  }
  const low = readClassPoint(reader)
  if (!isRangeDash(reader)) {
    ranges.push({ low, high: low })
    return
  }
  reader.at++
  const bound = source[reader.at] === '\\' ? source.charAt(reader.at + 1) : ''
  if (bound !== '' && Object.hasOwn(SHORTHANDS, bound)) {
    fail('KV0231', reader.at, reader.at + 2, 'a range cannot end with a class', 'write `\\-` for the character itself')
  }
  const high = readClassPoint(reader)
  if (high < low) fail('KV0231', at, reader.at, `the range \`${source.slice(at, reader.at)}\` runs backwards`)
  ranges.push({ low, high })
}

/** Whether a `-` stands here that is not the last character of its class. */
function isRangeDash(reader: Reader): boolean {
  const { source, at } = reader
  return at + 1 < reader.end && source[at] === '-' && source[at + 1] !== ']'
}

function readClassPoint(reader: Reader): number {
  const { source, at } = reader
  const char = source.charAt(at)
  if (char === '\\') return readEscapedPoint(reader)
  if (char === '[' || char === '{' || char === '}' || (char === '/' && reader.slashEscaped)) return mustEscape(at, char)
  return readPoint(reader)
}

const SURROGATES: readonly CodePointRange[] = [{ low: 0xd800, high: 0xdfff }]

function withoutSurrogates(ranges: readonly CodePointRange[]): readonly CodePointRange[] {
  const touches = ranges.some((range) => range.low <= 0xdfff && range.high >= 0xd800)
  return touches ? invertRanges(normalizeRanges([...invertRanges(ranges), ...SURROGATES])) : ranges
}

function isEscaped(source: string, at: number): boolean {
  let slashes = 0
  while (source[at - 1 - slashes] === '\\') slashes++
  return slashes % 2 === 1
}

/** Character positions with every repeat written out; an unbounded one counts its minimum and one more, nothing counts as one. */
function countPositions(expression: RegexExpression): number {
  switch (expression.kind) {
    case 'empty':
    case 'class':
      return 1
    case 'sequence':
      return expression.items.reduce((sum, item) => sum + countPositions(item), 0)
    case 'choice':
      return expression.options.reduce((sum, option) => sum + countPositions(option), 0)
    case 'repeat':
      return countPositions(expression.item) * Math.max(1, expression.max ?? expression.min + 1)
  }
}
