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
  REASON_AGENT_SUSPENDED,
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
  AGENT_GENERAL,
  AGENT_HAS_EXPIRY,
  AGENT_HASHED,
  AGENT_LIMITS,
  AGENT_MAY,
  AGENT_OWNER,
  AGENT_ROLE_COUNT,
  AGENT_ROLES,
  AGENT_RULES,
  AGENT_SIZE,
  ANSWER_APPROVED,
  ANSWER_METERED,
  APPROVAL_BY,
  APPROVAL_SIZE,
  APPROVAL_WITHIN,
  DELEGATION_DEPTH,
  DELEGATION_EXPIRES,
  DELEGATION_EXPIRY,
  DELEGATION_FROM,
  DELEGATION_GENERAL,
  DELEGATION_HASHED,
  DELEGATION_LIMITS,
  DELEGATION_REVOKED,
  DELEGATION_RULES,
  DELEGATION_SIZE,
  DELEGATION_TO,
  EXPIRY_AT,
  EXPIRY_NONE,
  EXPLAINED_SIZE,
  EXTRA_APPROVAL,
  EXTRA_CONDITION,
  EXTRA_ESTIMATE,
  EXTRA_LIMITS,
  EXTRA_SIZE,
  GUARD_APPROVAL,
  GUARD_FORBID,
  GUARD_KIND,
  GUARD_LIMIT,
  GUARD_REQUIRE,
  GUARD_SIZE,
  GUARD_UNLESS,
  GUARD_WHEN,
  H_BOUNDARY,
  H_BOUNDARY_GENERAL,
  H_BOUNDARY_HASHED,
  H_BOUNDARY_LIMITS,
  H_BOUNDARY_MAY,
  H_BOUNDARY_RULES,
  H_GUARD_GENERAL,
  H_GUARD_HASHED,
  H_GUARD_RULES,
  H_NOT_AFTER,
  H_NOT_BEFORE,
  KIND_AGENT_ATOM,
  LIMIT_PER,
  LIMIT_SIZE,
  NONE,
  PER_AGENT,
  PER_AGENT_RESOURCE,
  PER_OWNER,
  RES_AMOUNT,
  RES_ANSWER,
  RES_APPROVAL_COUNT,
  RES_APPROVAL_SIZE,
  RES_APPROVALS,
  RES_CHOSEN,
  RES_CHOSEN_COUNT,
  RES_EXPLAINED,
  RES_GRANT,
  RES_GUARD,
  RES_MASK,
  RES_METER_COUNT,
  RES_METER_SIZE,
  RES_METERS,
  RES_PRINCIPAL,
  RULESET_SIZE,
  RULE_EXTRA,
  RULE_ID,
  RULESET_GENERAL,
  RULESET_HASHED,
  RULESET_RULES,
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
import { MAX_APPROVALS, MAX_CANDIDATES, MAX_EXPLAINED, MAX_HOPS, MAX_METERS } from '../format/limits'
import { applies, FALSE, judge, mask, TRUE } from './condition'
import { findAgent, section, sectionCount, stringAddress, stringIs, stringLength } from './image'
import { CANDIDATE_SIZE, CANDIDATES, FACTOR_SIZE, FACTORS, REQUEST, RESPONSE } from './memory'
import {
  amountFailed,
  clearCharges,
  judgeLimit,
  judgeLimits,
  keepCharged,
  listLimit,
  listLimits,
  meterBehind,
  meterCount,
  meterOverflow,
  resetAmountFailed,
  resetMeters,
} from './meters'
import { findAgentRecord, findDelegationRecord, FLAG_REVOKED, FLAG_SUSPENDED, flagCount, flagsOf } from './overlay'
import {
  ABSENT,
  approvedAt,
  approvedAtState,
  approverCount,
  approversAt,
  costAt,
  costNano,
  KNOWN,
  now,
  nowState,
  open,
  P_AGENT,
  P_BASE,
  P_BOUNDARY_FACTOR,
  P_HASH,
  P_INDEX,
  P_LENGTH,
  P_NAME,
  P_RUNTIME,
  P_SINCE,
  P_SINCE_STATE,
  principal,
  principalCount,
  readingCount,
  readingsAt,
  readRequest,
} from './request'
import { matchRules, resetRules } from './rules'
import { equalBytes, finish, fold } from './text'

/** The image that answers, 0 before the first one. */
let active: usize = 0

export function setActive(base: usize): void {
  active = base
}

export function activeImage(): usize {
  return active
}

/** Candidate: a satisfied grant. Ids of a run-time record ascend over all its delegations, so they order like policy ids. */
const C_BASE: usize = 0
const C_EXTRA: usize = 4
const C_ID: usize = 8
/** Limits of its delegation, in the same image. */
const C_LIMITS: usize = 12
const C_RUNTIME: usize = 16
const C_ESTIMATE: usize = 24
const C_METERS: usize = 32
const C_METERED: usize = 36

const F_KIND: usize = 0
const F_HOLDER: usize = 4
const F_START: usize = 8
const F_COUNT: usize = 12
/** Fewest failing kinds, their mask, and the grant; 99 when no grant applied. */
const F_NEAREST: usize = 16
const F_NEAREST_MASK: usize = 20
const F_NEAREST_RUNTIME: usize = 24
const F_NEAREST_ID: usize = 28
/** Satisfied grants that need no boundary, and those that do. */
const F_POLICY: usize = 32
const F_RUNTIME: usize = 36
const F_CHOSEN: usize = 40
const F_OUTCOME: usize = 44
const F_METERS: usize = 48
/** Boundary only: 1 when it holds whatever is chosen. */
const F_ALWAYS: usize = 52

