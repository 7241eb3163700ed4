/**
 * One decision: principals, factors, guardrails, then the choice of the grants that are charged.
 * The order of this file is the order of docs/language.md, sections 4 to 8.
 */
import {
  ANSWER_NEED_AGENT,
  ANSWER_NEED_DELEGATIONS,
  ANSWER_NEED_METERS,
  OUTCOME_ALLOW,
  OUTCOME_APPROVAL,
  OUTCOME_DENY,
  OUTCOME_LIMITED,
  OUTCOME_THROTTLE,
  REASON_AGENT_EXPIRED,
  REASON_AGENT_REVOKED,
  REASON_AGENT_UNKNOWN,
  REASON_ALLOWED,
  REASON_APPROVAL_REQUIRED,
  REASON_BUDGET_EXHAUSTED,
  REASON_DELEGATION_DEPTH,
  REASON_DELEGATION_EXPIRED,
  REASON_DELEGATION_REVOKED,
  REASON_ENGINE_FAULT,
  REASON_FORBIDDEN,
  REASON_INVALID_REQUEST,
  REASON_IP_NOT_ALLOWED,
  REASON_NO_GRANT,
  REASON_RATE_LIMITED,
  REASON_STALE_POLICY,
  REASON_THROTTLED,
} from '../format/codes'
import {
  AGENT_EXPIRES_AT,
  AGENT_HAS_EXPIRY,
  AGENT_LIMITS,
  AGENT_MAY,
  AGENT_ROLES,
  AGENT_ROLE_COUNT,
  AGENT_RULES,
  AGENT_SIZE,
  ANSWER_APPROVED,
  ANSWER_METERED,
  APPROVAL_BY,
  APPROVAL_SIZE,
  APPROVAL_WITHIN,
  CONDITION_AGENT_ATOMS,
  CONDITION_COUNT,
  DELEGATION_DEPTH,
  DELEGATION_EXPIRES,
  DELEGATION_EXPIRY,
  DELEGATION_FROM,
  DELEGATION_LIMITS,
  DELEGATION_REVOKED,
  DELEGATION_RULES,
  DELEGATION_SIZE,
  EXPIRY_AT,
  EXPIRY_NONE,
  EXPLAINED_SIZE,
  EXTRA_APPROVAL,
  EXTRA_CONDITION,
  EXTRA_ESTIMATE,
  EXTRA_LIMITS,
  EXTRA_SIZE,
  FIELD_APPROVED_BY,
  FIELD_COST,
  FIELD_READINGS,
  GUARD_APPROVAL,
  GUARD_FORBID,
  GUARD_KIND,
  GUARD_LIMIT,
  GUARD_SIZE,
  GUARD_UNLESS,
  GUARD_WHEN,
  H_BOUNDARY,
  H_BOUNDARY_LIMITS,
  H_BOUNDARY_MAY,
  H_BOUNDARY_RULES,
  H_GUARD_RULES,
  H_NOT_AFTER,
  H_NOT_BEFORE,
  KIND_AGENT_ATOM,
  LIMIT_PER,
  LIMIT_SIZE,
  NONE,
  PER_OWNER,
  REQ_OPEN,
  RES_AMOUNT,
  RES_ANSWER,
  RES_APPROVALS,
  RES_APPROVAL_COUNT,
  RES_APPROVAL_SIZE,
  RES_CHOSEN,
  RES_CHOSEN_COUNT,
  RES_EXPLAINED,
  RES_GRANT,
  RES_GUARD,
  RES_MASK,
  RES_METER_COUNT,
  RES_PRINCIPAL,
  RULESET_SIZE,
  RULE_EXTRA,
  RULE_ID,
  S_AGENTS,
  S_APPROVALS,
  S_DELEGATIONS,
  S_EXTRAS,
  S_GUARDS,
  S_LIMITS,
  S_PAIR_SLOTS,
  S_ROLE_REFS,
  S_RULESETS,
} from '../format/layout'
import { MAX_APPROVALS, MAX_EXPLAINED, MAX_HOPS, MAX_METERS } from '../format/limits'
import { FALSE, judge, mask, TRUE } from './condition'
import { findAgent, section, sectionCount, stringIs } from './image'
import {
  CANDIDATE_SIZE,
  CANDIDATES,
  CANDIDATES_END,
  EXPLAINED,
  FACTOR_SIZE,
  FACTORS,
  PRINCIPAL_SIZE,
  RESPONSE,
} from './memory'
import {
  amount,
  amountFailed,
  begin,
  CHARGE,
  JUDGE,
  keepCharged,
  LIST,
  meetMeters,
  mode,
  next,
  setMode,
  storeText,
  walkLimit,
  walkLimits,
} from './meters'
import { findRecord, FLAG_REVOKED, flagsOf, hasOverlay, setId, setPair } from './overlay'
import {
  approvedAt,
  approverCount,
  costNano,
  elapsed,
  fact,
  flags,
  now,
  P_AGENT,
  P_BASE,
  P_BOUNDARY,
  P_HASH,
  P_INDEX,
  P_LENGTH,
  P_NAME,
  P_RUNTIME,
  P_SINCE,
  principal,
  principalCount,
  readRequest,
} from './request'
import { matchRules, resetRules } from './rules'
import { finish } from './text'
import { ABSENT } from './time'

