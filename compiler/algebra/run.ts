/** Running an automaton, for the compiler's own questions; decisions are the engine's. */
import type { Dfa } from './dfa.ts'

const ENCODER = new TextEncoder()

/** Whether `dfa` accepts the UTF-8 of `text`. */
export function acceptsText(dfa: Dfa, text: string): boolean {
  let state = 0
  for (const byte of ENCODER.encode(text)) state = dfa.next[state * dfa.classCount + (dfa.classes[byte] ?? 0)] ?? 0
  return dfa.accepting[state] === 1
}
