/**
 * Checks an image once, in slices, so that every later access through it is safe: header, digest, every reference of every
 * record, every state of every automaton, sort orders. What is accepted can be evaluated without another bounds check.
 */
import {
  ABI_MAJOR,
  ACTION_HASH,
  ACTION_NAME,
  ACTION_SIZE,
  ACTIONS_ANY,
  AGENT_GENERAL,
  AGENT_HASHED,
  AGENT_LIMITS,
  AGENT_NAME_LENGTH,
  AGENT_NAME_OFFSET,
  AGENT_OWNER,
  AGENT_ROLE_COUNT,
  AGENT_ROLES,
  AGENT_RULES,
  AGENT_SIZE,
  AGENT_SLOT_INDEX,
  AGENT_SLOT_SIZE,
  AGENT_TYPE,
  APPROVAL_BY,
  APPROVAL_SIZE,
  ATOM_COUNT,
  ATOM_KIND,
  ATOM_NEGATED,
  ATOM_OP,
  ATOM_PATH,
  ATOM_PATH_COUNT,
  ATOM_SIZE,
  ATOM_START,
  CONDITION_AGENT_ATOMS,
  CONDITION_ATOMS,
  CONDITION_COUNT,
  CONDITION_SIZE,
  DELEGATION_FROM,
  DELEGATION_GENERAL,
  DELEGATION_HASHED,
  DELEGATION_LIMITS,
  DELEGATION_RULES,
  DELEGATION_SIZE,
  DELEGATION_TO,
  DFA_CLASSES,
  DFA_OFFSET,
  DFA_SIZE,
  DFA_STATES,
  DIGEST_BYTES,
  EXTRA_APPROVAL,
  EXTRA_CONDITION,
  EXTRA_LIMITS,
  EXTRA_SIZE,
  GUARD_APPROVAL,
  GUARD_KIND,
  GUARD_LIMIT,
  GUARD_LIMITS,
  GUARD_SIZE,
  GUARD_UNLESS,
  GUARD_WHEN,
  H_BOUNDARY_GENERAL,
  H_BOUNDARY_HASHED,
  H_BOUNDARY_LIMITS,
  H_BOUNDARY_RULES,
  H_DIGEST,
  H_GUARD_GENERAL,
  H_GUARD_HASHED,
  H_GUARD_RULES,
  H_KIND,
  H_LENGTH,
  H_MAGIC,
  H_NAME,
  H_SECTIONS,
  H_VERSION,
  IMAGE_MAGIC,
  KIND_AGENT,
  KIND_AGENT_ATOM,
  KIND_DELEGATIONS,
  KIND_POLICY,
  LIMIT_KIND,
  LIMIT_LIST_COUNT,
  LIMIT_LIST_SIZE,
  LIMIT_LIST_START,
  LIMIT_METER_COUNT,
  LIMIT_METERS,
  LIMIT_PACE_WINDOW,
  LIMIT_PER,
  LIMIT_PERCENT,
  LIMIT_SIZE,
  METER_SIZE,
  METER_WINDOW,
  NONE,
  NUMBER_SIZE,
  OP_AGENT_OWNER,
  OP_AGENT_OWNER_DFA,
  OP_AGENT_TYPE,
  OP_ARG_BOOLEAN,
  OP_ARG_COMPARE,
  OP_ARG_DFA,
  OP_ARG_IP,
  OP_ARG_NUMBERS,
  OP_ARG_STRINGS,
  OP_ARG_TIME,
  OP_ARGS_ONLY,
  OP_COST,
  OP_IP,
  OP_LEN,
  OP_TIME,
  OP_TRUST,
  PATTERN_DFA,
  PATTERN_KIND,
  PATTERN_LENGTH,
  PATTERN_OFFSET,
  PATTERN_SIZE,
  PATTERN_STAR,
  PATTERN_REST,
  PER_ALL,
  RANGE_SIZE,
  RULE_ACTIONS,
  RULE_EXTRA,
  RULE_HASH,
  RULE_PATTERN,
  RULE_SIZE,
  RULESET_GENERAL,
  RULESET_HASHED,
  RULESET_RULES,
  RULESET_SIZE,
  S_ACTION_SLOTS,
  S_ACTIONS,
  S_AGENT_SLOTS,
  S_AGENTS,
  S_APPROVALS,
  S_ATOMS,
  S_BYTES,
  S_CONDITIONS,
  S_DELEGATIONS,
  S_DFAS,
  S_EXTRAS,
  S_GUARDS,
  S_LIMIT_LISTS,
  S_LIMITS,
  S_METERS,
  S_NUMBERS,
  S_PAIR_SLOTS,
  S_PATTERNS,
  S_RANGES,
  S_ROLE_REFS,
  S_RULES,
  S_RULESETS,
  S_STRINGS,
  S_WEEKS,
  S_WORDS,
  SECTION_COUNT,
  STRING_LENGTH,
  STRING_OFFSET,
  STRING_SIZE,
  WEEK_SIZE,
  WINDOW_MONTH,
} from '../format/layout'
import {
  STATUS_BAD_DIGEST,
  STATUS_BAD_LENGTH,
  STATUS_BAD_MAGIC,
  STATUS_BAD_OFFSET,
  STATUS_BAD_ORDER,
  STATUS_BAD_VERSION,
  STATUS_OK,
} from '../format/codes'
import { MAX_NAME_BYTES } from '../format/limits'
import { section, sectionCount } from './image'
import { SHA_WORK } from './memory'
import { shaBegin, shaEnd, shaResume, shaSuspend, shaUpdate } from './sha256'
import { equalBytes } from './text'