/** The image that answers, 0 before the first one. */
export let active: usize = 0

export function setActive(base: usize): void {
  active = base
}

/**
 * Candidate: a satisfied grant. Of two that do as well, the one of lower rank is chosen: unmetered first, policy before run
 * time, then by id. Ids of a run-time record ascend over all its delegations, so they order like policy ids.
 */
const C_ESTIMATE: usize = 0
const C_RANK: usize = 8
const C_ID: usize = 8
const C_FLAGS: usize = 12
const C_BASE: usize = 16
const C_EXTRA: usize = 20
/** Limits of its delegation, in the same image. */
const C_LIMITS: usize = 24
const C_METERS: usize = 28
/** Flags. */
const RUNTIME: u32 = 1
const METERED: u32 = 2

const F_KIND: usize = 0
const F_HOLDER: usize = 4
/** Addresses of its first candidate and behind its last one. */
const F_START: usize = 8
const F_END: usize = 12
/** The nearest miss: fewest failing kinds, policy before run time, lowest id; and the mask of its kinds, 0 for no grant. */
const F_NEAREST: usize = 16
const F_MASK: usize = 24
/** 1 when some grant needs no boundary, or the cause is known; and behind it, when one does. */
const F_POLICY: usize = 28
const F_RUNTIME: usize = 32
const F_CHOSEN: usize = 36
const F_OUTCOME: usize = 40
const F_METERS: usize = 44

/** What the root holds, or what was delegated by a hop. */
const GRANTS: u32 = 0
/** The boundary of a principal made at run time. */
const BOUNDARY: u32 = 1
/** The boundary of the hop in front of it, which counts when a run-time delegation is chosen there. */
const HOP_BOUNDARY: u32 = 2

/** Bit k: reason k denies. */
let causes: u32 = 0
let candidatesEnd: usize = 0
let factorsEnd: usize = 0
let guardsEnd: usize = 0
let forbidId: u32 = 0
/** ANSWER_APPROVED or 0. */
let approvalUsed: i32 = 0
let explaining: bool = false
let explained: u32 = 0
/** True when something beyond plain grants is in play, so that limits must be walked. */
let needsChoice: bool = false

/** What `meet` is doing: collecting grants for a factor, or guardrails when that is 0. */
let meetFactor: usize = 0
let meetWho: usize = 0
let meetLimits: u32 = 0
let meetRuntime: u32 = 0

/** Addresses of the guardrails that matched and limit or ask for an approval. */
const GUARDS_MET: usize = FACTORS + 24 * FACTOR_SIZE
const GUARDS_MET_END: usize = GUARDS_MET + 64 * 4

/** Decides the request of `length` bytes at `at`; the answer is packed as format/layout.ts says. */
export function decide(at: usize, length: usize, explain: bool): i32 {
  explaining = explain
  explained = 0
  // Grant and guardrail, then mask and count of chosen grants, then counts of meters and approvals.
  store<u64>(RESPONSE, -1, RES_GRANT)
  store<u64>(RESPONSE, 0, RES_MASK)
  store<u64>(RESPONSE, 0, RES_METER_COUNT)
  store<u64>(RESPONSE, 0, RES_AMOUNT)
  const result = run(at, length)
  store<u32>(RESPONSE, explained, RES_EXPLAINED)
  store<i32>(RESPONSE, result, RES_ANSWER)
  return result
}

function answer(outcome: i32, reason: u32): i32 {
  return outcome | <i32>(reason << 4) | <i32>(min<u32>(principalCount - 1, 15) << 12)
}

