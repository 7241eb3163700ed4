/**
 * The automaton of finitely many texts: a tree of their bytes, whose equal subtrees are then one state.
 *
 * Nodes are made before their children, so that taken backwards every node comes after what it leads to.
 */
import { type Budget, TooHard } from './budget.ts'
import { toCanonical } from './canonical.ts'
import type { Dfa } from './dfa.ts'
import type { ByteTable } from './utf8.ts'

/** Most bytes of all texts together, at three bytes a UTF-16 unit; then most states, and most states times classes. */
const MAX_BYTES = 262_144
const MAX_STATES = 65_535
const MAX_CELLS = 4_194_304

const ENCODER = new TextEncoder()

/**
 * Accepts exactly `texts`; canonical.
 *
 * @throws {TooHard} when the budget or the memory of one automaton does not suffice
 */
export function compileTexts(texts: readonly string[], budget: Budget): Dfa {
  const children: Map<number, number>[] = [new Map()]
  const ends = [false]
  const usedBytes = new Set<number>()
  let total = 0
  for (const text of texts) {
    const cost = 3 * text.length
    total += cost
    if (total > MAX_BYTES) throw new TooHard()
    budget.spend(cost + 1)
    let node = 0
    for (const byte of ENCODER.encode(text)) {
      usedBytes.add(byte)
      let child = children[node]?.get(byte)
      if (child === undefined) {
        child = children.push(new Map()) - 1
        ends.push(false)
        children[node]?.set(byte, child)
      }
      node = child
    }
    ends[node] = true
  }

  const stateOf: number[] = []
  const known = new Map<string, number>()
  const states: { readonly targets: ReadonlyMap<number, number>; readonly isEnd: boolean }[] = []
  for (let node = children.length - 1; node >= 0; node--) {
    const targets = new Map<number, number>()
    for (const [byte, child] of [...(children[node] ?? [])].sort(([a], [b]) => a - b)) {
      targets.set(byte, stateOf[child] ?? 0)
    }
    budget.spend(targets.size + 1)
    const key = `${ends[node] === true}/${[...targets].join()}`
    let state = known.get(key)
    if (state === undefined) {
      state = states.push({ targets, isEnd: ends[node] === true }) - 1
      known.set(key, state)
    }
    stateOf[node] = state
  }
  return toDfa(states, [...usedBytes], budget)
}

/** The root is the last of `states`; it becomes state 0, the others follow backwards, then the dead state. */
function toDfa(
  states: readonly { readonly targets: ReadonlyMap<number, number>; readonly isEnd: boolean }[],
  bytes: readonly number[],
  budget: Budget,
): Dfa {
  const symbolCount = bytes.length + 1
  const dead = states.length
  // Without texts the root is the dead state.
  const isNothing = dead === 1 && states[0]?.isEnd === false
  const stateCount = isNothing ? 1 : dead + 1
  if (stateCount > MAX_STATES || stateCount * symbolCount > MAX_CELLS) throw new TooHard()
  budget.spend(2 * stateCount * symbolCount)
  const next = new Int32Array(stateCount * symbolCount).fill(isNothing ? 0 : dead)
  const accepting = new Uint8Array(stateCount)
  const symbolOf = new Uint8Array(256)
  bytes.forEach((byte, index) => {
    symbolOf[byte] = index + 1
  })
  states.forEach(({ targets, isEnd }, index) => {
    const state = dead - 1 - index
    accepting[state] = isEnd ? 1 : 0
    for (const [byte, target] of targets) next[state * symbolCount + (symbolOf[byte] ?? 0)] = dead - 1 - target
  })
  const table: ByteTable = { stateCount, symbolCount, next, accepting, symbolOf }
  return toCanonical(table)
}
