/**
 * Minimisation by refining partitions, always splitting on the smaller half.
 *
 * Blocks are slices of one permutation of the states: `order[blockStart .. blockEnd)`; the states of a block that lead
 * into the splitter are swapped to its front and counted in `marked`.
 *
 * @see John Hopcroft, An n log n algorithm for minimizing states in a finite automaton, 1971
 */
import type { Table } from './table.ts'

/** An automaton of the same language whose states all differ. Unreachable states must have been removed before. */
export function mergeEqualStates(table: Table): Table {
  const { stateCount, symbolCount, next, accepting } = table
  const blockOf = refine(table)
  const blockCount = blockOf.reduce((most, block) => Math.max(most, block), 0) + 1

  // The block of the start state becomes state 0.
  const startBlock = blockOf[0] ?? 0
  const nameOf = (block: number): number => (block === startBlock ? 0 : block < startBlock ? block + 1 : block)
  const mergedNext = new Int32Array(blockCount * symbolCount)
  const mergedAccepting = new Uint8Array(blockCount)
  for (let state = 0; state < stateCount; state++) {
    const name = nameOf(blockOf[state] ?? 0)
    mergedAccepting[name] = accepting[state] ?? 0
    for (let symbol = 0; symbol < symbolCount; symbol++) {
      mergedNext[name * symbolCount + symbol] = nameOf(blockOf[next[state * symbolCount + symbol] ?? 0] ?? 0)
    }
  }
  return { stateCount: blockCount, symbolCount, next: mergedNext, accepting: mergedAccepting }
}

/** The block of each state in the coarsest partition that respects acceptance and successors. */
function refine(table: Table): Int32Array {
  const { stateCount, symbolCount, accepting } = table
  const order = new Int32Array(stateCount)
  const place = new Int32Array(stateCount)
  const blockOf = new Int32Array(stateCount)
  const blockStart = new Int32Array(stateCount + 1)
  const blockEnd = new Int32Array(stateCount + 1)
  const marked = new Int32Array(stateCount + 1)

  let acceptingCount = 0
  for (let state = 0; state < stateCount; state++) acceptingCount += accepting[state] ?? 0
  // With all states accepting, or none, one block is the answer.
  if (acceptingCount === 0 || acceptingCount === stateCount) return blockOf
  let front = 0
  let back = acceptingCount
  for (let state = 0; state < stateCount; state++) {
    const at = accepting[state] === 1 ? front++ : back++
    order[at] = state
    place[state] = at
    blockOf[state] = accepting[state] === 1 ? 0 : 1
  }
  blockEnd[0] = acceptingCount
  blockStart[1] = acceptingCount
  blockEnd[1] = stateCount
  let blockCount = 2

  const { offsets, sources } = invert(table)
  const isWaiting: boolean[] = [acceptingCount * 2 <= stateCount, acceptingCount * 2 > stateCount]
  const waiting: number[] = [isWaiting[0] === true ? 0 : 1]
  const touched: number[] = []
  for (let splitter = waiting.pop(); splitter !== undefined; splitter = waiting.pop()) {
    isWaiting[splitter] = false
    // A split may shrink the splitter itself, so its members are copied.
    const members = order.slice(blockStart[splitter], blockEnd[splitter])
    for (let symbol = 0; symbol < symbolCount; symbol++) {
      for (const member of members) {
        const slot = member * symbolCount + symbol
        const end = offsets[slot + 1] ?? 0
        for (let i = offsets[slot] ?? 0; i < end; i++) {
          const state = sources[i] ?? 0
          const block = blockOf[state] ?? 0
          const count = marked[block] ?? 0
          if (count === 0) touched.push(block)
          const to = (blockStart[block] ?? 0) + count
          const from = place[state] ?? 0
          if (from < to) continue
          const other = order[to] ?? 0
          order[to] = state
          order[from] = other
          place[state] = to
          place[other] = from
          marked[block] = count + 1
        }
      }
      for (const block of touched) {
        const start = blockStart[block] ?? 0
        const middle = start + (marked[block] ?? 0)
        const end = blockEnd[block] ?? 0
        marked[block] = 0
        if (middle === end) continue
        const fresh = blockCount++
        const isFrontSmaller = middle - start <= end - middle
        // The smaller half gets the new name; then the larger one keeps its place in the queue for nothing.
        blockStart[fresh] = isFrontSmaller ? start : middle
        blockEnd[fresh] = isFrontSmaller ? middle : end
        if (isFrontSmaller) blockStart[block] = middle
        else blockEnd[block] = middle
        for (let i = blockStart[fresh] ?? 0; i < (blockEnd[fresh] ?? 0); i++) blockOf[order[i] ?? 0] = fresh
        isWaiting[fresh] = true
        waiting.push(fresh)
      }
      touched.length = 0
    }
  }
  return blockOf
}

/** For each (state, symbol) the states that lead there: `sources[offsets[slot] .. offsets[slot + 1])`. */
function invert({ stateCount, symbolCount, next }: Table): { offsets: Int32Array; sources: Int32Array } {
  const cells = stateCount * symbolCount
  const offsets = new Int32Array(cells + 1)
  for (let cell = 0; cell < cells; cell++) {
    const slot = (next[cell] ?? 0) * symbolCount + (cell % symbolCount)
    offsets[slot + 1] = (offsets[slot + 1] ?? 0) + 1
  }
  for (let slot = 0; slot < cells; slot++) offsets[slot + 1] = (offsets[slot + 1] ?? 0) + (offsets[slot] ?? 0)
  const filled = offsets.slice()
  const sources = new Int32Array(cells)
  for (let cell = 0; cell < cells; cell++) {
    const slot = (next[cell] ?? 0) * symbolCount + (cell % symbolCount)
    const at = filled[slot] ?? 0
    filled[slot] = at + 1
    sources[at] = Math.floor(cell / symbolCount)
  }
  return { offsets, sources }
}
