/** The KEY of docs/language.md, section 8: a hash of what a rate or budget clause is about. */
import { sha256, toHex } from './sha256.ts'

/** Kind and name of the holder, clause, actions, patterns, atoms, each. Never a number of the clause. */
export type ClauseIdentity = readonly [
  kind: string,
  name: string,
  clause: 'rate' | 'budget',
  actions: '*' | readonly string[],
  patterns: readonly string[],
  atoms: readonly string[],
  each: string,
]

/** Gives the clauses of one policy, or of one state, 16 hex digits each; equal identities are told apart by their order. */
export function createMeterKeys(): (identity: ClauseIdentity) => string {
  const seen = new Map<string, number>()
  return (identity) => {
    const text = JSON.stringify(identity)
    const earlier = seen.get(text) ?? 0
    seen.set(text, earlier + 1)
    return digest(`${text.slice(0, -1)},${earlier}]`)
  }
}

const ENCODER = new TextEncoder()

function digest(text: string): string {
  return toHex(sha256(ENCODER.encode(text)).subarray(0, 8))
}