const DIGEST_OUT: usize = SHA_WORK + 512
const HEADER_BYTES: usize = H_SECTIONS + (SECTION_COUNT << 3)

let base: usize = 0
let length: usize = 0
/** Section being checked, its next record; -1 is the digest. */
let stage: i32 = 0
let index: u32 = 0
let hashed: usize = 0
let guardRules: u32 = 0
let guardRulesEnd: u32 = 0
/** Rules, atoms and limits seen: what one decision could visit. */
let weight: u32 = 0
/** 1 while there is more to check, 0 when the image is good, else a status below 0. */
let state: i32 = STATUS_OK

export function verified(): bool {
  return state == STATUS_OK && base != 0
}

export function imageWeight(): u32 {
  return weight
}

/** Begins with the header; the rest follows in `verifySome`. */
export function verifyBegin(address: usize, bytes: usize): i32 {
  base = address
  length = bytes
  stage = -1
  index = 0
  weight = 0
  state = header()
  if (state == STATUS_OK) {
    shaBegin()
    shaUpdate(base, H_DIGEST)
    hashed = H_DIGEST + DIGEST_BYTES
    state = 1
  }
  return state
}

/** Sets aside the check under way, so that something else can be checked or digested. */
export function suspendVerifier(): void {
  store<u32>(ASIDE, <u32>base, 0)
  store<u32>(ASIDE, <u32>length, 4)
  store<i32>(ASIDE, stage, 8)
  store<u32>(ASIDE, index, 12)
  store<u32>(ASIDE, <u32>hashed, 16)
  store<u32>(ASIDE, guardRules, 20)
  store<u32>(ASIDE, guardRulesEnd, 24)
  store<u32>(ASIDE, weight, 28)
  store<i32>(ASIDE, state, 32)
  shaSuspend(ASIDE + 40)
}

export function resumeVerifier(): void {
  base = <usize>load<u32>(ASIDE, 0)
  length = <usize>load<u32>(ASIDE, 4)
  stage = load<i32>(ASIDE, 8)
  index = load<u32>(ASIDE, 12)
  hashed = <usize>load<u32>(ASIDE, 16)
  guardRules = load<u32>(ASIDE, 20)
  guardRulesEnd = load<u32>(ASIDE, 24)
  weight = load<u32>(ASIDE, 28)
  state = load<i32>(ASIDE, 32)
  shaResume(ASIDE + 40)
}

const ASIDE: usize = DIGEST_OUT + DIGEST_BYTES