const OWN: u32 = 0
const HOP: u32 = 1
const BOUNDARY: u32 = 2

let causes: u32 = 0
let candidateCount: u32 = 0
let factorCount: u32 = 0
let guardCount: u32 = 0
let forbidId: u32 = 0
let guardApprovalMissing: bool = false
let approvalUsed: bool = false
let overflow: bool = false
let explaining: bool = false
let explained: u32 = 0
/** True when something beyond plain grants is in play: the quick answer does not apply. */
let needsChoice: bool = false

/** What `meet` is doing: collecting grants for a factor, or guardrails. */
let meetGuards: bool = false
let meetFactor: usize = 0
let meetWho: usize = 0
let meetLimits: u32 = 0
let meetRuntime: u32 = 0

/** Guardrail limits and approvals that matched: (limit index or NONE, approval index, first meter). */
const GUARDS_MET: usize = FACTORS + 24 * FACTOR_SIZE
const MAX_GUARDS_MET: u32 = 64

/** Decides the request of `length` bytes at `at`; the answer is packed as format/layout.ts says. */
export function decide(at: usize, length: usize, explain: bool): i32 {
  explaining = explain
  explained = 0
  store<u32>(RESPONSE, <u32>NONE, RES_GRANT)
  store<u32>(RESPONSE, <u32>NONE, RES_GUARD)
  store<u32>(RESPONSE, 0, RES_MASK)
  store<u32>(RESPONSE, 0, RES_CHOSEN_COUNT)
  store<u32>(RESPONSE, 0, RES_METER_COUNT)
  store<u32>(RESPONSE, 0, RES_APPROVAL_COUNT)
  store<u64>(RESPONSE, 0, RES_AMOUNT)
  const result = run(at, length)
  store<u32>(RESPONSE, explained, RES_EXPLAINED)
  store<i32>(RESPONSE, result, RES_ANSWER)
  return result
}

function answer(outcome: i32, reason: u32): i32 {
  const hops = principalCount > 0 ? principalCount - 1 : 0
  return outcome | (<i32>reason << 4) | (<i32>(hops > 15 ? 15 : hops) << 12)
}

function deny(reason: u32): i32 {
  return answer(OUTCOME_DENY, reason)
}

function run(at: usize, length: usize): i32 {
  if (active == 0) return REASON_ENGINE_FAULT << 4
  if (!readRequest(at, length)) return REASON_INVALID_REQUEST << 4
  const notBefore = load<i64>(active, H_NOT_BEFORE)
  const notAfter = load<i64>(active, H_NOT_AFTER)
  if (notBefore != i64.MIN_VALUE || notAfter != i64.MAX_VALUE) {
    if (nowState != KNOWN || now < notBefore || now >= notAfter) return deny(REASON_STALE_POLICY)
  }
  causes = 0
  const missing = resolvePrincipals()
  if (missing >= 0) {
    store<i32>(RESPONSE, missing, RES_PRINCIPAL)
    return answer(ANSWER_NEED_AGENT, 0)
  }
  if (causes != 0) return deny(ctz(causes))
  const hops = principalCount - 1
  if (hops > <u32>MAX_HOPS) return deny(REASON_DELEGATION_DEPTH)

  resetRules()
  candidateCount = 0
  factorCount = 0
  guardCount = 0
  forbidId = <u32>NONE
  guardApprovalMissing = false
  approvalUsed = false
  overflow = false
  needsChoice = false
  for (let i: u32 = 0; i <= hops; i++) {
    if (load<u32>(principal(i), P_RUNTIME) != 0) boundaryFactor(i, true)
  }
  const root = beginFactor(OWN, 0)
  collectOwn(root)
  if (hops > 0) checkDepth(hops)
  for (let i: u32 = 1; i <= hops; i++) {
    if (!collectHop(i, hops - i)) {
      store<u32>(RESPONSE, i, RES_PRINCIPAL)
      return answer(ANSWER_NEED_DELEGATIONS, 0)
    }
  }
  for (let i: u32 = 0; i < factorCount; i++) settleFactor(factor(i))
  meetGuards = true
  matchRules(active, load<u32>(active, H_GUARD_RULES), load<u32>(active, H_GUARD_HASHED), load<u32>(active, H_GUARD_GENERAL))
  if (overflow) return deny(REASON_ENGINE_FAULT)
  if (causes != 0) {
    const reason = <u32>ctz(causes)
    if (reason == REASON_FORBIDDEN) store<u32>(RESPONSE, forbidId, RES_GUARD)
    if (reason >= <u32>REASON_IP_NOT_ALLOWED) store<u32>(RESPONSE, causes >> REASON_IP_NOT_ALLOWED, RES_MASK)
    return deny(reason)
  }
  return choose(hops)
}