function run(at: usize, length: usize): i32 {
  if (active == 0) return REASON_ENGINE_FAULT << 4
  if (!readRequest(at, length)) return REASON_INVALID_REQUEST << 4
  const notBefore = load<i64>(active, H_NOT_BEFORE)
  const notAfter = load<i64>(active, H_NOT_AFTER)
  if ((notBefore != i64.MIN_VALUE || notAfter != i64.MAX_VALUE) && (now >= ABSENT || now < notBefore || elapsed(0, notAfter))) {
    return answer(OUTCOME_DENY, REASON_STALE_POLICY)
  }
  causes = 0
  for (let i: u32 = 0; i < principalCount; i++) {
    if (!resolve(principal(i))) {
      store<u32>(RESPONSE, i, RES_PRINCIPAL)
      return answer(ANSWER_NEED_AGENT, 0)
    }
  }
  if (causes != 0) return answer(OUTCOME_DENY, ctz(causes))
  const hops = principalCount - 1
  if (hops > <u32>MAX_HOPS) return answer(OUTCOME_DENY, REASON_DELEGATION_DEPTH)

  resetRules()
  candidatesEnd = CANDIDATES
  factorsEnd = FACTORS
  guardsEnd = GUARDS_MET
  forbidId = <u32>NONE
  needsChoice = false
  for (let i: u32 = 0; i <= hops; i++) if (load<u32>(principal(i), P_RUNTIME) != 0) boundaryFactor(BOUNDARY, i)
  beginFactor(GRANTS, 0)
  collectOwn()
  for (let i: u32 = 0; i < hops; i++) {
    checkDepth(i, hops - i)
    if (!collectHop(i + 1)) {
      store<u32>(RESPONSE, i + 1, RES_PRINCIPAL)
      return answer(ANSWER_NEED_DELEGATIONS, 0)
    }
  }
  for (let f = FACTORS; f < factorsEnd; f += FACTOR_SIZE) settleFactor(f)
  meetFactor = 0
  matchRules(active, active + H_GUARD_RULES)
  if (causes >= 1 << REASON_ENGINE_FAULT) return answer(OUTCOME_DENY, REASON_ENGINE_FAULT)
  if (causes == 0) return choose()
  const reason = <u32>ctz(causes)
  if (reason == REASON_FORBIDDEN) store<u32>(RESPONSE, forbidId, RES_GUARD)
  if (reason >= <u32>REASON_IP_NOT_ALLOWED) store<u32>(RESPONSE, causes >> REASON_IP_NOT_ALLOWED, RES_MASK)
  return answer(OUTCOME_DENY, reason)
}

/** Looks a principal up; false when the host must supply it. */
function resolve(p: usize): bool {
  const name = <usize>load<u32>(p, P_NAME)
  const length = <usize>load<u32>(p, P_LENGTH)
  const hash = load<u32>(p, P_HASH)
  const index = findAgent(active, name, length, hash)
  let base = active
  let agent = section(base, S_AGENTS)
  if (hasOverlay) setId(name, length, hash)
  if (index >= 0) {
    agent += <usize>index * AGENT_SIZE
  } else {
    base = hasOverlay ? findRecord() : 0
    if (base == 0) {
      causes |= 1 << REASON_AGENT_UNKNOWN
      return (flags & REQ_OPEN) == 0
    }
    agent = section(base, S_AGENTS)
  }
  store<u32>(p, <u32>(index < 0), P_RUNTIME)
  store<u32>(p, <u32>base, P_BASE)
  store<u32>(p, <u32>agent, P_AGENT)
  store<i32>(p, index, P_INDEX)
  store<u32>(p, 0, P_BOUNDARY)
  // Flag 1 is revoked, flag 2 suspended; their reasons follow one another.
  if (hasOverlay) causes |= (flagsOf() & 3) << REASON_AGENT_REVOKED
  if (load<u8>(agent, AGENT_HAS_EXPIRY) != 0 && elapsed(0, load<i64>(agent, AGENT_EXPIRES_AT))) {
    causes |= 1 << REASON_AGENT_EXPIRED
  }
  return true
}

function beginFactor(kind: u32, holder: u32): usize {
  const f = factorsEnd
  factorsEnd += FACTOR_SIZE
  store<u32>(f, kind, F_KIND)
  store<u32>(f, holder, F_HOLDER)
  store<u32>(f, <u32>candidatesEnd, F_START)
  store<u32>(f, <u32>candidatesEnd, F_END)
  store<u64>(f, -1, F_NEAREST)
  store<u32>(f, 0, F_MASK)
  store<u64>(f, 0, F_POLICY)
  meetFactor = f
  meetWho = principal(holder)
  meetLimits = <u32>NONE
  meetRuntime = 0
  return f
}

