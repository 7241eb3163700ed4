/**
 * The automaton of a resource pattern.
 *
 * It reads the whole resource, segments joined by `:`. A segment is one or more characters, none of them `:`, `*`, a
 * control or U+FFFD; that it has at most 128 bytes, and a resource at most 32 segments, is left to the reader of requests.
 */
import type { CodePointRange, PatternLiteral, PatternPart, PatternSegment, RegexExpression } from '../model/index.ts'
import { compileExpression } from './compile.ts'
import type { Dfa } from './dfa.ts'
import { AutomatonTooLarge } from './table.ts'

/** Everything that may stand in a segment. @see docs/language.md, section 2 */
const SEGMENT_POINTS: readonly CodePointRange[] = [
  { low: 0x20, high: 0x29 },
  { low: 0x2b, high: 0x39 },
  { low: 0x3b, high: 0x7e },
  { low: 0xa0, high: 0xd7ff },
  { low: 0xe000, high: 0xfffc },
  { low: 0xfffe, high: 0x10ffff },
]

const CHARACTER: RegexExpression = { kind: 'class', ranges: SEGMENT_POINTS }
const ANY_TEXT: RegexExpression = { kind: 'repeat', item: CHARACTER, min: 0, max: undefined }
const ANY_SEGMENT: RegexExpression = { kind: 'repeat', item: CHARACTER, min: 1, max: undefined }
const COLON: RegexExpression = { kind: 'class', ranges: [{ low: 0x3a, high: 0x3a }] }
const MORE_SEGMENTS: RegexExpression = { kind: 'sequence', items: [COLON, ANY_SEGMENT] }

/**
 * Accepts exactly the resources that the pattern matches.
 *
 * @throws {AutomatonTooLarge} when that takes more than 4,096 states; `isSmallPattern` tells without trying
 */
export function compilePattern(literal: PatternLiteral): Dfa {
  const items: RegexExpression[] = []
  for (const segment of literal.segments) {
    if (items.length > 0) items.push(COLON)
    items.push(toSegment(segment))
  }
  if (literal.rest) {
    const min = items.length > 0 ? 1 : 0
    if (min === 0) items.push(ANY_SEGMENT)
    items.push({ kind: 'repeat', item: MORE_SEGMENTS, min, max: undefined })
  }
  const dfa = compileExpression({ kind: 'sequence', items })
  if (dfa === undefined) throw new AutomatonTooLarge()
  return dfa
}

/** Whether the pattern is sure to stay below the bound: without `{...}`, a state for each byte of text is enough. */
export function isSmallPattern(literal: PatternLiteral): boolean {
  let bytes = 0
  for (const segment of literal.segments) {
    bytes += 8
    for (const part of segment) {
      if (part.kind === 'choice') return false
      bytes += part.kind === 'text' ? 4 * part.text.length : 8
    }
  }
  return bytes < 2048
}

/** A segment that may be empty holds `*` in every part, so it stands for every text; and no segment is empty. */
function toSegment(segment: PatternSegment): RegexExpression {
  return segment.every(mayBeEmpty) ? ANY_SEGMENT : { kind: 'sequence', items: segment.map(toExpression) }
}

function mayBeEmpty(part: PatternPart): boolean {
  if (part.kind === 'choice') return part.options.some((option) => option.every(mayBeEmpty))
  return part.kind === 'any' || part.text === ''
}

function toExpression(part: PatternPart): RegexExpression {
  switch (part.kind) {
    case 'text':
      return { kind: 'sequence', items: Array.from(part.text, toClass) }
    case 'any':
      return ANY_TEXT
    case 'choice':
      return {
        kind: 'choice',
        options: part.options.map((option) => ({ kind: 'sequence', items: option.map(toExpression) })),
      }
  }
}

function toClass(character: string): RegexExpression {
  const point = character.codePointAt(0) ?? 0
  return { kind: 'class', ranges: [{ low: point, high: point }] }
}
