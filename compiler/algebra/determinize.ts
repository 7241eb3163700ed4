/**
 * The subset construction: every reachable set of NFA nodes becomes one state.
 *
 * Sets are written as sorted READ nodes (and the accepting node 0), which is all that distinguishes them.
 */
import { type Nfa, READ, SPLIT } from './nfa.ts'
import type { Table } from './table.ts'

/** What a construction may cost before it gives up. */
export interface WorkLimits {
  readonly states: number
  /** Nodes visited, all sets together; and successors followed. */
  readonly visits: number
  /** States times symbols. */
  readonly cells: number
}

/** The automaton of `nfa` over the symbols of its alphabet, complete but not minimal; `undefined` above the limits. */
export function determinize(nfa: Nfa, limits: WorkLimits): Table | undefined {
  const { symbolCount } = nfa.alphabet
  const closures = createClosures(nfa)
  const sets: Int32Array[] = []
  const bySum = new Map<number, number[]>()
  const rows: number[] = []

  const intern = (set: Int32Array): number => {
    let hash = set.length
    for (let i = 0; i < set.length; i++) hash = (Math.imul(hash, 0x01000193) ^ (set[i] ?? 0)) | 0
    const bucket = bySum.get(hash)
    if (bucket === undefined) bySum.set(hash, [sets.length])
    else {
      for (const id of bucket) if (isSame(sets[id], set)) return id
      bucket.push(sets.length)
    }
    return sets.push(set) - 1
  }

  const targets: number[][] = Array.from({ length: symbolCount }, () => [])
  let pushes = 0
  intern(closures.of([nfa.start]))
  for (let state = 0; state < sets.length; state++) {
    if (sets.length > limits.states || closures.visits() > limits.visits) return undefined
    if ((state + 1) * symbolCount > limits.cells) return undefined
    for (const node of sets[state] ?? []) {
      if (nfa.kinds[node] !== READ) continue
      const target = nfa.first[node] ?? 0
      const symbols = nfa.classSymbols[nfa.second[node] ?? 0] ?? []
      pushes += symbols.length
      if (pushes > limits.visits) return undefined
      for (const symbol of symbols) targets[symbol]?.push(target)
    }
    // Neighbouring symbols mostly lead to the same nodes.
    let last: readonly number[] = NOWHERE
    let successor = -1
    for (const list of targets) {
      if (successor < 0 || !isSame(last, list)) successor = intern(closures.of(list))
      rows.push(successor)
      last = list
    }
    for (const list of targets) list.length = 0
  }
  return {
    stateCount: sets.length,
    symbolCount,
    next: Int32Array.from(rows),
    accepting: Uint8Array.from(sets, (set) => (set[0] === 0 ? 1 : 0)),
  }
}

const NOWHERE: readonly number[] = []

/** Computes what is reachable without reading; `of` returns sorted nodes. */
function createClosures(nfa: Nfa): { of: (nodes: readonly number[]) => Int32Array; visits: () => number } {
  const stamps = new Int32Array(nfa.kinds.length)
  let stamp = 0
  let visits = 0
  const stack: number[] = []
  const found: number[] = []
  const of = (nodes: readonly number[]): Int32Array => {
    stamp++
    found.length = 0
    for (const node of nodes) stack.push(node)
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      visits++
      if (stamps[node] === stamp) continue
      stamps[node] = stamp
      if (nfa.kinds[node] === SPLIT) stack.push(nfa.second[node] ?? 0, nfa.first[node] ?? 0)
      else found.push(node)
    }
    const set = Int32Array.from(found)
    return set.length > 1 ? set.sort() : set
  }
  return { of, visits: () => visits }
}

function isSame(a: ArrayLike<number> | undefined, b: ArrayLike<number>): boolean {
  if (a === undefined || a.length !== b.length) return false
  for (let i = 0; i < b.length; i++) if (a[i] !== b[i]) return false
  return true
}
