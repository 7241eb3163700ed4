/**
 * The map of linear memory: fixed areas, then images. No area grows; addresses are compile-time constants.
 *
 *   0      1024     2048    16384      80 Ki+...
 *   | null | boot   | static | request | response | scratch | flags | overlay | images ->
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
import { BOOT_ADDRESS, EXPLAINED_SIZE, IMAGE_SLACK, RES_METER_SIZE, RES_METERS } from '../format/layout'

/** Two words that a spliced module sets: address and length of its image. */
export const BOOT: usize = BOOT_ADDRESS
export const REQUEST: usize = 16384
/** Every text area ends in slack, so that words may be read past an end. */
export const SLACK: usize = IMAGE_SLACK
export const RESPONSE: usize = REQUEST + REQUEST_BYTES + SLACK
export const RESPONSE_BYTES: usize = RES_METERS + MAX_METERS * RES_METER_SIZE + MAX_EXPLAINED * EXPLAINED_SIZE
export const PRINCIPALS: usize = RESPONSE + RESPONSE_BYTES + SLACK
export const PRINCIPAL_SIZE: usize = 64
export const CANDIDATES: usize = PRINCIPALS + <usize>MAX_PRINCIPALS * PRINCIPAL_SIZE
export const CANDIDATE_SIZE: usize = 48
/** 65 words each: hash after k segments, end of segment k. */
export const SEGMENT_HASHES: usize = CANDIDATES + <usize>MAX_CANDIDATES * CANDIDATE_SIZE
export const SEGMENT_STARTS: usize = SEGMENT_HASHES + 256
/** Hash keys of the patterns that may match. */
export const KEYS: usize = SEGMENT_STARTS + 256
export const FACTORS: usize = KEYS + 512
export const FACTOR_SIZE: usize = 64
export const CHARGES: usize = FACTORS + 32 * FACTOR_SIZE
export const CHARGE_SIZE: usize = 16
export const SHA_WORK: usize = CHARGES + <usize>MAX_METERS * CHARGE_SIZE
export const FLAG_HEADS: usize = SHA_WORK + 1024
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
