import fc from 'fast-check'
import { expect, it } from 'vitest'
import { formatString, parseString } from '../../../../compiler/model/index.ts'

function read(text: string): unknown {
  const parsed = parseString(text)
  return parsed.ok ? parsed.value : [parsed.fault.code, text.slice(parsed.fault.start, parsed.fault.end)]
}

it.each<[string, unknown]>([
  ['""', ''],
  ['"plain text"', 'plain text'],
  ['"\\"\\\\\\/\\n\\t\\r"', '"\\/\n\t\r'],
  ['"\\u0041\\u{1F600}\\u{41}"', 'A😀A'],
  ['"\\ud83d\\ude00"', '😀'],
  ['"é\\u{10FFFF}"', 'é\u{10ffff}'],
  ['"a', ['KV0103', '"a']],
  ['"', ['KV0103', '"']],
  ['"a"b"', ['KV0103', '"']],
  ['"a\\"b"c"', ['KV0103', '"']],
  ['"\\q"', ['KV0272', '\\q']],
  ['"\\u12"', ['KV0272', '\\u']],
  ['"\\u{}"', ['KV0272', '\\u']],
  ['"\\u{110000}"', ['KV0272', '\\u']],
  ['"\\ud83d"', ['KV0273', '"\\ud83d"']],
  ['"\\ude00\\ud83d"', ['KV0273', '"\\ude00\\ud83d"']],
  ['"a\tb"', ['KV0274', '\t']],
  ['"\\na\u007fb"', ['KV0274', '\u007f']],
])('%s', (text, expected) => {
  expect(read(text)).toEqual(expected)
})

it('prints what it reads back, on one line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (value) => {
      const text = formatString(value)
      expect([read(text), /[\n\r\u2028]/.test(text)]).toEqual([value, false])
    }),
  )
})
