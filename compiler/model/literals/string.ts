/** Quoted strings: `"..."` on one line with `\" \\ \/ \n \t \r \u0041 \u{1F600}`. */
import { fault, parsed } from './fault.ts'
import type { Parsed } from './values.ts'
import { isWellFormed } from './well-formed.ts'

const SIMPLE: Readonly<Record<string, string>> = { '"': '"', '\\': '\\', '/': '/', n: '\n', t: '\t', r: '\r' }

/** The value of a quoted string, quotes included in `text`. Two `\u` escapes may spell a surrogate pair. */
export function parseString(text: string): Parsed<string> {
  const end = text.length - 1
  if (end < 1 || text[0] !== '"' || text[end] !== '"') {
    return fault({ code: 'KV0103', start: 0, end: text.length, message: 'a string stands between double quotes' })
  }
  if (!text.includes('\\')) {
    const quote = text.indexOf('"', 1)
    if (quote !== end) return strayQuote(quote)
    const unit = badUnit(text, 1, end)
    if (unit !== undefined) return unit
    return parsed(text.slice(1, end))
  }
  let value = ''
  for (let i = 1; i < end; ) {
    if (text[i] === '"') return strayQuote(i)
    if (text[i] !== '\\') {
      value += text[i]
      i++
      continue
    }
    const read = readEscape(text, i, end)
    if (read === undefined) {
      return fault({
        code: 'KV0272',
        start: i,
        end: Math.min(i + 2, end),
        message: `unknown escape \`${text.slice(i, Math.min(i + 2, end))}\``,
        help: 'the escapes are \\" \\\\ \\/ \\n \\t \\r \\u0041 and \\u{1F600}',
      })
    }
    value += read.value
    i = read.end
  }
  if (!isWellFormed(value)) {
    return fault({ code: 'KV0273', start: 0, end: text.length, message: 'this string holds half of a surrogate pair' })
  }
  return badUnit(text, 1, end) ?? parsed(value)
}

/** A quoted string that `parseString` reads back as `value`. */
export function formatString(value: string): string {
  let out = '"'
  for (let i = 0; i < value.length; i++) {
    const char = value.charAt(i)
    const unit = value.charCodeAt(i)
    if (char === '"' || char === '\\') out += `\\${char}`
    else if (char === '\n') out += '\\n'
    else if (char === '\t') out += '\\t'
    else if (char === '\r') out += '\\r'
    else if (isHidden(unit)) out += `\\u${unit.toString(16).padStart(4, '0')}`
    else out += char
  }
  return `${out}"`
}

/** Controls, bidi marks and invisible characters, which policy text may hold only as escapes. */
function isHidden(unit: number): boolean {
  return (
    unit < 0x20 ||
    (unit >= 0x7f && unit <= 0x9f) ||
    unit === 0xad ||
    unit === 0x61c ||
    unit === 0x180e ||
    (unit >= 0x200b && unit <= 0x200f) ||
    (unit >= 0x2028 && unit <= 0x202e) ||
    (unit >= 0x2060 && unit <= 0x206f) ||
    unit === 0xfeff ||
    unit === 0xfffd
  )
}

function readEscape(text: string, at: number, limit: number): { value: string; end: number } | undefined {
  const letter = text.charAt(at + 1)
  if (at + 1 >= limit) return undefined
  if (letter !== 'u') {
    const value = Object.hasOwn(SIMPLE, letter) ? SIMPLE[letter] : undefined
    return value === undefined ? undefined : { value, end: at + 2 }
  }
  const hex = /^(?:([0-9A-Fa-f]{4})|\{([0-9A-Fa-f]{1,6})\})/.exec(text.slice(at + 2, Math.min(at + 10, limit)))
  if (hex === null) return undefined
  const point = Number.parseInt(hex[1] ?? hex[2] ?? '', 16)
  if (point > 0x10ffff) return undefined
  return { value: String.fromCodePoint(point), end: at + 2 + hex[0].length }
}

function strayQuote(at: number): Parsed<string> {
  return fault({ code: 'KV0103', start: at, end: at + 1, message: 'a quote inside a string is written `\\"`' })
}

function badUnit(text: string, start: number, end: number): Parsed<string> | undefined {
  for (let i = start; i < end; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x20 || unit === 0x7f) {
      return fault({
        code: 'KV0274',
        start: i,
        end: i + 1,
        message: 'a control character inside a string',
        help: 'write it as an escape, such as \\n or \\t',
      })
    }
  }
  return undefined
}
