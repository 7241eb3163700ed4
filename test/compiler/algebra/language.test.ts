import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  acceptsText,
  createBudget,
  createLanguages,
  type Language,
  type Languages,
  TooHard,
} from '../../../compiler/algebra/index.ts'
import { pattern, regexDfa, regexText, textsUpTo } from './samples.ts'

const STEPS = 1e9
const TEXTS = textsUpTo(5)

function pool(): Languages {
  return createLanguages(createBudget(STEPS))
}

function regex(languages: Languages, text: string): Language {
  return languages.ofDfa(regexDfa(text))
}

function resources(languages: Languages, ...texts: readonly string[]): readonly Language[] {
  return texts.map((text) => languages.ofPattern(pattern(text)))
}

function membersOf(language: Language): readonly string[] {
  return TEXTS.filter((text) => acceptsText(language.dfa, text))
}

describe('an operation holds exactly the texts that it should', () => {
  it('for union, intersection and difference of two regexes', () => {
    fc.assert(
      fc.property(regexText, regexText, (left, right) => {
        const languages = pool()
        const [a, b] = [regex(languages, left), regex(languages, right)]
        const [inA, inB] = [new Set(membersOf(a)), new Set(membersOf(b))]
        expect({
          union: membersOf(languages.union(a, b)),
          common: membersOf(languages.intersect(a, b)),
          rest: membersOf(languages.subtract(a, b)),
        }).toEqual({
          union: TEXTS.filter((text) => inA.has(text) || inB.has(text)),
          common: TEXTS.filter((text) => inA.has(text) && inB.has(text)),
          rest: TEXTS.filter((text) => inA.has(text) && !inB.has(text)),
        })
      }),
      { numRuns: 150 },
    )
  })

  it('for what is above U+FFFD and below, which no text may hold', () => {
    const languages = pool()
    const every = regex(languages, '[^x]*')
    const texts = ['', '\ufffc', '\ufffd', '\ufffe', '\ud7ff', '\ue000', '\u{10ffff}', 'a\ufffd', '\ud800', 'a\udc00']
    expect(texts.map((text) => [languages.accepts(languages.anyText, text), languages.accepts(every, text)])).toEqual(
      [true, true, false, true, true, true, true, false, false, false].map((is) => [is, is]),
    )
  })

  it('for resources: every segment is valid, the number and the length of segments are free', () => {
    const { anyResource, accepts } = pool()
    const valid = ['a', 'a:b', 'é:😀', ' ', 'a'.repeat(129), Array.from({ length: 33 }, () => 'a').join(':')]
    const invalid = ['', ':', 'a:', ':a', 'a::b', 'a*', 'a\u0000', '\u007f', '\u0085', '\ufffd']
    expect([valid, invalid].map((texts) => texts.filter((text) => accepts(anyResource, text)))).toEqual([valid, []])
  })
})

describe('a question is answered as the language that it is about would', () => {
  it('whether one regex includes or meets another', () => {
    fc.assert(
      fc.property(regexText, regexText, (left, right) => {
        // Another pool, in which neither the difference nor the intersection is known yet.
        const [built, asked] = [pool(), pool()]
        const [a, b] = [regex(built, left), regex(built, right)]
        const [x, y] = [regex(asked, left), regex(asked, right)]
        expect({ includes: asked.includes(x, y), meets: asked.meets(x, y) }).toEqual({
          includes: built.subtract(b, a).isEmpty,
          meets: !built.intersect(a, b).isEmpty,
        })
      }),
      { numRuns: 300 },
    )
  })

  it('whether a union includes its parts, and a difference meets what was taken away', () => {
    fc.assert(
      fc.property(regexText, regexText, (left, right) => {
        const languages = pool()
        const [a, b] = [regex(languages, left), regex(languages, right)]
        const both = languages.union(a, b)
        expect([languages.includes(both, a), languages.includes(both, b)]).toEqual([true, true])
        expect(languages.meets(languages.subtract(a, b), b)).toBe(false)
        expect(languages.includes(a, both)).toBe(both === a)
      }),
      { numRuns: 150 },
    )
  })
})

