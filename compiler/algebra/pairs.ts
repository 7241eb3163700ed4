/** Pairs of states of two automata, and the bytes that at least one of the two tells apart. */
import type { Dfa } from './dfa.ts'

/** A minimal automaton. */
export interface Machine {
  readonly dfa: Dfa
  /** The state from which nothing is accepted; -1 when there is none. */
  readonly dead: number
}

/** The machine of `dfa`, which must be minimal. */
export function toMachine(dfa: Dfa): Machine {
  const { next, classCount, accepting } = dfa
  const isDead = (state: number): boolean => {
    for (let i = 0; i < classCount; i++) if (next[state * classCount + i] !== state) return false
    return true
  }
  return { dfa, dead: accepting.findIndex((flag, state) => flag === 0 && isDead(state)) }
}

/** Bytes that neither automaton tells apart are one symbol. */
export interface MergedClasses {
  readonly symbolCount: number
  /** 256 entries. */
  readonly symbolOf: Uint8Array
  stepLeft(state: number, symbol: number): number
  stepRight(state: number, symbol: number): number
}

/** The classes of two automata, merged. */
export function mergeClasses(a: Dfa, b: Dfa): MergedClasses {
  const names = new Int16Array(a.classCount * b.classCount).fill(-1)
  const symbolOf = new Uint8Array(256)
  const leftOf: number[] = []
  const rightOf: number[] = []
  for (let byte = 0; byte < 256; byte++) {
    const left = a.classes[byte] ?? 0
    const right = b.classes[byte] ?? 0
    const slot = left * b.classCount + right
    let name = names[slot] ?? -1
    if (name < 0) {
      name = leftOf.push(left) - 1
      rightOf.push(right)
      names[slot] = name
    }
    symbolOf[byte] = name
  }
  return {
    symbolCount: leftOf.length,
    symbolOf,
    stepLeft: (state, symbol) => a.next[state * a.classCount + (leftOf[symbol] ?? 0)] ?? 0,
    stepRight: (state, symbol) => b.next[state * b.classCount + (rightOf[symbol] ?? 0)] ?? 0,
  }
}

/** Most pairs of a search. */
export const MAX_PAIRS = 1_048_576

/** Pairs of states in the order in which they are met. */
export interface Pairs {
  readonly left: readonly number[]
  readonly right: readonly number[]
  /** The number of a pair, a new one when it was not met before. */
  numberOf(left: number, right: number): number
}

/** Up to so many possible pairs a plain array is faster than a map. */
const DENSE_PAIRS = 4096

/** No pair yet. */
export function createPairs(a: Dfa, b: Dfa): Pairs {
  const left: number[] = []
  const right: number[] = []
  const width = b.stateCount
  const add = (x: number, y: number): number => {
    right.push(y)
    return left.push(x) - 1
  }
  if (a.stateCount * width <= DENSE_PAIRS) {
    const known = new Int32Array(a.stateCount * width)
    const numberOf = (x: number, y: number): number => {
      const slot = x * width + y
      const found = known[slot] ?? 0
      if (found > 0) return found - 1
      const name = add(x, y)
      known[slot] = name + 1
      return name
    }
    return { left, right, numberOf }
  }
  const known = new Map<number, number>()
  const numberOf = (x: number, y: number): number => {
    const slot = x * width + y
    const found = known.get(slot)
    if (found !== undefined) return found
    const name = add(x, y)
    known.set(slot, name)
    return name
  }
  return { left, right, numberOf }
}
