/**
 * Resources that keep the limits of a request: at most 32 segments of at most 128 bytes.
 *
 * An automaton that counted both would be 4,096 times as large, so automata of resources ignore the limits, and a search
 * for a resource counts instead. Both searches are exact, for all that matters of a way to a state is in which segment,
 * and behind how many of its bytes, it can be reached at the earliest.
 */
import { MAX_SEGMENTS, NAME_BYTES } from '../model/index.ts'
import { type Budget, TooHard } from './budget.ts'
import { READABLE_FIRST } from './characters.ts'
import type { Dfa } from './dfa.ts'
import { createPairs, MAX_PAIRS, type Machine, mergeClasses } from './pairs.ts'
import { isAccepted, type SearchedOperation } from './product.ts'

const COLON = 0x3a

/** How large a resource may be: its segments, and the bytes of each of them. */
export interface ResourceLimits {
  readonly segments: number
  readonly segmentBytes: number
}

/** The limits of every request. @see docs/language.md, section 2 */
export const RESOURCE_LIMITS: ResourceLimits = { segments: MAX_SEGMENTS, segmentBytes: NAME_BYTES }

/** An operation on two languages, of which `a` holds only resources. */
export interface ResourceSearch {
  readonly operation: SearchedOperation
  readonly a: Machine
  readonly b: Machine
}

/**
 * Whether the operation accepts a resource within the limits.
 *
 * The search goes forward over pairs of states, segment by segment, within a segment byte by byte. A pair that was met
 * before, in no later segment and behind no more bytes, is not met again: what follows it could follow then. So a pair
 * is met at most once for each segment.
 *
 * @throws {TooHard} when the budget or the memory of a search does not suffice
 */
export function isInhabitedWithin(
  limits: ResourceLimits,
  { operation, a, b }: ResourceSearch,
  budget: Budget,
): boolean {
  const merged = mergeClasses(a.dfa, b.dfa)
  const pairs = createPairs(a.dfa, b.dfa)
  // A class may hold `:` beside other bytes, so `:` is followed on its own, and the class by another of its bytes.
  const symbols = new Set<number>()
  for (let byte = 0; byte < 256; byte++) if (byte !== COLON) symbols.add(merged.symbolOf[byte] ?? 0)
  const colon = merged.symbolOf[COLON] ?? 0
  const bytesOf: number[] = []

  const follow = (state: number, symbol: number): number | undefined => {
    const left = merged.stepLeft(pairs.left[state] ?? 0, symbol)
    if (left === a.dead) return undefined
    const right = merged.stepRight(pairs.right[state] ?? 0, symbol)
    if (operation === 'intersect' && right === b.dead) return undefined
    const target = pairs.numberOf(left, right)
    if (target >= MAX_PAIRS) throw new TooHard()
    return target
  }
  /** Whether the pair was never met behind so few bytes; it is now. */
  const isSooner = (state: number, bytes: number): boolean => {
    if ((bytesOf[state] ?? bytes + 1) <= bytes) return false
    bytesOf[state] = bytes
    return true
  }

  budget.spend(256)
  let heads: readonly number[] = a.dead === 0 ? [] : [pairs.numberOf(0, 0)]
  for (let segment = 1; segment <= limits.segments; segment++) {
    // What begins a segment is marked only now: earlier segments may still have needed it behind more bytes.
    let front = heads.filter((state) => isSooner(state, 0))
    const nextHeads: number[] = []
    for (let bytes = 0; front.length > 0; bytes++) {
      const nextFront: number[] = []
      for (const state of front) {
        const left = a.dfa.accepting[pairs.left[state] ?? 0] === 1
        if (isAccepted(operation, left, b.dfa.accepting[pairs.right[state] ?? 0] === 1)) return true
        budget.spend(symbols.size + 1)
        const head = follow(state, colon)
        if (head !== undefined) nextHeads.push(head)
        if (bytes === limits.segmentBytes) continue
        for (const symbol of symbols) {
          const target = follow(state, symbol)
          if (target !== undefined && isSooner(target, bytes + 1)) nextFront.push(target)
        }
      }
      front = nextFront
    }
    heads = nextHeads
  }
  return false
}

/** More bytes than a segment may have. */
const TOO_MANY = 0xffff

/**
 * A resource of `machine` within the limits, which accepts resources only; `undefined` when there is none. It has as few
 * segments as possible, then as few bytes as possible in its first segment, then in its second, and so on; then letters
 * are preferred.
 *
 * The search goes backward. `needed[k][q]` is how many bytes of its segment still follow state q, at the least, when k
 * segments follow that one.
 *
 * @throws {TooHard} when the budget does not suffice
 */
