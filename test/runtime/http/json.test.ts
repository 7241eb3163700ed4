import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_DEPTH, parseJson } from '../../../runtime/http/json.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text).buffer

function faultOf(bytes: ArrayBuffer): string {
  try {
    parseJson(bytes)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  throw new Error('it was taken')
}

describe('a body of JSON', () => {
  test('is what JSON.parse makes of it', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.integer({ min: 0, max: 2 }), (value, space) => {
        const text = JSON.stringify(value, null, space)
        if (text.includes('"__proto__":')) return
        expect(parseJson(bytesOf(text))).toEqual(JSON.parse(text))
      }),
    )
  })

  test.each([
    ['{"a":1,"a":2}', 'a member is stated twice'],
    ['{"a":{"b":1,"c":[{"b":1,"\\u0062":2}]}}', 'a member is stated twice'],
    ['{"__proto__":{"isAdmin":true}}', 'no member may be named `__proto__`'],
    ['{"a":[{"\\u005f_proto__":1}]}', 'no member may be named `__proto__`'],
    ['', 'the body is no JSON'],
    ['{"a":1', 'the body is no JSON'],
    ['{"a":"b\\"', 'the body is no JSON'],
    ['\ufeff{}', 'the body is no JSON'],
    ['{"a":1}}', 'the body is no JSON'],
  ])('that says %s is refused', (text, message) => {
    expect(faultOf(bytesOf(text))).toBe(message)
  })

  test.each([
    ['a broken sequence', [0x22, 0xc3, 0x28, 0x22]],
    ['a surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['an end in the middle', [0x22, 0xf0, 0x9f, 0x98]],
  ])('that is no UTF-8, by %s, is refused', (_, bytes) => {
    expect(faultOf(Uint8Array.from(bytes).buffer)).toBe('the body is no UTF-8')
  })

  test(`nests ${MAX_DEPTH} levels at most`, () => {
    const nested = (levels: number) => bytesOf('['.repeat(levels) + ']'.repeat(levels))
    expect(() => parseJson(nested(MAX_DEPTH))).not.toThrow()
    expect(faultOf(nested(MAX_DEPTH + 1))).toBe('the body nests deeper than 32 levels')
    expect(faultOf(nested(30_000))).toBe('the body nests deeper than 32 levels')
  })

  test('may hold brackets, colons, quotation marks and backslashes in its texts', () => {
    const value = { 'a:b': '[[[{"', c: '\\', d: '\\"', 'e\\': [':', '\u2028'] }
    expect(parseJson(bytesOf(JSON.stringify(value)))).toEqual(value)
  })

  test('may name members as objects have them', () => {
    const text = '{"constructor":{"prototype":{"isAdmin":true}},"toString":1,"hasOwnProperty":2}'
    expect(parseJson(bytesOf(text))).toEqual(JSON.parse(text))
    expect(Object.hasOwn(Object.prototype, 'isAdmin')).toBe(false)
  })
})
