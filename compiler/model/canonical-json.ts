/**
 * JSON in one form only, so that equal values have equal digests.
 *
 * @see RFC 8785 section 3.2: no white space, members sorted by UTF-16 code units, numbers and strings as ECMAScript prints them
 */
import { isWellFormed } from './literals/well-formed.ts'

/** Levels of nesting; more would exhaust the stack of some engine. */
export const MAX_JSON_LEVELS = 100

/**
 * Canonical JSON of a value. Members that are `undefined` are left out.
 *
 * @throws {TypeError} for what JSON cannot say: numbers that are not finite, lone surrogates, objects of a class, holes in lists
 * @throws {RangeError} for what nests deeper than `MAX_JSON_LEVELS`
 */
export function canonicalJson(value: unknown): string {
  return textOf(value, 0)
}

/** Canonical JSON of a text. @throws {TypeError} when a surrogate is alone */
export function canonicalText(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`
  if (!isWellFormed(text)) throw new TypeError('a surrogate is alone')
  return JSON.stringify(text)
}

/** Characters that stand for themselves. */
const PLAIN = /^[ !#-[\]-~]*$/

function textOf(value: unknown, level: number): string {
  switch (typeof value) {
    case 'string':
      return canonicalText(value)
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`${value} is not a number of JSON`)
      return JSON.stringify(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object':
      return value === null ? 'null' : containerOf(value, level + 1)
    default:
      throw new TypeError(`JSON has no ${typeof value}`)
  }
}

function containerOf(value: object, level: number): string {
  if (level > MAX_JSON_LEVELS) throw new RangeError(`it nests deeper than ${MAX_JSON_LEVELS} levels`)
  if (Array.isArray(value)) {
    let list = '['
    for (let i = 0; i < value.length; i++) list += (i === 0 ? '' : ',') + textOf(value[i], level)
    return `${list}]`
  }
  if (!isPlain(value)) throw new TypeError('an object of a class is no JSON')
  let members = '{'
  for (const name of Object.keys(value).sort()) {
    const member = value[name]
    if (member !== undefined) members += `${members === '{' ? '' : ','}${canonicalText(name)}:${textOf(member, level)}`
  }
  return `${members}}`
}

/** Objects of another realm have another prototype, which has none itself. */
function isPlain(value: object): value is { readonly [name: string]: unknown } {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
