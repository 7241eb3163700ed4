import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson, canonicalText, MAX_JSON_LEVELS } from '../../../compiler/model/index.ts'

const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)])

describe('canonical JSON', () => {
  test.each([
    [
      'members in the order of UTF-16 units',
      { b: 1, a: 2, '\u{1f600}': 3, '\ufb33': 4, '': 5 },
      '{"":5,"a":2,"b":1,"\u{1f600}":3,"\ufb33":4}',
    ],
    [
      'numbers as ECMAScript prints them',
      [1e21, 1e-7, -0, 333333333.3333333, 4.5, 1e30],
      '[1e+21,1e-7,0,333333333.3333333,4.5,1e+30]',
    ],
    [
      'texts with as few escapes as there may be',
      '\u20ac$\u000f\nA\'B"\\\\"/',
      '"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"',
    ],
    ['literals', [true, false, null], '[true,false,null]'],
    ['nothing for a member that is undefined', { a: undefined, b: [] }, '{"b":[]}'],
    ['objects without a prototype', Object.assign(Object.create(null), { a: {} }), '{"a":{}}'],
    ['a member called __proto__', JSON.parse('{"__proto__":1}'), '{"__proto__":1}'],
  ])('has %s', (_, value, text) => {
    expect(canonicalJson(value)).toBe(text)
  })

  test('is the same for equal values, and says the value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value)
        expect(canonicalJson(JSON.parse(text))).toBe(text)
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  test.each([
    ['a number that is not finite', Number.NaN],
    ['infinity', [Number.POSITIVE_INFINITY]],
    ['a lone surrogate', '\ud800'],
    ['a lone surrogate in a name', { 'x\udc00': 1 }],
    ['a big integer', 1n],
    ['a function', { f: () => 1 }],
    ['nothing at all', undefined],
    ['a hole in a list', [1, undefined]],
    ['a date', new Date(0)],
    ['a map', new Map()],
  ])('refuses %s', (_, value) => {
    expect(() => canonicalJson(value)).toThrow(TypeError)
  })

  test('nests a hundred levels and no further', () => {
    expect(canonicalJson(nested(MAX_JSON_LEVELS))).toBe(`${'['.repeat(100)}1${']'.repeat(100)}`)
    expect(() => canonicalJson(nested(MAX_JSON_LEVELS + 1))).toThrow(RangeError)
  })

  test('of a text is that of the value', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(canonicalText(text)).toBe(JSON.stringify(text))
      }),
    )
  })
})
