/**
 * Regular languages as values: equal languages of one pool are one object, and what was computed once is remembered.
 *
 * All texts are those that an argument may be: well-formed, without U+FFFD. Languages of resources ignore the limits of
 * 128 bytes a segment and 32 segments; the functions whose names end in `Resource` answer as if every language were
 * intersected with the valid resources first, those limits included. That names are in normal form C is not expressed.
 *
 * @see docs/language.md, section 2
 */
import { type CodePointRange, formatPattern, type PatternLiteral } from '../model/index.ts'
import { type Budget, TooHard } from './budget.ts'
import { type CharacterGraph, toCharacters } from './characters.ts'
import { compileExpression } from './compile.ts'
import type { Dfa } from './dfa.ts'
import { createLengths, distances, type Lengths, largestLength, textsOfLength } from './lengths.ts'
import { type Machine, toMachine } from './pairs.ts'
import { compilePattern } from './pattern.ts'
import { combine, isInhabited, type Operation, type SearchedOperation } from './product.ts'
import { isInhabitedWithin, RESOURCE_LIMITS, shortestWithin } from './resource-limits.ts'
import { acceptsText } from './run.ts'
import { AutomatonTooLarge } from './table.ts'
import { compileTexts } from './texts.ts'

/** A regular language of texts: two languages of one pool are equal exactly when they are the same object. */
export interface Language {
  /** Counted from 0 in the order in which the pool met its languages. */
  readonly id: number
  /** Canonical. */
  readonly dfa: Dfa
  readonly isEmpty: boolean
}

/**
 * A pool of languages, and one budget for what is asked of it.
 *
 * Every function may throw `TooHard`; then the question is not answered, and nothing wrong is remembered. A question that
 * was answered before costs one step.
 */
export interface Languages {
  /** No text at all. */
  readonly nothing: Language
  /** Every well-formed text without U+FFFD, the empty one included: every string that an argument may be. */
  readonly anyText: Language
  /** Every text made of the segments of resources, of any length and number. */
  readonly anyResource: Language
  /** The same pool, its work paid from another budget. */
  withBudget(budget: Budget): Languages

  /** The texts of `anyText` that `dfa` accepts. */
  ofDfa(dfa: Dfa): Language
  /** Exactly these texts, without those that hold a lone surrogate or U+FFFD. */
  ofTexts(texts: readonly string[]): Language
  /** The resources of the pattern, whatever their length. */
  ofPattern(pattern: PatternLiteral): Language

  union(a: Language, b: Language): Language
  intersect(a: Language, b: Language): Language
  /** What is in `a` and not in `b`. The complement of `b` is what `anyText` has beside it. */
  subtract(a: Language, b: Language): Language
  /** Whether `outer` holds all of `inner`; ends at the first text that it does not hold. */
  includes(outer: Language, inner: Language): boolean
  /** Whether a text is in both; ends at the first one. */
  meets(a: Language, b: Language): boolean
  accepts(a: Language, text: string): boolean

  /**
   * A text of as few code points as possible, `undefined` when there is none. Of several, the first in this order of
   * characters: lower-case ASCII letters, digits, other printable ASCII, U+00C0 and above, U+0080 to U+00BF, ASCII
   * controls; but rather one in normal form C, when one is among the first few.
   */
  shortest(a: Language): string | undefined
  /** Like `shortest`, among the texts of `min` to `max` code points; `max` may be infinite. */
  shortestWithLength(a: Language, min: number, max: number): string | undefined
  /** The code points of a shortest and of a longest text; `max` is infinite when no text is longest. */
  lengths(a: Language): { readonly min: number; readonly max: number } | undefined
  /**
   * Up to `count` texts, shortest first: of several lengths, and of one length such as differ in the states that they
   * pass, or in the kinds of their characters. The first one is a shortest text.
   */
  samples(a: Language, count: number): readonly string[]

  /** Whether no valid resource is in `a`. */
  isEmptyResource(a: Language): boolean
  /** Whether `outer` holds every valid resource that is in `inner`. */
  includesResource(outer: Language, inner: Language): boolean
  /** Whether a valid resource is in both. */
  meetsResource(a: Language, b: Language): boolean
  /**
   * A valid resource of `a`, `undefined` when there is none: of as few segments as possible, then as few bytes as possible
   * in the first of them, then in the second, and so on; but rather one in normal form C, when that one is not and the
   * first samples hold one.
   */
  shortestResource(a: Language): string | undefined
  /** Like `samples`, of valid resources only; there is one whenever there is a valid resource. */
  samplesResource(a: Language, count: number): readonly string[]
}

