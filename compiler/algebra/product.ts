/**
 * Two automata run side by side: union, intersection and difference, and whether one of the latter two is empty.
 *
 * Only pairs of states that are reachable are met, and only bytes that one of the automata tells apart are read. A pair
 * from which nothing can be accepted is not followed.
 */
import { type Budget, TooHard } from './budget.ts'
import { toCanonical } from './canonical.ts'
import type { Dfa } from './dfa.ts'
import { mergeEqualStates } from './hopcroft.ts'
import { createPairs, MAX_PAIRS, type Machine, mergeClasses } from './pairs.ts'
import type { ByteTable } from './utf8.ts'

/** What is made of two languages. */
export type Operation = 'union' | SearchedOperation
/** Those whose result may be empty although the operands are not. */
export type SearchedOperation = 'intersect' | 'subtract'

/** Most states before equal ones are merged: successors are 16-bit numbers. */
const MAX_STATES = 65_535
/** Most states times classes, which is what takes memory. */
const MAX_CELLS = 4_194_304

/**
 * The canonical automaton of the operation.
 *
 * @throws {TooHard} when the budget or the memory of one automaton does not suffice
 */
export function combine(a: Machine, b: Machine, operation: Operation, budget: Budget): Dfa {
  const merged = mergeClasses(a.dfa, b.dfa)
  const { symbolCount, symbolOf } = merged
  const pairs = createPairs(a.dfa, b.dfa)
  const cells: number[] = []
  const accepting: number[] = []
  let sink = -1
  const numberOf = (left: number, right: number): number => {
    const isLost = operation !== 'union' && (left === a.dead || (operation === 'intersect' && right === b.dead))
    if (!isLost) return pairs.numberOf(left, right)
    if (sink < 0) sink = pairs.numberOf(left, right)
    return sink
  }
  budget.spend(256)
  numberOf(0, 0)
  for (let state = 0; state < pairs.left.length; state++) {
    if (pairs.left.length > MAX_STATES || cells.length > MAX_CELLS) throw new TooHard()
    budget.spend(symbolCount)
    const left = pairs.left[state] ?? 0
    const right = pairs.right[state] ?? 0
    accepting.push(isAccepted(operation, a.dfa.accepting[left] === 1, b.dfa.accepting[right] === 1) ? 1 : 0)
    for (let symbol = 0; symbol < symbolCount; symbol++) {
      cells.push(numberOf(merged.stepLeft(left, symbol), merged.stepRight(right, symbol)))
    }
  }
  const table: ByteTable = {
    stateCount: accepting.length,
    symbolCount,
    next: Int32Array.from(cells),
    accepting: Uint8Array.from(accepting),
    symbolOf,
  }
  return toMinimal(table, budget)
}

/**
 * The canonical automaton of a table without unreachable states.
 *
 * @throws {TooHard} when the budget does not suffice
 */
export function toMinimal(table: ByteTable, budget: Budget): Dfa {
  budget.spend(table.next.length * Math.ceil(Math.log2(table.stateCount + 1)))
  return toCanonical({ ...mergeEqualStates(table), symbolOf: table.symbolOf })
}

/** Whether the operation accepts what its operands accept or not. */
export function isAccepted(operation: Operation, left: boolean, right: boolean): boolean {
  switch (operation) {
    case 'union':
      return left || right
    case 'intersect':
      return left && right
    case 'subtract':
      return left && !right
  }
}

/**
 * Whether the operation accepts anything. Ends at the first pair that shows it, without building the automaton.
 *
 * @throws {TooHard} when the budget or the memory of a search does not suffice
 */
export function isInhabited(a: Machine, b: Machine, operation: SearchedOperation, budget: Budget): boolean {
  const isDifference = operation === 'subtract'
  const merged = mergeClasses(a.dfa, b.dfa)
  const pairs = createPairs(a.dfa, b.dfa)
  budget.spend(256)
  if (a.dead !== 0) pairs.numberOf(0, 0)
  for (let state = 0; state < pairs.left.length; state++) {
    if (pairs.left.length > MAX_PAIRS) throw new TooHard()
    const left = pairs.left[state] ?? 0
    const right = pairs.right[state] ?? 0
    // Whatever the left one still accepts, and from a state that is not dead it accepts something, the right one never does.
    if (right === b.dead) {
      if (isDifference) return true
      continue
    }
    if (isAccepted(operation, a.dfa.accepting[left] === 1, b.dfa.accepting[right] === 1)) return true
    budget.spend(merged.symbolCount)
    for (let symbol = 0; symbol < merged.symbolCount; symbol++) {
      const target = merged.stepLeft(left, symbol)
      if (target !== a.dead) pairs.numberOf(target, merged.stepRight(right, symbol))
    }
  }
  return false
}