function header(): i32 {
  if (length < HEADER_BYTES) return STATUS_BAD_LENGTH
  if (load<u32>(base, H_MAGIC) != IMAGE_MAGIC) return STATUS_BAD_MAGIC
  if (<u32>load<u16>(base, H_VERSION) != ABI_MAJOR) return STATUS_BAD_VERSION
  if (<usize>load<u32>(base, H_LENGTH) != length) return STATUS_BAD_LENGTH
  for (let s: usize = 0; s < <usize>SECTION_COUNT; s++) {
    const offset = load<u32>(base + H_SECTIONS + (s << 3))
    const bytes = <u64>sectionCount(base, s) * <u64>recordSize(s)
    if ((offset & 3) != 0 || offset < <u32>HEADER_BYTES || <u64>offset + bytes > <u64>length) return STATUS_BAD_OFFSET
  }
  const kind = load<u32>(base, H_KIND)
  if (kind > <u32>KIND_DELEGATIONS) return STATUS_BAD_VERSION
  if (kind == KIND_AGENT && sectionCount(base, S_AGENTS) != 1) return STATUS_BAD_OFFSET
  if (kind == KIND_DELEGATIONS && sectionCount(base, S_DELEGATIONS) == 0) return STATUS_BAD_OFFSET
  if (!powerOfTwo(S_ACTION_SLOTS) || !powerOfTwo(S_AGENT_SLOTS) || !powerOfTwo(S_PAIR_SLOTS)) return STATUS_BAD_OFFSET
  if (load<u32>(base, H_NAME) >= sectionCount(base, S_STRINGS)) return STATUS_BAD_OFFSET
  guardRules = load<u32>(base, H_GUARD_RULES)
  const guards = <u64>load<u32>(base, H_GUARD_HASHED) + <u64>load<u32>(base, H_GUARD_GENERAL)
  if (<u64>guardRules + guards > <u64>sectionCount(base, S_RULES)) return STATUS_BAD_OFFSET
  guardRulesEnd = guardRules + <u32>guards
  if (!listOrNone(load<u32>(base, H_BOUNDARY_LIMITS))) return STATUS_BAD_OFFSET
  return STATUS_OK
}

function powerOfTwo(s: usize): bool {
  return popcnt(sectionCount(base, s)) == 1
}

function recordSize(s: usize): u32 {
  switch (<u32>s) {
    case S_BYTES:
      return 1
    case S_STRINGS:
      return STRING_SIZE
    case S_ACTIONS:
      return ACTION_SIZE
    case S_AGENT_SLOTS:
      return AGENT_SLOT_SIZE
    case S_AGENTS:
      return AGENT_SIZE
    case S_RULES:
      return RULE_SIZE
    case S_RULESETS:
      return RULESET_SIZE
    case S_PATTERNS:
      return PATTERN_SIZE
    case S_DFAS:
      return DFA_SIZE
    case S_EXTRAS:
      return EXTRA_SIZE
    case S_CONDITIONS:
      return CONDITION_SIZE
    case S_ATOMS:
      return ATOM_SIZE
    case S_NUMBERS:
      return NUMBER_SIZE
    case S_RANGES:
      return RANGE_SIZE
    case S_APPROVALS:
      return APPROVAL_SIZE
    case S_LIMIT_LISTS:
      return LIMIT_LIST_SIZE
    case S_LIMITS:
      return LIMIT_SIZE
    case S_METERS:
      return METER_SIZE
    case S_DELEGATIONS:
      return DELEGATION_SIZE
    case S_GUARDS:
      return GUARD_SIZE
    default:
      return 4
  }
}

/** Checks about `steps` records or 256 bytes of digest each; 1 when there is more, else the final status. */
export function verifySome(steps: i32): i32 {
  let left = <i64>steps
  while (state == 1 && left > 0) {
    if (stage == -1) {
      const most = <usize>left << 8
      const take = length - hashed < most ? length - hashed : most
      shaUpdate(base + hashed, take)
      hashed += take
      left -= <i64>(take >> 8) + 1
      if (hashed == length) {
        shaEnd(DIGEST_OUT)
        if (!equalBytes(DIGEST_OUT, base + H_DIGEST, DIGEST_BYTES)) state = STATUS_BAD_DIGEST
        stage = 0
      }
      continue
    }
    if (index >= sectionCount(base, stage)) {
      stage++
      index = 0
      if (stage == SECTION_COUNT) state = boundaryRules() ? STATUS_OK : STATUS_BAD_OFFSET
      continue
    }
    // Sections of plain data have nothing to check.
    if (stage == S_BYTES || stage == S_WORDS || stage == S_NUMBERS) {
      index = sectionCount(base, stage)
      continue
    }
    const status = record(stage, section(base, stage) + <usize>index * recordSize(stage))
    if (status != STATUS_OK) state = status
    index++
    left -= cost
  }
  return state
}

/** Steps that the last record took beyond one. */
let cost: i64 = 1

