import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { acceptsText, compileRegex, type Dfa } from '../../../compiler/algebra/index.ts'
import { parseRegex } from '../../../compiler/model/index.ts'

function compile(text: string): Dfa | undefined {
  const parsed = parseRegex(text)
  if (!parsed.ok) throw new Error(`${text}: ${parsed.fault.message}`)
  const compiled = compileRegex(parsed.value)
  return compiled.ok ? compiled.dfa : undefined
}

function automaton(text: string): Dfa {
  const dfa = compile(text)
  if (dfa === undefined) throw new Error(`${text}: too large`)
  return dfa
}

/** Two states that accept the same bytes, found by splitting blocks until nothing changes. */
function equalStates(dfa: Dfa): readonly (readonly number[])[] {
  let blockOf = [...dfa.accepting]
  for (;;) {
    const names = new Map<string, number>()
    const split = blockOf.map((block, state) => {
      const row = Array.from({ length: dfa.classCount }, (_, c) => blockOf[dfa.next[state * dfa.classCount + c] ?? 0])
      const key = `${block}:${row.join()}`
      const name = names.get(key) ?? names.size
      names.set(key, name)
      return name
    })
    const isStable = names.size === new Set(blockOf).size
    blockOf = split
    if (isStable) break
  }
  const states = new Map<number, number[]>()
  blockOf.forEach((block, state) => {
    states.set(block, [...(states.get(block) ?? []), state])
  })
  return [...states.values()].filter((equal) => equal.length > 1)
}

function runBytes(dfa: Dfa, bytes: readonly number[]): boolean {
  let state = 0
  for (const byte of bytes) state = dfa.next[state * dfa.classCount + (dfa.classes[byte] ?? 0)] ?? 0
  return dfa.accepting[state] === 1
}

const CHARACTERS = [
  'a',
  'b',
  'A',
  '-',
  '\n',
  ' ',
  '0',
  'é',
  'ÿ',
  'Ā',
  '߿',
  'ࠀ',
  '一',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '😀',
  '\u{10ffff}',
]

const atom = fc.constantFrom(
  'a',
  'b',
  'é',
  '一',
  '😀',
  '.',
  '\\d',
  '\\w',
  '\\S',
  '[a-é]',
  '[^b]',
  '[^一-\\u{ffff}]',
  '[\\u{80}-\\u{7ff}]',
  '[\\u{ffff}-\\u{10ffff}]',
)
const { regex } = fc.letrec<{ regex: string }>((tie) => ({
  regex: fc.oneof(
    { maxDepth: 4 },
    atom,
    fc.tuple(tie('regex'), tie('regex')).map(([a, b]) => `${a}${b}`),
    fc.tuple(tie('regex'), tie('regex')).map(([a, b]) => `(?:${a}|${b})`),
    fc
      .tuple(tie('regex'), fc.constantFrom('*', '+', '?', '{2}', '{1,3}', '{0,2}', '{2,}'))
      .map(([a, r]) => `(?:${a})${r}`),
  ),
}))
const text = fc.array(fc.constantFrom(...CHARACTERS), { maxLength: 6 }).map((characters) => characters.join(''))