/** Looks every principal up; returns the first that the host must supply, or -1. */
function resolvePrincipals(): i32 {
  for (let i: u32 = 0; i < principalCount; i++) {
    const p = principal(i)
    const name = <usize>load<u32>(p, P_NAME)
    const length = <usize>load<u32>(p, P_LENGTH)
    const hash = load<u32>(p, P_HASH)
    const index = findAgent(active, name, length, hash)
    let base = active
    let agent: usize = 0
    if (index >= 0) {
      agent = section(active, S_AGENTS) + <usize>index * AGENT_SIZE
    } else {
      base = findAgentRecord(name, length, hash)
      if (base != 0) {
        agent = section(base, S_AGENTS)
        store<u32>(p, 1, P_RUNTIME)
      } else {
        if (open) return <i32>i
        causes |= 1 << REASON_AGENT_UNKNOWN
        continue
      }
    }
    store<u32>(p, <u32>base, P_BASE)
    store<u32>(p, <u32>agent, P_AGENT)
    store<i32>(p, index, P_INDEX)
    store<u32>(p, <u32>NONE, P_BOUNDARY_FACTOR)
    const flags = flagsOf(name, length)
    if ((flags & FLAG_REVOKED) != 0) causes |= 1 << REASON_AGENT_REVOKED
    if ((flags & FLAG_SUSPENDED) != 0) causes |= 1 << REASON_AGENT_SUSPENDED
    if (load<u8>(agent, AGENT_HAS_EXPIRY) != 0) {
      if (nowState != KNOWN || now >= load<i64>(agent, AGENT_EXPIRES_AT)) causes |= 1 << REASON_AGENT_EXPIRED
    }
  }
  return -1
}

function factor(index: u32): usize {
  return FACTORS + <usize>index * FACTOR_SIZE
}

function candidate(index: u32): usize {
  return CANDIDATES + <usize>index * CANDIDATE_SIZE
}

function beginFactor(kind: u32, holder: u32): usize {
  const f = factor(factorCount++)
  store<u32>(f, kind, F_KIND)
  store<u32>(f, holder, F_HOLDER)
  store<u32>(f, candidateCount, F_START)
  store<u32>(f, 0, F_COUNT)
  store<u32>(f, 99, F_NEAREST)
  store<u32>(f, 0, F_NEAREST_MASK)
  store<u32>(f, 0, F_POLICY)
  store<u32>(f, 0, F_RUNTIME)
  store<u32>(f, 0, F_ALWAYS)
  meetGuards = false
  meetFactor = f
  meetWho = principal(holder)
  meetLimits = <u32>NONE
  meetRuntime = 0
  return f
}

function collectOwn(f: usize): void {
  const p = principal(0)
  const base = <usize>load<u32>(p, P_BASE)
  const agent = <usize>load<u32>(p, P_AGENT)
  matchRules(base, load<u32>(agent, AGENT_RULES), load<u32>(agent, AGENT_HASHED), load<u32>(agent, AGENT_GENERAL))
  const roles = load<u32>(agent, AGENT_ROLE_COUNT)
  if (roles == 0) return
  const refs = section(base, S_ROLE_REFS) + (<usize>load<u32>(agent, AGENT_ROLES) << 2)
  for (let i: u32 = 0; i < roles; i++) {
    const set = section(base, S_RULESETS) + <usize>load<u32>(refs + (<usize>i << 2)) * RULESET_SIZE
    matchRules(base, load<u32>(set, RULESET_RULES), load<u32>(set, RULESET_HASHED), load<u32>(set, RULESET_GENERAL))
  }
}

/** The boundary as a factor for principal `i`; nothing satisfies a boundary that is not there. */
function boundaryFactor(i: u32, always: bool): usize {
  store<u32>(principal(i), factorCount, P_BOUNDARY_FACTOR)
  const f = beginFactor(BOUNDARY, i)
  store<u32>(f, always ? 1 : 0, F_ALWAYS)
  if (load<u32>(active, H_BOUNDARY) != 0) {
    matchRules(
      active,
      load<u32>(active, H_BOUNDARY_RULES),
      load<u32>(active, H_BOUNDARY_HASHED),
      load<u32>(active, H_BOUNDARY_GENERAL),
    )
  }
  return f
}

/** Hops that may leave a principal, or -1 when it does not say. */
function mayDelegate(i: u32): i32 {
  const p = principal(i)
  const stated = <i32>load<u8>(<usize>load<u32>(p, P_AGENT), AGENT_MAY)
  if (load<u32>(p, P_RUNTIME) == 0) return stated == 255 ? -1 : stated
  const cap = boundaryMay()
  return stated == 255 || stated > cap ? cap : stated
}

function boundaryMay(): i32 {
  const may = load<u32>(active, H_BOUNDARY_MAY)
  return load<u32>(active, H_BOUNDARY) == 0 || may == <u32>NONE ? 0 : <i32>may
}

function checkDepth(hops: u32): void {
  for (let i: u32 = 0; i < hops; i++) {
    const may = mayDelegate(i)
    if (may < <i32>(hops - i) && (i == 0 || may >= 0)) causes |= 1 << REASON_DELEGATION_DEPTH
  }
}

let unusable: u32 = 0
let usable: u32 = 0
let revokedPair: bool = false