function collectOwn(): void {
  const base = <usize>load<u32>(meetWho, P_BASE)
  const agent = <usize>load<u32>(meetWho, P_AGENT)
  matchRules(base, agent + AGENT_RULES)
  let ref = section(base, S_ROLE_REFS) + (<usize>load<u32>(agent, AGENT_ROLES) << 2)
  for (let i = load<u32>(agent, AGENT_ROLE_COUNT); i > 0; i--) {
    matchRules(base, section(base, S_RULESETS) + <usize>load<u32>(ref) * RULESET_SIZE)
    ref += 4
  }
}

/** The boundary as a factor for principal `i`; nothing satisfies a boundary that is not there. */
function boundaryFactor(kind: u32, i: u32): void {
  const f = beginFactor(kind, i)
  store<u32>(meetWho, <u32>f, P_BOUNDARY)
  if (load<u32>(active, H_BOUNDARY) != 0) matchRules(active, active + H_BOUNDARY_RULES)
}

/** Hops that the boundary lets something made at run time take. */
function boundaryMay(): u32 {
  const may = load<u32>(active, H_BOUNDARY_MAY)
  return load<u32>(active, H_BOUNDARY) == 0 || may == <u32>NONE ? 0 : may
}

/** Adds a cause when `left` hops may not leave principal `i`. */
function checkDepth(i: u32, left: u32): void {
  const p = principal(i)
  let may = <u32>load<u8>(<usize>load<u32>(p, P_AGENT), AGENT_MAY)
  if (load<u32>(p, P_RUNTIME) != 0) may = min(may, boundaryMay())
  // Who does not say it passes on what it got, but nothing of its own.
  else if (may == 255 && i == 0) may = 0
  if (may < left) causes |= 1 << REASON_DELEGATION_DEPTH
}

/** Reasons why delegations of a hop could not be used; whether some could, and whether all of them are revoked. */
let unusable: u32 = 0
let usable: bool = false
let pairFlags: u32 = 0

/** Collects the candidates of the hop to principal `i`; false when the host must supply its delegations. */
function collectHop(i: u32): bool {
  const f = beginFactor(GRANTS, i)
  const to = meetWho
  const from = to - PRINCIPAL_SIZE
  let record: usize = 0
  unusable = 0
  usable = false
  pairFlags = 0
  if (hasOverlay) {
    setPair(
      <usize>load<u32>(from, P_NAME),
      <usize>load<u32>(from, P_LENGTH),
      <usize>load<u32>(to, P_NAME),
      <usize>load<u32>(to, P_LENGTH),
    )
    pairFlags = flagsOf()
    record = findRecord()
  }
  const fromIndex = load<u32>(from, P_INDEX)
  const toIndex = load<u32>(to, P_INDEX)
  if (<i32>(fromIndex | toIndex) >= 0) collectPair(fromIndex, <u64>toIndex << 32)
  if (record == 0) {
    if ((flags & REQ_OPEN) != 0) return false
  } else {
    meetRuntime = 1
    let d = section(record, S_DELEGATIONS)
    for (let n = sectionCount(record, S_DELEGATIONS); n > 0; n--) {
      collectDelegation(record, d)
      d += DELEGATION_SIZE
    }
  }
  if (!usable) {
    causes |= unusable == 0 ? 1 << REASON_NO_GRANT : unusable & (0 - unusable)
    store<u32>(f, 1, F_POLICY)
  } else if (load<u32>(f, F_RUNTIME) != 0 && load<u32>(to, P_BOUNDARY) == 0) boundaryFactor(HOP_BOUNDARY, i)
  return true
}

/** Collects what the policy delegates between two of its agents: all of a pair stand together. */
function collectPair(from: u32, to: u64): void {
  const slots = section(active, S_PAIR_SLOTS)
  const mask = sectionCount(active, S_PAIR_SLOTS) - 1
  const table = section(active, S_DELEGATIONS)
  const end = table + <usize>sectionCount(active, S_DELEGATIONS) * DELEGATION_SIZE
  let slot = finish(to | from)
  for (let n: u32 = 0; n <= mask; n++) {
    const index = load<u32>(slots + (<usize>(slot++ & mask) << 2))
    if (index == 0) return
    const first = table + <usize>(index - 1) * DELEGATION_SIZE
    let d = first
    for (; d < end && load<u64>(d, DELEGATION_FROM) == (to | from); d += DELEGATION_SIZE) collectDelegation(active, d)
    if (d != first) return
  }
}

