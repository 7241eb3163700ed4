/** Copies of the records that were put into the engine, to give them to another instance (docs/abi.md, "Records"). */
import {
  AGENT_NAME_LENGTH,
  AGENT_NAME_OFFSET,
  DELEGATION_FROM,
  DELEGATION_TO,
  H_KIND,
  H_SECTIONS,
  KIND_AGENT,
  S_AGENTS,
  S_BYTES,
  S_DELEGATIONS,
  S_STRINGS,
  STRING_LENGTH,
  STRING_OFFSET,
  STRING_SIZE,
} from '../format/layout.ts'
import { OVERLAY_BYTES } from '../format/limits.ts'
import { viewOf } from './machine.ts'

interface Entry {
  readonly record: Uint8Array
  /** Bytes that had been put before it. */
  readonly start: number
}

/**
 * Follows the ring of the engine, which evicts the oldest records first. What may have been evicted is not given to another
 * instance: an evicted record must never answer with its last state.
 */
export class RecordShelf {
  private readonly entries = new Map<string, Entry>()
  private readonly ringBytes: number
  private total = 0

  constructor(ringBytes: number) {
    this.ringBytes = Math.max(ringBytes, OVERLAY_BYTES)
  }

  put(record: Uint8Array): void {
    const key = keyOf(record)
    this.entries.delete(key)
    this.entries.set(key, { record: record.slice(), start: this.total })
    this.grow(record)
  }

  /** A record that need not be kept went into the ring, in the place of the one with its id. */
  pass(record: Uint8Array): void {
    if (this.entries.size === 0) return
    this.entries.delete(keyOf(record))
    this.grow(record)
  }

  drop(key: string): void {
    this.entries.delete(key)
  }

  private grow(record: Uint8Array): void {
    // The size of its block, and never less.
    this.total += record.length + 288
    for (const [oldest, { start }] of this.entries) {
      if (this.total - start <= this.ringBytes) break
      this.entries.delete(oldest)
    }
  }

  /** Empties the shelf; what surely was in the ring. The gap where the ring wraps is no larger than a record behind it. */
  clear(): readonly Uint8Array[] {
    const live = [...this.entries.values()].filter(({ start }) => this.total - start <= this.ringBytes / 2)
    this.entries.clear()
    this.total = 0
    return live.map(({ record }) => record)
  }
}

/** The agent's name, or both names of a delegation: the stable id of what a verified record is about. */
function keyOf(record: Uint8Array): string {
  const view = viewOf(record)
  const u32 = (at: number) => view.getUint32(at, true)
  const section = (number: number) => u32(H_SECTIONS + 8 * number)
  const text = (offsetAt: number, lengthAt: number) => {
    const from = section(S_BYTES) + u32(offsetAt)
    return new TextDecoder().decode(record.subarray(from, from + u32(lengthAt)))
  }
  if (u32(H_KIND) === KIND_AGENT) {
    const at = section(S_AGENTS)
    return text(at + AGENT_NAME_OFFSET, at + AGENT_NAME_LENGTH)
  }
  const name = (nameAt: number) => {
    const at = section(S_STRINGS) + u32(section(S_DELEGATIONS) + nameAt) * STRING_SIZE
    return text(at + STRING_OFFSET, at + STRING_LENGTH)
  }
  return `${name(DELEGATION_FROM)}\0${name(DELEGATION_TO)}`
}
