/** Entries become rows: a body, its leaf, and the head of the tree over all leaves. */
import type { Entry } from '../site.ts'
import type { Row } from '../tables.ts'
import { Frontier } from './frontier.ts'
import { LEAF_PREFIX, type Sha256 } from './merkle.ts'
import { commitTo, SALT_BYTES } from './personal.ts'

export type LogHead = Row<'heads'>

export interface Appending {
  readonly head: LogHead
  readonly entries: readonly Entry[]
  /** Milliseconds since 1970, the same for all of them. */
  readonly time: number
  readonly sha256: Sha256
  readonly random: (bytes: number) => Uint8Array
}

/** The rows that follow `head`, and the head after them. */
export function appendRows({ head, entries, time, sha256, random }: Appending): {
  readonly rows: readonly Row<'audit'>[]
  readonly head: LogHead
} {
  const frontier = new Frontier(sha256, head.size, head.frontier)
  const rows: Row<'audit'>[] = []
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i] as Entry // `i` is below the length.
    const { agent = null, kind, result = null } = entry
    const seq = head.size + i
    const personal = entry.personal === undefined ? undefined : commitTo(entry.personal, random(SALT_BYTES), sha256)
    const body = entry.write({ seq, time, commitment: personal?.commitment })
    const leaf = leafOfText(body, sha256)
    frontier.append(leaf)
    rows.push({ seq, time, agent, kind, result, body, leaf, personal: personal?.text ?? null })
  }
  return { rows, head: { ...head, size: frontier.size, frontier: frontier.toBytes(), time } }
}

/** SHA-256(0x00 || UTF-8 of the body). @see RFC 9162 section 2.1.1 */
export function leafOfText(body: string, sha256: Sha256): Uint8Array {
  // A UTF-16 unit is three bytes of UTF-8 at most.
  if (buffer.length < 1 + 3 * body.length) buffer = new Uint8Array(1 + 3 * body.length)
  buffer[0] = LEAF_PREFIX
  const { written } = UTF8.encodeInto(body, buffer.subarray(1))
  return sha256(buffer.subarray(0, 1 + written))
}

const UTF8 = new TextEncoder()
let buffer = new Uint8Array(4096)