describe('equal languages are one object', () => {
  it('in the laws of sets', () => {
    fc.assert(
      fc.property(regexText, regexText, regexText, (one, two, three) => {
        const languages = pool()
        const { union, intersect, subtract, anyText, nothing } = languages
        const [a, b, c] = [regex(languages, one), regex(languages, two), regex(languages, three)]
        const not = (x: Language): Language => subtract(anyText, x)
        const laws: readonly (readonly [Language, Language])[] = [
          [not(union(a, b)), intersect(not(a), not(b))],
          [not(intersect(a, b)), union(not(a), not(b))],
          [not(not(a)), a],
          [subtract(a, b), intersect(a, not(b))],
          [union(a, b), union(b, a)],
          [intersect(a, union(b, c)), union(intersect(a, b), intersect(a, c))],
          [union(subtract(a, b), intersect(a, b)), a],
          [union(a, not(a)), anyText],
          [intersect(a, not(a)), nothing],
          [union(a, nothing), a],
          [intersect(a, anyText), a],
        ]
        expect(laws.findIndex(([x, y]) => x !== y)).toBe(-1)
      }),
      { numRuns: 100 },
    )
  })

  it('however they were made', () => {
    const languages = pool()
    const [one, many, all] = resources(languages, 'a:*', 'a:*:**', 'a:**')
    const [choice, a, b] = resources(languages, '{x,y}:z', 'x:z', 'y:z')
    if (!one || !many || !all || !choice || !a || !b) throw new Error('six patterns')
    expect(languages.union(one, many)).toBe(all)
    expect(languages.union(a, b)).toBe(choice)
    expect(languages.ofTexts(['y:z', 'x:z', 'x:z'])).toBe(choice)
    expect(languages.ofTexts([])).toBe(languages.nothing)
    expect(languages.ofTexts(['\ufffd', 'a\ud800'])).toBe(languages.nothing)
    expect(languages.ofPattern(pattern('**'))).toBe(languages.anyResource)
    expect(regex(languages, '[^:]*')).toBe(regex(languages, '([^:]|[^a-z:])*'))
  })

  it('and a language of another pool is refused', () => {
    const other = pool().ofTexts(['a'])
    const languages = pool()
    expect(() => languages.union(other, languages.anyText)).toThrow('the language is of another pool')
  })
})

describe('the shortest text', () => {
  it('is a member, and no member is shorter', () => {
    fc.assert(
      fc.property(regexText, regexText, (left, right) => {
        const languages = pool()
        const language = languages.subtract(regex(languages, left), regex(languages, right))
        const shortest = languages.shortest(language)
        const member = membersOf(language)[0]
        expect(shortest === undefined).toBe(language.isEmpty)
        if (shortest === undefined) return
        expect(languages.accepts(language, shortest)).toBe(true)
        if (member !== undefined) expect(Array.from(shortest).length).toBeLessThanOrEqual(Array.from(member).length)
        expect(languages.lengths(language)?.min).toBe(Array.from(shortest).length)
      }),
      { numRuns: 200 },
    )
  })

  it.each([
    ['.*', ''],
    ['.+', 'a'],
    ['[^a]', 'b'],
    ['[0-9A-Z.]', '0'],
    ['[.A-Z]', 'A'],
    ['[\\-.]', '-'],
    ['[^!-~]', ' '],
    ['[^ -~]', 'À'],
    ['[\\x00-\\x1f]', '\u0000'],
    ['[\\x01\\x80\\u{e000}]', '\ue000'],
    ['😀|ab', '😀'],
    ['b.|.a', 'aa'],
    ['[a0]\\u{300}', '0\u0300'],
    ['a\\u{300}', 'a\u0300'],
  ])('of /%s/ is as readable as can be', (text, expected) => {
    const languages = pool()
    expect(languages.shortest(regex(languages, text))).toBe(expected)
  })
})