export function shortestWithin(limits: ResourceLimits, machine: Machine, budget: Budget): string | undefined {
  const { dfa, dead } = machine
  if (dead === 0) return undefined
  const { offsets, sources } = invertWithoutColon(machine, budget)
  const colonClass = dfa.classes[COLON] ?? 0
  const needed: Uint16Array[] = []
  for (let following = 0; following < limits.segments; following++) {
    const last = needed.at(-1)
    const bytes = new Uint16Array(dfa.stateCount).fill(TOO_MANY)
    budget.spend(dfa.stateCount)
    let front: number[] = []
    for (let state = 0; state < dfa.stateCount; state++) {
      const afterColon = dfa.next[state * dfa.classCount + colonClass] ?? 0
      const isEnd =
        last === undefined ? dfa.accepting[state] === 1 : (last[afterColon] ?? TOO_MANY) <= limits.segmentBytes
      if (!isEnd) continue
      bytes[state] = 0
      front.push(state)
    }
    for (let count = 1; count <= limits.segmentBytes && front.length > 0; count++) {
      const nextFront: number[] = []
      for (const state of front) {
        const end = offsets[state + 1] ?? 0
        budget.spend(end - (offsets[state] ?? 0) + 1)
        for (let i = offsets[state] ?? 0; i < end; i++) {
          const source = sources[i] ?? 0
          if (bytes[source] !== TOO_MANY) continue
          bytes[source] = count
          nextFront.push(source)
        }
      }
      front = nextFront
    }
    needed.push(bytes)
    if (bytes[0] !== TOO_MANY) return spell(dfa, needed, budget)
  }
  return undefined
}

/** For each state those that lead there by a byte other than `:`, each once; the dead one is no source. */
function invertWithoutColon({ dfa, dead }: Machine, budget: Budget): { offsets: Int32Array; sources: Int32Array } {
  const classes = new Set<number>()
  for (let byte = 0; byte < 256; byte++) if (byte !== COLON) classes.add(dfa.classes[byte] ?? 0)
  budget.spend(3 * dfa.stateCount * classes.size)
  const targetsOf = (state: number): Set<number> => {
    const targets = new Set<number>()
    for (const name of classes) targets.add(dfa.next[state * dfa.classCount + name] ?? 0)
    return targets
  }
  const offsets = new Int32Array(dfa.stateCount + 1)
  const edges: number[] = []
  for (let state = 0; state < dfa.stateCount; state++) {
    if (state === dead) continue
    for (const target of targetsOf(state)) {
      if (target === dead) continue
      offsets[target + 1] = (offsets[target + 1] ?? 0) + 1
      edges.push(state, target)
    }
  }
  for (let state = 0; state < dfa.stateCount; state++) {
    offsets[state + 1] = (offsets[state + 1] ?? 0) + (offsets[state] ?? 0)
  }
  const filled = offsets.slice()
  const sources = new Int32Array(edges.length / 2)
  for (let i = 0; i < edges.length; i += 2) {
    const target = edges[i + 1] ?? 0
    const at = filled[target] ?? 0
    filled[target] = at + 1
    sources[at] = edges[i] ?? 0
  }
  return { offsets, sources }
}

const DECODER = new TextDecoder()

/** Walks from the start to the end, always to a state that needs one byte less, and over `:` where none is needed. */
function spell(dfa: Dfa, needed: readonly Uint16Array[], budget: Budget): string {
  const written: number[] = []
  let state = 0
  for (let following = needed.length - 1; following >= 0; following--) {
    const bytes = needed[following] ?? new Uint16Array()
    for (let left = bytes[state] ?? 0; left > 0; left--) {
      budget.spend(READABLE_FIRST.length)
      const stepBy = (byte: number): number => dfa.next[state * dfa.classCount + (dfa.classes[byte] ?? 0)] ?? 0
      const byte = READABLE_FIRST.find((byte) => byte !== COLON && bytes[stepBy(byte)] === left - 1) ?? 0
      written.push(byte)
      state = stepBy(byte)
    }
    if (following === 0) break
    written.push(COLON)
    state = dfa.next[state * dfa.classCount + (dfa.classes[COLON] ?? 0)] ?? 0
  }
  return DECODER.decode(Uint8Array.from(written))
}
