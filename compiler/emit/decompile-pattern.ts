/**
 * From what an image keeps of a pattern back to a pattern.
 *
 * Literal texts with `*` or `**` behind them are kept as text. Of the others the image keeps a minimal automaton, which says
 * nothing about how it was written; here the likely text is guessed segment by segment, and kept only when it compiles to
 * exactly that automaton. So a guess may fail and is never wrong.
 */
import { AutomatonTooLarge, compilePattern, type Dfa } from '../algebra/index.ts'
import {
  formatPattern,
  type PatternLiteral,
  type PatternPart,
  type PatternSegment,
  parsePattern,
} from '../model/index.ts'
import type { KeyForm } from './hash.ts'
import { toForms } from './patterns.ts'
import { tableOf } from './pools.ts'

/** The pattern of a hashed key: its whole text, or the prefix with its last `:`. */
export function patternOfKey(kind: KeyForm, text: string): PatternLiteral {
  const prefix = kind === 'exact' ? text : text.slice(0, -1)
  const texts = kind !== 'exact' && text === '' ? [] : prefix.split(':')
  const segments = texts.map((segment): PatternSegment => [{ kind: 'text', text: segment }])
  return { segments: kind === 'star' ? [...segments, ANY_SEGMENT] : segments, rest: kind === 'rest' }
}

/**
 * A pattern of policy text that accepts exactly what `dfa` accepts and is stored as that automaton; `undefined` when none
 * was found. Found are segments of text, of globs such as `pr-*`, and of alternatives without `*`.
 */
export function patternOfAutomaton(dfa: Dfa): PatternLiteral | undefined {
  const guess = guessPattern(dfa)
  if (guess === undefined || !parsePattern(formatPattern(guess)).ok) return undefined
  try {
    const [form, ...more] = toForms(guess)
    return more.length === 0 && form?.kind === 'dfa' && tableOf(form.dfa) === tableOf(dfa) ? guess : undefined
  } catch (error) {
    if (error instanceof AutomatonTooLarge) return undefined
    throw error
  }
}

/**
 * A pattern of policy text that accepts exactly the resources of `dfa`, which is canonical, however an image would store it;
 * `undefined` when none was found.
 */
export function patternOfLanguage(dfa: Dfa): PatternLiteral | undefined {
  const guess = guessPattern(dfa)
  if (guess === undefined || !parsePattern(formatPattern(guess)).ok) return undefined
  try {
    return tableOf(compilePattern(guess)) === tableOf(dfa) ? guess : undefined
  } catch (error) {
    if (error instanceof AutomatonTooLarge) return undefined
    throw error
  }
}

const ANY: PatternPart = { kind: 'any' }
const ANY_SEGMENT: PatternSegment = [ANY]
const COLON = 0x3a
const MAX_SEGMENTS = 32
/** Alternatives of one segment that are listed; the language allows no more. */
const MAX_WORDS = 1024

/** Walks from segment to segment: each is the part of the automaton between two `:`. */
function guessPattern(dfa: Dfa): PatternLiteral | undefined {
  const isAlive = liveStates(dfa)
  const segments: PatternSegment[] = []
  let start = 0
  while (segments.length <= MAX_SEGMENTS) {
    const part = readPart(dfa, start, isAlive)
    const [next, ...others] = part.next
    if (others.length > 0) return undefined
    if (next === start) return { segments, rest: true }
    if (next !== undefined && part.accepting.size > 0) return undefined
    const segment = guessSegment(dfa, part, next === undefined ? part.accepting : part.leaving)
    if (segment === undefined) return undefined
    segments.push(segment)
    if (next === undefined) return { segments, rest: false }
    start = next
  }
  return undefined
}

/** The states that some text leads from to acceptance. */
function liveStates(dfa: Dfa): readonly boolean[] {
  const before: number[][] = Array.from({ length: dfa.stateCount }, () => [])
  for (let state = 0; state < dfa.stateCount; state++) {
    for (const target of rowOf(dfa, state)) before[target]?.push(state)
  }
  const isAlive = Array.from(dfa.accepting, (flag) => flag === 1)
  const open = isAlive.flatMap((alive, state) => (alive ? [state] : []))
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    for (const source of before[state] ?? []) {
      if (isAlive[source]) continue
      isAlive[source] = true
      open.push(source)
    }
  }
  return isAlive
}

function rowOf(dfa: Dfa, state: number): Uint16Array {
  return dfa.next.subarray(state * dfa.classCount, (state + 1) * dfa.classCount)
}

/** What the automaton reads of one segment. */
interface Part {
  readonly start: number
  /** Successors by byte, `:` and dead ends left out; of each class its lowest byte. */
  readonly steps: ReadonlyMap<number, readonly Step[]>
  readonly accepting: ReadonlySet<number>
  /** States from which `:` leads on, and where it leads. */
  readonly leaving: ReadonlySet<number>
  readonly next: ReadonlySet<number>
}

