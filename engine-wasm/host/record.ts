/** Copies of the records that the engine holds, to give them to another instance (docs/abi.md, "Records"). */
import {
  AGENT_NAME_LENGTH,
  AGENT_NAME_OFFSET,
  DELEGATION_FROM,
  DELEGATION_TO,
  H_KIND,
  KIND_AGENT,
  S_AGENTS,
  S_DELEGATIONS,
} from '../format/layout.ts'
import { OVERLAY_BYTES } from '../format/limits.ts'
import { bytesOf, sectionOf, stringOf } from './machine.ts'
import { viewOf } from './source.ts'

interface Entry {
  readonly record: Uint8Array
  readonly handle: number
  /** Bytes that had been put before it. */
  readonly start: number
}

/**
 * Follows the ring of the engine, which evicts the oldest records first. What may have been evicted is not given to another
 * instance: an evicted record must never answer with its last state.
 */
export class RecordShelf {
  private readonly entries = new Map<string, Entry>()
  private total = 0

  put(record: Uint8Array, handle: number): void {
    const key = keyOf(record)
    this.entries.delete(key)
    this.entries.set(key, { record: record.slice(), handle, start: this.total })
    // The size of its block, and never less.
    this.total += record.length + 288
    for (const [oldest, { start }] of this.entries) {
      if (this.total - start <= OVERLAY_BYTES) break
      this.entries.delete(oldest)
    }
  }

  /** Its handle, which is not good for another time. */
  take(key: string): number | undefined {
    const entry = this.entries.get(key)
    this.entries.delete(key)
    return entry?.handle
  }

  /** Empties the shelf; what surely was in the ring. The gap where the ring wraps is no larger than a record behind it. */
  clear(): readonly Uint8Array[] {
    const live = [...this.entries.values()].filter(({ start }) => this.total - start <= OVERLAY_BYTES / 2)
    this.entries.clear()
    this.total = 0
    return live.map(({ record }) => record)
  }
}

/** The agent's name, or both names of a delegation: the stable id of what a verified record is about. */
function keyOf(record: Uint8Array): string {
  const view = viewOf(record)
  if (view.getUint32(H_KIND, true) === KIND_AGENT) {
    const at = sectionOf(record, S_AGENTS)
    return bytesOf(record, at + AGENT_NAME_OFFSET, at + AGENT_NAME_LENGTH)
  }
  const at = sectionOf(record, S_DELEGATIONS)
  const name = (offset: number) => stringOf(record, view.getUint32(at + offset, true))
  return `${name(DELEGATION_FROM)}\0${name(DELEGATION_TO)}`
}
