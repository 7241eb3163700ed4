/**
 * Automata whose language Cedar can name: a short list of texts, or one `like` pattern.
 *
 * The model keeps the automaton of a regex, not its text. The shortest accepted text of a pattern such as `a*b` is the pattern
 * without its `*`; a `*` stands where one more character, found nowhere in that text, is accepted. That is a guess, and it
 * counts only when the automaton of the guess is the same: automata are minimal and numbered alike, so equal languages are
 * equal bytes.
 */
import { acceptsText, compileRegex, type Dfa } from '../../algebra/index.ts'
import type { CodePointRange, RegexExpression } from '../../model/index.ts'

/** A language that Cedar can name. */
export type Glob =
  | { readonly kind: 'texts'; readonly texts: readonly string[] }
  /** The literal parts around each `*`. `isLine`: a `*` stands for no line feed. */
  | { readonly kind: 'pattern'; readonly parts: readonly string[]; readonly isLine: boolean }

/** Most texts of a list. */
const MAX_TEXTS = 64
/** Most bytes of a text that is looked for. */
const MAX_BYTES = 256

/** What the automaton accepts, as Cedar can say it, or `undefined`. */
export function toGlob(dfa: Dfa): Glob | undefined {
  const live = liveStates(dfa)
  const texts = textsOf(dfa, live)
  return texts === undefined ? patternOf(dfa, live) : { kind: 'texts', texts }
}

/** States from which something is accepted. */
function liveStates(dfa: Dfa): readonly boolean[] {
  const live = Array.from({ length: dfa.stateCount }, (_, state) => dfa.accepting[state] === 1)
  for (let grew = true; grew; ) {
    grew = false
    for (let state = 0; state < dfa.stateCount; state++) {
      if (live[state] || !successorsOf(dfa, state).some((next) => live[next])) continue
      live[state] = true
      grew = true
    }
  }
  return live
}

function successorsOf({ next, classCount }: Dfa, state: number): readonly number[] {
  return [...next.subarray(state * classCount, (state + 1) * classCount)]
}

/** All accepted texts, in the order of their bytes, or `undefined` when they are many. */
function textsOf(dfa: Dfa, live: readonly boolean[]): readonly string[] | undefined {
  const found: string[] = []
  const path: number[] = []
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const visit = (state: number): boolean => {
    if (path.length > MAX_BYTES || found.length > MAX_TEXTS) return false
    if (dfa.accepting[state] === 1) found.push(decoder.decode(Uint8Array.from(path)))
    for (let byte = 0; byte < 256; byte++) {
      const to = step(dfa, state, byte)
      if (!live[to]) continue
      path.push(byte)
      if (!visit(to)) return false
      path.pop()
    }
    return true
  }
  return visit(0) && found.length <= MAX_TEXTS ? found : undefined
}

function step({ next, classCount, classes }: Dfa, state: number, byte: number): number {
  return next[state * classCount + (classes[byte] ?? 0)] ?? 0
}

function patternOf(dfa: Dfa, live: readonly boolean[]): Glob | undefined {
  const shortest = shortestText(dfa, live)
  if (shortest === undefined) return undefined
  const points = Array.from(shortest)
  const probe = probeFor(shortest)
  const parts = ['']
  for (let at = 0; at <= points.length; at++) {
    const text = [...points.slice(0, at), probe, ...points.slice(at)].join('')
    if (acceptsText(dfa, text)) parts.push('')
    const last = parts.length - 1
    parts[last] = (parts[last] ?? '') + (points[at] ?? '')
  }
  for (const isLine of [false, true]) {
    if (isLine && shortest.includes('\n')) return undefined
    if (isSameLanguage(dfa, parts, isLine)) return { kind: 'pattern', parts, isLine }
  }
  return undefined
}

/** The one shortest accepted text, or `undefined` when there are several. */
function shortestText(dfa: Dfa, live: readonly boolean[]): string | undefined {
  let front: ReadonlyMap<number, readonly number[] | undefined> = new Map([[0, []]])
  for (let length = 0; length <= MAX_BYTES; length++) {
    const accepted = [...front].filter(([state]) => dfa.accepting[state] === 1)
    if (accepted.length > 0) {
      const [path] = accepted.map(([, bytes]) => bytes)
      return accepted.length > 1 || path === undefined ? undefined : new TextDecoder().decode(Uint8Array.from(path))
    }
    const following = new Map<number, readonly number[] | undefined>()
    for (const [state, path] of front) {
      for (let byte = 0; byte < 256; byte++) {
        const to = step(dfa, state, byte)
        // Two ways to one state are two texts: which one it was is not kept.
        if (live[to]) following.set(to, following.has(to) ? undefined : path && [...path, byte])
      }
    }
    // In a pattern there are as many ways to go on as it has characters.
    if (following.size > MAX_BYTES) return undefined
    front = following
  }
  return undefined
}

/** A character that is not in `text`. */
function probeFor(text: string): string {
  for (let point = 0x21; ; point++) {
    const char = String.fromCodePoint(point)
    if (!text.includes(char)) return char
  }
}

const EVERY: readonly CodePointRange[] = [
  { low: 0, high: 0xd7ff },
  { low: 0xe000, high: 0x10ffff },
]
const EVERY_BUT_LINE_FEED: readonly CodePointRange[] = [
  { low: 0, high: 0x09 },
  { low: 0x0b, high: 0xd7ff },
  { low: 0xe000, high: 0x10ffff },
]

function isSameLanguage(dfa: Dfa, parts: readonly string[], isLine: boolean): boolean {
  const any: RegexExpression = {
    kind: 'repeat',
    item: { kind: 'class', ranges: isLine ? EVERY_BUT_LINE_FEED : EVERY },
    min: 0,
    max: undefined,
  }
  const items = parts.flatMap((part, index) => [...(index > 0 ? [any] : []), ...Array.from(part, toClass)])
  const compiled = compileRegex({ source: '', flags: 's', root: { kind: 'sequence', items } })
  return compiled.ok && isEqual(compiled.dfa, dfa)
}

function toClass(char: string): RegexExpression {
  const point = char.codePointAt(0) ?? 0
  return { kind: 'class', ranges: [{ low: point, high: point }] }
}

function isEqual(a: Dfa, b: Dfa): boolean {
  const same = (left: Uint8Array | Uint16Array, right: Uint8Array | Uint16Array) =>
    left.length === right.length && left.every((value, index) => value === right[index])
  return (
    a.stateCount === b.stateCount &&
    a.classCount === b.classCount &&
    same(a.classes, b.classes) &&
    same(a.next, b.next) &&
    same(a.accepting, b.accepting)
  )
}