/** Collects the candidates of hop `i` with `left` hops after it; false when the host must supply its delegations. */
function collectHop(i: u32, left: u32): bool {
  const from = principal(i - 1)
  const to = principal(i)
  const f = beginFactor(HOP, i)
  unusable = 0
  usable = 0
  const fromIndex = load<i32>(from, P_INDEX)
  const toIndex = load<i32>(to, P_INDEX)
  revokedPair = flagCount > 0 && pairRevoked(from, to)
  if (fromIndex >= 0 && toIndex >= 0) collectPolicyDelegations(<u32>fromIndex, <u32>toIndex, from, to, left)
  const fromAt = <usize>load<u32>(from, P_NAME)
  const fromLength = <usize>load<u32>(from, P_LENGTH)
  const toAt = <usize>load<u32>(to, P_NAME)
  const toLength = <usize>load<u32>(to, P_LENGTH)
  const record = findDelegationRecord(fromAt, fromLength, toAt, toLength)
  if (record == 0) {
    if (open) return false
  } else {
    const shallow = <i32>left > boundaryMay()
    const count = sectionCount(record, S_DELEGATIONS)
    for (let d: u32 = 0; d < count; d++) {
      meetRuntime = 1
      collectDelegation(record, section(record, S_DELEGATIONS) + <usize>d * DELEGATION_SIZE, from, to, left, shallow)
    }
  }
  if (usable == 0) {
    causes |= unusable == 0 ? 1 << REASON_NO_GRANT : unusable & (0 - unusable)
    store<u32>(f, 98, F_NEAREST)
    return true
  }
  if (load<u32>(f, F_RUNTIME) != 0 && load<u32>(to, P_BOUNDARY_FACTOR) == <u32>NONE) {
    boundaryFactor(i, false)
    meetFactor = f
  }
  return true
}

/** Where `from` 0 `to` is put together to look up the flags of a pair. */
const PAIR_NAME: usize = GUARDS_MET + 1024

function collectPolicyDelegations(fromIndex: u32, toIndex: u32, from: usize, to: usize, left: u32): void {
  const slots = section(active, S_PAIR_SLOTS)
  const mask = sectionCount(active, S_PAIR_SLOTS) - 1
  const total = sectionCount(active, S_DELEGATIONS)
  const table = section(active, S_DELEGATIONS)
  let slot = finish(fold(fromIndex, <u64>toIndex << 32)) & mask
  for (let n: u32 = 0; n <= mask; n++) {
    const index = load<u32>(slots + (<usize>slot << 2))
    if (index == 0) return
    let d = index - 1
    if (isPair(table, d, fromIndex, toIndex)) {
      while (d < total && isPair(table, d, fromIndex, toIndex)) {
        meetRuntime = 0
        collectDelegation(active, table + <usize>d * DELEGATION_SIZE, from, to, left, false)
        d++
      }
      return
    }
    slot = (slot + 1) & mask
  }
}

function isPair(table: usize, index: u32, from: u32, to: u32): bool {
  const d = table + <usize>index * DELEGATION_SIZE
  return load<u32>(d, DELEGATION_FROM) == from && load<u32>(d, DELEGATION_TO) == to
}

function pairRevoked(from: usize, to: usize): bool {
  const a = <usize>load<u32>(from, P_LENGTH)
  const b = <usize>load<u32>(to, P_LENGTH)
  memory.copy(PAIR_NAME, <usize>load<u32>(from, P_NAME), a)
  store<u8>(PAIR_NAME + a, 0)
  memory.copy(PAIR_NAME + a + 1, <usize>load<u32>(to, P_NAME), b)
  return (flagsOf(PAIR_NAME, a + b + 1) & FLAG_REVOKED) != 0
}

function collectDelegation(base: usize, d: usize, from: usize, to: usize, left: u32, shallow: bool): void {
  const expiry = <u32>load<u8>(d, DELEGATION_EXPIRY)
  if (expiry != EXPIRY_NONE) {
    let at = load<i64>(d, DELEGATION_EXPIRES)
    let known = nowState == KNOWN
    if (expiry != EXPIRY_AT) {
      known = known && load<i32>(from, P_SINCE_STATE) == KNOWN
      at += load<i64>(from, P_SINCE)
    }
    if (!known || now >= at) {
      unusable |= 1 << REASON_DELEGATION_EXPIRED
      return
    }
  }
  if (revokedPair || load<u8>(d, DELEGATION_REVOKED) != 0) {
    unusable |= 1 << REASON_DELEGATION_REVOKED
    return
  }
  if (shallow || <u32>load<u8>(d, DELEGATION_DEPTH) < left) {
    unusable |= 1 << REASON_DELEGATION_DEPTH
    return
  }
  usable++
  meetLimits = load<u32>(d, DELEGATION_LIMITS)
  matchRules(base, load<u32>(d, DELEGATION_RULES), load<u32>(d, DELEGATION_HASHED), load<u32>(d, DELEGATION_GENERAL))
}

