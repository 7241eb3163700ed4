/**
 * What the host adds at run time: records of agents and delegations in a ring of fixed size, the oldest evicted first, and
 * flags that outlive records and images because they are keyed by name.
 *
 * A block of the ring: u32 size, u32 next in its bucket, u32 hash, u32 handle, then the record's image, 8-aligned.
 */
import { FLAG_BUCKETS, FLAG_BYTES, OVERLAY_BUCKETS, OVERLAY_BYTES } from '../format/limits'
import {
  AGENT_NAME_LENGTH,
  AGENT_NAME_OFFSET,
  DELEGATION_FROM,
  DELEGATION_TO,
  H_KIND,
  KIND_AGENT,
  KIND_DELEGATIONS,
  S_AGENTS,
  S_BYTES,
  S_DELEGATIONS,
  SEED_NAME,
  SEED_PAIR,
} from '../format/layout'
import { STATUS_TOO_LARGE } from '../format/codes'
import { section, stringAddress, stringIs, stringLength } from './image'
import { FLAG_HEADS, FLAGS, OVERLAY, OVERLAY_END, OVERLAY_HEADS } from './memory'
import { equalBytes, hashBytes } from './text'

const BLOCK_HEADER: usize = 16
let head: usize = OVERLAY
let tail: usize = OVERLAY
/** Bytes in use from `tail` on, wrapping at the end of the ring. */
let used: usize = 0
let handles: u32 = 0
let flagEnd: usize = FLAGS

export const FLAG_REVOKED: u32 = 1
export const FLAG_SUSPENDED: u32 = 2
export let flagCount: u32 = 0

/** Hash of the pair (from, to). */
export function pairHash(from: usize, fromLength: usize, to: usize, toLength: usize): u32 {
  return hashBytes(to, toLength, hashBytes(from, fromLength, <u32>SEED_PAIR))
}

/** Image of the agent's record, or 0. */
export function findAgentRecord(at: usize, length: usize, hash: u32): usize {
  let block = bucket(hash)
  while (block != 0) {
    const base = block + BLOCK_HEADER
    if (load<u32>(block, 8) == hash && load<u32>(base, H_KIND) == KIND_AGENT && agentIs(base, at, length)) return base
    block = <usize>load<u32>(block, 4)
  }
  return 0
}

function agentIs(base: usize, at: usize, length: usize): bool {
  const agent = section(base, S_AGENTS)
  return (
    <usize>load<u32>(agent, AGENT_NAME_LENGTH) == length &&
    equalBytes(section(base, S_BYTES) + <usize>load<u32>(agent, AGENT_NAME_OFFSET), at, length)
  )
}

/** Image of the delegations made at run time between two principals, or 0. */
export function findDelegationRecord(from: usize, fromLength: usize, to: usize, toLength: usize): usize {
  if (handles == 0) return 0
  const hash = pairHash(from, fromLength, to, toLength)
  let block = bucket(hash)
  while (block != 0) {
    const base = block + BLOCK_HEADER
    if (load<u32>(block, 8) == hash && load<u32>(base, H_KIND) == KIND_DELEGATIONS) {
      const delegation = section(base, S_DELEGATIONS)
      if (
        stringIs(base, load<u32>(delegation, DELEGATION_FROM), from, fromLength) &&
        stringIs(base, load<u32>(delegation, DELEGATION_TO), to, toLength)
      ) {
        return base
      }
    }
    block = <usize>load<u32>(block, 4)
  }
  return 0
}

function bucketAt(hash: u32): usize {
  return OVERLAY_HEADS + (<usize>(hash & (OVERLAY_BUCKETS - 1)) << 2)
}

function bucket(hash: u32): usize {
  return <usize>load<u32>(bucketAt(hash))
}

