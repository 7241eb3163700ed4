/**
 * The one numbering of an automaton: equal languages become equal bytes.
 *
 * Byte classes are numbered by their lowest byte, states breadth first from the start state, classes ascending.
 */
import type { Dfa } from './dfa.ts'
import type { ByteTable } from './utf8.ts'

/** `table`, which must be minimal, without the symbols and states that it does not need. */
export function toCanonical(table: ByteTable): Dfa {
  const { stateCount, symbolCount, next, accepting } = table
  const { classes, symbols } = mergeSymbols(table)
  const classCount = symbols.length
  const order = [0]
  const nameOf = new Int32Array(stateCount).fill(-1)
  nameOf[0] = 0
  const cells: number[] = []
  for (let at = 0; at < order.length; at++) {
    const row = (order[at] ?? 0) * symbolCount
    for (const symbol of symbols) {
      const target = next[row + symbol] ?? 0
      let name = nameOf[target] ?? -1
      if (name < 0) {
        name = order.push(target) - 1
        nameOf[target] = name
      }
      cells.push(name)
    }
  }
  return {
    classes,
    classCount,
    stateCount: order.length,
    next: Uint16Array.from(cells),
    accepting: Uint8Array.from(order, (state) => accepting[state] ?? 0),
  }
}

/** The class of each byte, and for each class a symbol with its successors. Symbols with equal columns are one class. */
function mergeSymbols({ stateCount, symbolCount, next, symbolOf }: ByteTable): {
  classes: Uint8Array
  symbols: readonly number[]
} {
  const hashes = new Int32Array(symbolCount)
  for (let state = 0; state < stateCount; state++) {
    for (let symbol = 0; symbol < symbolCount; symbol++) {
      const hash = Math.imul(hashes[symbol] ?? 0, 0x01000193)
      hashes[symbol] = hash ^ (next[state * symbolCount + symbol] ?? 0)
    }
  }
  const isSame = (a: number, b: number): boolean => {
    for (let row = 0; row < stateCount * symbolCount; row += symbolCount)
      if (next[row + a] !== next[row + b]) return false
    return true
  }
  const classOfSymbol = new Int32Array(symbolCount).fill(-1)
  const symbols: number[] = []
  const classes = new Uint8Array(256)
  for (let byte = 0; byte < 256; byte++) {
    const symbol = symbolOf[byte] ?? 0
    let name = classOfSymbol[symbol] ?? -1
    if (name < 0) {
      name = symbols.findIndex((other) => hashes[other] === hashes[symbol] && isSame(other, symbol))
      if (name < 0) name = symbols.push(symbol) - 1
      classOfSymbol[symbol] = name
    }
    classes[byte] = name
  }
  return { classes, symbols }
}
