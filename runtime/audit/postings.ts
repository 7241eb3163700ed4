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
const MAX_FILLED = 16

/** What a row leaves in the table of its block: the hash of the agent before the place, in one number; -1 when it is about nobody. */
export function postingOf({ agent, seq }: Pick<Row<'audit'>, 'agent' | 'seq'>): number {
  return agent === null ? -1 : fnv1a(agent) * BLOCK_ROWS + (seq % BLOCK_ROWS)
}

/** The table of one block. `rows` are its rows in order. */
export function postingsOf(rows: readonly Pick<Row<'audit'>, 'agent' | 'seq'>[]): Uint8Array {
  return tableOf(Float64Array.from(rows, postingOf))
}

/** The table of some postings, which are sorted for it. */
function tableOf(postings: Float64Array): Uint8Array {
  postings.sort()
  const first = postings.findIndex((posting) => posting >= 0)
  const count = first < 0 ? 0 : postings.length - first
  const bytes = new Uint8Array(count * ENTRY_BYTES)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < count; i++) {
    const posting = postings[first + i] as number // The sum is below the length.
    view.setUint32(i * ENTRY_BYTES, Math.floor(posting / BLOCK_ROWS))
    view.setUint16(i * ENTRY_BYTES + 4, posting % BLOCK_ROWS)
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

/** Writes the tables of all blocks that have become whole; gives how many. */
export async function fillPostings(site: Site): Promise<number> {
  let filled = 0
  for (;;) {
    const more = await fillSome(site)
    filled += more
    if (more < MAX_FILLED) return filled
    await site.host.rest()
  }
}

async function fillSome(site: Site): Promise<number> {
  const { whole, next } = await site.read(async (reader) => {
    const head = await reader.get('heads', {})
    const [last] = await reader.find('postings', 'key', { isReversed: true, limit: 1 })
    return { whole: Math.floor((head?.size ?? 0) / BLOCK_ROWS), next: (last?.block ?? -1) + 1 }
  })
  const filled: Row<'postings'>[] = []
  for (let block = next; block < whole && filled.length < MAX_FILLED; block++) {
    const known = site.tail?.postings(block * BLOCK_ROWS, (block + 1) * BLOCK_ROWS)
    const entries =
      known === undefined
        ? postingsOf(await site.read((reader) => reader.find('audit', 'key', rangeOf(block))))
        : tableOf(known)
    filled.push({ block, entries })
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
