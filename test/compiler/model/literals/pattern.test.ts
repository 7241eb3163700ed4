import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatPattern, type PatternLiteral, type PatternPart, parsePattern } from '../../../../compiler/model/index.ts'

const text = (value: string): PatternPart => ({ kind: 'text', text: value })
const ANY: PatternPart = { kind: 'any' }
const choice = (...options: readonly (readonly PatternPart[])[]): PatternPart => ({ kind: 'choice', options })

describe('patterns', () => {
  it.each<[string, PatternLiteral]>([
    ['**', { segments: [], rest: true }],
    ['a', { segments: [[text('a')]], rest: false }],
    ['A-Z_0.9@x', { segments: [[text('A-Z_0.9@x')]], rest: false }],
    ['a:*:**', { segments: [[text('a')], [ANY]], rest: true }],
    ['*:a', { segments: [[ANY], [text('a')]], rest: false }],
    ['pr-*x*', { segments: [[text('pr-'), ANY, text('x'), ANY]], rest: false }],
    ['{a,b*}c', { segments: [[choice([text('a')], [text('b'), ANY]), text('c')]], rest: false }],
    ['{*}', { segments: [[choice([ANY])]], rest: false }],
    ['"odd name"', { segments: [[text('odd name')]], rest: false }],
    ['a:"\\u{e9}\\"":b', { segments: [[text('a')], [text('é"')], [text('b')]], rest: false }],
  ])('%s', (source, expected) => {
    expect(parsePattern(source)).toEqual({ ok: true, value: expected })
  })

  it.each<[string, string, string]>([
    ['', 'KV0201', ''],
    ['*', 'KV0202', '*'],
    ['a::b', 'KV0201', ':'],
    [':a', 'KV0201', ':'],
    ['a:', 'KV0201', ''],
    ['a b', 'KV0201', ' '],
    ['a/b', 'KV0201', '/'],
    ['é', 'KV0201', 'é'],
    ['😀', 'KV0201', '😀'],
    ['"a', 'KV0201', '"a'],
    ['"a"b', 'KV0201', 'b'],
    ['a"b"', 'KV0201', '"'],
    ['**:a', 'KV0204', '**'],
    ['a**', 'KV0204', '**'],
    ['**a', 'KV0204', '**'],
    ['{a,**}', 'KV0204', '**'],
    ['{a', 'KV0206', '{a'],
    ['{a:b}', 'KV0206', '{a'],
    ['{a,{b}}', 'KV0206', '{'],
    ['{a,}', 'KV0206', ',}'],
    ['{}', 'KV0206', '{}'],
    ['a}', 'KV0206', '}'],
    ['a,b', 'KV0206', ','],
    ['a:"x:y"', 'KV0203', '"x:y"'],
    ['a:"*"', 'KV0203', '"*"'],
    ['a:""', 'KV0203', '""'],
    ['"e\\u{301}"', 'KV0203', '"e\\u{301}"'],
    ['a:"\\q"', 'KV0272', '\\q'],
    ['x'.repeat(129), 'KV0203', 'x'.repeat(129)],
    [Array.from({ length: 33 }, () => 'a').join(':'), 'KV0203', 'a'],
    [`${Array.from({ length: 32 }, () => 'a').join(':')}:**`, 'KV0203', '**'],
    ['{a,b,c,d,e,f}'.repeat(4), 'KV0205', '{a,b,c,d,e,f}'.repeat(4)],
  ])('%s is refused with %s', (source, code, part) => {
    const parsed = parsePattern(source)
    const got = parsed.ok ? undefined : [parsed.fault.code, source.slice(parsed.fault.start, parsed.fault.end)]
    expect(got).toEqual([code, part])
  })

  it('the ends of the bounds are fine', () => {
    const fine = [
      'x'.repeat(128),
      Array.from({ length: 32 }, () => 'a').join(':'),
      `${Array.from({ length: 31 }, () => 'a').join(':')}:**`,
    ]
    expect(fine.map((source) => parsePattern(source).ok)).toEqual([true, true, true])
  })

  it('prints what it reads back', () => {
    const glob = fc
      .array(fc.constantFrom('a', 'b-', '*'), { minLength: 1, maxLength: 4 })
      .map((parts) => parts.join('').replace(/\*+/g, '*'))
    const options = fc.array(glob, { minLength: 1, maxLength: 3 }).map((parts) => `{${parts.join()}}`)
    const quoted = fc.string({ unit: 'binary', minLength: 1, maxLength: 5 }).map((value) => JSON.stringify(value))
    const segment = fc.oneof(
      glob,
      options,
      fc.tuple(glob, options).map((parts) => parts.join('')),
      quoted,
    )
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 4 }), fc.boolean(), (segments, isRest) => {
        const parsed = parsePattern([...segments, ...(isRest ? ['**'] : [])].join(':'))
        if (parsed.ok) expect(parsePattern(formatPattern(parsed.value))).toEqual(parsed)
      }),
      { numRuns: 1000 },
    )
  })
})
