/**
 * Resource patterns: segments joined by `:`, with `*`, `{a,b}` and quoted segments, and `**` at the end.
 *
 * How much a segment may stand for is bounded here, so that every pattern that parses has a small automaton.
 */
import { type FaultParts, fault, parsed } from './fault.ts'
import { NAME_BYTES, nameFault } from './name.ts'
import { formatString, parseString } from './string.ts'
import type { Parsed, PatternLiteral, PatternPart, PatternSegment } from './values.ts'
import { isWellFormed } from './well-formed.ts'

/** Most segments of a pattern or resource. */
export const MAX_SEGMENTS = 32
/** Most texts that the alternatives of one segment may stand for. */
const MAX_ALTERNATIVES = 1024
/** Bound on characters of all alternatives of a segment, times the ways in which their `*` can interleave. */
const MAX_SEGMENT_WEIGHT = 16_384

const ANY: PatternPart = { kind: 'any' }

/** A pattern as written in policy text, without blanks outside quotes. A lone `*` is a fault that suggests `**`. */
export function parsePattern(text: string): Parsed<PatternLiteral> {
  if (text === '') return patternFault('KV0201', 0, 0, 'a pattern is never empty')
  if (text === '*') {
    return patternFault(
      'KV0202',
      0,
      1,
      '`*` alone matches only resources of one segment',
      'write `**` for every resource',
    )
  }
  const segments: PatternSegment[] = []
  let at = 0
  let weight = 0
  for (;;) {
    if (segments.length === MAX_SEGMENTS) {
      return patternFault('KV0203', at, text.length, `a pattern has at most ${MAX_SEGMENTS} segments`)
    }
    if (text.startsWith('**', at) && (at + 2 === text.length || text[at + 2] === ':')) {
      if (at + 2 === text.length) return parsed({ segments, rest: true })
      return patternFault('KV0204', at, at + 2, '`**` may only stand at the end', 'write `*` for exactly one segment')
    }
    const scanned = text[at] === '"' ? scanQuoted(text, at) : scanSegment(text, at)
    if ('ok' in scanned) return scanned
    weight += weigh(scanned.parts)
    if (weight > MAX_SEGMENT_WEIGHT) {
      return patternFault(
        'KV0205',
        at,
        scanned.end,
        'this pattern stands for too many alternatives',
        'split it into several patterns, or use fewer `*` inside `{...}`',
      )
    }
    segments.push(scanned.parts)
    if (scanned.end === text.length) return parsed({ segments, rest: false })
    at = scanned.end + 1
  }
}

/** The shortest text of a pattern; `parsePattern` reads it back. */
export function formatPattern(pattern: PatternLiteral): string {
  const segments = pattern.segments.map(formatSegment)
  if (pattern.rest) segments.push('**')
  return segments.join(':')
}

interface Scanned {
  readonly parts: PatternSegment
  /** Offset of the `:` behind the segment, or the length of the text. */
  readonly end: number
}

function scanSegment(text: string, start: number): Scanned | ReturnType<typeof fault> {
  let i = start
  while (i < text.length && isTextUnit(text.charCodeAt(i))) i++
  if (i > start && (i === text.length || text.charCodeAt(i) === 0x3a)) {
    if (i - start > NAME_BYTES) return tooLong(start, i)
    return { parts: [{ kind: 'text', text: text.slice(start, i) }], end: i }
  }
  const parts: PatternPart[] = []
  i = start
  while (i < text.length && text.charCodeAt(i) !== 0x3a) {
    if (text[i] !== '{') {
      const glob = scanGlob(text, i, parts)
      if (typeof glob !== 'number') return glob
      i = glob
      continue
    }
    const choice = scanChoice(text, i)
    if ('ok' in choice) return choice
    parts.push(choice.part)
    i = choice.end
  }
  if (parts.length === 0) {
    return patternFault(
      'KV0201',
      start,
      Math.min(start + 1, text.length),
      'a segment is never empty',
      'remove the extra `:`',
    )
  }
  return { parts, end: i }
}

/** Scans text or one `*` at `at` into `parts`; returns the offset behind it. */
function scanGlob(text: string, at: number, parts: PatternPart[]): number | ReturnType<typeof fault> {
  if (text[at] === '*') {
    if (parts.at(-1)?.kind === 'any') {
      return patternFault(
        'KV0204',
        at - 1,
        at + 1,
        '`**` only stands as a whole last segment',
        'write one `*` inside a segment',
      )
    }
    parts.push(ANY)
    return at + 1
  }
  let end = at
  while (end < text.length && isTextUnit(text.charCodeAt(end))) end++
  if (end === at) return badCharacter(text, at)
  if (end - at > NAME_BYTES) return tooLong(at, end)
  parts.push({ kind: 'text', text: text.slice(at, end) })
  return end
}

