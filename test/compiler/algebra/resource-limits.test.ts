import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  acceptsText,
  createBudget,
  createLanguages,
  type Language,
  type Languages,
} from '../../../compiler/algebra/index.ts'
import { toMachine } from '../../../compiler/algebra/pairs.ts'
import { isInhabitedWithin, type ResourceLimits, shortestWithin } from '../../../compiler/algebra/resource-limits.ts'
import { pattern, regexDfa, regexText, textsUpTo } from './samples.ts'

const STEPS = 1e9
const TEXTS = textsUpTo(7)

function pool(): Languages {
  return createLanguages(createBudget(STEPS))
}

function isWithin({ segments, segmentBytes }: ResourceLimits, text: string): boolean {
  const parts = text.split(':')
  return parts.length <= segments && parts.every((part) => Buffer.byteLength(part) <= segmentBytes)
}

/** Texts of more than seven characters are larger than these limits. */
const smallLimits = fc.constantFrom<ResourceLimits>(
  { segments: 1, segmentBytes: 4 },
  { segments: 2, segmentBytes: 1 },
  { segments: 2, segmentBytes: 2 },
  { segments: 2, segmentBytes: 3 },
  { segments: 3, segmentBytes: 1 },
  { segments: 4, segmentBytes: 1 },
)

/** The resources of the alphabet within each of the limits. */
const resourcesWithin = new Map<ResourceLimits, readonly string[]>()

function membersOf(language: Language, limits: ResourceLimits): readonly string[] {
  const all = resourcesWithin.get(limits) ?? TEXTS.filter((text) => isWithin(limits, text))
  resourcesWithin.set(limits, all)
  return all.filter((text) => acceptsText(language.dfa, text))
}

/** Segments only of characters that the brute force knows. */
const RESOURCE = regexDfa('[abé]+(:[abé]+)*')

describe('with small limits', () => {
  it('a search finds a resource exactly when there is one', () => {
    fc.assert(
      fc.property(regexText, regexText, smallLimits, (left, right, limits) => {
        const languages = pool()
        const a = languages.intersect(languages.ofDfa(regexDfa(left)), languages.ofDfa(RESOURCE))
        const b = languages.ofDfa(regexDfa(right))
        const members = membersOf(a, limits)
        const inB = members.filter((text) => acceptsText(b.dfa, text))
        const [x, y] = [toMachine(a.dfa), toMachine(b.dfa)]
        const budget = createBudget(STEPS)
        expect({
          meets: isInhabitedWithin(limits, { operation: 'intersect', a: x, b: y }, budget),
          differs: isInhabitedWithin(limits, { operation: 'subtract', a: x, b: y }, budget),
        }).toEqual({ meets: inB.length > 0, differs: inB.length < members.length })
      }),
      { numRuns: 400 },
    )
  })

  it('the shortest resource has the fewest segments, and the fewest bytes in each, first to last', () => {
    const sizes = (text: string): readonly number[] => text.split(':').map((part) => Buffer.byteLength(part))
    const compare = (a: readonly number[], b: readonly number[]): number =>
      a.length - b.length || (a.map((size, i) => size - (b[i] ?? 0)).find((difference) => difference !== 0) ?? 0)
    fc.assert(
      fc.property(regexText, smallLimits, (text, limits) => {
        const languages = pool()
        const a = languages.intersect(languages.ofDfa(regexDfa(text)), languages.ofDfa(RESOURCE))
        const members = membersOf(a, limits)
        const found = shortestWithin(limits, toMachine(a.dfa), createBudget(STEPS))
        expect(found === undefined ? undefined : sizes(found)).toEqual(members.map(sizes).sort(compare)[0])
        if (found !== undefined) expect(members).toContain(found)
      }),
      { numRuns: 400 },
    )
  })

  it('`:` is told apart from a byte that the automaton treats alike', () => {
    const languages = pool()
    const a = toMachine(languages.intersect(languages.ofTexts(['a:b', 'acb']), languages.anyResource).dfa)
    const budget = createBudget(STEPS)
    const within = (limits: ResourceLimits): unknown => [
      isInhabitedWithin(limits, { operation: 'intersect', a, b: a }, budget),
      shortestWithin(limits, a, budget),
    ]
    expect([
      within({ segments: 1, segmentBytes: 3 }),
      within({ segments: 2, segmentBytes: 2 }),
      within({ segments: 1, segmentBytes: 2 }),
    ]).toEqual([
      [true, 'acb'],
      [true, 'a:b'],
      [false, undefined],
    ])
  })

  it('the way with fewer bytes is not taken for the one with fewer segments', () => {
    const languages = pool()
    // Behind `aa` and behind `a:` the same may follow: in one segment two bytes more, in two segments one.
    const a = toMachine(languages.intersect(languages.ofDfa(regexDfa('(aa|a:)(b|b:b)')), languages.anyResource).dfa)
    const budget = createBudget(STEPS)
    expect([
      shortestWithin({ segments: 1, segmentBytes: 3 }, a, budget),
      isInhabitedWithin({ segments: 1, segmentBytes: 3 }, { operation: 'intersect', a, b: a }, budget),
      shortestWithin({ segments: 2, segmentBytes: 1 }, a, budget),
      isInhabitedWithin({ segments: 2, segmentBytes: 1 }, { operation: 'intersect', a, b: a }, budget),
      isInhabitedWithin({ segments: 1, segmentBytes: 2 }, { operation: 'intersect', a, b: a }, budget),
    ]).toEqual(['aab', true, 'a:b', true, false])
  })
})

