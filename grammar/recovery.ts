/**
 * Where reading goes on behind a fault.
 *
 * Statements and members mostly begin a line and always begin with a word of a small set, so that is what is looked for,
 * with strings, comments and regexes passed over. Nothing is guessed about a line that starts with another word: a fault
 * that is missed now is found in the next run, a fault that is not there would never go away.
 */
import { nearest } from '../compiler/model/index.ts'
import { lineEnd, scanRegex, scanString } from './lexer.ts'
import { Word, wordType } from './tokens.ts'

/** The words that start a statement. */
export const STATEMENT_STARTS: ReadonlySet<string> = new Set([
  'policy', 'catalog', 'set', 'role', 'autonomous', 'delegated', 'service', 'delegate', 'boundary', 'forbid', 'require',
  'limit', 'assert', 'test',
]) // biome-ignore format: a list of words reads best as a block

/** Statements that have a block. */
export type BlockKind = 'role' | 'agent' | 'delegation' | 'boundary' | 'test'

/** The words that start a member of each kind of block. */
export const MEMBERS: Readonly<Record<BlockKind, readonly string[]>> = {
  role: ['allow'],
  agent: ['allow', 'limit', 'owner', 'roles', 'may', 'expires'],
  delegation: ['allow', 'limit', 'expires', 'depth'],
  boundary: ['allow', 'limit', 'may'],
  test: ['allow', 'deny', 'approval', 'limited', 'throttle'],
}

/** What to read next, and where it starts. */
export interface Resumption {
  readonly next: 'statement' | 'member'
  readonly at: number
  /** The `{` of the block, where it was passed on the way to a member. */
  readonly opening?: number
}

/** What is known where a fault was found. */
export interface Fault {
  readonly text: string
  /** Start of the statement, or of the member when its block is being read. */
  readonly from: number
  /** Nothing before this offset is read again, but for a statement that begins at the margin and was taken for a name. */
  readonly past: number
  readonly block: BlockKind | undefined
  /** Whether `from` lies in the block. */
  readonly isInBlock: boolean
}

/** The next member of the same block, or the next statement, or the end of the text. */
export function resume({ text, from, past, block, isInBlock }: Fault): Resumption {
  const members: readonly string[] = block === undefined ? [] : MEMBERS[block]
  let depth = isInBlock ? 1 : 0
  let opening: number | undefined
  let isFirst = isFirstOfLine(text, from)
  for (let at = from; at < text.length; ) {
    const code = text.charCodeAt(at)
    if (code === 0x0a) {
      isFirst = true
      at++
    } else if (code === 0x20 || code === 0x09 || code === 0x0d) at++
    else if (isWordCode(code)) {
      WORD.lastIndex = at
      const word = WORD.exec(text)?.[0] ?? text.charAt(at)
      const end = at + word.length
      if (at > from) {
        if (at >= past && isFirst && depth > 0 && members.includes(word) && !isKey(text, end)) {
          return opening === undefined ? { next: 'member', at } : { next: 'member', at, opening }
        }
        if (startsStatement({ text, at, word, isFirst, depth, isRead: at < past })) return { next: 'statement', at }
      }
      isFirst = false
      at = end
    } else {
      const isClosing = code === 0x7d && (depth === 1 || (depth > 1 && isFirst && text.charCodeAt(at - 1) === 0x0a))
      if (isClosing && at >= past && !isBeforeBlock(text, at + 1)) return { next: 'statement', at: at + 1 }
      if (code === 0x7b && depth === 0) opening = at
      if (code === 0x7b) depth++
      else if (code === 0x7d && depth > 0) depth--
      isFirst = false
      at = pass(text, at, code)
    }
  }
  return { next: 'statement', at: text.length }
}

interface Candidate {
  readonly text: string
  readonly at: number
  readonly word: string
  readonly isFirst: boolean
  readonly depth: number
  /** Whether the word was taken for a part of the broken statement. */
  readonly isRead: boolean
}

function startsStatement({ text, at, word, isFirst, depth, isRead }: Candidate): boolean {
  const isAtMargin = isFirst && (at === 0 || text.charCodeAt(at - 1) === 0x0a)
  // A misspelled word at the margin is worth a finding of its own.
  if (!STATEMENT_STARTS.has(word)) return isAtMargin && !isRead && wordType(word) === Word && isNearStart(word)
  if (isAtMargin) return true
  if (isRead) return false
  if (isFirst && depth === 0) return true
  if (!isFirst && depth > 0) return false
  const rest = CERTAIN.get(word)
  if (rest === undefined) return false
  rest.lastIndex = at + word.length
  return rest.test(text)
}

function isNearStart(word: string): boolean {
  return nearest(word, STATEMENT_STARTS) !== undefined
}

/** Behind the string, comment, regex or character at `at`. */
function pass(text: string, at: number, code: number): number {
  if (code === 0x22) {
    const end = scanString(text, at)
    return end < 0 ? lineEnd(text, at) : end
  }
  if (code !== 0x2f) return at + 1
  if (text.charCodeAt(at + 1) === 0x2f) return lineEnd(text, at)
  // The `/8` of `10.0.0.0/8` is glued to an address; a regex never is.
  if (/[0-9A-Za-z:.]/.test(text.charAt(at - 1))) return at + 1
  const end = scanRegex(text, at)
  return end < 0 ? lineEnd(text, at) : end
}

/** Whether the word that ends at `end` is the key of a JSON object that goes over several lines. */
function isKey(text: string, end: number): boolean {
  COLON.lastIndex = end
  return COLON.test(text)
}

/** Whether a `{` follows: then a `}` ended the JSON of a header, and the block is yet to come. */
function isBeforeBlock(text: string, at: number): boolean {
  OPENING.lastIndex = at
  return OPENING.test(text)
}

function isFirstOfLine(text: string, at: number): boolean {
  for (let before = at - 1; before >= 0; before--) {
    const code = text.charCodeAt(before)
    if (code === 0x0a) return true
    if (code !== 0x20 && code !== 0x09 && code !== 0x0d && code !== 0xfeff) return false
  }
  return true
}

function isWordCode(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0x5f || (code >= 0x30 && code <= 0x39)
  )
}

const WORD = /[A-Za-z0-9_]+(?:-[A-Za-z0-9_]+)*/y
const COLON = /[ \t]*:/y
const OPENING = /[ \t]*\{/y
/** What behind its first word makes a statement of it, wherever it stands. */
const CERTAIN = new Map<string, RegExp>([
  ['catalog', /[ \t]+[\w-]+[ \t]+from\b/y],
  ['set', /[ \t]+[\w-]+[ \t]*=/y],
  ['role', /[ \t]+[\w-]+[ \t]*(?:\{|includes\b)/y],
  ['autonomous', /[ \t]+agent\b/y],
  ['delegated', /[ \t]+agent\b/y],
  ['service', /[ \t]+agent\b/y],
  ['delegate', /[ \t]+[\w-]+[ \t]*->/y],
  ['boundary', /[ \t]+runtime\b/y],
  ['test', /[ \t]+"/y],
])
