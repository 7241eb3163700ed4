import { EOF } from 'chevrotain'
import { describe, expect, test } from 'vitest'
import { Lexer, type Mode, type Token } from '../../grammar/lexer.ts'

function name({ tokenType, image }: Token): string {
  return tokenType.name === 'Word' ? image : `${tokenType.name} ${image}`
}

function tokens(text: string): string[] {
  const lexer = new Lexer(text)
  const found: string[] = []
  while (lexer.peek(1).tokenType !== EOF) {
    found.push(name(lexer.peek(1)))
    lexer.consume()
  }
  return found
}

function readAs(text: string, mode: Mode): string {
  return name(new Lexer(text).readAs(mode))
}

test('plain text is words, numbers, strings, regexes and signs', () => {
  expect(tokens('policy a-b_1 2_000 0.50 30m "x\\"y" /a\\/b/is { } [ ] , . * - % -> = <= >=')).toEqual([
    'Kw_policy policy', 'a-b_1', 'Digits 2_000', 'Digits 0.50', 'Digits 30m', 'Str "x\\"y"', 'Regex /a\\/b/is', 'LeftBrace {',
    'RightBrace }', 'LeftBracket [', 'RightBracket ]', 'Comma ,', 'Dot .', 'Star *', 'Minus -', 'Percent %', 'Arrow ->',
    'Equal =', 'AtMost <=', 'AtLeast >=',
  ]) // biome-ignore format: a list reads best as a block
})

test('a token is what the place asks for', () => {
  expect(readAs('mcp:github:{a, b}:** x', 'pattern')).toBe('Pattern mcp:github:{a, b}:**')
  expect(readAs('"a, b":*, c', 'pattern')).toBe('Pattern "a, b":*')
  expect(readAs('a//comment', 'pattern')).toBe('Pattern a')
  expect(readAs('a}', 'pattern')).toBe('Pattern a')
  expect(readAs('2001:db8::/32, x', 'raw')).toBe('Raw 2001:db8::/32')
  expect(readAs('09:00 - 18:00,', 'clock')).toBe('Clock 09:00 - 18:00')
  expect(readAs('{ a: [1] } }', 'json')).toBe('Json { a: [1] }')
})

test('a token that was read ahead is read again in another mode', () => {
  const lexer = new Lexer('on 10.0.0.0/8, x')
  lexer.consume()
  expect(name(lexer.peek(1))).toBe('Digits 10.0.0.0')
  expect(name(lexer.readAs('raw'))).toBe('Raw 10.0.0.0/8')
  lexer.consume()
  expect([lexer.end, name(lexer.peek(1)), name(lexer.peek(2))]).toEqual([13, 'Comma ,', 'x'])
})

test('each comment is recorded once, without its line end', () => {
  const lexer = new Lexer('// a\r\nx // b\n// c')
  lexer.readAs('pattern')
  lexer.readAs('raw')
  lexer.consume()
  lexer.peek(1)
  expect(lexer.comments).toEqual([
    { start: 0, end: 4 },
    { start: 8, end: 12 },
    { start: 13, end: 17 },
  ])
})

describe('what is no token', () => {
  const CASES = [
    '"open',
    '"a\\q"',
    '/open',
    '&&',
    '==',
    '<',
    '(',
    '€',

    'a-1',
    'größe',
    '\u{1F600}',
    '\u0001',
    '“x”',
  ]
  for (const text of CASES) {
    test(JSON.stringify(text), () => {
      const token = new Lexer(text).peek(1)
      expect([token.tokenType.name, token.payload]).toMatchSnapshot()
    })
  }
})
