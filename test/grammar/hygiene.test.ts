import { describe, expect, test } from 'vitest'
import { checkHygiene } from '../../grammar/hygiene.ts'
import { parsePolicy } from '../../grammar/index.ts'
import { frames } from './outline.ts'

/** The text after every fix that was offered. */
function fixed(text: string): string {
  const edits = parsePolicy('p', text).diagnostics.flatMap(({ fix }) => fix?.edits ?? [])
  return edits
    .toSorted((a, b) => b.span.start - a.span.start)
    .reduce((now, { span, text: put }) => now.slice(0, span.start) + put + now.slice(span.end), text)
}

describe('characters that may not stand in policy text', () => {
  test('a byte order mark', () => {
    expect(frames('\ufeffpolicy p')).toMatchInlineSnapshot(`
      "error[KV0120]: the file starts with a byte order mark
       ┌ p.kavach:1:1
      1 │ <U+FEFF>policy p
        │ ^^^^^^^^
        = help: policy text is UTF-8 without one
      "
    `)
  })
  test('controls, wherever they stand', () => {
    expect(frames('policy\u0000p // a\u0007b\ncatalog c from "x\u001b[31m"')).toMatchInlineSnapshot(`
      "error[KV0116]: the control character U+0000
       ┌ p.kavach:1:7
      1 │ policy<U+0000>p // a<U+0007>b
        │       ^^^^^^^^
        = help: replace with a space

      error[KV0116]: the control character U+0007
       ┌ p.kavach:1:14
      1 │ policy<U+0000>p // a<U+0007>b
        │                     ^^^^^^^^
        = help: remove it

      error[KV0116]: the control character U+001B
       ┌ p.kavach:2:18
      2 │ catalog c from "x<U+001B>[31m"
        │                  ^^^^^^^^
        = help: write it as an escape
      "
    `)
  })
  test('a carriage return that ends no line', () => {
    expect(frames('policy p\rset s = cidr [::1] // a\rforbid * on **\r\n')).toMatchInlineSnapshot(`
      "error[KV0116]: a carriage return without a line feed
       ┌ p.kavach:1:9
      1 │ policy p<U+000D>set s = cidr [::1] // a<U+000D>forbid * on **
        │         ^^^^^^^^
        = help: replace with a line feed

      error[KV0116]: a carriage return without a line feed
       ┌ p.kavach:1:33
      1 │ policy p<U+000D>set s = cidr [::1] // a<U+000D>forbid * on **
        │                                        ^^^^^^^^
      "
    `)
  })
  test('bidi controls, wherever they stand', () => {
    expect(frames('// \u202eabc\ncatalog c from "\u2066x\u2069" forbid \u200f* on **')).toMatchInlineSnapshot(`
      "error[KV0117]: U+202E changes the direction of text
       ┌ p.kavach:1:4
      1 │ // <U+202E>abc
        │    ^^^^^^^^
        = help: remove it

      error[KV0117]: U+2066 changes the direction of text
       ┌ p.kavach:2:17
      2 │ catalog c from "<U+2066>x<U+2069>" forbid <U+200F>* on **
        │                 ^^^^^^^^
        = help: write it as an escape

      error[KV0117]: U+2069 changes the direction of text
       ┌ p.kavach:2:19
      2 │ catalog c from "<U+2066>x<U+2069>" forbid <U+200F>* on **
        │                          ^^^^^^^^
        = help: write it as an escape

      error[KV0117]: U+200F changes the direction of text
       ┌ p.kavach:2:29
      2 │ catalog c from "<U+2066>x<U+2069>" forbid <U+200F>* on **
        │                                           ^^^^^^^^
        = help: remove it
      "
    `)
  })
  test('invisible characters, wherever they stand', () => {
    expect(
      frames('po\u200blicy p // ok\u00ad\ncatalog c from "a\ufe0f\u{e0041}"\nset s = regex /a\u2060b/'),
    ).toMatchInlineSnapshot(`
      "error[KV0117]: U+200B is invisible
       ┌ p.kavach:1:3
      1 │ po<U+200B>licy p // ok<U+00AD>
        │   ^^^^^^^^
        = help: remove it

      error[KV0117]: U+00AD is invisible
       ┌ p.kavach:1:16
      1 │ po<U+200B>licy p // ok<U+00AD>
        │                       ^^^^^^^^
        = help: remove it

      error[KV0117]: U+FE0F is invisible
       ┌ p.kavach:2:18
      2 │ catalog c from "a<U+FE0F><U+E0041>"
        │                  ^^^^^^^^^^^^^^^^^
        = help: write it as an escape

      error[KV0117]: U+2060 is invisible
       ┌ p.kavach:3:17
      3 │ set s = regex /a<U+2060>b/
        │                 ^^^^^^^^
        = help: write it as an escape
      "
    `)
  })
  test('blanks that are none', () => {
    expect(frames('policy\u00a0p // a\u00a0comment\ncatalog c from "a\u00a0string"')).toMatchInlineSnapshot(`
      "error[KV0117]: U+00A0 is no plain space
       ┌ p.kavach:1:7
      1 │ policy p // a comment
        │       ^
        = help: replace with a space
      "
    `)
  })
  test('text that is not in normal form C', () => {
    expect(frames('// cafe\u0301 \u212b\ncatalog c from "e\u0301"')).toMatchInlineSnapshot(`
      "error[KV0121]: this text is not in Unicode normal form C
       ┌ p.kavach:1:7
      1 │ // café Å
        │       ^
        = help: requests are compared byte for byte with the composed form

      error[KV0121]: this text is not in Unicode normal form C
       ┌ p.kavach:1:10
      1 │ // café Å
        │         ^
        = help: requests are compared byte for byte with the composed form

      error[KV0121]: this text is not in Unicode normal form C
       ┌ p.kavach:2:17
      2 │ catalog c from "é"
        │                 ^
        = help: requests are compared byte for byte with the composed form
      "
    `)
  })
  test('half of a surrogate pair, and the mark of lost bytes', () => {
    expect(frames('catalog c from "\ud83dx" // \ufffd\ufffd')).toMatchInlineSnapshot(`
      "error[KV0122]: U+D83D is half of a surrogate pair
       ┌ p.kavach:1:17
      1 │ catalog c from "<U+D83D>x" // ��
        │                 ^^^^^^^^

      error[KV0122]: U+FFFD stands for bytes that could not be read
       ┌ p.kavach:1:24
      1 │ catalog c from "<U+D83D>x" // ��
        │                               ^^
        = help: bytes that are no UTF-8 end up as this character; restore what stood here
      "
    `)
  })
})