describe('with the limits of requests', () => {
  const a = 'a'.repeat(64)
  const b = 'b'.repeat(64)
  /** Everything of 33 segments or more. */
  const tooDeep = (languages: Languages): Language =>
    languages.intersect(languages.ofDfa(regexDfa('[^:]+(:[^:]+){32,}')), languages.anyResource)
  const stars = (count: number): string => Array.from({ length: count }, () => '*').join(':')

  it.each([
    [`*${a}*${b}*`, 'aaaaaaaaaaaa', false],
    [`*${a}*${b}c*`, undefined, true],
    [`x:*${a}*${b}c*`, undefined, true],
    [`x:*${a}*${b}`, 'x:a', false],
    [`${stars(31)}:**`, 'a:a', false],
    [`${stars(32)}`, 'a:a', false],
  ])('%s is empty beyond them only', (text, start, isEmpty) => {
    const languages = pool()
    const language = languages.ofPattern(pattern(text))
    const shortest = languages.shortestResource(language)
    expect({ isEmpty: languages.isEmptyResource(language), start: shortest?.slice(0, start?.length) }).toEqual({
      isEmpty,
      start,
    })
    expect(language.isEmpty).toBe(false)
  })

  it('33 segments are one too many', () => {
    const languages = pool()
    const deep = tooDeep(languages)
    expect([deep.isEmpty, languages.isEmptyResource(deep), languages.shortestResource(deep)]).toEqual([
      false,
      true,
      undefined,
    ])
  })

  it('two-byte characters count twice', () => {
    const languages = pool()
    const of = (count: number): Language => languages.ofDfa(regexDfa(`é{${count}}`))
    expect([64, 65].map((count) => languages.isEmptyResource(of(count)))).toEqual([false, true])
  })

  it('what lies beyond them does not count against an inclusion', () => {
    const languages = pool()
    const { includes, includesResource, meets, meetsResource } = languages
    const long = languages.ofPattern(pattern(`*${a}*${b}c*`))
    const short = languages.ofPattern(pattern('z'))
    const deep = tooDeep(languages)
    const flat = languages.subtract(languages.anyResource, deep)
    expect([
      [includes(short, long), includesResource(short, long)],
      [meets(long, long), meetsResource(long, long)],
      [includes(flat, languages.anyResource), includesResource(flat, languages.anyResource)],
      [meets(flat, deep), meetsResource(flat, deep)],
    ]).toEqual([
      [false, true],
      [true, false],
      [false, true],
      [false, false],
    ])
  })

  it('only texts that are resources count', () => {
    const languages = pool()
    const letters = languages.ofDfa(regexDfa('[a-c*:]*'))
    const resources = languages.ofDfa(regexDfa('[a-c]+(:[a-c]+)*'))
    expect([
      languages.includes(resources, letters),
      languages.includesResource(resources, letters),
      languages.shortestResource(letters),
      languages.isEmptyResource(languages.ofTexts(['', ':', 'a::b', '*'])),
    ]).toEqual([false, true, 'a', true])
  })

  it('samples keep them', () => {
    const languages = pool()
    const deep = languages.ofPattern(pattern(`${stars(30)}:**`))
    const nearly = languages.ofPattern(pattern(`*${a}*${b.slice(2)}*`))
    for (const language of [deep, nearly]) {
      const samples = languages.samplesResource(language, 8)
      expect(samples.length).toBeGreaterThan(0)
      expect(new Set(samples).size).toBe(samples.length)
      expect(
        samples.filter(
          (sample) => !languages.accepts(language, sample) || !isWithin({ segments: 32, segmentBytes: 128 }, sample),
        ),
      ).toEqual([])
    }
    expect(languages.samplesResource(tooDeep(languages), 4)).toEqual([])
  })

  it('the two searches agree', () => {
    fc.assert(
      fc.property(regexText, regexText, (left, right) => {
        const languages = pool()
        const [x, y] = [languages.ofDfa(regexDfa(left)), languages.ofDfa(regexDfa(right))]
        const rest = languages.subtract(x, y)
        const witness = languages.shortestResource(rest)
        expect(languages.includesResource(y, x)).toBe(witness === undefined)
        expect(languages.isEmptyResource(rest)).toBe(witness === undefined)
      }),
      { numRuns: 200 },
    )
  })

  it('a resource in normal form C is preferred', () => {
    const languages = pool()
    const language = languages.ofTexts(['a\u0300', 'bcde'])
    expect([languages.shortestResource(language), languages.shortestResource(languages.ofTexts(['a\u0300']))]).toEqual([
      'bcde',
      'a\u0300',
    ])
  })
})