/** An empty pool whose work is paid from `budget`. */
export function createLanguages(budget: Budget): Languages {
  return openPool(createPool(), budget)
}

/** How many texts are looked at for one in normal form C. */
const NORMAL_TRIES = 32

const TEXT_POINTS: readonly CodePointRange[] = [
  { low: 0, high: 0xd7ff },
  { low: 0xe000, high: 0xfffc },
  { low: 0xfffe, high: 0x10ffff },
]

/** A language as the pool keeps it. */
interface Entry extends Language {
  readonly machine: Machine
  /** Whether it is known to be part of `anyResource`. */
  isResource: boolean
  characters: { readonly graph: CharacterGraph; readonly lengths: Lengths } | undefined
  /** Its shortest resource, once that was asked for. */
  resource: { readonly text: string | undefined } | undefined
}

interface Pool {
  readonly nothing: Entry
  readonly anyText: Entry
  readonly anyResource: Entry
  readonly byDfa: WeakMap<Dfa, Entry>
  readonly byPattern: Map<string, Entry>
  readonly results: Record<Operation, Map<number, Entry>>
  readonly found: Record<SearchedOperation, Map<number, boolean>>
  readonly foundWithinLimits: Record<SearchedOperation, Map<number, boolean>>
  /** The one entry of a canonical automaton. */
  intern(dfa: Dfa, isResource: boolean): Entry
  /** @throws {TypeError} when `language` is of another pool */
  entryOf(language: Language): Entry
}

function createPool(): Pool {
  const entries: Entry[] = []
  const byHash = new Map<number, Entry[]>()
  const intern = (dfa: Dfa, isResource: boolean): Entry => {
    const hash = hashOf(dfa)
    const bucket = byHash.get(hash) ?? []
    const known = bucket.find((entry) => isSameDfa(entry.dfa, dfa))
    if (known !== undefined) {
      known.isResource ||= isResource
      return known
    }
    const machine = toMachine(dfa)
    const id = entries.length
    const isEmpty = machine.dead === 0
    const entry: Entry = { id, dfa, isEmpty, machine, isResource, characters: undefined, resource: undefined }
    entries.push(entry)
    bucket.push(entry)
    byHash.set(hash, bucket)
    return entry
  }
  const entryOf = (language: Language): Entry => {
    const entry = entries[language.id]
    if (entry !== language) throw new TypeError('the language is of another pool')
    return entry
  }
  const character: CharacterExpression = { kind: 'class', ranges: TEXT_POINTS }
  const anyText = compileExpression({ kind: 'repeat', item: character, min: 0, max: undefined })
  const nothing = compileExpression({ kind: 'class', ranges: [] })
  if (anyText === undefined || nothing === undefined) throw new AutomatonTooLarge()
  return {
    nothing: intern(nothing, true),
    anyText: intern(anyText, false),
    anyResource: intern(compilePattern({ segments: [], rest: true }), true),
    byDfa: new WeakMap(),
    byPattern: new Map(),
    results: { union: new Map(), intersect: new Map(), subtract: new Map() },
    found: { intersect: new Map(), subtract: new Map() },
    foundWithinLimits: { intersect: new Map(), subtract: new Map() },
    intern,
    entryOf,
  }
}

type CharacterExpression = { readonly kind: 'class'; readonly ranges: readonly CodePointRange[] }