/** Collects the grants of a delegation to `meetWho`, or says why they cannot be used. */
function collectDelegation(base: usize, d: usize): void {
  const left = principalCount - 1 - load<u32>(meetFactor, F_HOLDER)
  const expiry = <u32>load<u8>(d, DELEGATION_EXPIRY)
  const since = expiry == EXPIRY_AT ? 0 : load<i64>(meetWho - PRINCIPAL_SIZE, P_SINCE)
  if (expiry != EXPIRY_NONE && elapsed(since, load<i64>(d, DELEGATION_EXPIRES))) {
    unusable |= 1 << REASON_DELEGATION_EXPIRED
  } else if ((pairFlags & FLAG_REVOKED) != 0 || load<u8>(d, DELEGATION_REVOKED) != 0) {
    unusable |= 1 << REASON_DELEGATION_REVOKED
  } else if (<u32>load<u8>(d, DELEGATION_DEPTH) < left || (meetRuntime != 0 && left > boundaryMay())) {
    unusable |= 1 << REASON_DELEGATION_DEPTH
  } else {
    usable = true
    meetLimits = load<u32>(d, DELEGATION_LIMITS)
    matchRules(base, d + DELEGATION_RULES)
  }
}

/** A rule's action and resource match: judges its conditions and keeps what came of it. */
export function meet(base: usize, rule: usize): void {
  const extra = load<u32>(rule, RULE_EXTRA)
  const id = load<u32>(rule, RULE_ID)
  const f = meetFactor
  if (f == 0) {
    meetGuard(base, id, section(base, S_GUARDS) + <usize>(extra - 1) * GUARD_SIZE)
    return
  }
  let record: usize = 0
  let failed: u32 = 0
  if (extra != 0) {
    record = section(base, S_EXTRAS) + <usize>(extra - 1) * EXTRA_SIZE
    const condition = load<u32>(record, EXTRA_CONDITION)
    if (judge(base, condition, CONDITION_AGENT_ATOMS, meetWho, TRUE) != TRUE) failed = 1 << KIND_AGENT_ATOM
    else if (judge(base, condition, CONDITION_COUNT, meetWho, TRUE) != TRUE) failed = mask
  }
  if (explaining) explain(id, failed)
  if (failed == 0) {
    addCandidate(base, record, id)
  } else if (failed != 1 << KIND_AGENT_ATOM) {
    const nearest = (<u64>((popcnt(failed) << 1) | meetRuntime) << 32) | id
    if (nearest < load<u64>(f, F_NEAREST)) {
      store<u64>(f, nearest, F_NEAREST)
      store<u32>(f, failed, F_MASK)
    }
  }
}

function addCandidate(base: usize, extra: usize, id: u32): void {
  const f = meetFactor
  store<u32>(f + (<usize>meetRuntime << 2), 1, F_POLICY)
  const end = candidatesEnd
  // The same grant through two of its patterns is one candidate.
  for (let c = <usize>load<u32>(f, F_START); c < end; c += CANDIDATE_SIZE) {
    if (load<u32>(c, C_ID) == id && <usize>load<u32>(c, C_BASE) == base) return
  }
  if (end == CANDIDATES_END) {
    causes |= 1 << REASON_ENGINE_FAULT
    return
  }
  candidatesEnd = end + CANDIDATE_SIZE
  store<u32>(f, <u32>candidatesEnd, F_END)
  let metered = meetLimits != <u32>NONE
  let estimate: u64 = 0
  if (extra != 0) {
    metered = metered || load<u32>(extra, EXTRA_LIMITS) != <u32>NONE
    estimate = load<u64>(extra, EXTRA_ESTIMATE)
    needsChoice = needsChoice || estimate != 0 || load<u32>(extra, EXTRA_APPROVAL) != <u32>NONE
  }
  needsChoice = needsChoice || metered
  store<u64>(end, fact(FIELD_COST) == 0 ? estimate : 0, C_ESTIMATE)
  store<u32>(end, id, C_ID)
  store<u32>(end, meetRuntime | (metered ? METERED : 0), C_FLAGS)
  store<u32>(end, <u32>base, C_BASE)
  store<u32>(end, <u32>extra, C_EXTRA)
  store<u32>(end, meetLimits, C_LIMITS)
}

/** Adds the cause of a factor that nothing satisfies. */
function settleFactor(f: usize): void {
  if (load<u32>(f, F_POLICY) != 0) return
  let without = f
  if (load<u32>(f, F_RUNTIME) != 0) {
    without = boundaryOf(f)
    if (load<u32>(without, F_POLICY) != 0) return
  } else if (load<u32>(f, F_KIND) == HOP_BOUNDARY) return
  causes |= kindsToCause(load<u32>(without, F_MASK))
}

