/**
 * A deterministic automaton over bytes of UTF-8, the one form of every pattern and regex.
 *
 * Complete: every state has a successor for every byte class; a state from which nothing can be accepted is allowed.
 * Minimal and canonical (classes numbered by their lowest byte, states breadth first from the start state) when it comes
 * from `compileRegex` or `compilePattern`, so that equal languages have equal bytes.
 */
export interface Dfa {
  /** 256 entries: the class of each byte, 0 .. classCount - 1. */
  readonly classes: Uint8Array
  readonly classCount: number
  /** Number of states; state 0 is the start. */
  readonly stateCount: number
  /** `stateCount * classCount` successors. */
  readonly next: Uint16Array
  /** 1 for accepting states, `stateCount` entries. */
  readonly accepting: Uint8Array
}
