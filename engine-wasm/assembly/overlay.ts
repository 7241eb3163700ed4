/**
 * What the host adds at run time: records of agents and delegations in a ring, the oldest evicted first, and flags that outlive
 * records and images because they are keyed by name.
 *
 * Both are found by a stable id: an agent's name, or `from` 0 `to` for the delegations of a pair. The hash of the id chooses
 * a bucket, where a chain of entries begins:
 *
 *   0      4                 8              12      16
 *   | next | handle or flags | bytes of id  | size  | id | of a block of the ring: the record's image, 8-aligned |
 *
 * A handle of 0 is that of a block in no chain.
 */
import { FLAG_BUCKETS, FLAG_BYTES, MAX_OVERLAY_BYTES, OVERLAY_BUCKETS, OVERLAY_BYTES } from '../format/limits'
import {
  AGENT_NAME_LENGTH,
  AGENT_NAME_OFFSET,
  DELEGATION_FROM,
  DELEGATION_TO,
  H_KIND,
  KIND_AGENT,
  SEED_NAME,
  S_AGENTS,
  S_BYTES,
  S_DELEGATIONS,
} from '../format/layout'
import { STATUS_OK, STATUS_TOO_LARGE } from '../format/codes'
import { section, stringAddress, stringLength } from './image'
import { FLAG_HEADS, FLAGS, grow, OVERLAY, OVERLAY_END, OVERLAY_HEADS, PAIR } from './memory'
import { equalBytes, hashBytes } from './text'

const E_VALUE: usize = 4
const E_LENGTH: usize = 8
const E_SIZE: usize = 12
const E_ID: usize = 16

/** The ring and its buckets, whose number is a power of two. */
let ring: usize = OVERLAY
let ringEnd: usize = OVERLAY_END
let heads: usize = OVERLAY_HEADS
let mask: u32 = OVERLAY_BUCKETS - 1
/** Where the next block goes; the oldest block that is left of the lap before, and where that lap ended. */
let head: usize = OVERLAY
let tail: usize = OVERLAY
let lapEnd: usize = OVERLAY
let handles: u32 = 0
let flagEnd: usize = FLAGS
let flagLimit: usize = FLAGS + FLAG_BYTES

export const FLAG_REVOKED: u32 = 1
export const FLAG_SUSPENDED: u32 = 2

/** True when a record or a flag was ever put: without them there is nothing to look for. */
export let hasOverlay: bool = false

/** The stable id that was made or looked at last. */
export let idAt: usize = 0
export let idLength: usize = 0
export let idHash: u32 = 0

/** Takes an id that is there. */
export function setId(at: usize, length: usize, hash: u32): void {
  idAt = at
  idLength = length
  idHash = hash
}

/** Makes the id of a pair. */
export function setPair(from: usize, fromLength: usize, to: usize, toLength: usize): void {
  memory.copy(PAIR, from, fromLength)
  store<u8>(PAIR + fromLength, 0)
  memory.copy(PAIR + fromLength + 1, to, toLength)
  hashId(PAIR, fromLength + toLength + 1)
}

function hashId(at: usize, length: usize): void {
  setId(at, length, hashBytes(at, length, SEED_NAME))
}

/** Makes the id of what a verified record is about. */
export function setIdOf(image: usize): void {
  if (load<u32>(image, H_KIND) == KIND_AGENT) {
    const agent = section(image, S_AGENTS)
    hashId(section(image, S_BYTES) + <usize>load<u32>(agent, AGENT_NAME_OFFSET), <usize>load<u32>(agent, AGENT_NAME_LENGTH))
  } else {
    const delegation = section(image, S_DELEGATIONS)
    const from = load<u32>(delegation, DELEGATION_FROM)
    const to = load<u32>(delegation, DELEGATION_TO)
    setPair(stringAddress(image, from), stringLength(image, from), stringAddress(image, to), stringLength(image, to))
  }
}

/** Moves the ring, while nothing was put into it, to where it has more room. What it leaves is for flags. */
export function reserveRing(bytes: usize): i32 {
  if (bytes <= <usize>OVERLAY_BYTES) return STATUS_OK
  if (handles != 0 || bytes > <usize>MAX_OVERLAY_BYTES) return STATUS_TOO_LARGE
  const at = grow(bytes)
  if (at == 0) return STATUS_TOO_LARGE
  // A bucket for each 512 bytes, or fewer; records are larger than that.
  mask = (1 << (22 - clz<u32>(<u32>bytes))) - 1
  heads = at
  tail = lapEnd = head = ring = at + 4 + (<usize>mask << 2)
  ringEnd = at + bytes
  flagLimit = OVERLAY_END
  return STATUS_OK
}

