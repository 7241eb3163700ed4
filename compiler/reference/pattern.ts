/** Matches a resource, given as its segments, against a pattern by trying every way to split the text. */
import type { PatternLiteral, PatternSegment } from '../model/index.ts'

export function matchesPattern(pattern: PatternLiteral, segments: readonly string[]): boolean {
  const fixed = pattern.segments.length
  const fits = pattern.rest ? segments.length > fixed : segments.length === fixed
  return fits && pattern.segments.every((parts, index) => matchesSegment(parts, segments[index] ?? ''))
}

function matchesSegment(parts: PatternSegment, text: string): boolean {
  const [first, ...others] = parts
  if (first === undefined) return text === ''
  switch (first.kind) {
    case 'text':
      return text.startsWith(first.text) && matchesSegment(others, text.slice(first.text.length))
    case 'any':
      for (let taken = 0; taken <= text.length; taken++) if (matchesSegment(others, text.slice(taken))) return true
      return false
    case 'choice':
      return first.options.some((option) => matchesSegment([...option, ...others], text))
  }
}
