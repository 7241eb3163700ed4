/**
 * Which rows are about an agent. An index of the log by agent would make each row touch a page of its own; instead there is a
 * small table for each whole block of rows, written behind the log. What has no table yet is read row by row.
 *
 *     entry, 6 bytes: | hash of the agent, 4 | place in the block, 2 |      sorted
 *
 * Two agents may have one hash, so whoever follows an entry looks at the row.
 */
import { fnv1a } from '../fnv.ts'
import type { Site } from '../site.ts'
import type { Reader } from '../store.ts'
import type { Row } from '../tables.ts'

/** Rows of a block. */
export const BLOCK_ROWS = 1024
const ENTRY_BYTES = 6
/** Blocks that are caught up with at a time. */
const MAX_FILLED = 64

/** The table of one block. `rows` are its rows in order. */
export function postingsOf(rows: readonly Pick<Row<'audit'>, 'agent' | 'seq'>[]): Uint8Array {
  const entries: (readonly [hash: number, place: number])[] = []
  for (const { agent, seq } of rows) if (agent !== null) entries.push([fnv1a(agent), seq % BLOCK_ROWS])
  entries.sort(([a, i], [b, j]) => a - b || i - j)
  const bytes = new Uint8Array(entries.length * ENTRY_BYTES)
  const view = new DataView(bytes.buffer)
  for (const [at, [hash, place]] of entries.entries()) {
    view.setUint32(at * ENTRY_BYTES, hash)
    view.setUint16(at * ENTRY_BYTES + 4, place)
  }
  return bytes
}

/** Places in the block that may be about the agent, ascending. */
export function placesOf(entries: Uint8Array, agent: string): readonly number[] {
  const view = new DataView(entries.buffer, entries.byteOffset, entries.byteLength)
  const count = Math.floor(entries.length / ENTRY_BYTES)
  const hash = fnv1a(agent)
  let low = 0
  for (let high = count; low < high; ) {
    const middle = (low + high) >> 1
    if (view.getUint32(middle * ENTRY_BYTES) < hash) low = middle + 1
    else high = middle
  }
  const places: number[] = []
  for (; low < count && view.getUint32(low * ENTRY_BYTES) === hash; low++) {
    places.push(view.getUint16(low * ENTRY_BYTES + 4))
  }
  return places
}

/** Writes the tables of blocks that have become whole; gives how many. */
export async function fillPostings(site: Site): Promise<number> {
  const { whole, next } = await site.read(async (reader) => {
    const head = await reader.get('heads', {})
    const [last] = await reader.find('postings', 'key', { isReversed: true, limit: 1 })
    return { whole: Math.floor((head?.size ?? 0) / BLOCK_ROWS), next: (last?.block ?? -1) + 1 }
  })
  const filled: Row<'postings'>[] = []
  for (let block = next; block < whole && filled.length < MAX_FILLED; block++) {
    const known = site.tail?.from(block * BLOCK_ROWS, (block + 1) * BLOCK_ROWS)
    const isKnown = known?.length === BLOCK_ROWS
    const rows = isKnown ? known : await site.read((reader) => reader.find('audit', 'key', rangeOf(block)))
    filled.push({ block, entries: postingsOf(rows) })
  }
  // Whom a row is about never changes, so what was read before still holds.
  if (filled.length > 0) await site.change((change) => change.put('postings', filled))
  return filled.length
}

/** The last rows about an agent, the newest first. */
export async function rowsOfAgent(reader: Reader, agent: string, limit: number): Promise<readonly Row<'audit'>[]> {
  const head = await reader.get('heads', {})
  const found: Row<'audit'>[] = []
  for (let block = blockOf((head?.size ?? 0) - 1); block >= 0 && found.length < limit; block--) {
    found.push(...(await rowsOfBlock(reader, agent, block)).toReversed())
  }
  return found.slice(0, limit)
}

/** Rows of one block about an agent, in order. */
export async function rowsOfBlock(reader: Reader, agent: string, block: number): Promise<readonly Row<'audit'>[]> {
  const postings = await reader.get('postings', { block })
  if (postings === undefined) {
    return (await reader.find('audit', 'key', rangeOf(block))).filter((row) => row.agent === agent)
  }
  const found: Row<'audit'>[] = []
  for (const place of placesOf(postings.entries, agent)) {
    const row = await reader.get('audit', { seq: block * BLOCK_ROWS + place })
    if (row?.agent === agent) found.push(row)
  }
  return found
}

export function blockOf(seq: number): number {
  return Math.floor(seq / BLOCK_ROWS)
}

function rangeOf(block: number) {
  return { after: block * BLOCK_ROWS - 1, before: (block + 1) * BLOCK_ROWS, limit: BLOCK_ROWS }
}