function ringBucket(hash: u32): usize {
  return heads + (<usize>(hash & mask) << 2)
}

function flagBucket(hash: u32): usize {
  return FLAG_HEADS + (<usize>(hash & (FLAG_BUCKETS - 1)) << 2)
}

/** The entry of the id in the chain of a bucket, or 0. */
function find(bucket: usize): usize {
  let entry = <usize>load<u32>(bucket)
  while (entry != 0) {
    if (<usize>load<u32>(entry, E_LENGTH) == idLength && equalBytes(entry + E_ID, idAt, idLength)) break
    entry = <usize>load<u32>(entry)
  }
  return entry
}

/** Gives an entry the id and puts it into the chain of its bucket. */
function link(first: usize, entry: usize): void {
  store<u32>(entry, load<u32>(first))
  store<u32>(entry, <u32>idLength, E_LENGTH)
  memory.copy(entry + E_ID, idAt, idLength)
  store<u32>(first, <u32>entry)
  hasOverlay = true
}

/** Takes a block out of its chain, in which it is. */
function unlink(block: usize): void {
  let link = ringBucket(hashBytes(block + E_ID, <usize>load<u32>(block, E_LENGTH), SEED_NAME))
  while (<usize>load<u32>(link) != block) link = <usize>load<u32>(link)
  store<u32>(link, load<u32>(block))
  store<u32>(block, 0, E_VALUE)
}

function bytesOf(length: usize): usize {
  return (E_ID + length + 7) & ~7
}

/** Image of the record for the id, or 0. */
export function findRecord(): usize {
  const block = find(ringBucket(idHash))
  return block == 0 ? 0 : block + bytesOf(idLength)
}

/** Copies a verified record of at most MAX_RECORD_BYTES into the ring, replacing the one with its id; the handle. */
export function putRecord(image: usize, length: usize): i32 {
  forget()
  const start = bytesOf(idLength)
  const size = (start + length + 7) & ~7
  if (head + size > ringEnd) {
    evict(ringEnd)
    lapEnd = head
    tail = head = ring
  }
  evict(head + size)
  handles = handles == 0x7fffffff ? 1 : handles + 1
  store<u32>(head, handles, E_VALUE)
  store<u32>(head, <u32>size, E_SIZE)
  link(ringBucket(idHash), head)
  memory.copy(head + start, image, length)
  head += size
  return <i32>handles
}

/** Forgets the blocks of the lap before that begin below `end`. */
function evict(end: usize): void {
  while (tail < end && tail < lapEnd) {
    if (load<u32>(tail, E_VALUE) != 0) unlink(tail)
    tail += <usize>load<u32>(tail, E_SIZE)
  }
}

/** Forgets a record. */
export function dropRecord(handle: u32): bool {
  return handle != 0 && (dropBetween(ring, head, handle) || dropBetween(tail, lapEnd, handle))
}

function dropBetween(from: usize, end: usize, handle: u32): bool {
  for (let block = from; block < end; block += <usize>load<u32>(block, E_SIZE)) {
    if (load<u32>(block, E_VALUE) == handle) {
      unlink(block)
      return true
    }
  }
  return false
}

/** Forgets the record of the id of `length` bytes at `at`. */
export function forgetRecord(at: usize, length: usize): bool {
  hashId(at, length)
  return forget()
}

function forget(): bool {
  const block = find(ringBucket(idHash))
  if (block != 0) unlink(block)
  return block != 0
}

/** Flags of the id; of no entry they are the bytes at 0, which are 0. */
export function flagsOf(): u32 {
  return load<u32>(find(flagBucket(idHash)), E_VALUE)
}

/** Sets the flags of the id of `length` bytes at `at`; a negative status when there is no room. */
export function setFlags(at: usize, length: usize, flags: u32): i32 {
  hashId(at, length)
  let entry = find(flagBucket(idHash))
  if (entry == 0) {
    const end = flagEnd + bytesOf(length)
    if (end > flagLimit) return STATUS_TOO_LARGE
    entry = flagEnd
    flagEnd = end
    link(flagBucket(idHash), entry)
  }
  store<u32>(entry, flags, E_VALUE)
  return 0
}
