/** The texts of an automaton that accepts only a few. */
import type { Dfa } from '../algebra/index.ts'

const MAX_STEPS = 20_000
const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** All texts that `dfa` accepts, shortest first, when they are at most `most`; `undefined` when there are more. */
export function finiteTexts(dfa: Dfa, most: number): readonly string[] | undefined {
  const isAlive = livingStates(dfa)
  const found: string[] = []
  const bytes: number[] = []
  const onPath = new Set<number>()
  let steps = 0
  const visit = (state: number): boolean => {
    // A state that is met again on its own path makes the language infinite.
    if (onPath.has(state)) return false
    if (dfa.accepting[state] === 1 && found.push(DECODER.decode(Uint8Array.from(bytes))) > most) return false
    onPath.add(state)
    for (let byte = 0; byte < 256; byte++) {
      const target = dfa.next[state * dfa.classCount + (dfa.classes[byte] ?? 0)] ?? 0
      if (isAlive[target] !== 1) continue
      if (++steps > MAX_STEPS) return false
      bytes.push(byte)
      if (!visit(target)) return false
      bytes.pop()
    }
    onPath.delete(state)
    return true
  }
  if (isAlive[0] !== 1) return []
  if (!visit(0)) return undefined
  return found.sort((a, b) => a.length - b.length || (a < b ? -1 : 1))
}

/** The states from which some text is accepted, as a 1 each. */
function livingStates({ stateCount, classCount, next, accepting }: Dfa): Uint8Array {
  const isAlive = Uint8Array.from(accepting)
  for (let isChanged = true; isChanged; ) {
    isChanged = false
    for (let state = stateCount - 1; state >= 0; state--) {
      if (isAlive[state] === 1) continue
      for (let kind = 0; kind < classCount; kind++) {
        if (isAlive[next[state * classCount + kind] ?? 0] !== 1) continue
        isAlive[state] = 1
        isChanged = true
        break
      }
    }
  }
  return isAlive
}
