/**
 * From expressions to minimal automata over bytes: positions, sets of positions, equal states merged, bytes, numbering.
 *
 * Every step has a bound, so that no expression takes more than some hundredth of a second, whatever its author intends.
 */
import type { RegexExpression } from '../model/index.ts'
import { toCanonical } from './canonical.ts'
import { determinize } from './determinize.ts'
import type { Dfa } from './dfa.ts'
import { mergeEqualStates } from './hopcroft.ts'
import { buildNfa } from './nfa.ts'
import { lowerToBytes } from './utf8.ts'

/** Most states of an automaton. */
export const MAX_STATES = 4096

/** Bounds on the work of one automaton; `states` counts before equal ones are merged. */
const WORK = { states: 4 * MAX_STATES, visits: 1_500_000, cells: 524_288 }

/** The automaton of all texts of `expression`; `undefined` when it needs more states, or more work, than is allowed. */
export function compileExpression(expression: RegexExpression): Dfa | undefined {
  const nfa = buildNfa(expression, WORK.cells)
  const table = nfa && determinize(nfa, WORK)
  const minimal = table && mergeEqualStates(table)
  if (nfa === undefined || minimal === undefined || minimal.stateCount > MAX_STATES) return undefined
  const bytes = lowerToBytes(minimal, nfa.alphabet, { states: MAX_STATES, cells: WORK.cells })
  return bytes && toCanonical(bytes)
}
