/** Sets of big integers as sorted, disjoint, inclusive ranges; addresses are compared this way. */

/** An inclusive range, `low <= high`. */
export interface BigRange {
  readonly low: bigint
  readonly high: bigint
}

/** The union of `ranges`: sorted, disjoint, with touching ranges joined. */
export function mergeRanges(ranges: readonly BigRange[]): BigRange[] {
  const sorted = [...ranges].sort((a, b) => (a.low < b.low ? -1 : a.low > b.low ? 1 : 0))
  const merged: { low: bigint; high: bigint }[] = []
  for (const { low, high } of sorted) {
    const last = merged.at(-1)
    if (last === undefined || low > last.high + 1n) merged.push({ low, high })
    else if (high > last.high) last.high = high
  }
  return merged
}

/** What two merged sets have in common, merged. */
export function intersectRanges(a: readonly BigRange[], b: readonly BigRange[]): BigRange[] {
  const common: BigRange[] = []
  for (let i = 0, j = 0; ; ) {
    const left = a[i]
    const right = b[j]
    if (left === undefined || right === undefined) return common
    const later = left.low > right.low ? left : right
    const endsFirst = left.high < right.high
    const high = endsFirst ? left.high : right.high
    if (later.low <= high) common.push({ low: later.low, high })
    if (endsFirst) i++
    else j++
  }
}

/** What is in the merged set `a` and not in the merged set `b`, merged. */
export function subtractRanges(a: readonly BigRange[], b: readonly BigRange[]): BigRange[] {
  const left: BigRange[] = []
  let j = 0
  for (const { low, high } of a) {
    let from = low
    while (j < b.length && (b[j]?.high ?? 0n) < from) j++
    for (let k = j; from <= high; k++) {
      const hole = b[k]
      if (hole === undefined || hole.low > high) {
        left.push({ low: from, high })
        break
      }
      if (hole.low > from) left.push({ low: from, high: hole.low - 1n })
      from = hole.high + 1n
    }
  }
  return left
}