describe('fixes', () => {
  const FIXED: readonly (readonly [string, string])[] = [
    ['\ufeffpolicy p', 'policy p'],
    ['po\u200blicy p // a\u202eb', 'policy p // ab'],
    ['catalog c from "\u202ea\u0007"', 'catalog c from "\\u{202E}a\\u{7}"'],
    ['set s = regex /a\u200b/', 'set s = regex /a\\x{200B}/'],
    ['policy\u00a0\u2003p', 'policy  p'],
    ['policy p\rset s = cidr [::1]', 'policy p\nset s = cidr [::1]'],
    ['catalog c from "cafe\u0301 \u1112\u1161\u11ab"', 'catalog c from "café 한"'],
  ]
  for (const [text, expected] of FIXED) {
    test(`of ${JSON.stringify(text)} leave text without findings`, () => {
      expect(fixed(text)).toBe(expected)
      expect(parsePolicy('p', expected).diagnostics).toEqual([])
    })
  }

  test('are not offered where a person must look', () => {
    const { diagnostics } = parsePolicy('p', '// a\rforbid * on **\n// \ufffd')
    expect(diagnostics.map(({ code, fix }) => [code, fix])).toEqual([
      ['KV0116', undefined],
      ['KV0122', undefined],
    ])
  })
})

describe('look-alikes', () => {
  test('are warned about in strings', () => {
    expect(frames('catalog c from "раypal"\nforbid "аdmin", "сос" on "mcp：x"')).toMatchInlineSnapshot(`
      "warning[KV0119]: \`раypal\` looks like \`paypal\` and is another text
       ┌ p.kavach:1:17
      1 │ catalog c from "раypal"
        │                 ^^^^^^ holds \`р\` (U+0440)
        = help: write \`\\u{440}\` if it is meant

      warning[KV0119]: \`аdmin\` looks like \`admin\` and is another text
       ┌ p.kavach:2:9
      2 │ forbid "аdmin", "сос" on "mcp：x"
        │         ^^^^^ holds \`а\` (U+0430)
        = help: write \`\\u{430}\` if it is meant

      warning[KV0119]: \`сос\` looks like \`coc\` and is another text
       ┌ p.kavach:2:18
      2 │ forbid "аdmin", "сос" on "mcp：x"
        │                  ^^^ holds \`с\` (U+0441)
        = help: write \`\\u{441}\` if it is meant

      warning[KV0119]: \`mcp：x\` looks like \`mcp:x\` and is another text
       ┌ p.kavach:2:27
      2 │ forbid "аdmin", "сос" on "mcp：x"
        │                           ^^^^^^ holds \`：\` (U+FF1A)
        = help: write \`\\u{FF1A}\` if it is meant
      "
    `)
  })
  test('are no look-alikes in words of another script, in comments, and as escapes', () => {
    expect(checkHygiene('// раypal\ncatalog c from "команда naïve 日本 r\\u{435}ad ελληνικά"')).toEqual([])
  })
})

test('every escape that a fix writes is read back as the same text', () => {
  const odd = ['\u0000', '\u202e', '\u200b', '\u{e0041}', '\u00ad', '\u0085', '\u2028']
  for (const character of odd) {
    const { file } = parsePolicy('p', fixed(`catalog c from "a${character}b"`))
    expect(file.declarations.map((node) => node.kind === 'catalog' && node.file.value)).toEqual([`a${character}b`])
  }
})

test('a text has at most a hundred findings of one kind', () => {
  expect(checkHygiene('a\u200b'.repeat(1000)).length).toBe(100)
  expect(checkHygiene('\u200b'.repeat(1000)).length).toBe(1)
})

test('clean text has no finding', () => {
  expect(checkHygiene('policy p\r\n\t// plain\n')).toEqual([])
  expect(checkHygiene('// größer, 日本, 😀, é\n')).toEqual([])
})
