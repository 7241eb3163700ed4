/**
 * Narrower patterns for the resources that were seen.
 *
 * Each position of a resource is looked at by itself: up to `most` different values are listed, more of them leave what was
 * granted there. Values come from resources that the granted pattern accepts, position by position, so that no combination
 * of them lies outside of it.
 */
import { formatPattern, type PatternLiteral, type PatternPart, type PatternSegment } from '../model/index.ts'

/** How patterns are made of resources: the very resources, or up to so many values at each position. */
export type Generalise = { readonly kind: 'none' } | { readonly kind: 'values'; readonly most: number }

/** A list longer than this is not a policy any more. */
const MAX_LITERALS = 64
/** The language's bound on alternatives is far above. */
export const MAX_VALUES = 64

/** Patterns within `granted` that cover `resources`, all of which it accepts; `granted` itself where nothing is narrower. */
export function narrowPattern(
  granted: PatternLiteral,
  resources: readonly string[],
  generalise: Generalise,
): readonly PatternLiteral[] {
  const seen = [...new Set(resources)].sort().map((resource) => resource.split(':'))
  if (generalise.kind === 'none') {
    if (seen.length > MAX_LITERALS) return [granted]
    return seen.map((segments) => ({ segments: segments.map((text) => [{ kind: 'text', text }]), rest: false }))
  }
  const { most } = generalise
  const lengths = [...new Set(seen.map(({ length }) => length))].sort((a, b) => a - b)
  if (lengths.length > most) {
    const segments = granted.segments.map((segment, at) => narrowSegment(segment, valuesAt(seen, at), most))
    return [{ segments, rest: true }]
  }
  const patterns = lengths.map((length): PatternLiteral => {
    const alike = seen.filter((segments) => segments.length === length)
    const segments = Array.from({ length }, (_, at) =>
      narrowSegment(granted.segments[at] ?? [ANY], valuesAt(alike, at), most),
    )
    return { segments, rest: false }
  })
  const isSame = patterns.length === 1 && patterns.every((pattern) => formatPattern(pattern) === formatPattern(granted))
  // `*` alone is no pattern of the language.
  const isWritable = patterns.every((pattern) => formatPattern(pattern) !== '*')
  return isSame || !isWritable ? [granted] : patterns
}

const ANY: PatternPart = { kind: 'any' }

function valuesAt(seen: readonly (readonly string[])[], at: number): readonly string[] {
  return [...new Set(seen.flatMap((segments) => segments[at] ?? []))].sort()
}

function narrowSegment(granted: PatternSegment, values: readonly string[], most: number): PatternSegment {
  if (granted.every(({ kind }) => kind === 'text') || values.length > most) return granted
  const [first, second] = values
  if (first === undefined) return granted
  if (second === undefined) return [{ kind: 'text', text: first }]
  // A quoted text is a whole segment and no alternative.
  if (!values.every((value) => /^[A-Za-z0-9_.@-]+$/.test(value))) return granted
  return [{ kind: 'choice', options: values.map((text) => [{ kind: 'text', text }]) }]
}