describe('the automaton of a regex', () => {
  it('accepts what a backtracking matcher accepts', () => {
    fc.assert(
      fc.property(
        regex,
        fc.constantFrom('', 's'),
        fc.array(text, { minLength: 12, maxLength: 12 }),
        (body, flags, texts) => {
          const dfa = compile(`/${body}/${flags}`)
          if (dfa === undefined) return
          // `.` leaves out only the line feed here, and classes are ASCII.
          const expected = new RegExp(`^(?:${flags === '' ? body.replaceAll('.', '[^\\n]') : body})$`, `u${flags}`)
          expect(texts.map((sample) => [sample, acceptsText(dfa, sample)])).toEqual(
            texts.map((sample) => [sample, expected.test(sample)]),
          )
        },
      ),
      { numRuns: 400 },
    )
  })

  it('has no two states that accept the same, and numbers states breadth first and classes by byte', () => {
    fc.assert(
      fc.property(regex, (body) => {
        const dfa = compile(`/${body}/`)
        if (dfa === undefined || dfa.stateCount > 300) return
        const firstSeen = [...new Set([0, ...dfa.next])]
        expect({
          equal: equalStates(dfa),
          states: firstSeen,
          classes: [...new Set(dfa.classes)],
          columns: new Set(
            Array.from({ length: dfa.classCount }, (_, c) =>
              dfa.next.filter((_, cell) => cell % dfa.classCount === c).join(),
            ),
          ).size,
        }).toEqual({
          equal: [],
          states: Array.from({ length: dfa.stateCount }, (_, state) => state),
          classes: Array.from({ length: dfa.classCount }, (_, c) => c),
          columns: dfa.classCount,
        })
      }),
      { numRuns: 200 },
    )
  })

  it.each([
    ['/aa*/', '/a+/'],
    ['/(?:a|b)*/', '/(?:a*b*)*/'],
    ['/a{2,4}/', '/aaa?a?/'],
    ['/[A-Za-z]/', '/[a-z]/i'],
    ['/./s', '/[\\s\\S]/'],
    ['/x|/', '/x?/'],
  ])('%s and %s are the same bytes', (a, b) => {
    expect(automaton(a)).toEqual(automaton(b))
  })

  it('never accepts bytes that are not UTF-8', () => {
    const dfa = automaton('/.*/s')
    const wellFormed = [
      [],
      [0x00],
      [0x7f],
      [0xc2, 0x80],
      [0xe0, 0xa0, 0x80],
      [0xed, 0x9f, 0xbf],
      [0xf4, 0x8f, 0xbf, 0xbf],
    ]
    const malformed = [
      [0x80],
      [0xc0, 0x80],
      [0xc1, 0xbf],
      [0xc2],
      [0xc2, 0x41],
      [0xe0, 0x9f, 0xbf],
      [0xed, 0xa0, 0x80],
      [0xed, 0xbf, 0xbf],
      [0xf0, 0x8f, 0xbf, 0xbf],
      [0xf4, 0x90, 0x80, 0x80],
      [0xf5, 0x80, 0x80, 0x80],
      [0xff],
    ]
    expect([...wellFormed, ...malformed].map((bytes) => runBytes(dfa, bytes))).toEqual([
      ...wellFormed.map(() => true),
      ...malformed.map(() => false),
    ])
  })

  it('has at most 4,096 states', () => {
    const sizes = ['/(a|b)*a(a|b){9}/', '/(a|b)*a(a|b){11}/', '/(a|b)*a(a|b){12}/'].map((r) => compile(r)?.stateCount)
    expect(sizes).toEqual([1025, undefined, undefined])
  })

  it('takes repeats up to 256', () => {
    expect(automaton('/a{1,256}/').stateCount).toBe(258)
    expect([0, 1, 256, 257].map((n) => acceptsText(automaton('/a{1,256}/'), 'a'.repeat(n)))).toEqual([
      false,
      true,
      true,
      false,
    ])
  })
})

const HAN = Array.from({ length: 3000 }, (_, i) => String.fromCodePoint(0x4e00 + 2 * i))

describe('a regex that asks for too much', () => {
  it.each([
    ['an exponential one', '/(a|b)*a(a|b){12}/'],
    ['nested repeats', '/(a{1,256}){1,70}/'],
    ['nested repeats of a choice', '/((a|b|c){1,16}){1,256}/'],
    ['two counters', '/(.{0,200}a|.{0,199}b){0,40}/'],
    ['a large class, repeated', `/([${HAN.join('')}]{1,256}){1,70}/`],
    [
      'many large classes',
      `/(${HAN.slice(0, 900)
        .map((c) => `[^${c}]*x`)
        .join('|')})/`,
    ],
    ['many characters, each next to any other', `/.*${HAN.slice(0, 1000).join('')}/`],
    [
      'thousands of starred alternatives',
      `/(${HAN.slice(0, 1500)
        .map((c) => `.*${c}`)
        .join('|')})/`,
    ],
  ])('is refused at once: %s', (_, source) => {
    const start = performance.now()
    const dfa = compile(source)
    const ms = performance.now() - start
    expect({ isRefused: dfa === undefined, isQuick: ms < 1000 }, `${ms} ms`).toEqual({ isRefused: true, isQuick: true })
  })
})
