// What is downloaded, ours and the peers'.
import { smallerOf } from '../size-report.mjs'
import { ahead, bytes, table, withNotes } from './markdown.mjs'

export function sizeTable({ rows, notes }) {
  const smaller = smallerOf(rows)
  const of = (name) => rows.find(({ what }) => what === name)
  const [engine, loader] = [of('engine'), of('loader')]
  const together = {
    what: 'engine and loader',
    bytes: engine.bytes + loader.bytes,
    gzippedBytes: engine.gzippedBytes + loader.gzippedBytes,
  }
  const doors = doorsOf(rows)
  const peers = rows.filter(({ isPeer }) => isPeer)
  const cells = [engine, loader, together, ...doors, ...peers].map(({ what, bytes: size, gzippedBytes }) => [
    what,
    bytes(size),
    smaller.some((peer) => peer.what === what) ? ahead(bytes(gzippedBytes)) : bytes(gzippedBytes),
  ])
  return withNotes(table(['bundled and minified', 'bytes', 'gzipped'], cells), notes)
}

/** Each door once; where platforms differ by little, the largest. */
function doorsOf(rows) {
  const doors = rows.filter(({ what }) => what.startsWith('kavachos'))
  const names = [...new Set(doors.map(({ what }) => what.split(', ')[0]))]
  return names.map((name) => {
    const all = doors.filter(({ what }) => what.split(', ')[0] === name)
    const largest = all.sort((a, b) => b.gzippedBytes - a.gzippedBytes)[0]
    return { ...largest, what: `\`${name}\`` }
  })
}
