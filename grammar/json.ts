/** Reads the JSON of a `with` fact: JSON whose keys may be bare names, with comments between its parts. */
import type { JsonValue, Span } from './ast.ts'
import type { Finding } from './finding.ts'

export type JsonRead =
  | { readonly ok: true; readonly value: JsonValue; readonly end: number; readonly comments: readonly Span[] }
  | { readonly ok: false; readonly finding: Finding }

/** Deepest nesting of arrays and objects that is read. */
export const MAX_JSON_DEPTH = 64

/**
 * The JSON value that starts at `start` (no blanks before it).
 *
 * Objects are built with own data properties only, so that a key named `__proto__` is a key; a key that occurs twice is
 * a fault. `-0` reads as 0, a number too large for a double is a fault.
 */
export function readJson(text: string, start: number): JsonRead {
  const state: State = { text, at: start, comments: [] }
  try {
    const value = readValue(state, 0)
    return { ok: true, value, end: state.at, comments: state.comments }
  } catch (fault) {
    if (!(fault instanceof JsonFault)) throw fault
    return { ok: false, finding: fault.finding }
  }
}

class JsonFault {
  readonly finding: Finding

  constructor(finding: Finding) {
    this.finding = finding
  }
}

interface State {
  readonly text: string
  at: number
  readonly comments: Span[]
}

