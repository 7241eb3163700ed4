/** JSON as the API takes it: what two readers could understand in two ways is refused. */
import { KavachError } from '../index.ts'

/** Levels of objects and lists in each other. */
export const MAX_DEPTH = 32

/**
 * The value of a text in UTF-8.
 *
 * Of a member that is stated twice some parsers take the first and some the last, so there must be none; a proxy that looks at
 * bodies could be told another thing than the host. They are found by counting: the text has a colon for each member that is
 * stated, and the value has those that are left.
 *
 * @throws {KavachError} KVCH_E_REQUEST_INVALID
 */
export function parseJson(bytes: ArrayBuffer): unknown {
  const text = decode(bytes)
  const stated = countColons(text)
  const value = parse(text)
  if (countMembers(value) !== stated) fail('a member is stated twice')
  return value
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decode(bytes: ArrayBuffer): string {
  try {
    return UTF8.decode(bytes)
  } catch (cause) {
    return fail('the body is no UTF-8', cause)
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    // The message of the platform quotes the body.
    return fail('the body is no JSON', cause)
  }
}

const QUOTE = 0x22
const COLON = 0x3a
const BACKSLASH = 0x5c

/** Colons outside of texts; looks at the depth on its way, before anything is made of the text. */
function countColons(text: string): number {
  let depth = 0
  let colons = 0
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfText(text, at)
        break
      case COLON:
        colons++
        break
      case 0x5b:
      case 0x7b:
        if (++depth > MAX_DEPTH) fail(`the body nests deeper than ${MAX_DEPTH} levels`)
        break
      case 0x5d:
      case 0x7d:
        depth--
    }
  }
  return colons
}

/** The index of the quotation mark that ends the text which begins at `from`. */
function endOfText(text: string, from: number): number {
  for (let end = text.indexOf('"', from + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let at = end - 1
    while (text.charCodeAt(at) === BACKSLASH) at--
    // An even number of them stands for themselves.
    if ((end - at) % 2 === 1) return end
  }
  return text.length
}

function countMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  let count = 0
  if (Array.isArray(value)) {
    for (const item of value) count += countMembers(item)
    return count
  }
  for (const [name, member] of Object.entries(value)) {
    // Whoever copies an object by assignment would set its prototype.
    if (name === '__proto__') fail('no member may be named `__proto__`')
    count += 1 + countMembers(member)
  }
  return count
}

function fail(message: string, cause?: unknown): never {
  throw new KavachError('KVCH_E_REQUEST_INVALID', message, { cause })
}
