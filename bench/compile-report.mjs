// What the figures of `npm run bench -- compile` say: where a peer is ahead, and why.

/** The contender that peers are held against. */
const WHOLE = 'kavachos: text to module'

/** What is compared, by its name in a row. */
export const COMPARED = { coldMs: 'in a fresh process', warmMs: 'warm', peakBytes: 'in peak memory' }

/** The figures in which a peer is ahead of the whole compiler. */
export function aheadIn(row, rows) {
  const ours = rows.find(({ contender }) => contender === WHOLE)
  if (ours === undefined || row.contender.startsWith('kavachos')) return []
  return Object.keys(COMPARED).filter((figure) => row[figure] < ours[figure])
}

/** Who is ahead, and why. */
export function notesOf(rows) {
  return rows.flatMap((row) => {
    const figures = aheadIn(row, rows)
    if (figures.length === 0) return []
    const where = figures.map((figure) => COMPARED[figure]).join(', ')
    return [`* ${row.contender} is ahead ${where}: it neither checks what the lines say nor builds an index of them.`]
  })
}