function openPool(pool: Pool, budget: Budget): Languages {
  const { nothing, anyText, anyResource, entryOf } = pool

  const operate = (operation: Operation, a: Entry, b: Entry): Entry => {
    budget.spend(1)
    const simple = simplify(pool, operation, a, b)
    if (simple !== undefined) return simple
    // Union and intersection are symmetric.
    const [left, right] = operation === 'subtract' || a.id < b.id ? [a, b] : [b, a]
    return remember(pool.results[operation], left, right, () => {
      const isResource = operation === 'union' ? a.isResource && b.isResource : a.isResource
      return pool.intern(
        combine(left.machine, right.machine, operation, budget),
        isResource || (operation === 'intersect' && b.isResource),
      )
    })
  }

  /** Whether the operation accepts a text; within the limits of resources `a` is made one of resources. */
  const search = (operation: SearchedOperation, a: Entry, b: Entry): boolean => {
    budget.spend(1)
    const simple = simplify(pool, operation, a, b)
    if (simple !== undefined) return !simple.isEmpty
    const [left, right] = operation === 'subtract' || a.id < b.id ? [a, b] : [b, a]
    return remember(pool.found[operation], left, right, () =>
      isInhabited(left.machine, right.machine, operation, budget),
    )
  }

  const searchResources = (operation: SearchedOperation, a: Entry, b: Entry): boolean => {
    budget.spend(1)
    const simple = simplify(pool, operation, a, b)
    if (simple?.isEmpty === true) return false
    return remember(pool.foundWithinLimits[operation], a, b, () =>
      isInhabitedWithin(RESOURCE_LIMITS, { operation, a: toResource(a).machine, b: b.machine }, budget),
    )
  }

  const toResource = (a: Entry): Entry => operate('intersect', a, anyResource)

  const charactersOf = (a: Entry): { readonly graph: CharacterGraph; readonly lengths: Lengths } => {
    budget.spend(1)
    if (a.characters === undefined) {
      const graph = toCharacters(a.machine, budget)
      a.characters = { graph, lengths: createLengths(graph) }
    }
    return a.characters
  }

  const shortest = (a: Entry): string | undefined => {
    if (a.isEmpty) return undefined
    const { graph } = charactersOf(a)
    const distance = distances(graph, budget)
    const canEnd = (state: number, count: number): boolean => distance[state] === count
    return firstNormal(textsOfLength(graph, distance[0] ?? 0, canEnd, budget))
  }

  const shortestWithLength = (a: Entry, min: number, max: number): string | undefined => {
    if (a.isEmpty) return undefined
    const { graph, lengths } = charactersOf(a)
    const length = lengths.next(min, max, budget)
    if (length === undefined) return undefined
    return firstNormal(textsOfLength(graph, length, (state, count) => lengths.canEnd(state, count, budget), budget))
  }

  const samples = (a: Entry, count: number): readonly string[] => {
    if (a.isEmpty) return []
    const { graph, lengths } = charactersOf(a)
    const canEnd = (state: number, rest: number): boolean => lengths.canEnd(state, rest, budget)
    const found: string[] = []
    let open: Generator<string>[] = []
    let length: number | undefined = -1
    // Each round opens one more length and takes one text of every length that is open.
    while (found.length < count) {
      length = length === undefined ? undefined : lengths.next(length + 1, Number.POSITIVE_INFINITY, budget)
      if (length !== undefined) open.push(textsOfLength(graph, length, canEnd, budget))
      if (open.length === 0) break
      open = open.filter((texts) => {
        const { value, done } = texts.next()
        if (done !== true) found.push(value)
        return done !== true
      })
    }
    return byLength(found).slice(0, count)
  }

  const shortestResource = (a: Entry): string | undefined => {
    budget.spend(1)
    const entry = toResource(a)
    entry.resource ??= { text: findResource(entry) }
    return entry.resource.text
  }

  const findResource = (a: Entry): string | undefined => {
    const first = shortestWithin(RESOURCE_LIMITS, a.machine, budget)
    if (first === undefined || isNormal(first)) return first
    return samples(a, NORMAL_TRIES).find((text) => isNormal(text) && isWithinLimits(text)) ?? first
  }

  const samplesResource = (a: Entry, count: number): readonly string[] => {
    const first = shortestResource(a)
    if (first === undefined || count < 1) return []
    const others = samples(toResource(a), count).filter((text) => text !== first && isWithinLimits(text))
    return byLength([first, ...others.slice(0, count - 1)])
  }

  return {
    nothing,
    anyText,
    anyResource,
    withBudget: (other) => openPool(pool, other),
    ofDfa: (dfa) => {
      budget.spend(1)
      const known = pool.byDfa.get(dfa)
      if (known !== undefined) return known
      const language = pool.intern(combine(toMachine(dfa), anyText.machine, 'intersect', budget), false)
      pool.byDfa.set(dfa, language)
      return language
    },
    ofTexts: (texts) => {
      const valid = texts.filter((text) => acceptsText(anyText.dfa, text))
      return pool.intern(compileTexts(valid, budget), false)
    },
    ofPattern: (pattern) => {
      const text = formatPattern(pattern)
      budget.spend(text.length)
      const known = pool.byPattern.get(text)
      if (known !== undefined) return known
      const language = pool.intern(compilePaid(pattern, text.length, budget), true)
      pool.byPattern.set(text, language)
      return language
    },
    union: (a, b) => operate('union', entryOf(a), entryOf(b)),
    intersect: (a, b) => operate('intersect', entryOf(a), entryOf(b)),
    subtract: (a, b) => operate('subtract', entryOf(a), entryOf(b)),
    includes: (outer, inner) => !search('subtract', entryOf(inner), entryOf(outer)),
    meets: (a, b) => search('intersect', entryOf(a), entryOf(b)),
    accepts: (a, text) => {
      budget.spend(text.length + 1)
      return acceptsText(a.dfa, text)
    },
    shortest: (a) => shortest(entryOf(a)),
    shortestWithLength: (a, min, max) => shortestWithLength(entryOf(a), min, max),
    lengths: (a) => {
      if (a.isEmpty) return undefined
      const { graph } = charactersOf(entryOf(a))
      const max = largestLength(graph, budget) ?? Number.POSITIVE_INFINITY
      return { min: distances(graph, budget)[0] ?? 0, max }
    },
    samples: (a, count) => samples(entryOf(a), count),
    isEmptyResource: (a) => !searchResources('intersect', entryOf(a), entryOf(a)),
    includesResource: (outer, inner) => !searchResources('subtract', entryOf(inner), entryOf(outer)),
    meetsResource: (a, b) => searchResources('intersect', entryOf(a), entryOf(b)),
    shortestResource: (a) => shortestResource(entryOf(a)),
    samplesResource: (a, count) => samplesResource(entryOf(a), count),
  }
}