/** A rule's action and resource match: judges its conditions and keeps what came of it. */
export function meet(base: usize, rule: usize): void {
  const extra = load<u32>(rule, RULE_EXTRA)
  const id = load<u32>(rule, RULE_ID)
  if (meetGuards) {
    meetGuard(base, id, section(base, S_GUARDS) + <usize>(extra - 1) * GUARD_SIZE)
    return
  }
  if (extra == 0) {
    if (explaining) explain(id, 0)
    addCandidate(base, 0, id)
    return
  }
  const record = section(base, S_EXTRAS) + <usize>(extra - 1) * EXTRA_SIZE
  const condition = load<u32>(record, EXTRA_CONDITION)
  if (condition != <u32>NONE) {
    if (!applies(base, condition, meetWho)) {
      if (explaining) explain(id, 1 << KIND_AGENT_ATOM)
      return
    }
    if (judge(base, condition, meetWho, TRUE) != TRUE) {
      if (explaining) explain(id, mask)
      const failing = popcnt(mask)
      const f = meetFactor
      const best = load<u32>(f, F_NEAREST)
      if (
        failing < best ||
        (failing == best &&
          (meetRuntime < load<u32>(f, F_NEAREST_RUNTIME) ||
            (meetRuntime == load<u32>(f, F_NEAREST_RUNTIME) && id < load<u32>(f, F_NEAREST_ID))))
      ) {
        store<u32>(f, failing, F_NEAREST)
        store<u32>(f, mask, F_NEAREST_MASK)
        store<u32>(f, meetRuntime, F_NEAREST_RUNTIME)
        store<u32>(f, id, F_NEAREST_ID)
      }
      return
    }
  }
  if (explaining) explain(id, 0)
  addCandidate(base, record, id)
}

function addCandidate(base: usize, extra: usize, id: u32): void {
  const f = meetFactor
  const tally = f + (meetRuntime != 0 ? F_RUNTIME : F_POLICY)
  store<u32>(tally, load<u32>(tally) + 1)
  const start = load<u32>(f, F_START)
  const count = load<u32>(f, F_COUNT)
  // The same grant through two of its patterns is one candidate.
  for (let i: u32 = start; i < start + count; i++) {
    const c = candidate(i)
    if (load<u32>(c, C_ID) == id && load<u32>(c, C_BASE) == <u32>base) return
  }
  if (candidateCount == MAX_CANDIDATES) {
    overflow = true
    return
  }
  const c = candidate(candidateCount++)
  store<u32>(f, count + 1, F_COUNT)
  store<u32>(c, <u32>base, C_BASE)
  store<u32>(c, <u32>extra, C_EXTRA)
  store<u32>(c, id, C_ID)
  store<u32>(c, meetLimits, C_LIMITS)
  store<u32>(c, meetRuntime, C_RUNTIME)
  let metered = meetLimits != <u32>NONE
  let estimate: u64 = 0
  if (extra != 0) {
    estimate = load<u64>(extra, EXTRA_ESTIMATE)
    metered = metered || load<u32>(extra, EXTRA_LIMITS) != <u32>NONE
    if (metered || estimate != 0 || load<u32>(extra, EXTRA_APPROVAL) != <u32>NONE) needsChoice = true
  } else if (metered) {
    needsChoice = true
  }
  store<u64>(c, costAt == 0 ? estimate : 0, C_ESTIMATE)
  store<u32>(c, metered ? 1 : 0, C_METERED)
}

/** Adds the cause of a factor that nothing satisfies. */
function settleFactor(f: usize): void {
  if (load<u32>(f, F_POLICY) != 0 || load<u32>(f, F_NEAREST) == 98) return
  if (load<u32>(f, F_RUNTIME) != 0) {
    const boundary = factor(load<u32>(principal(load<u32>(f, F_HOLDER)), P_BOUNDARY_FACTOR))
    if (load<u32>(boundary, F_POLICY) == 0) causes |= missOf(boundary)
    return
  }
  if (load<u32>(f, F_KIND) == BOUNDARY && load<u32>(f, F_ALWAYS) == 0) return
  causes |= missOf(f)
}

function missOf(f: usize): u32 {
  if (load<u32>(f, F_NEAREST) == 99) return 1 << REASON_NO_GRANT
  return kindsToCause(load<u32>(f, F_NEAREST_MASK))
}

function kindsToCause(kinds: u32): u32 {
  if ((kinds >> KIND_AGENT_ATOM) != 0) return 1 << REASON_FORBIDDEN
  return 1 << (REASON_IP_NOT_ALLOWED + ctz(kinds))
}

function meetGuard(base: usize, id: u32, guard: usize): void {
  const kind = load<u32>(guard, GUARD_KIND)
  if (kind == GUARD_FORBID) {
    for (let i: u32 = 0; i < principalCount; i++) {
      const who = principal(i)
      if (judge(base, load<u32>(guard, GUARD_WHEN), who, FALSE) == FALSE) continue
      const unless = load<u32>(guard, GUARD_UNLESS)
      if (unless != <u32>NONE && judge(base, unless, who, TRUE) == TRUE) continue
      causes |= 1 << REASON_FORBIDDEN
      if (id < forbidId) forbidId = id
      return
    }
    return
  }
  if (kind == GUARD_REQUIRE) {
    const when = load<u32>(guard, GUARD_WHEN)
    if (when != <u32>NONE) {
      for (let i: u32 = 0; i < principalCount; i++) {
        if (judge(base, when, principal(i), TRUE) == TRUE) continue
        const cause = kindsToCause(mask)
        causes |= cause
        if (cause == 1 << REASON_FORBIDDEN && id < forbidId) forbidId = id
      }
    }
  }
  if (kind == GUARD_REQUIRE && load<u32>(guard, GUARD_APPROVAL) == <u32>NONE) return
  needsChoice = true
  for (let i: u32 = 0; i < guardCount; i++) if (load<u32>(GUARDS_MET + (<usize>i << 3)) == <u32>guard) return
  if (guardCount == MAX_GUARDS_MET) {
    overflow = true
    return
  }
  store<u32>(GUARDS_MET + (<usize>guardCount << 3), <u32>guard)
  guardCount++
}