function boundaryOf(f: usize): usize {
  return <usize>load<u32>(principal(load<u32>(f, F_HOLDER)), P_BOUNDARY)
}

/** The cause of failing kinds; of none it is that there was no grant. */
function kindsToCause(kinds: u32): u32 {
  if (kinds == 0) return 1 << REASON_NO_GRANT
  if (kinds >= 1 << KIND_AGENT_ATOM) return 1 << REASON_FORBIDDEN
  return (kinds & (0 - kinds)) << REASON_IP_NOT_ALLOWED
}

function meetGuard(base: usize, id: u32, guard: usize): void {
  const isForbid = load<u32>(guard, GUARD_KIND) == GUARD_FORBID
  const when = load<u32>(guard, GUARD_WHEN)
  const unless = load<u32>(guard, GUARD_UNLESS)
  for (let i: u32 = 0; i < principalCount; i++) {
    const who = principal(i)
    const truth = judge(base, when, CONDITION_COUNT, who, isForbid ? FALSE : TRUE)
    if (truth == (isForbid ? FALSE : TRUE)) continue
    let cause: u32 = 1 << REASON_FORBIDDEN
    if (!isForbid) cause = kindsToCause(mask)
    else if (unless != <u32>NONE && judge(base, unless, CONDITION_COUNT, who, TRUE) == TRUE) continue
    causes |= cause
    if (cause == 1 << REASON_FORBIDDEN && id < forbidId) forbidId = id
  }
  if ((load<u32>(guard, GUARD_APPROVAL) & load<u32>(guard, GUARD_LIMIT)) == <u32>NONE) return
  needsChoice = true
  for (let met = GUARDS_MET; met < guardsEnd; met += 4) if (<usize>load<u32>(met) == guard) return
  if (guardsEnd == GUARDS_MET_END) {
    causes |= 1 << REASON_ENGINE_FAULT
    return
  }
  store<u32>(guardsEnd, <u32>guard)
  guardsEnd += 4
}

function explain(id: u32, failed: u32): void {
  if (explained == MAX_EXPLAINED) return
  const at = EXPLAINED + <usize>explained * EXPLAINED_SIZE
  explained++
  store<u32>(at, (<u32>(meetFactor - FACTORS)) / <u32>FACTOR_SIZE)
  store<u32>(at, meetRuntime != 0 ? <u32>NONE : id, 4)
  store<u32>(at, failed, 8)
  store<u32>(at, load<u32>(meetFactor, F_HOLDER), 12)
}

/** Every factor has a candidate and no guardrail denies: reads meters and takes the best choice. */
function choose(): i32 {
  for (let i: u32 = 0; i < principalCount; i++) {
    const p = principal(i)
    if (
      load<u32>(<usize>load<u32>(p, P_AGENT), AGENT_LIMITS) != <u32>NONE ||
      (load<u32>(p, P_BOUNDARY) != 0 && load<u32>(active, H_BOUNDARY_LIMITS) != <u32>NONE)
    ) {
      needsChoice = true
    }
  }
  let meters: u32 = 0
  let last = JUDGE
  approvalUsed = 0
  begin(0)
  if (needsChoice) {
    last = CHARGE
    begin(u64.MAX_VALUE)
    walk(LIST)
    meters = next
    if (meters > <u32>MAX_METERS) return answer(OUTCOME_DENY, REASON_ENGINE_FAULT)
    if (meters > 0) {
      const readings = fact(FIELD_READINGS)
      if (readings == 0) {
        store<u32>(RESPONSE, meters, RES_METER_COUNT)
        return answer(ANSWER_NEED_METERS, 0)
      }
      if (load<u32>(readings) != meters) return REASON_INVALID_REQUEST << 4
    }
    begin(fact(FIELD_COST) != 0 ? costNano : bestEstimate())
  }
  const outcome = walk(last)
  writeChosen()
  store<u64>(RESPONSE, amount, RES_AMOUNT)
  const packed = answer(outcome, <u32>(REASONS >> (<u64>outcome << 3)) & 255)
  if (outcome == OUTCOME_APPROVAL) return packed
  const kept = keepCharged(meters)
  store<u32>(RESPONSE, kept, RES_METER_COUNT)
  return outcome < OUTCOME_THROTTLE ? packed : packed | approvalUsed | (kept > 0 ? ANSWER_METERED : 0)
}