interface Step {
  readonly byte: number
  readonly to: number
}

function readPart(dfa: Dfa, start: number, isAlive: readonly boolean[]): Part {
  const bytes = Array.from({ length: dfa.classCount }, (_, name) => dfa.classes.indexOf(name))
  const steps = new Map<number, readonly Step[]>()
  const accepting = new Set<number>()
  const leaving = new Set<number>()
  const next = new Set<number>()
  const open = [start]
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    if (steps.has(state)) continue
    if (dfa.accepting[state] === 1) accepting.add(state)
    const row = rowOf(dfa, state)
    const found: Step[] = []
    for (const [name, to] of row.entries()) {
      const byte = bytes[name] ?? 0
      if (!isAlive[to]) continue
      if (byte === COLON) {
        leaving.add(state)
        next.add(to)
      } else {
        found.push({ byte, to })
        if (!steps.has(to)) open.push(to)
      }
    }
    steps.set(state, found)
  }
  return { start, steps, accepting, leaving, next }
}

/** The segment whose texts lead from the start of `part` into `ends`. */
function guessSegment(dfa: Dfa, part: Part, ends: ReadonlySet<number>): PatternSegment | undefined {
  const words = finiteWords(dfa, part, ends)
  if (words !== undefined) {
    const [only] = words
    if (only !== undefined && words.length === 1) return [{ kind: 'text', text: only }]
    return [{ kind: 'choice', options: words.map((text) => [{ kind: 'text', text }]) }]
  }
  const shortest = shortestWord(part, ends)
  return shortest === undefined ? undefined : guessGlob(dfa, part.start, ends, shortest)
}

/** All texts of a segment that has few; `undefined` when it has many, or they are no text. */
function finiteWords(dfa: Dfa, { start, steps }: Part, ends: ReadonlySet<number>): readonly string[] | undefined {
  const words: Uint8Array[] = []
  const open: { readonly state: number; readonly word: readonly number[] }[] = [{ state: start, word: [] }]
  // A word that visits a state twice may visit it for ever.
  const longest = steps.size
  for (let item = open.pop(); item !== undefined; item = open.pop()) {
    const { state, word } = item
    if (word.length > longest || words.length > MAX_WORDS) return undefined
    if (ends.has(state)) words.push(Uint8Array.from(word))
    // A class of several bytes stands for several words.
    const found = steps.get(state) ?? []
    for (const { byte, to } of found) {
      const name = dfa.classes[byte]
      for (let each = 255; each >= byte; each--) {
        if (dfa.classes[each] === name) open.push({ state: to, word: [...word, each] })
      }
      if (open.length > MAX_WORDS * 4) return undefined
    }
  }
  const texts: string[] = []
  for (const word of words) {
    const text = toText(word)
    if (text === undefined) return undefined
    texts.push(text)
  }
  return texts.sort()
}

/** The bytes that lead into `ends` soonest. */
function shortestWord({ start, steps }: Part, ends: ReadonlySet<number>): string | undefined {
  const from = new Map<number, { readonly state: number; readonly byte: number } | undefined>([[start, undefined]])
  for (const state of from.keys()) {
    if (ends.has(state)) {
      const bytes: number[] = []
      for (let step = from.get(state); step !== undefined; step = from.get(step.state)) bytes.push(step.byte)
      return toText(Uint8Array.from(bytes.reverse()))
    }
    for (const { byte, to } of steps.get(state) ?? []) if (!from.has(to)) from.set(to, { state, byte })
  }
  return undefined
}

/**
 * Text with a `*` wherever one more character may stand: what a `*` matched in the shortest text is nothing, so that all of
 * it is literal, and a character that occurs nowhere can only be a `*`'s.
 */
function guessGlob(dfa: Dfa, start: number, ends: ReadonlySet<number>, shortest: string): PatternSegment | undefined {
  const accepts = (text: string): boolean => ends.has(stateAfter(dfa, start, text))
  if (accepts(STRANGER)) return ANY_SEGMENT
  const characters = Array.from(shortest)
  const parts: PatternPart[] = []
  let text = ''
  for (let at = 0; at <= characters.length; at++) {
    const before = characters.slice(0, at).join('')
    if (accepts(`${before}${STRANGER}${shortest.slice(before.length)}`)) {
      if (text !== '') parts.push({ kind: 'text', text })
      parts.push(ANY)
      text = ''
    }
    text += characters[at] ?? ''
  }
  if (text !== '') parts.push({ kind: 'text', text })
  return parts
}

/** A character that unquoted text cannot hold. */
const STRANGER = '\u{e000}'

function stateAfter(dfa: Dfa, start: number, text: string): number {
  let state = start
  for (const byte of ENCODER.encode(text)) state = dfa.next[state * dfa.classCount + (dfa.classes[byte] ?? 0)] ?? 0
  return state
}

const ENCODER = new TextEncoder()
const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function toText(bytes: Uint8Array): string | undefined {
  try {
    return DECODER.decode(bytes)
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}