function explain(id: u32, failed: u32): void {
  if (explained == MAX_EXPLAINED) return
  const at = RESPONSE + RES_METERS + MAX_METERS * RES_METER_SIZE + <usize>explained * EXPLAINED_SIZE
  explained++
  store<u32>(at, (<u32>(meetFactor - FACTORS)) / <u32>FACTOR_SIZE)
  store<u32>(at, meetRuntime != 0 ? <u32>NONE : id, 4)
  store<u32>(at, failed, 8)
  store<u32>(at, load<u32>(meetFactor, F_HOLDER), 12)
}

/** Every factor has a candidate and no guardrail denies: reads meters and takes the best choice. */
function choose(hops: u32): i32 {
  let limited = false
  for (let i: u32 = 0; i <= hops; i++) {
    const p = principal(i)
    if (load<u32>(<usize>load<u32>(p, P_AGENT), AGENT_LIMITS) != <u32>NONE) limited = true
    if (load<u32>(p, P_BOUNDARY_FACTOR) != <u32>NONE && load<u32>(active, H_BOUNDARY_LIMITS) != <u32>NONE) limited = true
  }
  if (!needsChoice && !limited) return answerPlain()
  listMeters(hops)
  if (meterOverflow) return deny(REASON_ENGINE_FAULT)
  if (meterCount > 0 && readingsAt == 0) {
    store<u32>(RESPONSE, meterCount, RES_METER_COUNT)
    return answer(ANSWER_NEED_METERS, 0)
  }
  if (meterCount > 0 && readingCount != meterCount) return REASON_INVALID_REQUEST << 4

  let best = -1
  let bestAmount: u64 = 0
  let amount = costAt != 0 ? costNano : largestEstimate(u64.MAX_VALUE)
  while (true) {
    resetAmountFailed()
    const outcome = pass(hops, amount, false)
    if (outcome < 0) break
    if (costAt != 0 || chosenEstimate() == amount) {
      if (outcome > best) {
        best = outcome
        bestAmount = amount
      }
      if (!amountFailed) break
    }
    if (costAt != 0 || amount == 0) break
    amount = largestEstimate(amount)
  }
  clearCharges()
  const outcome = pass(hops, bestAmount, true)
  return answerChosen(outcome, bestAmount)
}

/** Nothing is metered, asked for or limited: the lowest id of each factor is charged with nothing. */
function answerPlain(): i32 {
  if (factorCount == 1) {
    // The common case: one factor, and the first candidate is nearly always the only one.
    let id = load<u32>(CANDIDATES, C_ID)
    for (let i: u32 = 1; i < candidateCount; i++) {
      const other = load<u32>(candidate(i), C_ID)
      if (other < id) id = other
    }
    store<u32>(RESPONSE, id, RES_GRANT)
    store<u32>(RESPONSE, id, RES_CHOSEN)
    store<u32>(RESPONSE, 1, RES_CHOSEN_COUNT)
    return answer(OUTCOME_ALLOW, REASON_ALLOWED)
  }
  pass(principalCount - 1, 0, false)
  writeChosen()
  return answer(OUTCOME_ALLOW, REASON_ALLOWED)
}

function listMeters(hops: u32): void {
  resetMeters()
  for (let i: u32 = 0; i < factorCount; i++) {
    const f = factor(i)
    const start = load<u32>(f, F_START)
    const count = load<u32>(f, F_COUNT)
    const holder = load<u32>(f, F_HOLDER)
    for (let n: u32 = start; n < start + count; n++) {
      const c = candidate(n)
      const base = <usize>load<u32>(c, C_BASE)
      const extra = <usize>load<u32>(c, C_EXTRA)
      store<u32>(c, meterCount, C_METERS)
      if (extra != 0) listLimits(base, load<u32>(extra, EXTRA_LIMITS), holder)
      listLimits(base, load<u32>(c, C_LIMITS), holder)
    }
    if (load<u32>(f, F_KIND) == BOUNDARY) {
      store<u32>(f, listLimits(active, load<u32>(active, H_BOUNDARY_LIMITS), holder), F_METERS)
    }
  }
  for (let i: u32 = 0; i <= hops; i++) {
    const p = principal(i)
    const list = load<u32>(<usize>load<u32>(p, P_AGENT), AGENT_LIMITS)
    store<u32>(p, listLimits(<usize>load<u32>(p, P_BASE), list, i), P_LIMIT_METERS)
  }
  for (let g: u32 = 0; g < guardCount; g++) {
    const entry = GUARDS_MET + (<usize>g << 3)
    store<u32>(entry, meterCount, 4)
    const limit = load<u32>(<usize>load<u32>(entry), GUARD_LIMIT)
    if (limit == <u32>NONE) continue
    const each = perPrincipal(limit)
    for (let i: u32 = 0; i <= hops; i++) {
      listLimit(active, limit, i)
      if (!each) break
    }
  }
}

/** Where a principal's limits begin among the meters. */
const P_LIMIT_METERS: usize = 44

