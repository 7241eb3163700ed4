/**
 * Actions and resource patterns in Cedar.
 *
 * A `*` of Cedar crosses `:`, so a pattern is asked segment by segment: the mapping gives a resource the attributes `count` and
 * `s0`, `s1`, ... A pattern without any `*` is the resource itself.
 */
import type { PatternLiteral, PatternPart, PatternSegment, ScopeModel } from '../../model/index.ts'
import { allOf, anyOf } from './logic.ts'
import { entity, quote, quotePattern } from './quote.ts'

/** A scope as the head of a Cedar policy, and what its `when` must ask beside it. */
export interface CedarScope {
  readonly action: string
  readonly resource: string
  readonly when: readonly string[]
}

/** Of a scope with patterns that cannot be said, every resource. */
export function toScope(scope: ScopeModel): CedarScope {
  const { actions, patterns } = scope
  const action = toAction(actions)
  if (isForeignScope(scope) || patterns.some(({ segments, rest }) => rest && segments.length === 0)) {
    return { action, resource: 'resource', when: [] }
  }
  const [only] = patterns
  const exact = only && patterns.length === 1 ? exactText(only) : undefined
  if (exact !== undefined) return { action, resource: `resource == ${entity('Resource', exact)}`, when: [] }
  return { action, resource: 'resource', when: [anyOf(patterns.map(matchesPattern))] }
}

/** Whether a pattern was read back from an image as an automaton: what was written is not kept, and `like` may not say it. */
export function isForeignScope({ automata = [] }: ScopeModel): boolean {
  return automata.length > 0
}

function toAction(actions: readonly string[] | undefined): string {
  if (actions === undefined) return 'action'
  const [first] = actions
  if (first !== undefined && actions.length === 1) return `action == ${entity('Action', first)}`
  return `action in [${actions.map((name) => entity('Action', name)).join(', ')}]`
}

/** The one resource that a pattern matches, or `undefined` when there are others. */
function exactText({ segments, rest }: PatternLiteral): string | undefined {
  if (rest) return undefined
  const texts = segments.map((segment) => {
    const [part] = segment
    return segment.length === 1 && part?.kind === 'text' ? part.text : undefined
  })
  return texts.includes(undefined) ? undefined : texts.join(':')
}

function matchesPattern(pattern: PatternLiteral): string {
  const exact = exactText(pattern)
  if (exact !== undefined) return `resource == ${entity('Resource', exact)}`
  const { segments, rest } = pattern
  const count = `resource.count ${rest ? '>' : '=='} ${segments.length}`
  return allOf([count, ...segments.flatMap(matchesSegment)])
}

/** Nothing for a segment that may be anything, since a segment is never empty. */
function matchesSegment(segment: PatternSegment, index: number): readonly string[] {
  const globs = globsOf(segment)
  if (globs.some((parts) => parts.length > 1 && parts.every((part) => part === ''))) return []
  const name = `resource.s${index}`
  const texts = globs.flatMap((parts) => (parts.length === 1 ? parts : []))
  const patterns = globs.filter((parts) => parts.length > 1)
  const test = anyOf([...isOneText(name, texts), ...patterns.map((parts) => `${name} like ${quotePattern(parts)}`)])
  return index === 0 ? [test] : [`resource has s${index}`, test]
}

function isOneText(name: string, texts: readonly string[]): readonly string[] {
  if (texts.length === 0) return []
  if (texts.length === 1) return [`${name} == ${texts.map(quote).join()}`]
  return [`[${texts.map(quote).join(', ')}].contains(${name})`]
}

/** Literal parts around each `*`, one list for each combination of alternatives; the parser bounds their number. */
function globsOf(segment: PatternSegment): readonly (readonly string[])[] {
  return segment.reduce<readonly (readonly string[])[]>(
    (heads, part) => heads.flatMap((head) => tailsOf(part).map((tail) => join(head, tail))),
    [['']],
  )
}

function tailsOf(part: PatternPart): readonly (readonly string[])[] {
  switch (part.kind) {
    case 'text':
      return [[part.text]]
    case 'any':
      return [['', '']]
    case 'choice':
      return part.options.map((option) => option.map((item) => tailsOf(item)[0] ?? ['']).reduce(join, ['']))
  }
}

/** One behind the other; two `*` side by side are one. */
function join(head: readonly string[], tail: readonly string[]): readonly string[] {
  const [first = '', ...others] = tail
  const seam = `${head.at(-1) ?? ''}${first}`
  if (seam === '' && head.length > 1 && others.length > 0) return [...head.slice(0, -1), ...others]
  return [...head.slice(0, -1), seam, ...others]
}
