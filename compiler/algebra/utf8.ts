/**
 * From an automaton over code points to one over the bytes of their UTF-8 forms.
 *
 * A code point above U+007F is read through states in between, one for each function that the bytes read so far leave
 * open: `E2` from state q leads to "two more bytes, then where q goes". Functions that are equal share a state, so a
 * minimal automaton stays minimal. Overlong forms and surrogates lead nowhere.
 *
 * @see RFC 3629, section 4
 */
import { type ByteTable, SURROGATES_END, SURROGATES_START } from './canonical.ts'
import type { Alphabet } from './nfa.ts'
import type { Table } from './table.ts'

/** The bytes of `table`, which must be minimal; `undefined` when that takes more than `maxStates` states. */
export function lowerToBytes(table: Table, alphabet: Alphabet, maxStates: number): ByteTable | undefined {
  throw new Error('draft')
}
