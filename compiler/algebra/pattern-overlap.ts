/** Whether two patterns, or two scopes, could meet: a quick look that spares most questions about automata. */
import type { PatternLiteral, PatternSegment, ScopeModel } from '../model/index.ts'

/** False only when no request is in both scopes. */
export function scopesMayMeet(a: ScopeModel, b: ScopeModel): boolean {
  const { actions } = b
  if (a.actions !== undefined && actions !== undefined && !a.actions.some((action) => actions.includes(action))) {
    return false
  }
  if ((a.automata ?? []).length > 0 || (b.automata ?? []).length > 0) return true
  return a.patterns.some((left) => b.patterns.some((right) => mayOverlap(left, right)))
}

/** False only when no resource matches both patterns. */
export function mayOverlap(a: PatternLiteral, b: PatternLiteral): boolean {
  const shared = Math.min(a.segments.length, b.segments.length)
  if (a.segments.length !== b.segments.length || a.rest !== b.rest) {
    const [shorter, longer] = a.segments.length <= b.segments.length ? [a, b] : [b, a]
    const isLonger = longer.segments.length > shorter.segments.length
    if (isLonger ? !shorter.rest : !(a.rest && b.rest)) return false
  }
  for (let i = 0; i < shared; i++) {
    const left = a.segments[i]
    const right = b.segments[i]
    if (left !== undefined && right !== undefined && !segmentsMayMeet(left, right)) return false
  }
  return true
}

function segmentsMayMeet(a: PatternSegment, b: PatternSegment): boolean {
  const left = segmentTexts(a)
  const right = segmentTexts(b)
  if (left === undefined || right === undefined) return true
  return left.some((text) => right.includes(text))
}

/** The texts that a segment without `*` stands for; `undefined` with `*` in it, or when they are more than 64. */
export function segmentTexts(segment: PatternSegment): readonly string[] | undefined {
  const alternatives = segmentAlternatives(segment)
  if (alternatives === undefined) return undefined
  const texts: string[] = []
  for (const alternative of alternatives) {
    const text = alternativeText(alternative)
    if (text === undefined) return undefined
    texts.push(text)
  }
  return texts
}

/** The text of a run of parts without `*` and choices. */
export function alternativeText(alternative: PatternSegment): string | undefined {
  let text = ''
  for (const part of alternative) {
    if (part.kind !== 'text') return undefined
    text += part.text
  }
  return text
}

const MAX_ALTERNATIVES = 64

/** A segment multiplied out: runs of texts and `*` without choices. `undefined` when they are more than 64. */
export function segmentAlternatives(segment: PatternSegment): readonly PatternSegment[] | undefined {
  let runs: PatternSegment[] = [[]]
  for (const part of segment) {
    const options = part.kind === 'choice' ? part.options : [[part]]
    if (runs.length * options.length > MAX_ALTERNATIVES) return undefined
    runs = runs.flatMap((run) => options.map((option) => [...run, ...option]))
  }
  return runs
}
