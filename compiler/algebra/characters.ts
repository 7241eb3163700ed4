/**
 * An automaton over bytes, read character by character: for witnesses that people read, and for lengths in code points.
 *
 * In between the bytes of a character a minimal automaton is in states that accept only what continues it; they are
 * skipped here. Of all characters that lead from one state to another, one of each kind stands for the others.
 */
import type { Budget } from './budget.ts'
import type { Dfa } from './dfa.ts'
import type { Machine } from './pairs.ts'

/** One character on the way from state to state. */
export interface Step {
  readonly character: string
  readonly target: number
}

/** State 0 is the start. From every state something is accepted, unless there is nothing to accept at all. */
export interface CharacterGraph {
  /** The steps from each state, preferred characters first. */
  readonly steps: readonly (readonly Step[])[]
  readonly accepting: readonly boolean[]
  /** The states that lead to each state, each once. */
  readonly sources: readonly (readonly number[])[]
}

function bytesFrom(low: number, high: number): readonly number[] {
  return Array.from({ length: high - low + 1 }, (_, i) => low + i)
}

const UPPER_CASE = bytesFrom(0x41, 0x5a)
const PUNCTUATION = bytesFrom(0x21, 0x7e).filter((byte) => /[^0-9A-Za-z]/.test(String.fromCharCode(byte)))

/** First bytes of characters, by kind, readable ones first. `C2` opens the controls above U+007F, so it comes late. */
const KINDS: readonly (readonly number[])[] = [
  bytesFrom(0x61, 0x7a),
  bytesFrom(0x30, 0x39),
  [...UPPER_CASE, ...PUNCTUATION, 0x20],
  bytesFrom(0xc3, 0xdf),
  bytesFrom(0xe0, 0xef),
  bytesFrom(0xf0, 0xf4),
  [0xc2],
  [...bytesFrom(0, 0x1f), 0x7f],
]

const CONTINUATIONS = bytesFrom(0x80, 0xbf)

/** All bytes of UTF-8: first bytes of characters, readable ones first, then those that continue one. */
export const READABLE_FIRST: readonly number[] = [...KINDS.flat(), ...CONTINUATIONS]

const DECODER = new TextDecoder()

/**
 * The characters of `machine`, which accepts only UTF-8.
 *
 * @throws {TooHard} when the budget does not suffice
 */
export function toCharacters({ dfa, dead }: Machine, budget: Budget): CharacterGraph {
  const kinds = KINDS.map((bytes) => oneOfEachClass(dfa, bytes))
  const continuations = oneOfEachClass(dfa, CONTINUATIONS)
  const order = [0]
  const nameOf = new Map([[0, 0]])
  const steps: Step[][] = []
  for (let at = 0; at < order.length; at++) {
    const found: Step[] = []
    const state = order[at] ?? 0
    for (const firsts of kinds) {
      // Bytes ascend, so that a state met again, within a character or behind it, was met with a lower character before.
      const met = new Set([dead])
      const follow = (from: number, bytes: readonly number[], missing: number): void => {
        const choices = bytes.length === 0 ? firsts : continuations
        budget.spend(choices.length)
        for (const byte of choices) {
          const target = stepBy(dfa, from, byte)
          if (met.has(target)) continue
          met.add(target)
          const written = [...bytes, byte]
          const left = bytes.length === 0 ? continuationsOf(byte) : missing - 1
          if (left > 0) {
            follow(target, written, left)
            continue
          }
          let name = nameOf.get(target)
          if (name === undefined) {
            name = order.push(target) - 1
            nameOf.set(target, name)
          }
          found.push({ character: DECODER.decode(Uint8Array.from(written)), target: name })
        }
      }
      if (state !== dead) follow(state, [], 0)
    }
    steps.push(found)
  }
  return { steps, accepting: order.map((state) => dfa.accepting[state] === 1), sources: invert(steps) }
}

function invert(steps: readonly (readonly Step[])[]): number[][] {
  const sources: number[][] = steps.map(() => [])
  steps.forEach((list, state) => {
    for (const target of new Set(list.map((step) => step.target))) sources[target]?.push(state)
  })
  return sources
}

function stepBy(dfa: Dfa, state: number, byte: number): number {
  return dfa.next[state * dfa.classCount + (dfa.classes[byte] ?? 0)] ?? 0
}

/** The first of `bytes` in each class, in their order. */
function oneOfEachClass(dfa: Dfa, bytes: readonly number[]): readonly number[] {
  const seen = new Set<number>()
  return bytes.filter((byte) => {
    const name = dfa.classes[byte] ?? 0
    const isNew = !seen.has(name)
    seen.add(name)
    return isNew
  })
}

/** How many bytes follow the first one of a character. */
function continuationsOf(first: number): number {
  return first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3
}
