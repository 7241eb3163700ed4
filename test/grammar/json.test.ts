import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_JSON_DEPTH, readJson } from '../../grammar/json.ts'

function read(text: string): unknown {
  const result = readJson(text, 0)
  return result.ok ? result.value : result.finding
}

test('everything that JSON.stringify writes is read as it was', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), fc.constantFrom(undefined, 1, '\t'), (value, indent) => {
      const text = JSON.stringify(value, null, indent)
      const expected = JSON.parse(text, (_key, item) => (Object.is(item, -0) ? 0 : item))
      expect(readJson(`${text} rest`, 0)).toEqual({ ok: true, value: expected, end: text.length, comments: [] })
    }),
  )
})

test('keys may be bare names, comments may stand between the parts', () => {
  const text = '{ a: 1, // one\n b-c: [ "\\u{1F600}", true, null ], "d e": {} }'
  expect(readJson(text, 0)).toEqual({
    ok: true,
    value: { a: 1, 'b-c': ['😀', true, null], 'd e': {} },
    end: text.length,
    comments: [{ start: 8, end: 14 }],
  })
})

test('a key named __proto__ is a key', () => {
  expect(Object.entries(read('{ __proto__: { x: 1 } }') as object)).toEqual([['__proto__', { x: 1 }]])
})

describe('faults', () => {
  const CASES = [
    '', '{', '[1', '{a', '{a:', '{a:1', '{a 1}', '{1: 2}', '{a: 1, a: 2}', '[1,]', '{a: 1,}', '[1 2]', '01', '1.', '.5', '+1', '1e999', 'NaN', 'undefined', "'x'", '"x', '"\\x"', '"a\tb"', '[', 'truex', '"\\u{110000}"',
  ] // biome-ignore format: a list reads best as a block
  for (const text of CASES) test(text === '' ? 'nothing' : text, () => expect(read(text)).toMatchSnapshot())

  test('nesting is bounded', () => {
    const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
    expect(readJson(deep(MAX_JSON_DEPTH), 0).ok).toBe(true)
    expect(read(deep(MAX_JSON_DEPTH + 1))).toEqual({
      code: 'KV0114',
      start: MAX_JSON_DEPTH,
      end: MAX_JSON_DEPTH + 1,
      message: 'JSON is nested deeper than 64 levels',
    })
  })
})