function boundaryRules(): bool {
  return ruleRange(load<u32>(base, H_BOUNDARY_RULES), load<u32>(base, H_BOUNDARY_HASHED), load<u32>(base, H_BOUNDARY_GENERAL))
}

/** A set of grants: in bounds, outside the guardrails, hashed ones sorted and literal, the rest automata. */
function ruleRange(start: u32, hashedCount: u32, general: u32): bool {
  const total = <u64>hashedCount + <u64>general
  cost += <i64>total
  if (<u64>start + total > <u64>sectionCount(base, S_RULES)) return false
  if (total > 0 && <u64>start + total > <u64>guardRules && start < guardRulesEnd) return false
  return ruleShapes(start, hashedCount, <u32>total)
}

function ruleShapes(start: u32, hashedCount: u32, total: u32): bool {
  const rules = section(base, S_RULES) + <usize>start * RULE_SIZE
  let previous: u32 = 0
  for (let i: u32 = 0; i < total; i++) {
    const rule = rules + <usize>i * RULE_SIZE
    const pattern = load<u32>(rule, RULE_PATTERN)
    if (pattern >= sectionCount(base, S_PATTERNS)) return false
    const isDfa = load<u32>(section(base, S_PATTERNS) + <usize>pattern * PATTERN_SIZE, PATTERN_KIND) == PATTERN_DFA
    if (isDfa != i >= hashedCount) return false
    const hash = load<u32>(rule, RULE_HASH)
    if (i < hashedCount) {
      if (hash < previous) return false
      previous = hash
    }
  }
  return true
}

function below(value: u32, s: usize): bool {
  return value < sectionCount(base, s)
}

function orNone(value: u32, s: usize): bool {
  return value == <u32>NONE || below(value, s)
}

function listOrNone(value: u32): bool {
  return orNone(value, S_LIMIT_LISTS)
}

function inBounds(start: u32, count: u32, s: usize): bool {
  return <u64>start + <u64>count <= <u64>sectionCount(base, s)
}

/** Word indices of strings. */
function stringWords(start: u32, count: u32): bool {
  if (!inBounds(start, count, S_WORDS)) return false
  cost += <i64>count
  const words = section(base, S_WORDS) + (<usize>start << 2)
  for (let i: u32 = 0; i < count; i++) if (!below(load<u32>(words + (<usize>i << 2)), S_STRINGS)) return false
  return true
}

function check(good: bool): i32 {
  return good ? STATUS_OK : STATUS_BAD_OFFSET
}