function perPrincipal(limit: u32): bool {
  const per = <u32>load<u8>(section(active, S_LIMITS) + <usize>limit * LIMIT_SIZE, LIMIT_PER)
  return per == PER_AGENT || per == PER_AGENT_RESOURCE || per == PER_OWNER
}

function largestEstimate(below: u64): u64 {
  let largest: u64 = 0
  for (let i: u32 = 0; i < candidateCount; i++) {
    const estimate = load<u64>(candidate(i), C_ESTIMATE)
    if (estimate < below && estimate > largest) largest = estimate
  }
  return largest
}

/** The best outcome with grants of an estimate up to `amount`, budgets judged at it; -1 when a factor has none. */
function pass(hops: u32, amount: u64, charge: bool): i32 {
  let outcome = OUTCOME_ALLOW
  for (let i: u32 = 0; i < factorCount; i++) {
    const f = factor(i)
    if (load<u32>(f, F_KIND) == BOUNDARY) chooseIn(f, amount)
  }
  for (let i: u32 = 0; i < factorCount; i++) {
    const f = factor(i)
    if (load<u32>(f, F_KIND) != BOUNDARY) chooseIn(f, amount)
    else if (load<u32>(f, F_ALWAYS) == 0) continue
    const one = load<i32>(f, F_OUTCOME)
    if (one < 0) return -1
    if (one < outcome) outcome = one
  }
  if (charge) chargeFactors(amount)
  for (let i: u32 = 0; i <= hops; i++) {
    const p = principal(i)
    const list = load<u32>(<usize>load<u32>(p, P_AGENT), AGENT_LIMITS)
    if (list == <u32>NONE) continue
    const one = judgeLimits(<usize>load<u32>(p, P_BASE), list, load<u32>(p, P_LIMIT_METERS), amount, charge)
    if (one < outcome) outcome = one
  }
  for (let g: u32 = 0; g < guardCount; g++) {
    const entry = GUARDS_MET + (<usize>g << 3)
    const guard = <usize>load<u32>(entry)
    const limit = load<u32>(guard, GUARD_LIMIT)
    if (limit == <u32>NONE) {
      const one = judgeApproval(active, load<u32>(guard, GUARD_APPROVAL), charge)
      if (one < outcome) outcome = one
      continue
    }
    let first = load<u32>(entry, 4)
    const each = perPrincipal(limit)
    for (let i: u32 = 0; i <= hops; i++) {
      const one = judgeLimit(active, limit, first, amount, charge)
      if (one < outcome) outcome = one
      first = meterBehind()
      if (!each) break
    }
  }
  return outcome
}

/** Chooses the candidate of a factor: best outcome, unmetered first, policy before run time, lower id. */
function chooseIn(f: usize, amount: u64): void {
  const start = load<u32>(f, F_START)
  const count = load<u32>(f, F_COUNT)
  let best: usize = 0
  let bestOutcome = -1
  let boundaryOutcome = -1
  if (load<u32>(f, F_RUNTIME) != 0) {
    boundaryOutcome = load<i32>(factor(load<u32>(principal(load<u32>(f, F_HOLDER)), P_BOUNDARY_FACTOR)), F_OUTCOME)
  }
  for (let i: u32 = start; i < start + count; i++) {
    const c = candidate(i)
    if (costAt == 0 && load<u64>(c, C_ESTIMATE) > amount) continue
    let outcome = judgeCandidate(c, amount, false)
    if (load<u32>(c, C_RUNTIME) != 0) {
      if (boundaryOutcome < 0) continue
      if (boundaryOutcome < outcome) outcome = boundaryOutcome
    }
    if (outcome > bestOutcome || (outcome == bestOutcome && before(c, best))) {
      best = c
      bestOutcome = outcome
    }
  }
  if (bestOutcome >= 0 && load<u32>(f, F_KIND) == BOUNDARY) {
    const limits = judgeLimits(active, load<u32>(active, H_BOUNDARY_LIMITS), load<u32>(f, F_METERS), amount, false)
    if (limits < bestOutcome) bestOutcome = limits
  }
  store<u32>(f, <u32>best, F_CHOSEN)
  store<i32>(f, bestOutcome, F_OUTCOME)
}

function before(a: usize, b: usize): bool {
  if (load<u32>(a, C_METERED) != load<u32>(b, C_METERED)) return load<u32>(a, C_METERED) == 0
  if (load<u32>(a, C_RUNTIME) != load<u32>(b, C_RUNTIME)) return load<u32>(a, C_RUNTIME) == 0
  return load<u32>(a, C_ID) < load<u32>(b, C_ID)
}

function judgeCandidate(c: usize, amount: u64, charge: bool): i32 {
  const base = <usize>load<u32>(c, C_BASE)
  const extra = <usize>load<u32>(c, C_EXTRA)
  let outcome = OUTCOME_ALLOW
  let first = load<u32>(c, C_METERS)
  if (extra != 0) {
    outcome = judgeApproval(base, load<u32>(extra, EXTRA_APPROVAL), charge)
    const one = judgeLimits(base, load<u32>(extra, EXTRA_LIMITS), first, amount, charge)
    if (one < outcome) outcome = one
    first = meterBehind()
  }
  const limits = load<u32>(c, C_LIMITS)
  if (limits != <u32>NONE) {
    const one = judgeLimits(base, limits, first, amount, charge)
    if (one < outcome) outcome = one
  }
  return outcome
}