/** The reasons of the outcomes, a byte each. */
const REASONS: u64 =
  REASON_BUDGET_EXHAUSTED |
  (REASON_RATE_LIMITED << (OUTCOME_LIMITED * 8)) |
  (REASON_APPROVAL_REQUIRED << (OUTCOME_APPROVAL * 8)) |
  (REASON_THROTTLED << (OUTCOME_THROTTLE * 8)) |
  (<u64>REASON_ALLOWED << (OUTCOME_ALLOW * 8))

/** The estimate whose grants do best without a cost: the largest one, unless budgets cannot pay it and can a smaller one. */
function bestEstimate(): u64 {
  let best: u64 = 0
  let bestOutcome = -1
  let tried = u64.MAX_VALUE
  do {
    // The next one: the largest below.
    const below = tried
    tried = 0
    for (let c = CANDIDATES; c < candidatesEnd; c += CANDIDATE_SIZE) {
      const estimate = load<u64>(c, C_ESTIMATE)
      if (estimate < below) tried = max(tried, estimate)
    }
    begin(tried)
    const outcome = walk(JUDGE)
    if (outcome < 0) break
    let chosen: u64 = 0
    for (let f = FACTORS; f < factorsEnd; f += FACTOR_SIZE) chosen = max(chosen, load<u64>(counted(f), C_ESTIMATE))
    if (chosen != tried) continue
    if (outcome > bestOutcome) {
      bestOutcome = outcome
      best = tried
    }
    if (!amountFailed) break
  } while (tried != 0)
  return best
}

/**
 * Walks through all clauses: those of candidates, choosing one for each factor, then those of principals and guardrails. When
 * meters are charged, those of what is chosen follow the choice. The worst outcome; -1 when a factor has no candidate that
 * the amount allows.
 */
function walk(last: u32): i32 {
  let outcome = OUTCOME_ALLOW
  setMode(min(last, JUDGE))
  // What is made at run time does as well as its boundary at most.
  for (let f = FACTORS; f < factorsEnd; f += FACTOR_SIZE) if (load<u32>(f, F_KIND) != GRANTS) chooseIn(f)
  for (let f = FACTORS; f < factorsEnd; f += FACTOR_SIZE) {
    const kind = load<u32>(f, F_KIND)
    if (kind == HOP_BOUNDARY) continue
    if (kind == GRANTS) chooseIn(f)
    const one = load<i32>(f, F_OUTCOME)
    if (one < 0) return one
    outcome = min(outcome, one)
  }
  if (!needsChoice) return outcome
  setMode(last)
  if (last == CHARGE) {
    for (let f = FACTORS; f < factorsEnd; f += FACTOR_SIZE) {
      const c = counted(f)
      if (c == 0) continue
      walkCandidate(c, 0)
      if (load<u32>(f, F_KIND) != GRANTS) walkBoundary(f)
    }
  }
  meetMeters(REST)
  for (let i: u32 = 0; i < principalCount; i++) {
    const p = principal(i)
    const list = load<u32>(<usize>load<u32>(p, P_AGENT), AGENT_LIMITS)
    outcome = min(outcome, walkLimits(<usize>load<u32>(p, P_BASE), list, i))
  }
  for (let met = GUARDS_MET; met < guardsEnd; met += 4) {
    const guard = <usize>load<u32>(met)
    const limit = load<u32>(guard, GUARD_LIMIT)
    if (limit == <u32>NONE) {
      outcome = min(outcome, judgeApproval(active, load<u32>(guard, GUARD_APPROVAL)))
      continue
    }
    // Counted for each principal, or once for all of them.
    const per = <u32>load<u8>(section(active, S_LIMITS) + <usize>limit * LIMIT_SIZE, LIMIT_PER)
    for (let i: u32 = 0; i < (per <= <u32>PER_OWNER ? principalCount : 1); i++) {
      outcome = min(outcome, walkLimit(active, limit, i))
    }
  }
  return outcome
}

/** Where the meters of principals and guardrails begin. */
const REST: usize = GUARDS_MET_END