function readValue(state: State, depth: number): JsonValue {
  const { text, at } = state
  const first = text.charAt(at)
  if (first === '{' || first === '[') {
    if (depth >= MAX_JSON_DEPTH) {
      return fail(at, at + 1, 'KV0114', `JSON is nested deeper than ${MAX_JSON_DEPTH} levels`)
    }
    return first === '{' ? readObject(state, depth + 1) : readArray(state, depth + 1)
  }
  if (first === '"') return readString(state)
  NUMBER.lastIndex = at
  const number = NUMBER.exec(text)
  if (number !== null) {
    const value = Number(number[0])
    state.at += number[0].length
    if (!Number.isFinite(value)) return fail(at, state.at, 'KV0113', 'this number is too large for JSON')
    return value === 0 ? 0 : value
  }
  WORD.lastIndex = at
  const word = WORD.exec(text)?.[0] ?? ''
  const constant = CONSTANTS.get(word)
  if (constant === undefined) {
    const end = at + Math.max(word.length, 1)
    const found = at < text.length && !/\s/.test(first) ? `found \`${text.slice(at, end)}\`` : 'found nothing'
    const help = /^['`A-Za-z]/.test(first) ? 'strings of JSON stand in double quotes' : undefined
    return fail(at, Math.min(end, text.length), 'KV0113', `expected a JSON value, ${found}`, help)
  }
  state.at += word.length
  return constant
}

function readObject(state: State, depth: number): JsonValue {
  const members: [string, JsonValue][] = []
  const seen = new Map<string, Span>()
  const open = state.at++
  skipBlanks(state)
  while (state.text.charAt(state.at) !== '}') {
    if (members.length > 0) readComma(state, open)
    const start = state.at
    const key = readKey(state, open)
    const earlier = seen.get(key)
    const span = { start, end: state.at }
    if (earlier !== undefined) {
      throw new JsonFault({
        ...span,
        code: 'KV0115',
        message: `the key \`${key}\` occurs twice`,
        secondary: { span: earlier, label: 'first here' },
      })
    }
    seen.set(key, span)
    skipBlanks(state)
    if (state.text.charAt(state.at) !== ':') {
      return fail(
        state.at,
        Math.min(state.at + 1, state.text.length),
        'KV0113',
        `expected \`:\` after the key \`${key}\``,
      )
    }
    state.at++
    skipBlanks(state)
    members.push([key, readValue(state, depth)])
    skipBlanks(state)
  }
  state.at++
  // fromEntries defines own properties, so a key named __proto__ stays data.
  return Object.fromEntries(members)
}

function readArray(state: State, depth: number): JsonValue {
  const items: JsonValue[] = []
  const open = state.at++
  skipBlanks(state)
  while (state.text.charAt(state.at) !== ']') {
    if (items.length > 0) readComma(state, open)
    items.push(readValue(state, depth))
    skipBlanks(state)
  }
  state.at++
  return items
}

function readComma(state: State, open: number): void {
  if (state.at >= state.text.length) unclosed(state, open)
  if (state.text.charAt(state.at) !== ',') {
    const close = state.text.charAt(open) === '{' ? '}' : ']'
    const found = state.text.charAt(state.at)
    fail(state.at, state.at + 1, 'KV0113', `expected \`,\` or \`${close}\`, found \`${found}\``)
  }
  const comma = state.at++
  skipBlanks(state)
  const next = state.text.charAt(state.at)
  if (next === '}' || next === ']') {
    throw new JsonFault({
      code: 'KV0113',
      start: comma,
      end: comma + 1,
      message: 'JSON has no comma after the last item',
      fix: { title: 'remove the comma', span: { start: comma, end: comma + 1 }, text: '' },
    })
  }
}

function readKey(state: State, open: number): string {
  if (state.text.charAt(state.at) === '"') return readString(state)
  KEY.lastIndex = state.at
  const key = KEY.exec(state.text)?.[0]
  if (key === undefined) {
    if (state.at >= state.text.length) unclosed(state, open)
    return fail(state.at, state.at + 1, 'KV0113', `expected a key, found \`${state.text.charAt(state.at)}\``)
  }
  state.at += key.length
  return key
}

function readString(state: State): string {
  const { text, at } = state
  let end = at + 1
  for (; ; end++) {
    const code = text.charCodeAt(end)
    if (code === 0x22) break
    if (code === 0x5c) end++
    if (end >= text.length || code === 0x0a || text.charCodeAt(end) === 0x0a) {
      return fail(at, at + 1, 'KV0103', 'this string is never closed', 'a string ends on the line it begins on')
    }
  }
  state.at = end + 1
  const source = text.slice(at, end + 1)
  const plain = source.replace(BRACED, bracedToPlain)
  try {
    return String(JSON.parse(plain))
  } catch {
    return fail(at, end + 1, 'KV0107', 'this string has a bad escape or control character')
  }
}

/** `\u{1F600}`, which strings of the language have and JSON lacks, as the `\ud83d\ude00` of JSON. */
function bracedToPlain(written: string, digits: string | undefined): string {
  if (digits === undefined) return written
  const code = Number.parseInt(digits, 16)
  if (code > 0x10ffff) return written
  let plain = ''
  for (const unit of String.fromCodePoint(code).split(''))
    plain += `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  return plain
}

function skipBlanks(state: State): void {
  const { text } = state
  for (;;) {
    const code = text.charCodeAt(state.at)
    if (code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d) state.at++
    else if (code === 0x2f && text.charCodeAt(state.at + 1) === 0x2f) {
      let end = text.indexOf('\n', state.at)
      if (end < 0) end = text.length
      state.comments.push({ start: state.at, end })
      state.at = end
    } else return
  }
}

function unclosed(state: State, open: number): never {
  const bracket = state.text.charAt(open)
  return fail(open, open + 1, 'KV0113', `this \`${bracket}\` is never closed`)
}

function fail(start: number, end: number, code: string, message: string, help?: string): never {
  throw new JsonFault({ code, start, end, message, ...(help === undefined ? {} : { help }) })
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![0-9A-Za-z_.])/y
const WORD = /[A-Za-z0-9_.+-]+/y
const KEY = /[A-Za-z_][A-Za-z0-9_]*(?:-[A-Za-z_][A-Za-z0-9_]*)*/y
const BRACED = /\\u\{([0-9A-Fa-f]{1,6})\}|\\./g
const CONSTANTS = new Map<string, JsonValue>([
  ['null', null],
  ['true', true],
  ['false', false],
])
