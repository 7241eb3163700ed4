/**
 * Finds the rules of a set that match the request's action and resource, and hands each to `meet`.
 *
 * A literal pattern, or one that ends in `*` or `**` after literal segments, is found by the hash of its text; the request
 * offers one key for each such form. Bytes are compared after the hash. Any other pattern is an automaton.
 */
import {
  H_REST_DEPTHS,
  H_STAR_DEPTHS,
  PATTERN_DFA,
  PATTERN_EXACT,
  PATTERN_KIND,
  PATTERN_LENGTH,
  PATTERN_OFFSET,
  PATTERN_SIZE,
  PATTERN_STAR,
  RULE_ACTIONS,
  RULE_PATTERN,
  RULE_SIZE,
  SALT_EXACT,
  SALT_REST,
  SALT_STAR,
  S_BYTES,
  S_PATTERNS,
  S_RULES,
  S_RULE_HASHES,
} from '../format/layout'
import { meet } from './eval'
import { actionIn, findAction, runDfa, section } from './image'
import { KEYS, SEGMENT_STARTS } from './memory'
import { actionAt, actionHash, actionLength, keyHash, resourceAt, resourceLength, segmentCount } from './request'
import { equalBytes } from './text'

/** Rules that are counted, and not halved. */
const FEW: u32 = 8
let keyBytes: usize = 0
let keysOf: usize = 0
let action: i32 = -1

/** Forgets the last request's keys. */
export function resetRules(): void {
  keysOf = 0
}

function prepare(base: usize): void {
  keysOf = base
  action = findAction(base, actionAt, actionLength, actionHash)
  keyBytes = 0
  addKey(segmentCount, <u32>SALT_EXACT)
  const last = segmentCount - 1
  if (((load<u32>(base, H_STAR_DEPTHS) >> last) & 1) != 0) addKey(last, <u32>SALT_STAR)
  for (let depths = load<u32>(base, H_REST_DEPTHS) & ~(-2 << last); depths != 0; depths &= depths - 1) {
    addKey(ctz(depths), <u32>SALT_REST)
  }
}

function addKey(segments: u32, salt: u32): void {
  store<u32>(keyBytes, keyHash(segments, salt), KEYS)
  keyBytes += 4
}

/** Meets every rule of a set that matches; `set` is where its start and the counts of hashed and general rules stand. */
export function matchRules(base: usize, set: usize): void {
  if (load<u64>(set, 4) == 0) return
  if (keysOf != base) prepare(base)
  const hashed = load<u32>(set, 4)
  const start = load<u32>(set)
  const rules = section(base, S_RULES) + <usize>start * RULE_SIZE
  const hashes = section(base, S_RULE_HASHES) + (<usize>start << 2)
  const end = hashes + (<usize>hashed << 2)
  for (let k: usize = 0; k < keyBytes; k += 4) {
    const key = load<u32>(k, KEYS)
    let at = hashes
    let left = hashed
    // The first rule of the key stands behind as many as have a lower one. A processor need not guess what it only adds.
    for (; left > FEW; left -= left >> 1) {
      const skip = <usize>(left >> 1) << 2
      at += select<usize>(skip, 0, load<u32>(at + skip - 4) < key)
    }
    let lower: usize = 0
    const stop = at + (<usize>left << 2)
    for (let hash = at; hash < stop; hash += 4) lower += <usize>(load<u32>(hash) < key)
    for (at += lower << 2; at < end && load<u32>(at) == key; at += 4) tryRule(base, rules + (at - hashes) * (RULE_SIZE / 4))
  }
  const general = rules + <usize>hashed * RULE_SIZE
  const last = general + <usize>load<u32>(set, 8) * RULE_SIZE
  for (let rule = general; rule < last; rule += RULE_SIZE) tryRule(base, rule)
}

function tryRule(base: usize, rule: usize): void {
  if (!actionIn(base, load<u32>(rule, RULE_ACTIONS), action)) return
  const pattern = section(base, S_PATTERNS) + <usize>load<u32>(rule, RULE_PATTERN) * PATTERN_SIZE
  const offset = load<u32>(pattern, PATTERN_OFFSET)
  const length = <usize>load<u32>(pattern, PATTERN_LENGTH)
  const kind = load<u32>(pattern, PATTERN_KIND)
  if (kind == PATTERN_DFA) {
    if (!runDfa(base, offset, resourceAt, resourceLength)) return
  } else {
    if (kind == PATTERN_EXACT) {
      if (length != resourceLength) return
    } else if (kind == PATTERN_STAR) {
      if (length != <usize>load<u32>(<usize>(segmentCount - 1) << 2, SEGMENT_STARTS) - resourceAt) return
    } else if (length >= resourceLength) return
    // A prefix ends in `:`, so equal bytes are whole segments.
    if (!equalBytes(section(base, S_BYTES) + <usize>offset, resourceAt, length)) return
  }
  meet(base, rule)
}