/** ALLOW when the approval (NONE: none) has been given, else APPROVAL. With `note`, writes down what was used or is missing. */
function judgeApproval(base: usize, index: u32, note: bool): i32 {
  if (index == <u32>NONE) return OUTCOME_ALLOW
  const record = section(base, S_APPROVALS) + <usize>index * APPROVAL_SIZE
  const by = load<u32>(record, APPROVAL_BY)
  const within = load<i64>(record, APPROVAL_WITHIN)
  let given = approverCount > 0 && (by == <u32>NONE || hasApprover(base, by))
  if (within >= 0 && approvedAtState != ABSENT) {
    if (approvedAtState != KNOWN || nowState != KNOWN || now >= approvedAt + within) given = false
  }
  if (note) {
    if (given) approvalUsed = true
    else {
      const count = load<u32>(RESPONSE, RES_APPROVAL_COUNT)
      if (count < <u32>MAX_APPROVALS) {
        const at = RESPONSE + RES_APPROVALS + <usize>count * RES_APPROVAL_SIZE
        store<u32>(at, by == <u32>NONE ? 0 : <u32>stringAddress(base, by))
        store<u32>(at, by == <u32>NONE ? 0 : <u32>stringLength(base, by), 4)
        store<i64>(at, within, 8)
        store<u32>(RESPONSE, count + 1, RES_APPROVAL_COUNT)
      }
    }
  }
  return given ? OUTCOME_ALLOW : OUTCOME_APPROVAL
}

function hasApprover(base: usize, by: u32): bool {
  let value = approversAt
  for (let i: u32 = 0; i < approverCount; i++) {
    const length = <usize>load<u32>(value, 1)
    if (stringIs(base, by, value + 5, length)) return true
    value += 6 + length
  }
  return false
}

/** A conditional boundary counts only when its hop chose a run-time delegation. */
function boundaryCounts(f: usize): bool {
  if (load<u32>(f, F_ALWAYS) != 0) return true
  const holder = load<u32>(f, F_HOLDER)
  for (let i: u32 = 0; i < factorCount; i++) {
    const hop = factor(i)
    if (load<u32>(hop, F_KIND) == HOP && load<u32>(hop, F_HOLDER) == holder) {
      return load<u32>(<usize>load<u32>(hop, F_CHOSEN), C_RUNTIME) != 0
    }
  }
  return false
}

function chosenEstimate(): u64 {
  let largest: u64 = 0
  for (let i: u32 = 0; i < factorCount; i++) {
    const f = factor(i)
    if (load<u32>(f, F_KIND) == BOUNDARY && !boundaryCounts(f)) continue
    const estimate = load<u64>(<usize>load<u32>(f, F_CHOSEN), C_ESTIMATE)
    if (estimate > largest) largest = estimate
  }
  return largest
}

function chargeFactors(amount: u64): void {
  for (let i: u32 = 0; i < factorCount; i++) {
    const f = factor(i)
    if (load<u32>(f, F_KIND) == BOUNDARY) {
      if (!boundaryCounts(f)) continue
      judgeLimits(active, load<u32>(active, H_BOUNDARY_LIMITS), load<u32>(f, F_METERS), amount, true)
    }
    judgeCandidate(<usize>load<u32>(f, F_CHOSEN), amount, true)
  }
}

function writeChosen(): void {
  let count: u32 = 0
  for (let round: u32 = 0; round < 2; round++) {
    for (let i: u32 = 0; i < factorCount; i++) {
      const f = factor(i)
      const boundary = load<u32>(f, F_KIND) == BOUNDARY
      if (boundary != (round == 1) || (boundary && !boundaryCounts(f))) continue
      const c = <usize>load<u32>(f, F_CHOSEN)
      // Ids of records are their own; only those of the policy mean anything outside.
      const id = <usize>load<u32>(c, C_BASE) == active ? load<u32>(c, C_ID) : <u32>NONE
      if (count == 0) store<u32>(RESPONSE, id, RES_GRANT)
      store<u32>(RESPONSE + RES_CHOSEN + (<usize>count << 2), id)
      count++
    }
  }
  store<u32>(RESPONSE, count, RES_CHOSEN_COUNT)
}

function answerChosen(outcome: i32, amount: u64): i32 {
  writeChosen()
  store<u64>(RESPONSE, amount, RES_AMOUNT)
  let reason: u32 = REASON_ALLOWED
  if (outcome == OUTCOME_DENY) reason = REASON_BUDGET_EXHAUSTED
  else if (outcome == OUTCOME_LIMITED) reason = REASON_RATE_LIMITED
  else if (outcome == OUTCOME_APPROVAL) reason = REASON_APPROVAL_REQUIRED
  else if (outcome == OUTCOME_THROTTLE) reason = REASON_THROTTLED
  let packed = answer(outcome, reason)
  if (outcome == OUTCOME_APPROVAL) return packed
  const kept = keepCharged()
  store<u32>(RESPONSE, kept, RES_METER_COUNT)
  if (outcome >= OUTCOME_THROTTLE) {
    if (kept > 0) packed |= ANSWER_METERED
    if (approvalUsed) packed |= ANSWER_APPROVED
  }
  return packed
}