/** The result of an operation where it needs no work: every language is part of `anyText`. */
function simplify(pool: Pool, operation: Operation, a: Entry, b: Entry): Entry | undefined {
  const { nothing, anyText, anyResource } = pool
  const isWithin = (inner: Entry, outer: Entry): boolean =>
    inner === outer || inner === nothing || outer === anyText || (outer === anyResource && inner.isResource)
  switch (operation) {
    case 'union':
      return isWithin(a, b) ? b : isWithin(b, a) ? a : undefined
    case 'intersect':
      return isWithin(a, b) ? a : isWithin(b, a) ? b : undefined
    case 'subtract':
      return isWithin(a, b) ? nothing : b === nothing ? a : undefined
  }
}

/** Ids stay far below 2^26. */
const ID_FACTOR = 0x4000000

function remember<T>(memory: Map<number, T>, a: Entry, b: Entry, compute: () => T): T {
  const key = a.id * ID_FACTOR + b.id
  const known = memory.get(key)
  if (known !== undefined) return known
  const value = compute()
  memory.set(key, value)
  return value
}

/** `compilePattern` has its own bounds; what it may take is paid before, what it made after. */
function compilePaid(pattern: PatternLiteral, size: number, budget: Budget): Dfa {
  budget.spend(64 * size)
  try {
    const dfa = compilePattern(pattern)
    budget.spend(dfa.next.length)
    return dfa
  } catch (error) {
    if (error instanceof AutomatonTooLarge) throw new TooHard('the pattern needs too many states', { cause: error })
    throw error
  }
}

function firstNormal(texts: Iterable<string>): string | undefined {
  let first: string | undefined
  let tries = 0
  for (const text of texts) {
    first ??= text
    if (isNormal(text)) return text
    tries++
    if (tries === NORMAL_TRIES) break
  }
  return first
}

function isNormal(text: string): boolean {
  return text.normalize('NFC') === text
}

function byLength(texts: readonly string[]): string[] {
  return texts
    .map((text) => ({ text, length: Array.from(text).length }))
    .sort((a, b) => a.length - b.length)
    .map(({ text }) => text)
}

const ENCODER = new TextEncoder()

function isWithinLimits(resource: string): boolean {
  const segments = resource.split(':')
  const { segments: most, segmentBytes } = RESOURCE_LIMITS
  return segments.length <= most && segments.every((text) => ENCODER.encode(text).length <= segmentBytes)
}

function hashOf({ classes, next, accepting }: Dfa): number {
  let hash = accepting.length
  for (const part of [classes, next, accepting])
    for (const item of part) hash = (Math.imul(hash, 0x01000193) ^ item) | 0
  return hash
}

function isSameDfa(a: Dfa, b: Dfa): boolean {
  return isSame(a.accepting, b.accepting) && isSame(a.classes, b.classes) && isSame(a.next, b.next)
}

function isSame(a: Uint8Array | Uint16Array, b: Uint8Array | Uint16Array): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index])
}