describe('lengths', () => {
  it('are answered exactly between two bounds', () => {
    fc.assert(
      fc.property(regexText, fc.nat(5), fc.nat(3), (text, min, more) => {
        const languages = pool()
        const language = languages.intersect(regex(languages, text), regex(languages, '[ab:é]*'))
        const max = min + more
        const found = languages.shortestWithLength(language, min, max)
        const members = membersOf(language).map((member) => Array.from(member).length)
        const expected = members.find((length) => min <= length && length <= max)
        // Members of more than five characters were not counted.
        if (expected === undefined && max > 5) return
        expect(found === undefined ? undefined : Array.from(found).length).toBe(expected)
        if (found !== undefined) expect(languages.accepts(language, found)).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  it.each([
    ['(aaa)*', 1, 2, undefined],
    ['(aaa)*', 1, 3, 'aaa'],
    ['(aaa)*', 4.2, 6, 'aaaaaa'],
    ['(aa)*|(aaa)*', 7, 7, undefined],
    ['(aa)*|(aaa)*', 7, Number.POSITIVE_INFINITY, 'aaaaaaaa'],
    ['a{3,5}', 6, Number.POSITIVE_INFINITY, undefined],
    ['(aa)*', 1_000_000_001, 1_000_000_001, undefined],
    ['a*', -5, -1, undefined],
    ['a*', 3, 2, undefined],
    ['😀é?', 2, 2, '😀é'],
  ])('of /%s/ from %d to %d', (text, min, max, expected) => {
    const languages = pool()
    expect(languages.shortestWithLength(regex(languages, text), min, max)).toBe(expected)
  })

  it('end where a language ends', () => {
    const languages = pool()
    const of = (text: string): unknown => languages.lengths(regex(languages, text))
    expect([of('ab{3,7}'), of('(a|bcd)e'), of('a+'), of('[^a-z]|😀😀'), languages.lengths(languages.nothing)]).toEqual([
      { min: 4, max: 8 },
      { min: 2, max: 4 },
      { min: 1, max: Number.POSITIVE_INFINITY },
      { min: 1, max: 2 },
      undefined,
    ])
  })
})

describe('samples', () => {
  it('are different members, shortest first, as many as were asked for when there are so many', () => {
    fc.assert(
      fc.property(regexText, fc.integer({ min: 1, max: 12 }), (text, count) => {
        const languages = pool()
        const language = regex(languages, text)
        const samples = languages.samples(language, count)
        const sizes = samples.map((sample) => Array.from(sample).length)
        expect(samples.filter((sample) => !languages.accepts(language, sample))).toEqual([])
        expect(new Set(samples).size).toBe(samples.length)
        expect(sizes).toEqual([...sizes].sort((a, b) => a - b))
        expect(sizes[0]).toBe(languages.lengths(language)?.min)
        if (languages.lengths(language)?.max === Number.POSITIVE_INFINITY) expect(samples.length).toBe(count)
      }),
      { numRuns: 150 },
    )
  })

  it('differ in length, in the states passed, and in kinds of characters', () => {
    const languages = pool()
    expect([
      languages.samples(languages.anyText, 6),
      languages.samples(regex(languages, 'ab?|[cd]e'), 8),
      languages.samples(languages.nothing, 3),
    ]).toEqual([['', 'a', '0', 'A', 'aa', 'a0'], ['a', 'ab', 'ce'], []])
  })
})

describe('the budget', () => {
  const questions: readonly ((languages: Languages) => unknown)[] = [
    (l) => l.union(regex(l, '[ab]*a[ab]{4}'), regex(l, '[bc]*b[bc]{4}')).dfa,
    (l) => l.subtract(regex(l, '[ab]*a[ab]{4}'), regex(l, '[bc]*b[bc]{4}')).dfa,
    (l) => l.includes(regex(l, '[ab]*a[ab]{4}'), regex(l, '[ab]*aa[ab]{3}')),
    (l) => l.meets(regex(l, '[ab]*a[ab]{4}'), regex(l, '[ab]*b[ab]{4}')),
    (l) => l.shortestWithLength(regex(l, '(aaaa)*|(aaa)*'), 101, 103),
    (l) => l.samples(l.ofPattern(pattern('a:*:{b,c*}:**')), 20),
    (l) => l.includesResource(l.ofPattern(pattern('a:*:**')), l.ofPattern(pattern('a:*:*:**'))),
    (l) => l.shortestResource(l.ofPattern(pattern('a:*:*:**'))),
    (l) => l.ofTexts(['abc', 'abd', 'xbd']).dfa,
  ]

  it.each(questions.map((ask, index) => [index, ask] as const))(
    'is all that question %d may cost: less of it never answers otherwise',
    (_, ask) => {
      const ample = createBudget(STEPS)
      const answer = ask(createLanguages(ample))
      const cost = STEPS - ample.left
      expect(ask(createLanguages(createBudget(cost)))).toEqual(answer)
      for (const steps of [0, 1, cost >> 3, cost >> 1, cost - 1]) {
        expect(() => ask(createLanguages(createBudget(steps)))).toThrow(TooHard)
      }
    },
  )

  it('can be another one for the next question, which finds what was computed before', () => {
    const languages = createLanguages(createBudget(STEPS))
    const [a, b] = resources(languages, 'a:**', '*:b')
    if (!a || !b) throw new Error('two patterns')
    expect(() => languages.withBudget(createBudget(20)).intersect(a, b)).toThrow(TooHard)
    const common = languages.withBudget(createBudget(STEPS)).intersect(a, b)
    expect(common).toBe(languages.ofPattern(pattern('a:b')))
    expect(languages.withBudget(createBudget(1)).intersect(b, a)).toBe(common)
  })

  it('ends what would need too much memory, whatever it may cost', () => {
    const languages = createLanguages(createBudget(1e12))
    const [a, b] = [regex(languages, '([ab]{256})*'), regex(languages, '([ab]{256}[ab])*')]
    expect(() => languages.intersect(a, b)).toThrow(TooHard)
    expect(() => languages.union(a, b)).toThrow(TooHard)
    // A search builds nothing, so it may go further.
    expect([languages.meets(a, b), languages.includes(a, b)]).toEqual([true, false])
  })
})

it('the same questions get the same answers at the same cost', () => {
  const run = (): unknown => {
    const budget = createBudget(STEPS)
    const languages = createLanguages(budget)
    const [a, b] = resources(languages, 'a:{b,c*}:**', '*:*b:*')
    if (!a || !b) throw new Error('two patterns')
    const rest = languages.subtract(a, b)
    return [rest.id, rest.dfa, languages.samples(rest, 10), languages.shortestResource(rest), budget.left]
  }
  expect(run()).toEqual(run())
})
