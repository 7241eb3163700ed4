/**
 * The map of linear memory: fixed areas, then images. No area grows; addresses are compile-time constants. Only the overlay can
 * be moved, while it is empty, to the end of memory.
 *
 *   0      1024   1032    2048     16384     80 Ki+...
 *   | null | boot | small | static | request | response | scratch | flags | overlay | images ->
 *
 * What is small lies in front, where its addresses are short. INVARIANT: the null page stays 0, nothing is written there; a
 * value, a record or an entry that is not there is read at address 0.
 */
import {
  FLAG_BUCKETS,
  FLAG_BYTES,
  MAX_CANDIDATES,
  MAX_EXPLAINED,
  MAX_METERS,
  MAX_PRINCIPALS,
  OVERLAY_BUCKETS,
  OVERLAY_BYTES,
  REQUEST_BYTES,
} from '../format/limits'
import { BOOT_ADDRESS, EXPLAINED_SIZE, IMAGE_SLACK, RES_METERS, RES_METER_SIZE } from '../format/layout'

/** Addresses of the values of a request's fields, by tag; 0 for those that are not there. */
export const FACTS: usize = 1040
/** The address that was parsed last, 16 bytes. */
export const ADDRESS: usize = 1088
/** Year, month, day, hour and minute of a text that is read. */
export const DATE: usize = 1104
/** MAX_SEGMENTS + 1 each: hash after k segments (u64), start of segment k. */
export const SEGMENT_HASHES: usize = 1152
export const SEGMENT_STARTS: usize = 1424
/** Hash keys of the patterns that may match: an exact one, one for `*`, one for each depth of `**`. */
export const KEYS: usize = 1560
/** The stable id of a pair of names, put together. */
export const PAIR: usize = 1704

/** Two words that a spliced module sets: address and length of its image. */
export const BOOT: usize = BOOT_ADDRESS
/** Where static data may begin. */
export const STATIC: usize = 2048
export const REQUEST: usize = 16384
/** Every text area ends in slack, so that words may be read past an end. */
export const SLACK: usize = IMAGE_SLACK
export const RESPONSE: usize = REQUEST + REQUEST_BYTES + SLACK
export const EXPLAINED: usize = RESPONSE + RES_METERS + MAX_METERS * RES_METER_SIZE
export const PRINCIPALS: usize = EXPLAINED + MAX_EXPLAINED * EXPLAINED_SIZE + SLACK
export const PRINCIPAL_SIZE: usize = 64
export const CANDIDATES: usize = PRINCIPALS + <usize>MAX_PRINCIPALS * PRINCIPAL_SIZE
export const CANDIDATE_SIZE: usize = 32
export const CANDIDATES_END: usize = CANDIDATES + <usize>MAX_CANDIDATES * CANDIDATE_SIZE
export const FACTORS: usize = CANDIDATES_END
export const FACTOR_SIZE: usize = 64
/** A byte for each meter: 1 when it is charged. */
export const CHARGES: usize = FACTORS + 32 * FACTOR_SIZE
export const SHA_WORK: usize = CHARGES + <usize>MAX_METERS
export const FLAG_HEADS: usize = SHA_WORK + 2048
export const FLAGS: usize = FLAG_HEADS + FLAG_BUCKETS * 4
export const OVERLAY_HEADS: usize = FLAGS + FLAG_BYTES
export const OVERLAY: usize = OVERLAY_HEADS + OVERLAY_BUCKETS * 4
export const OVERLAY_END: usize = OVERLAY + OVERLAY_BYTES
export const HEAP: usize = (OVERLAY_END + SLACK + 65535) & ~65535

/** Where the next area of `bytes` can be placed at the end of memory; 0 when memory cannot grow. */
export function grow(bytes: usize): usize {
  const start = <usize>memory.size() << 16
  const base = start < HEAP ? HEAP : start
  const pages = <i32>((base + bytes + SLACK + 65535 - start) >> 16)
  return memory.grow(pages) < 0 ? 0 : base
}
