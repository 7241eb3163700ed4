/** Entries become rows: a body, its leaf, and the head of the tree over all leaves. */
import type { Entry, EntryPlace } from '../site.ts'
import type { Row } from '../tables.ts'

export type LogHead = Row<'heads'>

interface Appending {
  readonly head: LogHead
  readonly entries: readonly Entry[]
  /** Milliseconds since 1970, the same for all of them. */
  readonly time: number
  readonly sha256: (bytes: Uint8Array) => Uint8Array
  readonly random: (bytes: number) => Uint8Array
}

/** The rows that follow `head`, and the head after them. */
export function appendRows(_appending: Appending): { readonly rows: readonly Row<'audit'>[]; readonly head: LogHead } {
  throw new Error('not written yet')
}

export type { EntryPlace }