function record(s: i32, at: usize): i32 {
  cost = 1
  switch (s) {
    case S_STRINGS:
      return check(inBounds(load<u32>(at, STRING_OFFSET), load<u32>(at, STRING_LENGTH), S_BYTES))
    case S_ACTION_SLOTS:
      return check(load<u32>(at) <= sectionCount(base, S_ACTIONS))
    case S_ACTIONS:
      return check(below(load<u32>(at, ACTION_NAME), S_STRINGS))
    case S_AGENT_SLOTS:
      return check(load<u32>(at, AGENT_SLOT_INDEX) <= sectionCount(base, S_AGENTS))
    case S_AGENTS:
      return agent(at)
    case S_RULES:
      return rule(at)
    case S_ROLE_REFS:
      return check(below(load<u32>(at), S_RULESETS))
    case S_RULESETS:
      return check(ruleRange(load<u32>(at, RULESET_RULES), load<u32>(at, RULESET_HASHED), load<u32>(at, RULESET_GENERAL)))
    case S_PATTERNS: {
      const kind = load<u32>(at, PATTERN_KIND)
      if (kind == PATTERN_DFA) return check(below(load<u32>(at, PATTERN_OFFSET), S_DFAS))
      const from = load<u32>(at, PATTERN_OFFSET)
      const size = load<u32>(at, PATTERN_LENGTH)
      if (kind > <u32>PATTERN_DFA || !inBounds(from, size, S_BYTES)) return STATUS_BAD_OFFSET
      // A prefix ends in `:`, else it would match inside a segment.
      if ((kind == PATTERN_STAR || kind == PATTERN_REST) && size > 0) {
        return check(load<u8>(section(base, S_BYTES) + <usize>from + <usize>size - 1) == 0x3a)
      }
      return STATUS_OK
    }
    case S_DFAS:
      return automaton(at)
    case S_EXTRAS:
      return check(
        orNone(load<u32>(at, EXTRA_CONDITION), S_CONDITIONS) &&
          orNone(load<u32>(at, EXTRA_APPROVAL), S_APPROVALS) &&
          listOrNone(load<u32>(at, EXTRA_LIMITS)),
      )
    case S_CONDITIONS: {
      weight += load<u32>(at, CONDITION_COUNT)
      return check(
        inBounds(load<u32>(at, CONDITION_ATOMS), load<u32>(at, CONDITION_COUNT), S_ATOMS) &&
          load<u32>(at, CONDITION_AGENT_ATOMS) <= load<u32>(at, CONDITION_COUNT),
      )
    }
    case S_ATOMS:
      return check(atom(at))
    case S_RANGES:
      return check(range(at))
    case S_WEEKS: {
      const week = load<u32>(at)
      return check((week & 0xffff) < week >> 16 && week >> 16 <= 10080)
    }
    case S_APPROVALS:
      return check(orNone(load<u32>(at, APPROVAL_BY), S_STRINGS))
    case S_LIMIT_LISTS:
      return check(inBounds(load<u32>(at, LIMIT_LIST_START), load<u32>(at, LIMIT_LIST_COUNT), S_LIMITS))
    case S_LIMITS: {
      weight++
      const percent = <u32>load<u8>(at, LIMIT_PERCENT)
      return check(
        <u32>load<u8>(at, LIMIT_KIND) <= 1 &&
          <u32>load<u8>(at, LIMIT_PER) <= <u32>PER_ALL &&
          (percent <= 100 || percent == 255) &&
          <u32>load<u8>(at, LIMIT_PACE_WINDOW) <= <u32>WINDOW_MONTH &&
          load<u32>(at, LIMIT_METER_COUNT) <= 4 &&
          inBounds(load<u32>(at, LIMIT_METERS), load<u32>(at, LIMIT_METER_COUNT), S_METERS),
      )
    }
    case S_METERS:
      return check(load<u32>(at, METER_WINDOW) <= <u32>WINDOW_MONTH)
    case S_PAIR_SLOTS:
      return check(load<u32>(at) <= sectionCount(base, S_DELEGATIONS))
    case S_DELEGATIONS:
      return delegation(at)
    case S_GUARDS: {
      const kind = load<u32>(at, GUARD_KIND)
      return check(
        kind <= <u32>GUARD_LIMITS &&
          orNone(load<u32>(at, GUARD_WHEN), S_CONDITIONS) &&
          orNone(load<u32>(at, GUARD_UNLESS), S_CONDITIONS) &&
          orNone(load<u32>(at, GUARD_APPROVAL), S_APPROVALS) &&
          (kind == GUARD_LIMITS ? below(load<u32>(at, GUARD_LIMIT), S_LIMITS) : load<u32>(at, GUARD_LIMIT) == <u32>NONE),
      )
    }
    default:
      return STATUS_OK
  }
}

function agent(at: usize): i32 {
  const size = load<u32>(at, AGENT_NAME_LENGTH)
  if (size > <u32>MAX_NAME_BYTES || !inBounds(load<u32>(at, AGENT_NAME_OFFSET), size, S_BYTES)) return STATUS_BAD_OFFSET
  if (<u32>load<u8>(at, AGENT_TYPE) > 2 || !orNone(load<u32>(at, AGENT_OWNER), S_STRINGS)) return STATUS_BAD_OFFSET
  if (!inBounds(load<u32>(at, AGENT_ROLES), load<u32>(at, AGENT_ROLE_COUNT), S_ROLE_REFS)) return STATUS_BAD_OFFSET
  if (!listOrNone(load<u32>(at, AGENT_LIMITS))) return STATUS_BAD_OFFSET
  return check(ruleRange(load<u32>(at, AGENT_RULES), load<u32>(at, AGENT_HASHED), load<u32>(at, AGENT_GENERAL)))
}

