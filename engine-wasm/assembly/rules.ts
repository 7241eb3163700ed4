/**
 * Finds the rules of a set that match the request's action and resource, and hands each to `meet`.
 *
 * A literal pattern, or one that ends in `*` or `**` after literal segments, is found by the hash of its text; the request
 * offers one key for each such form. Bytes are compared after the hash. Any other pattern is an automaton.
 */
import {
  H_REST_DEPTHS,
  H_STAR_DEPTHS,
  PATTERN_EXACT,
  PATTERN_KIND,
  PATTERN_LENGTH,
  PATTERN_OFFSET,
  PATTERN_SIZE,
  PATTERN_STAR,
  RULE_ACTIONS,
  RULE_HASH,
  RULE_PATTERN,
  RULE_SIZE,
  S_BYTES,
  S_PATTERNS,
  S_RULES,
  SALT_EXACT,
  SALT_REST,
  SALT_STAR,
} from '../format/layout'
import { meet } from './eval'
import { actionIn, findAction, runDfa, section } from './image'
import { KEYS, SEGMENT_STARTS } from './memory'
import { actionAt, actionHash, actionLength, keyHash, resourceAt, resourceLength, segmentCount } from './request'
import { equalBytes } from './text'

let keyCount: u32 = 0
let keysOf: usize = 0
let action: i32 = -1

/** Forgets the last request's keys. */
export function resetRules(): void {
  keysOf = 0
}

function prepare(base: usize): void {
  keysOf = base
  action = findAction(base, actionAt, actionLength, actionHash)
  store<u32>(KEYS, keyHash(segmentCount, <u32>SALT_EXACT))
  keyCount = 1
  const last = segmentCount - 1
  if (((load<u32>(base, H_STAR_DEPTHS) >> last) & 1) != 0) {
    addKey(keyHash(last, <u32>SALT_STAR))
  }
  let depths = load<u32>(base, H_REST_DEPTHS)
  while (depths != 0) {
    const depth = ctz(depths)
    if (depth >= segmentCount) break
    addKey(keyHash(depth, <u32>SALT_REST))
    depths &= depths - 1
  }
}

function addKey(hash: u32): void {
  store<u32>(KEYS + (<usize>keyCount << 2), hash)
  keyCount++
}

/** Meets every rule of `[start, start + hashed + general)` that matches. */
export function matchRules(base: usize, start: u32, hashed: u32, general: u32): void {
  if (keysOf != base) prepare(base)
  const rules = section(base, S_RULES) + <usize>start * RULE_SIZE
  const end = rules + <usize>hashed * RULE_SIZE
  if (hashed <= 10) {
    for (let rule = rules; rule < end; rule += RULE_SIZE) {
      const hash = load<u32>(rule, RULE_HASH)
      for (let k: u32 = 0; k < keyCount; k++) {
        if (load<u32>(KEYS + (<usize>k << 2)) == hash) {
          tryHashed(base, rule)
          break
        }
      }
    }
  } else {
    for (let k: u32 = 0; k < keyCount; k++) {
      const key = load<u32>(KEYS + (<usize>k << 2))
      let low: u32 = 0
      let high = hashed
      while (low < high) {
        const middle = (low + high) >> 1
        if (load<u32>(rules + <usize>middle * RULE_SIZE, RULE_HASH) < key) low = middle + 1
        else high = middle
      }
      for (let rule = rules + <usize>low * RULE_SIZE; rule < end && load<u32>(rule, RULE_HASH) == key; rule += RULE_SIZE) {
        tryHashed(base, rule)
      }
    }
  }
  const last = end + <usize>general * RULE_SIZE
  for (let rule = end; rule < last; rule += RULE_SIZE) {
    if (!actionIn(base, load<u32>(rule, RULE_ACTIONS), action)) continue
    const pattern = section(base, S_PATTERNS) + <usize>load<u32>(rule, RULE_PATTERN) * PATTERN_SIZE
    if (runDfa(base, load<u32>(pattern, PATTERN_OFFSET), resourceAt, resourceLength)) meet(base, rule)
  }
}

function tryHashed(base: usize, rule: usize): void {
  if (!actionIn(base, load<u32>(rule, RULE_ACTIONS), action)) return
  const pattern = section(base, S_PATTERNS) + <usize>load<u32>(rule, RULE_PATTERN) * PATTERN_SIZE
  const length = <usize>load<u32>(pattern, PATTERN_LENGTH)
  const kind = load<u32>(pattern, PATTERN_KIND)
  if (kind == PATTERN_EXACT) {
    if (length != resourceLength) return
  } else if (kind == PATTERN_STAR) {
    if (length != <usize>load<u32>(SEGMENT_STARTS + (<usize>(segmentCount - 1) << 2)) - resourceAt) return
  } else if (length >= resourceLength) return
  // A prefix ends in `:`, so equal bytes are whole segments.
  if (equalBytes(section(base, S_BYTES) + <usize>load<u32>(pattern, PATTERN_OFFSET), resourceAt, length)) meet(base, rule)
}