/** Chooses the candidate of a factor: best outcome, then lowest rank. */
function chooseIn(f: usize): void {
  const holder = load<u32>(f, F_HOLDER)
  const end = <usize>load<u32>(f, F_END)
  const bound = load<u32>(f, F_RUNTIME) != 0 ? load<i32>(boundaryOf(f), F_OUTCOME) : OUTCOME_ALLOW
  let best: usize = 0
  let bestOutcome = -1
  for (let c = <usize>load<u32>(f, F_START); c < end; c += CANDIDATE_SIZE) {
    if (load<u64>(c, C_ESTIMATE) > amount) continue
    let outcome = needsChoice ? walkCandidate(c, holder) : OUTCOME_ALLOW
    if ((load<u32>(c, C_FLAGS) & RUNTIME) != 0) outcome = min(outcome, bound)
    // Nothing ranks below a candidate that is not there.
    if (outcome > bestOutcome || (outcome == bestOutcome && load<u64>(c, C_RANK) < load<u64>(best, C_RANK))) {
      best = c
      bestOutcome = outcome
    }
  }
  if (needsChoice && load<u32>(f, F_KIND) != GRANTS) bestOutcome = min(bestOutcome, walkBoundary(f))
  store<u32>(f, <u32>best, F_CHOSEN)
  store<i32>(f, bestOutcome, F_OUTCOME)
}

/** The limits of a factor's boundary. */
function walkBoundary(f: usize): i32 {
  meetMeters(f + F_METERS)
  return walkLimits(active, load<u32>(active, H_BOUNDARY_LIMITS), load<u32>(f, F_HOLDER))
}

function walkCandidate(c: usize, who: u32): i32 {
  const base = <usize>load<u32>(c, C_BASE)
  const extra = <usize>load<u32>(c, C_EXTRA)
  let outcome = OUTCOME_ALLOW
  meetMeters(c + C_METERS)
  if (extra != 0) {
    outcome = judgeApproval(base, load<u32>(extra, EXTRA_APPROVAL))
    outcome = min(outcome, walkLimits(base, load<u32>(extra, EXTRA_LIMITS), who))
  }
  return min(outcome, walkLimits(base, load<u32>(c, C_LIMITS), who))
}

/** ALLOW when the approval (NONE: none) has been given, else APPROVAL. When meters are charged, notes what was used or is missing. */
function judgeApproval(base: usize, index: u32): i32 {
  if (index == <u32>NONE) return OUTCOME_ALLOW
  const record = section(base, S_APPROVALS) + <usize>index * APPROVAL_SIZE
  const by = load<u32>(record, APPROVAL_BY)
  const within = load<i64>(record, APPROVAL_WITHIN)
  const isLate = within >= 0 && approvedAt != ABSENT && elapsed(approvedAt, within)
  if (!isLate && hasApprover(base, by)) {
    if (mode == CHARGE) approvalUsed = ANSWER_APPROVED
    return OUTCOME_ALLOW
  }
  const count = load<u32>(RESPONSE, RES_APPROVAL_COUNT)
  if (mode == CHARGE && count < <u32>MAX_APPROVALS) {
    const at = RESPONSE + RES_APPROVALS + <usize>count * RES_APPROVAL_SIZE
    storeText(at, base, by)
    store<i64>(at, within, 8)
    store<u32>(RESPONSE, count + 1, RES_APPROVAL_COUNT)
  }
  return OUTCOME_APPROVAL
}

function hasApprover(base: usize, by: u32): bool {
  let value = fact(FIELD_APPROVED_BY)
  for (let i: u32 = 0; i < approverCount; i++) {
    const length = <usize>load<u32>(value, 1)
    if (by == <u32>NONE || stringIs(base, by, value + 5, length)) return true
    value += 6 + length
  }
  return false
}

/** What was chosen for a factor; 0 for a boundary that does not count, since its hop chose no run-time delegation. */
function counted(f: usize): usize {
  if (load<u32>(f, F_KIND) == HOP_BOUNDARY) {
    const chosen = <usize>load<u32>(f - FACTOR_SIZE, F_CHOSEN)
    if ((load<u32>(chosen, C_FLAGS) & RUNTIME) == 0) return 0
  }
  return <usize>load<u32>(f, F_CHOSEN)
}

/** Ids of what was chosen, boundaries last. */
function writeChosen(): void {
  let at = RESPONSE + RES_CHOSEN
  for (let boundary = 0; boundary < 2; boundary++) {
    for (let f = FACTORS; f < factorsEnd; f += FACTOR_SIZE) {
      const c = counted(f)
      if (c == 0 || <i32>(load<u32>(f, F_KIND) != GRANTS) != boundary) continue
      // Ids of records are their own; only those of the policy mean anything outside.
      store<u32>(at, <usize>load<u32>(c, C_BASE) == active ? load<u32>(c, C_ID) : <u32>NONE)
      at += 4
    }
  }
  store<u32>(RESPONSE, load<u32>(RESPONSE, RES_CHOSEN), RES_GRANT)
  store<u32>(RESPONSE, <u32>(at - RESPONSE - RES_CHOSEN) >> 2, RES_CHOSEN_COUNT)
}