function scanChoice(text: string, start: number): { part: PatternPart; end: number } | ReturnType<typeof fault> {
  const options: PatternSegment[] = []
  let parts: PatternPart[] = []
  let i = start + 1
  for (;;) {
    const char = text[i]
    if (char === undefined || char === ':')
      return patternFault('KV0206', start, i, 'this `{` is never closed in its segment')
    if (char === '{') return patternFault('KV0206', i, i + 1, '`{...}` does not nest')
    if (char !== ',' && char !== '}') {
      const glob = scanGlob(text, i, parts)
      if (typeof glob !== 'number') return glob
      i = glob
      continue
    }
    if (parts.length === 0) {
      return patternFault('KV0206', i - 1, i + 1, 'an alternative of `{...}` is never empty')
    }
    options.push(parts)
    parts = []
    i++
    if (char === '}') return { part: { kind: 'choice', options }, end: i }
  }
}

function scanQuoted(text: string, start: number): Scanned | ReturnType<typeof fault> {
  let end = start + 1
  while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1
  if (end >= text.length) return patternFault('KV0201', start, text.length, 'this quote is never closed')
  end++
  const value = parseString(text.slice(start, end))
  if (!value.ok) {
    const inner = value.fault
    return fault({ ...inner, start: inner.start + start, end: inner.end + start })
  }
  const why = nameFault(value.value)
  if (why !== undefined) return patternFault('KV0203', start, end, `this segment ${why}`)
  if (end < text.length && text[end] !== ':') {
    return patternFault(
      'KV0201',
      end,
      end + 1,
      'a quoted string is a whole segment',
      'put everything between the quotes',
    )
  }
  return { parts: [{ kind: 'text', text: value.value }], end }
}

/**
 * An upper bound on the states that a segment needs: the characters of its alternatives, times one factor for each
 * alternative with several `*`, since how far each of them got is independent of the others.
 */
function weigh(parts: PatternSegment): number {
  if (parts.length === 1 && parts[0]?.kind !== 'choice') return 1
  let alternatives: { length: number; stars: number }[] = [{ length: 1, stars: 0 }]
  for (const part of parts) {
    const options = part.kind === 'choice' ? part.options : [[part]]
    if (alternatives.length * options.length > MAX_ALTERNATIVES) return MAX_SEGMENT_WEIGHT + 1
    alternatives = alternatives.flatMap((head) =>
      options.map((option) => ({
        length: head.length + option.reduce((sum, item) => sum + (item.kind === 'text' ? item.text.length : 1), 0),
        stars: head.stars + option.filter((item) => item.kind === 'any').length,
      })),
    )
  }
  const length = alternatives.reduce((sum, alternative) => sum + alternative.length, 0)
  return alternatives.reduce((product, { stars }) => product * Math.max(1, stars), length)
}

function formatSegment(segment: PatternSegment): string {
  const only = segment.length === 1 ? segment[0] : undefined
  if (only?.kind === 'text' && !isPlainText(only.text)) return formatString(only.text)
  return segment.map(formatPart).join('')
}

function formatPart(part: PatternPart): string {
  if (part.kind === 'text') return part.text
  if (part.kind === 'any') return '*'
  return `{${part.options.map((option) => option.map(formatPart).join('')).join(',')}}`
}

function isPlainText(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (!isTextUnit(text.charCodeAt(i))) return false
  return true
}

/** `[A-Za-z0-9_.@-]`, the characters that need no quotes. */
function isTextUnit(unit: number): boolean {
  return (
    (unit >= 0x61 && unit <= 0x7a) ||
    (unit >= 0x41 && unit <= 0x5a) ||
    (unit >= 0x2d && unit <= 0x39 && unit !== 0x2f) ||
    unit === 0x5f ||
    unit === 0x40
  )
}

function badCharacter(text: string, at: number): ReturnType<typeof fault> {
  const point = text.codePointAt(at) ?? 0
  const char = String.fromCodePoint(point)
  const end = at + char.length
  if (char === '}' || char === ',') return patternFault('KV0206', at, end, `\`${char}\` without a \`{\` before it`)
  if (char === '"') {
    return patternFault('KV0201', at, end, 'a quoted string is a whole segment', 'put everything between the quotes')
  }
  const isPrintable = point > 0x20 && point !== 0x7f && isWellFormed(char)
  const name = isPrintable ? `\`${char}\`` : `U+${point.toString(16).toUpperCase().padStart(4, '0')}`
  return patternFault(
    'KV0201',
    at,
    end,
    `${name} cannot stand in a segment unquoted`,
    'put the whole segment between double quotes',
  )
}

function tooLong(start: number, end: number): ReturnType<typeof fault> {
  return patternFault('KV0203', start, end, `a segment has at most ${NAME_BYTES} bytes`)
}

function patternFault(
  code: string,
  start: number,
  end: number,
  message: string,
  help?: string,
): ReturnType<typeof fault> {
  const parts: FaultParts = { code, start, end, message, help }
  return fault(parts)
}
