/** Did you mean: the known name that is nearest to one that is not known. */

/** Most changes of a character, transpositions included, between a name and what is proposed for it. */
const MAX_DISTANCE = 2

/**
 * The candidate within two changes of `name`, the nearest first and the earliest among equals; `undefined` when there is
 * none. Names of up to three characters allow one change only, or everything would be near them.
 */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined
  let least = (name.length <= 3 ? 1 : MAX_DISTANCE) + 1
  for (const candidate of candidates) {
    const distance = editDistance(name, candidate, least - 1)
    if (distance >= least) continue
    best = candidate
    least = distance
    if (least === 0) break
  }
  return best
}

/**
 * Insertions, deletions, substitutions and transpositions of neighbours between two texts (optimal string alignment),
 * or `limit + 1` when there are more than `limit`. A difference of case alone is one change.
 */
export function editDistance(a: string, b: string, limit: number): number {
  if (a === b) return 0
  if (limit < 1 || Math.abs(a.length - b.length) > limit) return limit + 1
  if (a.toLowerCase() === b.toLowerCase()) return 1
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    let least = i
    for (let j = 1; j <= b.length; j++) {
      const cost = a.charCodeAt(i - 1) === b.charCodeAt(j - 1) ? 0 : 1
      let value = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + cost)
      const isSwapped =
        i > 1 && j > 1 && a.charCodeAt(i - 1) === b.charCodeAt(j - 2) && a.charCodeAt(i - 2) === b.charCodeAt(j - 1)
      if (isSwapped) value = Math.min(value, (before[j - 2] ?? 0) + 1)
      row.push(value)
      least = Math.min(least, value)
    }
    if (least > limit) return limit + 1
    before = last
    last = row
  }
  return Math.min(last[b.length] ?? 0, limit + 1)
}
