/**
 * How the engine looks for a pattern: by the hash of its text where it is literal or ends in `*` or `**` after literal
 * segments, by an automaton otherwise. Alternatives are multiplied out while they stay few.
 */
import { compilePattern, type Dfa } from '../algebra/index.ts'
import type { PatternLiteral, PatternPart, PatternSegment } from '../model/index.ts'
import { hashKey, type KeyForm } from './hash.ts'

export type PatternForm =
  | {
      readonly kind: KeyForm
      /** The whole text, or the prefix with its last `:`. */
      readonly bytes: Uint8Array
      readonly hash: number
      /** Literal segments. */
      readonly depth: number
    }
  | { readonly kind: 'dfa'; readonly dfa: Dfa }

/** Literal texts that one pattern may become; more are one automaton. */
const MAX_TEXTS = 16

/** The forms that together match what the pattern matches. */
export function toForms(pattern: PatternLiteral): readonly PatternForm[] {
  const { segments, rest } = pattern
  const last = segments.at(-1)
  const isStar = !rest && last !== undefined && last.length === 1 && last[0]?.kind === 'any'
  const literal = isStar ? segments.slice(0, -1) : segments
  const texts = multiply(literal)
  if (texts === undefined) return [{ kind: 'dfa', dfa: compilePattern(pattern) }]
  const kind: KeyForm = rest ? 'rest' : isStar ? 'star' : 'exact'
  return texts.map((text) => {
    const bytes = ENCODER.encode(kind === 'exact' || literal.length === 0 ? text : `${text}:`)
    return { kind, bytes, hash: hashKey(bytes, kind), depth: literal.length }
  })
}

const ENCODER = new TextEncoder()

/** Every text of literal segments, or `undefined` when a `*` stands in one or they are too many. */
function multiply(segments: readonly PatternSegment[]): readonly string[] | undefined {
  let texts = ['']
  for (const [index, segment] of segments.entries()) {
    if (index > 0) texts = texts.map((text) => `${text}:`)
    for (const part of segment) {
      const options = optionsOf(part)
      if (options === undefined || texts.length * options.length > MAX_TEXTS) return undefined
      texts = texts.flatMap((text) => options.map((option) => text + option))
    }
  }
  return [...new Set(texts)]
}

function optionsOf(part: PatternPart): readonly string[] | undefined {
  switch (part.kind) {
    case 'text':
      return [part.text]
    case 'any':
      return undefined
    case 'choice': {
      const texts: string[] = []
      for (const option of part.options) {
        let text = ''
        for (const piece of option) {
          if (piece.kind !== 'text') return undefined
          text += piece.text
        }
        texts.push(text)
      }
      return texts
    }
  }
}
