import { describe, expect, it } from 'vitest'
import { parseRegex, parseRegexBody, type RegexExpression } from '../../../../compiler/model/index.ts'

const set = (...pairs: readonly (readonly [number, number])[]): RegexExpression => ({
  kind: 'class',
  ranges: pairs.map(([low, high]) => ({ low, high })),
})
const char = (value: string): RegexExpression => set([value.codePointAt(0) ?? 0, value.codePointAt(0) ?? 0])
const A = char('a')
const B = char('b')
const repeat = (item: RegexExpression, min: number, max: number | undefined): RegexExpression => ({
  kind: 'repeat',
  item,
  min,
  max,
})

describe('regexes', () => {
  it.each<[string, RegexExpression]>([
    ['/a/', A],
    ['/^a$/', A],
    ['/^$/', { kind: 'empty' }],
    ['/ab/', { kind: 'sequence', items: [A, B] }],
    ['/a|b|/', { kind: 'choice', options: [A, B, { kind: 'empty' }] }],
    ['/(a)(?:b)/', { kind: 'sequence', items: [A, B] }],
    ['/a*/', repeat(A, 0, undefined)],
    ['/a+/', repeat(A, 1, undefined)],
    ['/a?/', repeat(A, 0, 1)],
    ['/a{3}/', repeat(A, 3, 3)],
    ['/a{3,}/', repeat(A, 3, undefined)],
    ['/a{0,256}/', repeat(A, 0, 256)],
    ['/a/i', set([0x41, 0x41], [0x61, 0x61])],
    ['/é/i', char('é')],
    ['/./', set([0, 9], [11, 0xd7ff], [0xe000, 0x10ffff])],
    ['/./s', set([0, 0xd7ff], [0xe000, 0x10ffff])],
    ['/\\d/', set([0x30, 0x39])],
    ['/\\w/', set([0x30, 0x39], [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a])],
    ['/\\s/', set([9, 10], [12, 13], [32, 32])],
    ['/\\D/', set([0, 0x2f], [0x3a, 0xd7ff], [0xe000, 0x10ffff])],
    [
      '/\\n\\x41\\u0042\\u{1F600}\\//',
      { kind: 'sequence', items: [char('\n'), char('A'), char('B'), char('😀'), char('/')] },
    ],
    ['/[a-c]/', set([0x61, 0x63])],
    ['/[a-cb-d]/', set([0x61, 0x64])],
    ['/[a-c]/i', set([0x41, 0x43], [0x61, 0x63])],
    ['/[^a]/i', set([0, 0x40], [0x42, 0x60], [0x62, 0xd7ff], [0xe000, 0x10ffff])],
    ['/[-a]/', set([0x2d, 0x2d], [0x61, 0x61])],
    ['/[a-]/', set([0x2d, 0x2d], [0x61, 0x61])],
    ['/[\\d_]/', set([0x30, 0x39], [0x5f, 0x5f])],
    ['/[\\u{d7ff}-\\u{e000}]/', set([0xd7ff, 0xd7ff], [0xe000, 0xe000])],
    ['/😀/', char('😀')],
  ])('%s', (source, root) => {
    const parsed = parseRegex(source)
    expect(parsed.ok ? parsed.value.root : parsed.fault).toEqual(root)
  })

  it.each<[string, string, string]>([
    ['/(a/', 'KV0231', '('],
    ['/a)/', 'KV0231', ')'],
    ['/[a/', 'KV0231', '['],
    ['/[]/', 'KV0231', '[]'],
    ['/[^]/', 'KV0231', '[^]'],
    ['/*a/', 'KV0231', '*'],
    ['/a**/', 'KV0231', '*'],
    ['/a{2}{3}/', 'KV0231', '{'],
    ['/a{3,2}/', 'KV0231', '{3,2}'],
    ['/[b-a]/', 'KV0231', 'b-a'],
    ['/[a-\\d]/', 'KV0231', '\\d'],
    ['/[\\d-a]/', 'KV0231', '-'],
    ['/\\q/', 'KV0231', '\\q'],
    ['/\\u{d800}/', 'KV0231', '\\u{d800}'],
    ['/\\u{110000}/', 'KV0231', '\\u{110000}'],
    ['/a/g', 'KV0232', 'g'],
    ['/a/ii', 'KV0232', 'i'],
    ['/a^b/', 'KV0233', '^'],
    ['/a$b/', 'KV0233', '$'],
    ['/a{/', 'KV0234', '{'],
    ['/a}/', 'KV0234', '}'],
    ['/a]/', 'KV0234', ']'],
    ['/[a-b-c]/', 'KV0234', '-'],
    ['/[[]/', 'KV0234', '['],
    ['/(?=a)/', 'KV0235', '(?='],
    ['/(?<!a)/', 'KV0235', '(?<!'],
    ['/(?<n>a)/', 'KV0235', '(?<'],
    ['/(?P<n>a)/', 'KV0235', '(?P'],
    ['/(a)\\1/', 'KV0235', '\\1'],
    ['/\\k/', 'KV0235', '\\k'],
    ['/\\ba/', 'KV0235', '\\b'],
    ['/\\p{L}/', 'KV0235', '\\p'],
    ['/\\Aa/', 'KV0235', '\\A'],
    ['/a+?/', 'KV0235', '?'],
    ['/a++/', 'KV0235', '+'],
    ['/a{257}/', 'KV0236', '{257}'],
    ['/a{1,257}/', 'KV0236', '{1,257}'],
    [`/${'('.repeat(51)}a${')'.repeat(51)}/`, 'KV0236', '('],
    ['/(a{200}){200}/', 'KV0236', '(a{200}){200}'],
    [`/${'a'.repeat(8193)}/`, 'KV0236', 'a'.repeat(8193)],
  ])('%s is refused with %s at %s', (source, code, part) => {
    const parsed = parseRegex(source)
    const got = parsed.ok ? undefined : [parsed.fault.code, source.slice(parsed.fault.start, parsed.fault.end)]
    expect(got).toEqual([code, part])
  })

  it('needs no backslash before `/` outside of slashes', () => {
    expect([
      parseRegexBody('a/b', '', { slashEscaped: false }).ok,
      parseRegexBody('a/b', '', { slashEscaped: true }).ok,
      parseRegexBody('', '', { slashEscaped: false }).ok,
    ]).toEqual([true, false, false])
  })
})
