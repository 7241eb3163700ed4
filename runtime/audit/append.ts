/** Entries become rows: a body, its leaf, and the head of the tree over all leaves. */
import { type Hashing, hashingOf } from '../hashing.ts'
import type { Entry } from '../site.ts'
import type { Row } from '../tables.ts'
import { Frontier } from './frontier.ts'
import type { Sha256 } from './merkle.ts'
import { commitTo, SALT_BYTES } from './personal.ts'

export type LogHead = Row<'heads'>

export interface Appending {
  readonly head: LogHead
  readonly entries: readonly Entry[]
  /** Milliseconds since 1970, the same for all of them. */
  readonly time: number
  readonly sha256: Sha256
  /** Faster forms of the same; made from `sha256` when absent. */
  readonly hashing?: Hashing | undefined
  readonly random: (bytes: number) => Uint8Array
  /** That of the head, which is appended to; made when absent. */
  readonly frontier?: Frontier | undefined
}

/** The rows that follow `head`, and the head after them. */
export function appendRows({ head, entries, time, sha256, hashing = hashingOf(sha256), random, ...rest }: Appending): {
  readonly rows: readonly Row<'audit'>[]
  readonly head: LogHead
} {
  const { frontier = new Frontier(sha256, head.size, head.frontier) } = rest
  const rows: Row<'audit'>[] = []
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i] as Entry // `i` is below the length.
    const { agent = null, kind, result = null } = entry
    const seq = head.size + i
    const personal =
      entry.personal === undefined ? undefined : commitTo(entry.personal, random(SALT_BYTES), hashing.hex)
    const body = entry.write({ seq, time, commitment: personal?.commitment })
    const leaf = hashing.leaf(body)
    frontier.append(leaf)
    rows.push({ seq, time, agent, kind, result, body, leaf, personal: personal?.text ?? null })
  }
  return { rows, head: { ...head, size: frontier.size, frontier: frontier.toBytes(), time } }
}

/** SHA-256(0x00 || UTF-8 of the body). @see RFC 9162 section 2.1.1 */
export function leafOfText(body: string, sha256: Sha256): Uint8Array {
  return hashingOf(sha256).leaf(body)
}
