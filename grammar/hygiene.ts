/**
 * What may not stand in policy text at all, comments and strings included: byte order marks, control characters, text that
 * is not in normal form C, and characters that change how text looks without being seen. Look-alike letters in strings are
 * warned about.
 *
 * Text of printable ASCII is done after one search; of other text only the lines that hold something else are looked at.
 */
import { CONFUSABLES } from './confusables.ts'
import type { Finding } from './finding.ts'
import { lineEnd, scanRegex, scanString } from './lexer.ts'

/** A finding about characters, whatever they mean. */
export interface HygieneFinding extends Finding {
  readonly severity: 'error' | 'warning'
}

/** Most findings of this kind in one file. */
const MAX_FINDINGS = 100
/** Longest stretch that one finding about the normal form covers, in UTF-16 units. */
const MAX_RUN = 1000
/** Longest stretch of letters that is judged as one word. */
const MAX_WORD = 200

/** The findings in the order of the text. */
export function checkHygiene(text: string): readonly HygieneFinding[] {
  if (!SUSPECT.test(text)) return []
  const findings: HygieneFinding[] = []
  if (text.startsWith('\ufeff')) findings.push(byteOrderMark())
  findCharacters(text, findings)
  findDenormal(text, findings)
  return findings.sort((a, b) => a.start - b.start)
}

type Context = 'code' | 'string' | 'regex' | 'comment'

/** Walks along a text and knows what each offset lies in; strings, regexes and comments never leave their line. */
class Walker {
  private readonly text: string
  private lineEnd: number
  /** The last stretch that was passed: `[start, end)` lies in `context`. */
  private context: Context = 'code'
  start = 0
  private end = 0

  constructor(text: string) {
    this.text = text
    this.lineEnd = lineEnd(text, 0)
  }

  /** What `offset` lies in; offsets are asked in ascending order. */
  contextOf(offset: number): Context {
    const { text } = this
    while (this.lineEnd < offset) {
      this.context = 'code'
      this.start = this.lineEnd + 1
      this.end = this.start
      this.lineEnd = lineEnd(text, this.start)
    }
    while (this.end <= offset) this.pass()
    return this.context
  }

  private pass(): void {
    const { text, end, lineEnd } = this
    const code = text.charCodeAt(end)
    this.start = end
    if (code === 0x22) {
      const close = scanString(text, end)
      this.to('string', close < 0 ? lineEnd + 1 : close)
    } else if (code === 0x2f && text.charCodeAt(end + 1) === 0x2f) this.to('comment', lineEnd + 1)
    else if (code === 0x2f && !/[0-9A-Za-z:.]/.test(text.charAt(end - 1))) {
      const close = scanRegex(text, end)
      this.to('regex', close < 0 ? lineEnd + 1 : close)
    } else {
      NOT_CODE.lastIndex = end + 1
      this.to('code', NOT_CODE.test(text) ? NOT_CODE.lastIndex - 1 : text.length + 1)
    }
  }

  private to(context: Context, end: number): void {
    this.context = context
    this.end = end
  }
}

function findCharacters(text: string, findings: HygieneFinding[]): void {
  const walker = new Walker(text)
  const each = new RegExp(UNUSUAL.source, 'gu')
  each.lastIndex = text.startsWith('\ufeff') ? 1 : 0
  for (let match = each.exec(text); match !== null && findings.length < MAX_FINDINGS; match = each.exec(text)) {
    const { index: start } = match
    const found = text.slice(start, runEnd(text, start, match[0]))
    each.lastIndex = start + found.length
    const context = walker.contextOf(start)
    const finding = judge(found, start, context)
    if (finding !== undefined) findings.push(finding)
    else if (context === 'string' || context === 'regex') {
      const word = wordAround(text, start, walker.start)
      const warning = lookAlike(text.slice(word.start, word.end), word.start)
      if (warning !== undefined) findings.push(warning)
      each.lastIndex = Math.max(word.end, each.lastIndex)
    }
  }
}

/** Behind the characters of the same class that follow. A regex that did this would need a stack as deep as the run is long. */
function runEnd(text: string, start: number, first: string): number {
  const kind = RUNS.find((candidate) => candidate.test(first))
  let end = start + first.length
  if (kind === undefined) return end
  while (end < text.length) {
    const character = String.fromCodePoint(text.codePointAt(end) ?? 0)
    if (!kind.test(character)) break
    end += character.length
  }
  return end
}

/** What is wrong with a run of characters of one class, if they are refused. */
function judge(found: string, start: number, context: Context): HygieneFinding | undefined {
  const span = { start, end: start + found.length }
  const point = found.codePointAt(0) ?? 0
  const name = `U+${point.toString(16).toUpperCase().padStart(4, '0')}`
  if (found.startsWith('\ufffd')) {
    const help = 'bytes that are no UTF-8 end up as this character; restore what stood here'
    return {
      ...span,
      code: 'KV0122',
      severity: 'error',
      message: `${name} stands for bytes that could not be read`,
      help,
    }
  }
  if (LONE.test(found))
    return { ...span, code: 'KV0122', severity: 'error', message: `${name} is half of a surrogate pair` }
  if (CONTROL.test(found)) {
    const isLineEnd = found.startsWith('\r')
    const message = isLineEnd ? 'a carriage return without a line feed' : `the control character ${name}`
    const fix = controlFix(found, context, isLineEnd)
    return { ...span, code: 'KV0116', severity: 'error', message, ...(fix && { fix: { ...fix, span } }) }
  }
  const isHidden = HIDDEN.test(found)
  if (!isHidden && !(context === 'code' && SPACE.test(found))) return undefined
  const message = BIDI.test(found)
    ? `${name} changes the direction of text`
    : `${name} is ${isHidden ? 'invisible' : 'no plain space'}`
  return { ...span, code: 'KV0117', severity: 'error', message, fix: { ...hiddenFix(found, context, isHidden), span } }
}

