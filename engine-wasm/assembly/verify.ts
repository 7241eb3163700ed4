/**
 * Checks an image once, in slices, so that every later access through it is safe: header, digest, every reference of every
 * record, every state of every automaton, sort orders. What is accepted can be evaluated without another bounds check.
 *
 * Most of it is a table: what each field of each record points at. Records own their rules, atoms and limits, no two the
 * same, so that the work of a check and of a decision grows with the image and not with its square.
 */
import {
  ABI_MAJOR,
  ACTIONS_ANY,
  ACTION_NAME,
  ACTION_SIZE,
  AGENT_LIMITS,
  AGENT_NAME_LENGTH,
  AGENT_NAME_OFFSET,
  AGENT_OWNER,
  AGENT_ROLES,
  AGENT_ROLE_COUNT,
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
  ATOM_SIZE,
  ATOM_START,
  CONDITION_AGENT_ATOMS,
  CONDITION_ATOMS,
  CONDITION_COUNT,
  CONDITION_SIZE,
  DELEGATION_EXPIRY,
  DELEGATION_FROM,
  DELEGATION_LIMITS,
  DELEGATION_RULES,
  DELEGATION_SIZE,
  DELEGATION_TO,
  DFA_CLASSES,
  DFA_OFFSET,
  DFA_SIZE,
  DFA_STATES,
  DIGEST_BYTES,
  EXPIRY_IN,
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
  LIMIT_BUDGET,
  LIMIT_KIND,
  LIMIT_LIST_SIZE,
  LIMIT_LIST_START,
  LIMIT_METERS,
  LIMIT_METER_COUNT,
  LIMIT_PACE_WINDOW,
  LIMIT_PER,
  LIMIT_PERCENT,
  LIMIT_SIZE,
  METER_SIZE,
  METER_WINDOW,
  NONE,
  NUMBER_SIZE,
  OP_ARG_BOOLEAN,
  PATTERN_DFA,
  PATTERN_EXACT,
  PATTERN_KIND,
  PATTERN_LENGTH,
  PATTERN_OFFSET,
  PATTERN_SIZE,
  PER_ALL,
  RANGE_SIZE,
  RULESET_RULES,
  RULESET_SIZE,
  RULE_ACTIONS,
  RULE_EXTRA,
  RULE_PATTERN,
  RULE_SIZE,
  SECTION_COUNT,
  STRING_OFFSET,
  STRING_SIZE,
  S_ACTIONS,
  S_ACTION_SLOTS,
  S_AGENTS,
  S_AGENT_SLOTS,
  S_APPROVALS,
  S_ATOMS,
  S_BYTES,
  S_CONDITIONS,
  S_DELEGATIONS,
  S_DFAS,
  S_EXTRAS,
  S_GUARDS,
  S_LIMITS,
  S_LIMIT_LISTS,
  S_METERS,
  S_NUMBERS,
  S_PAIR_SLOTS,
  S_PATTERNS,
  S_RANGES,
  S_ROLE_REFS,
  S_RULES,
  S_RULE_HASHES,
  S_RULESETS,
  S_STRINGS,
  S_WEEKS,
  S_WORDS,
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
import { isLess } from './address'
import { section, sectionCount, stringLength } from './image'
import { SHA_STATE, SHA_STATE_END, shaBegin, shaEnd, shaUpdate } from './sha256'
import { equalBytes } from './text'

const HEADER_BYTES: usize = H_SECTIONS + (SECTION_COUNT << 3)

/** What may be asked of a field. */
const BELOW = 0
/** Below the count of a section, or NONE. */
const MAYBE = 1
/** Index + 1, or 0. */
const INDEX = 2
/** A start and, behind it, a count. */
const SPAN = 3
/** The same, shared with no record before it: what walks all of them sees each thing once. */
const OWN = 4
/** Start, hashed and general rules of a set. */
const RULES = 5
/** At most the number in the section's place. */
const BYTE = 6
const WORD = 7

/**
 * For each section, then for the header: the size of a record and how many checks follow; then the checks: what is asked,
 * the field's offset, the section that it points into.
 */
const SHAPES = memory.data<i32>([
  1,
  STRING_SIZE | (1 << 8),
  SPAN | (STRING_OFFSET << 8) | (S_BYTES << 16),
  4 | (1 << 8),
  INDEX | (0 << 8) | (S_ACTIONS << 16),
  ACTION_SIZE | (1 << 8),
  BELOW | (ACTION_NAME << 8) | (S_STRINGS << 16),
  AGENT_SLOT_SIZE | (1 << 8),
  INDEX | (AGENT_SLOT_INDEX << 8) | (S_AGENTS << 16),
  AGENT_SIZE | (7 << 8),
  SPAN | (AGENT_NAME_OFFSET << 8) | (S_BYTES << 16),
  WORD | (AGENT_NAME_LENGTH << 8) | (MAX_NAME_BYTES << 16),
  BYTE | (AGENT_TYPE << 8) | (2 << 16),
  MAYBE | (AGENT_OWNER << 8) | (S_STRINGS << 16),
  RULES | (AGENT_RULES << 8) | (0 << 16),
  SPAN | (AGENT_ROLES << 8) | (S_ROLE_REFS << 16),
  MAYBE | (AGENT_LIMITS << 8) | (S_LIMIT_LISTS << 16),
  RULE_SIZE | (1 << 8),
  BELOW | (RULE_PATTERN << 8) | (S_PATTERNS << 16),
  4 | (1 << 8),
  BELOW | (0 << 8) | (S_RULESETS << 16),
  RULESET_SIZE | (1 << 8),
  RULES | (RULESET_RULES << 8) | (0 << 16),
  PATTERN_SIZE | (1 << 8),
  WORD | (PATTERN_KIND << 8) | (PATTERN_DFA << 16),
  DFA_SIZE,
  EXTRA_SIZE | (3 << 8),
  MAYBE | (EXTRA_CONDITION << 8) | (S_CONDITIONS << 16),
  MAYBE | (EXTRA_APPROVAL << 8) | (S_APPROVALS << 16),
  MAYBE | (EXTRA_LIMITS << 8) | (S_LIMIT_LISTS << 16),
  CONDITION_SIZE | (1 << 8),
  OWN | (CONDITION_ATOMS << 8) | (S_ATOMS << 16),
  ATOM_SIZE | (4 << 8),
  BYTE | (ATOM_OP << 8) | (OP_ARG_BOOLEAN << 16),
  BYTE | (ATOM_NEGATED << 8) | (1 << 16),
  BYTE | (ATOM_KIND << 8) | (KIND_AGENT_ATOM << 16),
  SPAN | (ATOM_PATH << 8) | (S_WORDS << 16),
  4 | (1 << 8),
  BELOW | (0 << 8) | (S_STRINGS << 16),
  NUMBER_SIZE,
  RANGE_SIZE,
  WEEK_SIZE,
  APPROVAL_SIZE | (1 << 8),
  MAYBE | (APPROVAL_BY << 8) | (S_STRINGS << 16),
  LIMIT_LIST_SIZE | (1 << 8),
  OWN | (LIMIT_LIST_START << 8) | (S_LIMITS << 16),
  LIMIT_SIZE | (5 << 8),
  BYTE | (LIMIT_KIND << 8) | (LIMIT_BUDGET << 16),
  BYTE | (LIMIT_PER << 8) | (PER_ALL << 16),
  BYTE | (LIMIT_PACE_WINDOW << 8) | (WINDOW_MONTH << 16),
  SPAN | (LIMIT_METERS << 8) | (S_METERS << 16),
  WORD | (LIMIT_METER_COUNT << 8) | (4 << 16),
  METER_SIZE | (1 << 8),
  WORD | (METER_WINDOW << 8) | (WINDOW_MONTH << 16),
  4 | (1 << 8),
  INDEX | (0 << 8) | (S_DELEGATIONS << 16),
  DELEGATION_SIZE | (3 << 8),
  RULES | (DELEGATION_RULES << 8) | (0 << 16),
  MAYBE | (DELEGATION_LIMITS << 8) | (S_LIMIT_LISTS << 16),
  BYTE | (DELEGATION_EXPIRY << 8) | (EXPIRY_IN << 16),
  GUARD_SIZE | (5 << 8),
  WORD | (GUARD_KIND << 8) | (GUARD_LIMITS << 16),
  MAYBE | (GUARD_WHEN << 8) | (S_CONDITIONS << 16),
  MAYBE | (GUARD_UNLESS << 8) | (S_CONDITIONS << 16),
  MAYBE | (GUARD_APPROVAL << 8) | (S_APPROVALS << 16),
  MAYBE | (GUARD_LIMIT << 8) | (S_LIMITS << 16),
  4,
  0 | (3 << 8),
  BELOW | (H_NAME << 8) | (S_STRINGS << 16),
  MAYBE | (H_BOUNDARY_LIMITS << 8) | (S_LIMIT_LISTS << 16),
  RULES | (H_BOUNDARY_RULES << 8) | (0 << 16),
])

/** For each operation of an atom: what is asked of its start, and the section. A mask may be anything. */
const ATOM_CHECKS = memory.data<i32>([
  SPAN | (ATOM_START << 8) | (S_RANGES << 16),
  SPAN | (ATOM_START << 8) | (S_WEEKS << 16),
  SPAN | (ATOM_START << 8) | (S_NUMBERS << 16),
  SPAN | (ATOM_START << 8) | (S_NUMBERS << 16),
  BYTE | (ATOM_START << 8) | (255 << 16),
  SPAN | (ATOM_START << 8) | (S_WORDS << 16),
  BELOW | (ATOM_START << 8) | (S_DFAS << 16),
  SPAN | (ATOM_START << 8) | (S_WORDS << 16),
  SPAN | (ATOM_START << 8) | (S_NUMBERS << 16),
  SPAN | (ATOM_START << 8) | (S_RANGES << 16),
  SPAN | (ATOM_START << 8) | (S_WEEKS << 16),
  BELOW | (ATOM_START << 8) | (S_DFAS << 16),
  SPAN | (ATOM_START << 8) | (S_WORDS << 16),
  SPAN | (ATOM_START << 8) | (S_NUMBERS << 16),
  SPAN | (ATOM_START << 8) | (S_NUMBERS << 16),
  BYTE | (ATOM_START << 8) | (255 << 16),
])

/**
 * What a check under way knows stands behind the digest that it computes, so that both are set aside by one copy: image,
 * length, section being checked (-1: the digest), its next record, bytes digested, the rules of the guardrails, the end of
 * what the last record owns, the heaviest condition, and the state: 1 while there is more to check, 0 when the image is
 * good, else a status below 0.
 */
const VERIFIER: usize = SHA_STATE_END
const V_BASE: usize = 0
const V_LENGTH: usize = 4
const V_STAGE: usize = 8
const V_INDEX: usize = 12
const V_HASHED: usize = 16
const V_GUARDS: usize = 20
const V_GUARDS_END: usize = 24
const V_CURSOR: usize = 28
const V_HEAVIEST: usize = 32
const V_STATE: usize = 40
const V_SIZE: usize = 48
const DIGEST_OUT: usize = VERIFIER + V_SIZE
const ASIDE: usize = DIGEST_OUT + DIGEST_BYTES

let base: usize = 0
/** Steps that the last record took. */
let cost: i64 = 0
/** What is wrong when a check fails. */
let fault: i32 = 0

/** What a decision could visit for each way it meets a rule: rules, each with the atoms and lists of the largest condition. */
export function imageWeight(): u64 {
  return <u64>sectionCount(base, S_RULES) * (1 + load<u64>(VERIFIER, V_HEAVIEST))
}

/** Begins with the header; the rest follows in `verifySome`. */
export function verifyBegin(address: usize, bytes: usize): i32 {
  base = address
  memory.fill(VERIFIER, 0, V_SIZE)
  store<u32>(VERIFIER, <u32>address, V_BASE)
  store<u32>(VERIFIER, <u32>bytes, V_LENGTH)
  store<i32>(VERIFIER, -1, V_STAGE)
  let status = header(bytes)
  if (status == STATUS_OK) {
    shaBegin()
    shaUpdate(base, H_DIGEST)
    store<u32>(VERIFIER, H_DIGEST + DIGEST_BYTES, V_HASHED)
    status = 1
  }
  store<i32>(VERIFIER, status, V_STATE)
  return status
}

/** Sets aside the check under way, so that something else can be checked or digested. */
export function suspendVerifier(): void {
  memory.copy(ASIDE, SHA_STATE, DIGEST_OUT - SHA_STATE)
}

export function resumeVerifier(): void {
  memory.copy(SHA_STATE, ASIDE, DIGEST_OUT - SHA_STATE)
  base = <usize>load<u32>(VERIFIER, V_BASE)
}

function header(length: usize): i32 {
  if (length < HEADER_BYTES) return STATUS_BAD_LENGTH
  if (load<u32>(base, H_MAGIC) != IMAGE_MAGIC) return STATUS_BAD_MAGIC
  if (<u32>load<u16>(base, H_VERSION) != ABI_MAJOR) return STATUS_BAD_VERSION
  if (<usize>load<u32>(base, H_LENGTH) != length) return STATUS_BAD_LENGTH
  let shape = SHAPES
  for (let s: usize = 0; s < <usize>SECTION_COUNT; s++) {
    const offset = load<u32>(base + H_SECTIONS + (s << 3))
    const bytes = <u64>sectionCount(base, s) * <u64>load<u8>(shape)
    shape = shapeBehind(shape)
    if ((offset & 3) != 0 || offset < <u32>HEADER_BYTES || <u64>offset + bytes > <u64>length) return STATUS_BAD_OFFSET
  }
  const kind = load<u32>(base, H_KIND)
  if (kind > <u32>KIND_DELEGATIONS) return STATUS_BAD_VERSION
  // A record is about one agent, or about one pair.
  if (kind != KIND_POLICY) {
    const agents = sectionCount(base, S_AGENTS)
    const delegations = sectionCount(base, S_DELEGATIONS)
    if (kind == KIND_AGENT ? agents != 1 || delegations != 0 : agents != 0 || delegations == 0) return STATUS_BAD_OFFSET
  }
  if (sectionCount(base, S_RULE_HASHES) != sectionCount(base, S_RULES)) return STATUS_BAD_OFFSET
  if (!powerOfTwo(S_ACTION_SLOTS) || !powerOfTwo(S_AGENT_SLOTS) || !powerOfTwo(S_PAIR_SLOTS)) return STATUS_BAD_OFFSET
  const guards = load<u32>(base, H_GUARD_RULES)
  const end = <u64>guards + <u64>load<u32>(base, H_GUARD_HASHED) + <u64>load<u32>(base, H_GUARD_GENERAL)
  if (end > <u64>sectionCount(base, S_RULES)) return STATUS_BAD_OFFSET
  store<u32>(VERIFIER, guards, V_GUARDS)
  store<u32>(VERIFIER, <u32>end, V_GUARDS_END)
  fault = STATUS_BAD_OFFSET
  return conforms(shape, base) && ruleShapes(guards, load<u32>(base, H_GUARD_HASHED), <u32>end - guards)
    ? STATUS_OK
    : fault
}

function powerOfTwo(s: usize): bool {
  return popcnt(sectionCount(base, s)) == 1
}

function shapeBehind(shape: usize): usize {
  return shape + 4 + (<usize>load<u8>(shape, 1) << 2)
}

/** Checks about `steps` records or 256 bytes of digest each; 1 when there is more, else the final status. */
export function verifySome(steps: i32): i32 {
  let left = <i64>steps
  let stage = load<i32>(VERIFIER, V_STAGE)
  let shape = SHAPES
  for (let i = 0; i < stage; i++) shape = shapeBehind(shape)
  let index = load<u32>(VERIFIER, V_INDEX)
  let state = load<i32>(VERIFIER, V_STATE)
  while (state == 1 && left > 0) {
    if (stage < 0) {
      const hashed = <usize>load<u32>(VERIFIER, V_HASHED)
      const length = <usize>load<u32>(VERIFIER, V_LENGTH)
      const most = <usize>left << 8
      const take = length - hashed < most ? length - hashed : most
      shaUpdate(base + hashed, take)
      store<u32>(VERIFIER, <u32>(hashed + take), V_HASHED)
      left -= <i64>(take >> 8) + 1
      if (hashed + take == length) {
        shaEnd(DIGEST_OUT)
        if (!equalBytes(DIGEST_OUT, base + H_DIGEST, DIGEST_BYTES)) state = STATUS_BAD_DIGEST
        stage = 0
      }
      continue
    }
    const size = <usize>load<u8>(shape)
    // Of bytes there is nothing to check.
    if (index == sectionCount(base, stage) || size == 1) {
      shape = shapeBehind(shape)
      stage++
      index = 0
      store<u32>(VERIFIER, 0, V_CURSOR)
      // Of the hashes, which come last, each set has checked its own.
      if (stage == S_RULE_HASHES) state = STATUS_OK
      continue
    }
    const at = section(base, stage) + <usize>index * size
    cost = 1
    fault = STATUS_BAD_OFFSET
    if (!conforms(shape, at) || !isSound(stage, index, at)) state = fault
    index++
    left -= cost
  }
  store<i32>(VERIFIER, stage, V_STAGE)
  store<u32>(VERIFIER, index, V_INDEX)
  store<i32>(VERIFIER, state, V_STATE)
  return state
}

/** True when the fields at `at` are what the shape says. */
function conforms(shape: usize, at: usize): bool {
  const end = shapeBehind(shape)
  for (let check = shape + 4; check < end; check += 4) if (!passes(check, at)) return false
  return true
}

function passes(check: usize, at: usize): bool {
  return holds(<u32>load<u8>(check), at + <usize>load<u8>(check, 1), <u32>load<u8>(check, 2))
}

function holds(asked: u32, at: usize, target: u32): bool {
  const value = load<u32>(at)
  if (asked == BYTE) return (value & 255) <= target
  if (asked == WORD) return value <= target
  if (asked == RULES) return ruleSet(value, load<u32>(at, 4), load<u32>(at, 8))
  const count = sectionCount(base, target)
  if (asked == BELOW) return value < count
  if (asked == MAYBE) return value + 1 <= count
  if (asked == INDEX) return value <= count
  const end = <u64>value + <u64>load<u32>(at, 4)
  return end <= <u64>count && (asked == SPAN || owns(value, <u32>end))
}

/** True when `[start, end)` lies behind all that records of this section owned before. */
function owns(start: u32, end: u32): bool {
  if (start < load<u32>(VERIFIER, V_CURSOR)) return outOfOrder()
  store<u32>(VERIFIER, end, V_CURSOR)
  return true
}

function outOfOrder(): bool {
  fault = STATUS_BAD_ORDER
  return false
}

/** A set of grants: its own rules, outside the guardrails. */
function ruleSet(start: u32, hashed: u32, general: u32): bool {
  const total = <u64>hashed + <u64>general
  if (total == 0) return true
  const end = <u64>start + total
  if (end > <u64>sectionCount(base, S_RULES)) return false
  if (<u32>end > load<u32>(VERIFIER, V_GUARDS) && start < load<u32>(VERIFIER, V_GUARDS_END)) return false
  return owns(start, <u32>end) && ruleShapes(start, hashed, <u32>total)
}

/** Hashed rules are literal and sorted, the rest are automata. */
function ruleShapes(start: u32, hashed: u32, total: u32): bool {
  cost += <i64>total
  let rule = section(base, S_RULES) + <usize>start * RULE_SIZE
  const hashes = section(base, S_RULE_HASHES) + (<usize>start << 2)
  let previous: u32 = 0
  for (let i: u32 = 0; i < total; i++) {
    const pattern = load<u32>(rule, RULE_PATTERN)
    if (pattern >= sectionCount(base, S_PATTERNS)) return false
    const isDfa = load<u32>(section(base, S_PATTERNS) + <usize>pattern * PATTERN_SIZE, PATTERN_KIND) == PATTERN_DFA
    if (isDfa != i >= hashed) return outOfOrder()
    const hash = isDfa ? previous : load<u32>(hashes + (<usize>i << 2))
    if (hash < previous) return outOfOrder()
    previous = hash
    rule += RULE_SIZE
  }
  return true
}

/** What the shape of a record cannot say. */
function isSound(stage: i32, index: u32, at: usize): bool {
  switch (stage) {
    case S_AGENTS:
      return ascending(load<u32>(at, AGENT_ROLES), load<u32>(at, AGENT_ROLE_COUNT))
    case S_RULES:
      return rule(index, at)
    case S_PATTERNS: {
      const kind = load<u32>(at, PATTERN_KIND)
      if (kind == PATTERN_DFA) return holds(BELOW, at + PATTERN_OFFSET, S_DFAS)
      if (!holds(SPAN, at + PATTERN_OFFSET, S_BYTES)) return false
      const size = <usize>load<u32>(at, PATTERN_LENGTH)
      // A prefix ends in `:`, else it would match inside a segment.
      return (
        kind == PATTERN_EXACT ||
        size == 0 ||
        load<u8>(section(base, S_BYTES) + <usize>load<u32>(at, PATTERN_OFFSET) + size - 1) == 0x3a
      )
    }
    case S_DFAS:
      return automaton(at)
    case S_CONDITIONS:
      return condition(at)
    case S_ATOMS: {
      const check = ATOM_CHECKS + (<usize>load<u8>(at, ATOM_OP) << 2)
      return passes(check, at) && (load<u8>(check, 2) != S_RANGES || sortedRanges(at))
    }
    case S_RANGES:
      return !isLess(at + 16, at)
    case S_WEEKS: {
      const week = load<u32>(at)
      return (week & 0xffff) < week >> 16 && week >> 16 <= 10080
    }
    case S_LIMITS: {
      const percent = <u32>load<u8>(at, LIMIT_PERCENT)
      return (percent <= 100 || percent == 255) && load<u32>(at, LIMIT_METER_COUNT) != 0
    }
    case S_DELEGATIONS: {
      const names = load<u32>(base, H_KIND) == KIND_POLICY ? S_AGENTS : S_STRINGS
      if (!holds(BELOW, at + DELEGATION_FROM, names) || !holds(BELOW, at + DELEGATION_TO, names)) return false
      if (names == S_AGENTS) return true
      return load<u64>(at) == load<u64>(section(base, S_DELEGATIONS)) && isName(at + DELEGATION_FROM) && isName(at + DELEGATION_TO)
    }
    case S_GUARDS:
      return (load<u32>(at, GUARD_LIMIT) == <u32>NONE) != (load<u32>(at, GUARD_KIND) == GUARD_LIMITS)
    default:
      return true
  }
}

/** True when a string is no longer than a name; what it is about is put together from both names of a record. */
function isName(at: usize): bool {
  return stringLength(base, load<u32>(at)) <= <usize>MAX_NAME_BYTES
}

/** No role twice, so that one decision meets its rules once. */
function ascending(roles: u32, count: u32): bool {
  cost += <i64>count
  let at = section(base, S_ROLE_REFS) + (<usize>roles << 2)
  for (let i: u32 = 1; i < count; i++) {
    if (load<u32>(at) >= load<u32>(at, 4)) return outOfOrder()
    at += 4
  }
  return true
}

function rule(index: u32, at: usize): bool {
  const actions = load<u32>(at, RULE_ACTIONS)
  if ((actions & 0x80000000) != 0) {
    const words = sectionCount(base, S_WORDS)
    const list = actions & ACTIONS_ANY
    if (list >= words || load<u32>(section(base, S_WORDS) + (<usize>list << 2)) >= words - list) return false
  }
  const extra = load<u32>(at, RULE_EXTRA)
  if (index < load<u32>(VERIFIER, V_GUARDS) || index >= load<u32>(VERIFIER, V_GUARDS_END)) {
    return extra <= sectionCount(base, S_EXTRAS)
  }
  return extra - 1 < sectionCount(base, S_GUARDS)
}

function automaton(at: usize): bool {
  const states = load<u32>(at, DFA_STATES)
  const classes = load<u32>(at, DFA_CLASSES)
  if (states - 1 >= 65536 || classes - 1 >= 256) return false
  const cells = states * classes
  const start = load<u32>(at, DFA_OFFSET)
  const end = <u64>start + <u64>(256 + cells * 2 + states)
  if (end > <u64>sectionCount(base, S_BYTES) || !owns(start, <u32>end)) return false
  cost += <i64>cells >> 2
  const map = section(base, S_BYTES) + <usize>start
  for (let i: usize = 0; i < 256; i++) if (<u32>load<u8>(map + i) >= classes) return false
  for (let i: u32 = 0; i < cells; i++) if (<u32>load<u16>(map + 256 + (<usize>i << 1)) >= states) return false
  return true
}

function condition(at: usize): bool {
  const count = load<u32>(at, CONDITION_COUNT)
  cost += <i64>count
  let heavy: u64 = 0
  let atom = section(base, S_ATOMS) + <usize>load<u32>(at, CONDITION_ATOMS) * ATOM_SIZE
  for (let i: u32 = 0; i < count; i++) {
    heavy += 1 + <u64>load<u32>(atom, ATOM_COUNT)
    atom += ATOM_SIZE
  }
  if (heavy > load<u64>(VERIFIER, V_HEAVIEST)) store<u64>(VERIFIER, heavy, V_HEAVIEST)
  return load<u32>(at, CONDITION_AGENT_ATOMS) <= count
}

/** Ranges that are searched by halving do not meet. */
function sortedRanges(at: usize): bool {
  const count = load<u32>(at, ATOM_COUNT)
  cost += <i64>count
  let range = section(base, S_RANGES) + <usize>load<u32>(at, ATOM_START) * RANGE_SIZE
  for (let i: u32 = 1; i < count; i++) {
    if (!isLess(range + 16, range + RANGE_SIZE)) return outOfOrder()
    range += RANGE_SIZE
  }
  return true
}
