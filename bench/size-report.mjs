// What the figures of `npm run bench -- size` say.

/** Peers that are smaller, gzipped, than what decides here; the module of Cedar counts with its loader. */
export function smallerOf(rows) {
  const of = (what) => rows.find((row) => row.what === what)?.gzippedBytes
  const ours = of('engine') + of('loader')
  return rows.filter(({ what, isPeer, gzippedBytes }) => isPeer && !what.startsWith('Cedar: ') && gzippedBytes < ours)
}