/** Copies a verified record of at most MAX_RECORD_BYTES into the ring, replacing one for the same key; the handle. */
export function putRecord(image: usize, length: usize): i32 {
  const size = (BLOCK_HEADER + length + 71) & ~7
  let hash: u32 = 0
  if (load<u32>(image, H_KIND) == KIND_AGENT) {
    const agent = section(image, S_AGENTS)
    const at = section(image, S_BYTES) + <usize>load<u32>(agent, AGENT_NAME_OFFSET)
    const bytes = <usize>load<u32>(agent, AGENT_NAME_LENGTH)
    hash = hashBytes(at, bytes, <u32>SEED_NAME)
    const old = findAgentRecord(at, bytes, hash)
    if (old != 0) unlink(old - BLOCK_HEADER)
  } else {
    const delegation = section(image, S_DELEGATIONS)
    const from = load<u32>(delegation, DELEGATION_FROM)
    const to = load<u32>(delegation, DELEGATION_TO)
    const fromAt = stringAddress(image, from)
    const toAt = stringAddress(image, to)
    hash = pairHash(fromAt, stringLength(image, from), toAt, stringLength(image, to))
    const old = findDelegationRecord(fromAt, stringLength(image, from), toAt, stringLength(image, to))
    if (old != 0) unlink(old - BLOCK_HEADER)
  }
  if (head + size > OVERLAY_END) {
    // The rest of the ring becomes a block without a bucket.
    const rest = OVERLAY_END - head
    if (rest > 0) {
      while (used + rest > <usize>OVERLAY_BYTES) evict()
      store<u32>(head, <u32>rest)
      if (rest >= BLOCK_HEADER) store<u32>(head, 0, 12)
      used += rest
    }
    head = OVERLAY
  }
  while (used + size > <usize>OVERLAY_BYTES) evict()
  const block = head
  handles = handles == 0x7fffffff ? 1 : handles + 1
  store<u32>(block, <u32>size)
  store<u32>(block, load<u32>(bucketAt(hash)), 4)
  store<u32>(block, hash, 8)
  store<u32>(block, handles, 12)
  memory.copy(block + BLOCK_HEADER, image, length)
  store<u32>(bucketAt(hash), <u32>block)
  head += size
  used += size
  return <i32>handles
}

function evict(): void {
  const size = <usize>load<u32>(tail)
  if (size >= BLOCK_HEADER && load<u32>(tail, 12) != 0) unlink(tail)
  tail += size
  used -= size
  if (tail >= OVERLAY_END) tail = OVERLAY
}

function unlink(block: usize): void {
  let link = bucketAt(load<u32>(block, 8))
  while (true) {
    const at = <usize>load<u32>(link)
    if (at == 0) break
    if (at == block) {
      store<u32>(link, load<u32>(block, 4))
      break
    }
    link = at + 4
  }
  store<u32>(block, 0, 12)
}

/** Forgets a record. */
export function dropRecord(handle: u32): bool {
  for (let i: usize = 0; i < <usize>OVERLAY_BUCKETS; i++) {
    let block = <usize>load<u32>(OVERLAY_HEADS + (i << 2))
    while (block != 0) {
      if (load<u32>(block, 12) == handle) {
        unlink(block)
        return true
      }
      block = <usize>load<u32>(block, 4)
    }
  }
  return false
}

/** Flags of a stable id: an agent's name, or `from` 0 `to` for the delegations of a pair. */
export function flagsOf(at: usize, length: usize): u32 {
  if (flagCount == 0) return 0
  const entry = findFlag(at, length)
  return entry == 0 ? 0 : load<u32>(entry, 4)
}

/** A flag entry: u32 next, u32 flags, u32 length, bytes. */
function findFlag(at: usize, length: usize): usize {
  let entry = <usize>load<u32>(flagHead(at, length))
  while (entry != 0) {
    if (<usize>load<u32>(entry, 8) == length && equalBytes(entry + 12, at, length)) return entry
    entry = <usize>load<u32>(entry)
  }
  return 0
}

function flagHead(at: usize, length: usize): usize {
  return FLAG_HEADS + (<usize>(hashBytes(at, length, <u32>SEED_NAME) & (FLAG_BUCKETS - 1)) << 2)
}

/** Sets the flags of a stable id; a negative status when there is no room. */
export function setFlags(at: usize, length: usize, flags: u32): i32 {
  let entry = findFlag(at, length)
  if (entry == 0) {
    const size = (<usize>12 + length + 15) & ~7
    if (flagEnd + size > FLAGS + FLAG_BYTES) return STATUS_TOO_LARGE
    const link = flagHead(at, length)
    entry = flagEnd
    flagEnd += size
    store<u32>(entry, load<u32>(link))
    store<u32>(entry, <u32>length, 8)
    memory.copy(entry + 12, at, length)
    store<u32>(link, <u32>entry)
    flagCount++
  }
  store<u32>(entry, flags, 4)
  return 0
}