type Replacement = { readonly title: string; readonly text: string }

function controlFix(found: string, context: Context, isLineEnd: boolean): Replacement | undefined {
  if (context === 'string' || context === 'regex') return asEscape(found, context)
  if (!isLineEnd)
    return context === 'code' ? { title: 'replace with a space', text: ' ' } : { title: 'remove it', text: '' }
  // In a comment it may hide a statement from one reader and show it to another: that needs a person.
  return context === 'code' ? { title: 'replace with a line feed', text: '\n' } : undefined
}

function hiddenFix(found: string, context: Context, isHidden: boolean): Replacement {
  if (context === 'string' || context === 'regex') return asEscape(found, context)
  return isHidden
    ? { title: 'remove it', text: '' }
    : { title: 'replace with a space', text: ' '.repeat([...found].length) }
}

function asEscape(found: string, context: 'string' | 'regex'): Replacement {
  const letter = context === 'string' ? 'u' : 'x'
  const escapes = [...found].map(
    (character) => `\\${letter}{${(character.codePointAt(0) ?? 0).toString(16).toUpperCase()}}`,
  )
  return { title: 'write it as an escape', text: escapes.join('') }
}

function byteOrderMark(): HygieneFinding {
  const span = { start: 0, end: 1 }
  return {
    ...span,
    code: 'KV0120',
    severity: 'error',
    message: 'the file starts with a byte order mark',
    help: 'policy text is UTF-8 without one',
    fix: { title: 'remove it', span, text: '' },
  }
}

function wordAround(text: string, at: number, least: number): { readonly start: number; readonly end: number } {
  let start = at
  while (start > least && at - start < MAX_WORD && WORD_PART.test(text.charAt(start - 1))) start--
  let end = at
  for (;;) {
    const character = String.fromCodePoint(text.codePointAt(end) ?? 0)
    if (end >= text.length || end - start >= MAX_WORD || !(WORD_PART.test(character) || CONFUSABLES.has(character)))
      return { start, end: Math.max(end, at + 1) }
    end += character.length
  }
}

/** A warning for a word that passes for another one: all of it looks like ASCII, or it mixes ASCII with look-alikes. */
function lookAlike(word: string, start: number): HygieneFinding | undefined {
  const characters = [...word]
  const foreign = characters.find((character) => CONFUSABLES.has(character))
  if (foreign === undefined) return undefined
  const looksLike = characters.map((character) => CONFUSABLES.get(character) ?? character).join('')
  if (NON_ASCII.test(looksLike) && !/[A-Za-z]/.test(word)) return undefined
  const hex = (foreign.codePointAt(0) ?? 0).toString(16).toUpperCase()
  const shown = word.length > 40 ? `${characters.slice(0, 40).join('')}...` : word
  const like = looksLike.length > 40 ? `${looksLike.slice(0, 40)}...` : looksLike
  return {
    code: 'KV0119',
    severity: 'warning',
    start,
    end: start + word.length,
    message: `\`${shown}\` looks like \`${like}\` and is another text`,
    label: `holds \`${foreign}\` (U+${hex.padStart(4, '0')})`,
    help: `write \`\\u{${hex}}\` if it is meant`,
  }
}

function findDenormal(text: string, findings: HygieneFinding[]): void {
  const each = new RegExp(MAYBE_DENORMAL, 'g')
  let count = 0
  for (let match = each.exec(text); match !== null && count < MAX_FINDINGS; match = each.exec(text)) {
    // A mark belongs to the letter before it.
    const start = Math.max(0, match.index - 1)
    let end = match.index + 1
    while (end < text.length && text.charCodeAt(end) >= 0x80 && end - start < MAX_RUN) end++
    each.lastIndex = end
    const run = text.slice(start, end)
    const normal = run.normalize('NFC')
    if (normal === run) continue
    count++
    const kept = normal.charAt(0) === run.charAt(0) ? 1 : 0
    const span = { start: start + kept, end }
    findings.push({
      ...span,
      code: 'KV0121',
      severity: 'error',
      message: 'this text is not in Unicode normal form C',
      help: 'requests are compared byte for byte with the composed form',
      fix: { title: 'write it in normal form C', span, text: normal.slice(kept) },
    })
  }
}

// Classes of single characters; a run holds one class only, so its first character tells. A carriage return is no run.
const CONTROLS = '\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f'
const SUSPECT = /[^\t\n\r\x20-\x7e]|\r(?!\n)/
const UNUSUAL = new RegExp(
  `[${CONTROLS}\\ufffd\\p{Cs}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Default_Ignorable_Code_Point}${[...CONFUSABLES.keys()].join('')}]|(?! )\\p{Zs}|\\r(?!\\n)`,
  'u',
)
const CONTROL = new RegExp(`^[${CONTROLS}\\r]`)
const LONE = /^\p{Cs}/u
const HIDDEN = /^[\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u
const BIDI = /^[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/
const SPACE = /^\p{Zs}/u
const RUNS = [new RegExp(`^[${CONTROLS}]`), /^\ufffd/, HIDDEN, SPACE]
const NON_ASCII = /[^\t\n\r\x20-\x7e]/
/** Every character below is in normal form C, whatever stands around it. */
const MAYBE_DENORMAL = /[\u0300-\uffff]/
const WORD_PART = /[\p{L}\p{M}\p{N}_-]/u
const NOT_CODE = /["/]/g