function rule(at: usize): i32 {
  weight++
  const field = load<u32>(at, RULE_ACTIONS)
  if ((field & 0x80000000) != 0) {
    const list = field & ACTIONS_ANY
    if (!below(list, S_WORDS)) return STATUS_BAD_OFFSET
    const count = load<u32>(section(base, S_WORDS) + (<usize>list << 2))
    if (!inBounds(list + 1, count, S_WORDS)) return STATUS_BAD_OFFSET
  }
  const extra = load<u32>(at, RULE_EXTRA)
  if (index >= guardRules && index < guardRulesEnd) {
    if (extra == 0 || extra > sectionCount(base, S_GUARDS)) return STATUS_BAD_OFFSET
    if (index == guardRules) {
      const count = guardRulesEnd - guardRules
      cost += <i64>count
      if (!ruleShapes(guardRules, load<u32>(base, H_GUARD_HASHED), count)) return STATUS_BAD_ORDER
    }
    return STATUS_OK
  }
  return check(extra <= sectionCount(base, S_EXTRAS))
}

function automaton(at: usize): i32 {
  const states = load<u32>(at, DFA_STATES)
  const classes = load<u32>(at, DFA_CLASSES)
  if (states == 0 || states > 65536 || classes == 0 || classes > 256) return STATUS_BAD_OFFSET
  const cells = states * classes
  const size = 256 + cells * 2 + states
  if (!inBounds(load<u32>(at, DFA_OFFSET), size, S_BYTES)) return STATUS_BAD_OFFSET
  const map = section(base, S_BYTES) + <usize>load<u32>(at, DFA_OFFSET)
  for (let i: usize = 0; i < 256; i++) if (<u32>load<u8>(map + i) >= classes) return STATUS_BAD_OFFSET
  for (let i: u32 = 0; i < cells; i++) if (<u32>load<u16>(map + 256 + (<usize>i << 1)) >= states) return STATUS_BAD_OFFSET
  cost += <i64>cells >> 2
  return STATUS_OK
}

function atom(at: usize): bool {
  const op = <u32>load<u8>(at, ATOM_OP)
  const start = load<u32>(at, ATOM_START)
  const count = load<u32>(at, ATOM_COUNT)
  if (<u32>load<u8>(at, ATOM_KIND) > <u32>KIND_AGENT_ATOM || <u32>load<u8>(at, ATOM_NEGATED) > 1) return false
  if (op >= <u32>OP_LEN && !stringWords(load<u32>(at, ATOM_PATH), load<u32>(at, ATOM_PATH_COUNT))) return false
  switch (op) {
    case OP_IP:
    case OP_ARG_IP:
      return sortedRanges(start, count)
    case OP_TIME:
    case OP_ARG_TIME:
      return inBounds(start, count, S_WEEKS)
    case OP_TRUST:
    case OP_COST:
    case OP_LEN:
    case OP_ARG_COMPARE:
      return below(start, S_NUMBERS)
    case OP_ARG_NUMBERS:
      return inBounds(start, count, S_NUMBERS)
    case OP_AGENT_TYPE:
    case OP_ARG_BOOLEAN:
      return true
    case OP_AGENT_OWNER:
    case OP_ARGS_ONLY:
    case OP_ARG_STRINGS:
      return stringWords(start, count)
    case OP_AGENT_OWNER_DFA:
    case OP_ARG_DFA:
      return below(start, S_DFAS)
    default:
      return false
  }
}

function range(at: usize): bool {
  const low = load<u64>(at, 8)
  const high = load<u64>(at, 24)
  return low < high || (low == high && load<u64>(at) <= load<u64>(at, 16))
}

function sortedRanges(start: u32, count: u32): bool {
  if (!inBounds(start, count, S_RANGES)) return false
  cost += <i64>count
  const ranges = section(base, S_RANGES) + <usize>start * RANGE_SIZE
  for (let i: u32 = 1; i < count; i++) {
    const before = ranges + <usize>(i - 1) * RANGE_SIZE
    const at = ranges + <usize>i * RANGE_SIZE
    const end = load<u64>(before, 24)
    const low = load<u64>(at, 8)
    if (end > low || (end == low && load<u64>(before, 16) >= load<u64>(at))) return false
  }
  return true
}

function delegation(at: usize): i32 {
  const names: usize = load<u32>(base, H_KIND) == KIND_POLICY ? S_AGENTS : S_STRINGS
  if (!below(load<u32>(at, DELEGATION_FROM), names) || !below(load<u32>(at, DELEGATION_TO), names)) return STATUS_BAD_OFFSET
  if (!listOrNone(load<u32>(at, DELEGATION_LIMITS))) return STATUS_BAD_OFFSET
  return check(ruleRange(load<u32>(at, DELEGATION_RULES), load<u32>(at, DELEGATION_HASHED), load<u32>(at, DELEGATION_GENERAL)))
}
