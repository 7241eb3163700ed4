/**
 * Resources in words. An automaton does not say how it was written, so the patterns of the policies are tried: the language
 * of one of them, of several, or of some less others. Only what is exactly the language is called exact.
 */
import { createBudget, type Language, type Languages, TooHard, type Universe } from '../algebra/index.ts'
import { patternOfLanguage } from '../emit/index.ts'
import { formatPattern, type PatternLiteral } from '../model/index.ts'
import { exactly, join, listed, type Phrase } from './describe-phrase.ts'

/** Work for one description; words are never worth a question's budget. */
const DESCRIBE_STEPS = 4_000_000
/** Patterns that are tried. */
const MAX_CANDIDATES = 48

/** Words for `language`, a set of resources. `patterns` are those that it may be made of. */
export function describeResource(
  language: Language,
  universe: Universe,
  patterns: Iterable<PatternLiteral> = [],
): Phrase {
  const languages = universe.languages.withBudget(createBudget(DESCRIBE_STEPS))
  try {
    return describe(language, languages, patterns)
  } catch (error) {
    if (!(error instanceof TooHard)) throw error
    return { text: 'resources that take too much work to name', isExact: false }
  }
}

interface Candidate {
  readonly text: string
  readonly language: Language
}

function describe(language: Language, languages: Languages, patterns: Iterable<PatternLiteral>): Phrase {
  if (languages.includesResource(language, languages.anyResource)) return exactly('any resource')
  const candidates = candidatesOf(languages, patterns)
  const same = candidates.find((candidate) => isSame(candidate.language, language, languages))
  if (same !== undefined) return exactly(same.text)
  const pattern = patternOfLanguage(language.dfa)
  if (pattern !== undefined) return exactly(formatPattern(pattern))
  return asUnion(language, languages, candidates) ?? asDifference(language, languages, candidates)
}

function candidatesOf(languages: Languages, patterns: Iterable<PatternLiteral>): readonly Candidate[] {
  const candidates = new Map<string, Candidate>()
  for (const pattern of patterns) {
    const text = formatPattern(pattern)
    if (candidates.has(text)) continue
    candidates.set(text, { text, language: languages.ofPattern(pattern) })
    if (candidates.size === MAX_CANDIDATES) break
  }
  return [...candidates.values()]
}

function isSame(a: Language, b: Language, languages: Languages): boolean {
  return a === b || (languages.includesResource(a, b) && languages.includesResource(b, a))
}

function asUnion(language: Language, languages: Languages, candidates: readonly Candidate[]): Phrase | undefined {
  const inside = largest(
    candidates.filter((candidate) => languages.includesResource(language, candidate.language)),
    languages,
  )
  if (inside.length === 0) return undefined
  const union = unionOf(inside, languages)
  return languages.includesResource(union, language) ? listed(inside.map(({ text }) => text)) : undefined
}

/** `mcp:github:** except mcp:github:secrets:**`, or what is part of a pattern with an example. */
function asDifference(language: Language, languages: Languages, candidates: readonly Candidate[]): Phrase {
  const around = candidates.filter((candidate) => languages.includesResource(candidate.language, language))
  const outer = smallest(around, languages)
  const everything = around.reduce((all, next) => languages.intersect(all, next.language), languages.anyResource)
  const apart = candidates.filter(
    (candidate) =>
      !languages.meetsResource(candidate.language, language) && languages.meetsResource(candidate.language, everything),
  )
  const holes = largest(apart, languages)
  const left = languages.subtract(everything, unionOf(holes, languages))
  const base =
    outer.length === 0
      ? exactly('any resource')
      : join(
          outer.map(({ text }) => exactly(text)),
          ' and at once ',
        )
  if (isSame(left, language, languages)) {
    if (holes.length === 0) return base
    return join([base, listed(holes.map(({ text }) => text))], ' except ')
  }
  const example = languages.shortestResource(language)
  const such = example === undefined ? '' : `, such as ${example}`
  return { text: `${outer.length === 0 ? 'some resources' : `part of ${base.text}`}${such}`, isExact: false }
}

/** Those that lie in no other one. */
function largest(candidates: readonly Candidate[], languages: Languages): readonly Candidate[] {
  return candidates.filter(
    (candidate) =>
      !candidates.some(
        (other) => other !== candidate && languages.includesResource(other.language, candidate.language),
      ),
  )
}

/** Those that no other one lies in. */
function smallest(candidates: readonly Candidate[], languages: Languages): readonly Candidate[] {
  return candidates.filter(
    (candidate) =>
      !candidates.some(
        (other) => other !== candidate && languages.includesResource(candidate.language, other.language),
      ),
  )
}

function unionOf(candidates: readonly Candidate[], languages: Languages): Language {
  return candidates.reduce((union, { language }) => languages.union(union, language), languages.nothing)
}
