/** Entries become rows: a body, its leaf, and the head of the tree over all leaves. */
import { canonicalJson, toHex } from '../../compiler/model/index.ts'
import type { Entry } from '../site.ts'
import type { Row } from '../tables.ts'
import { Frontier, type Sha256 } from './frontier.ts'

export type LogHead = Row<'heads'>

export interface Appending {
  readonly head: LogHead
  readonly entries: readonly Entry[]
  /** Milliseconds since 1970, the same for all of them. */
  readonly time: number
  readonly sha256: Sha256
  readonly random: (bytes: number) => Uint8Array
}

const SALT_BYTES = 16

/** The rows that follow `head`, and the head after them. */
export function appendRows({ head, entries, time, sha256, random }: Appending): {
  readonly rows: readonly Row<'audit'>[]
  readonly head: LogHead
} {
  const frontier = new Frontier(sha256, head.size, head.frontier)
  const rows = entries.map((entry, at) => {
    const personal = personalOf(entry, random)
    const commitment = personal && toHex(sha256(ENCODER.encode(personal)))
    const seq = head.size + at
    const body = entry.write({ seq, time, commitment })
    const leaf = leafHash(sha256, body)
    frontier.add(leaf)
    const { agent = null, kind, result = null } = entry
    return { seq, time, agent, kind, result, body, leaf, personal: personal ?? null }
  })
  return { rows, head: { ...head, size: frontier.size, frontier: frontier.bytes(), time } }
}

/** The personal values with a salt, as canonical JSON: the text that the row commits to. */
function personalOf({ personal }: Entry, random: (bytes: number) => Uint8Array): string | undefined {
  return personal && canonicalJson({ ...personal, salt: toHex(random(SALT_BYTES)) })
}

/** The hash of a leaf whose data is this text. */
export function leafHash(sha256: Sha256, body: string): Uint8Array {
  const bytes = ENCODER.encode(`\0${body}`)
  return sha256(bytes)
}

const ENCODER = new TextEncoder()
