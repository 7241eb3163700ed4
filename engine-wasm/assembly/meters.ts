/**
 * Meters: which ones a decision may touch, how they read, which are charged.
 *
 * Every meter that may matter is written to the response in an order that does not depend on readings; readings come back
 * in that order. A clause's meters stand together: one per window, then the pacing meter of a throttle.
 */
import { MAX_METERS } from '../format/limits'
import {
  AGENT_OWNER,
  LIMIT_BUDGET,
  LIMIT_KEY,
  LIMIT_KIND,
  LIMIT_LIST_COUNT,
  LIMIT_LIST_SIZE,
  LIMIT_LIST_START,
  LIMIT_METER_COUNT,
  LIMIT_METERS,
  LIMIT_PACE,
  LIMIT_PACE_WINDOW,
  LIMIT_PER,
  LIMIT_PERCENT,
  LIMIT_SIZE,
  METER_CAP,
  METER_SIZE,
  METER_WINDOW,
  NONE,
  PER_AGENT,
  PER_AGENT_RESOURCE,
  PER_OWNER,
  RES_METER_SIZE,
  RES_METERS,
  RM_AMOUNT,
  RM_KEY,
  RM_LIMIT,
  RM_MONEY,
  RM_OWNER,
  RM_OWNER_LENGTH,
  RM_PACING,
  RM_PER,
  RM_PRINCIPAL,
  RM_READING,
  RM_WINDOW,
  RM_WINDOW_START,
  S_LIMIT_LISTS,
  S_LIMITS,
  S_METERS,
} from '../format/layout'
import { OUTCOME_ALLOW, OUTCOME_DENY, OUTCOME_LIMITED, OUTCOME_THROTTLE } from '../format/codes'
import { section, stringAddress, stringLength } from './image'
import { CHARGES, RESPONSE } from './memory'
import { KNOWN, now, nowState, P_AGENT, P_BASE, principal, readingsAt } from './request'
import { equalBytes } from './text'
import { windowStart } from './time'

export let meterCount: u32 = 0
/** Set when a decision has more meters than fit: it must be a denial. */
export let meterOverflow: bool = false
/** Set when some budget could not pay the amount, though it is not used up. */
export let amountFailed: bool = false

export function resetMeters(): void {
  meterCount = 0
  meterOverflow = false
}

function meter(index: u32): usize {
  return RESPONSE + RES_METERS + <usize>index * RES_METER_SIZE
}

function push(limit: usize, cap: u64, window: u32, pacing: u32, who: u32): void {
  if (meterCount == MAX_METERS) {
    meterOverflow = true
    return
  }
  const at = meter(meterCount++)
  store<u64>(at, load<u64>(limit, LIMIT_KEY), RM_KEY)
  store<u64>(at, cap, RM_LIMIT)
  store<u64>(at, 1, RM_AMOUNT)
  store<i64>(at, nowState == KNOWN ? windowStart(now, window) : -1, RM_WINDOW_START)
  store<u8>(at, <u8>window, RM_WINDOW)
  store<u8>(at, <u8>pacing, RM_PACING)
  const per = <u32>load<u8>(limit, LIMIT_PER)
  store<u8>(at, <u8>per, RM_PER)
  store<u8>(at, load<u8>(limit, LIMIT_KIND) == LIMIT_BUDGET && pacing == 0 ? 1 : 0, RM_MONEY)
  store<u32>(at, who, RM_PRINCIPAL)
  let owner: usize = 0
  let length: usize = 0
  if (per == PER_OWNER) {
    const p = principal(who)
    const index = load<u32>(<usize>load<u32>(p, P_AGENT), AGENT_OWNER)
    if (index != <u32>NONE) {
      const base = <usize>load<u32>(p, P_BASE)
      owner = stringAddress(base, index)
      length = stringLength(base, index)
    }
  }
  store<u32>(at, <u32>owner, RM_OWNER)
  store<u32>(at, <u32>length, RM_OWNER_LENGTH)
}

/** Writes the meters of one clause for a principal; returns the index of the first. */
export function listLimit(base: usize, index: u32, who: u32): u32 {
  const first = meterCount
  const limit = section(base, S_LIMITS) + <usize>index * LIMIT_SIZE
  let at = section(base, S_METERS) + <usize>load<u32>(limit, LIMIT_METERS) * METER_SIZE
  const count = load<u32>(limit, LIMIT_METER_COUNT)
  for (let i: u32 = 0; i < count; i++) {
    push(limit, load<u64>(at, METER_CAP), load<u32>(at, METER_WINDOW), 0, who)
    at += METER_SIZE
  }
  if (<u32>load<u8>(limit, LIMIT_PERCENT) != 255) {
    push(limit, load<u64>(limit, LIMIT_PACE), <u32>load<u8>(limit, LIMIT_PACE_WINDOW), 1, who)
  }
  return first
}

/** The same for a list of clauses (NONE is empty). */
export function listLimits(base: usize, list: u32, who: u32): u32 {
  const first = meterCount
  if (list == <u32>NONE) return first
  const record = section(base, S_LIMIT_LISTS) + <usize>list * LIMIT_LIST_SIZE
  const start = load<u32>(record, LIMIT_LIST_START)
  const count = load<u32>(record, LIMIT_LIST_COUNT)
  for (let i: u32 = 0; i < count; i++) listLimit(base, start + i, who)
  return first
}

function reading(index: u32): u64 {
  return load<u64>(readingsAt + (<usize>index << 3))
}

/** Outcome of one clause whose meters begin at `first`, for an amount; `next` is set behind its meters. */
let next: u32 = 0

export function judgeLimit(base: usize, index: u32, first: u32, amount: u64, charge: bool): i32 {
  const limit = section(base, S_LIMITS) + <usize>index * LIMIT_SIZE
  const count = load<u32>(limit, LIMIT_METER_COUNT)
  const percent = <u64>load<u8>(limit, LIMIT_PERCENT)
  let outcome = OUTCOME_ALLOW
  if (load<u8>(limit, LIMIT_KIND) != LIMIT_BUDGET) {
    for (let i: u32 = first; i < first + count; i++) {
      if (reading(i) >= load<u64>(meter(i), RM_LIMIT)) outcome = OUTCOME_LIMITED
      if (charge) mark(i, 1)
    }
    next = first + count
    return outcome
  }
  let throttled = false
  for (let i: u32 = first; i < first + count; i++) {
    const cap = load<u64>(meter(i), RM_LIMIT)
    const spent = reading(i)
    if (spent >= cap) outcome = OUTCOME_DENY
    else if (amount > cap - spent) {
      outcome = OUTCOME_DENY
      amountFailed = true
    }
    if (percent <= 100 && spent >= (cap / 100) * percent + ((cap % 100) * percent) / 100) throttled = true
    if (charge) mark(i, amount)
  }
  next = first + count
  if (percent <= 100) {
    if (throttled && outcome != OUTCOME_DENY) {
      outcome = reading(next) >= load<u64>(meter(next), RM_LIMIT) ? OUTCOME_LIMITED : OUTCOME_THROTTLE
    }
    if (charge && throttled) mark(next, 1)
    next++
  }
  return outcome
}

/** Worst outcome of a list of clauses; `charge` marks their meters for the reservation. */
export function judgeLimits(base: usize, list: u32, first: u32, amount: u64, charge: bool): i32 {
  let outcome = OUTCOME_ALLOW
  next = first
  if (list == <u32>NONE) return outcome
  const record = section(base, S_LIMIT_LISTS) + <usize>list * LIMIT_LIST_SIZE
  const start = load<u32>(record, LIMIT_LIST_START)
  const count = load<u32>(record, LIMIT_LIST_COUNT)
  for (let i: u32 = 0; i < count; i++) {
    const one = judgeLimit(base, start + i, next, amount, charge)
    if (one < outcome) outcome = one
  }
  return outcome
}

/** Index behind the meters judged last. */
export function meterBehind(): u32 {
  return next
}

export function clearCharges(): void {
  amountFailed = false
  memory.fill(CHARGES, 0, <usize>meterCount)
}

export function resetAmountFailed(): void {
  amountFailed = false
}

function mark(index: u32, amount: u64): void {
  store<u8>(CHARGES + <usize>index, 1)
  store<u64>(meter(index), amount, RM_AMOUNT)
  store<u64>(meter(index), reading(index), RM_READING)
}

/** Moves the marked meters to the front, each key once; returns how many. */
export function keepCharged(): u32 {
  let kept: u32 = 0
  for (let i: u32 = 0; i < meterCount; i++) {
    if (load<u8>(CHARGES + <usize>i) == 0) continue
    let duplicate = false
    for (let j: u32 = 0; j < kept && !duplicate; j++) duplicate = sameMeter(meter(i), meter(j))
    if (duplicate) continue
    if (kept != i) memory.copy(meter(kept), meter(i), RES_METER_SIZE)
    kept++
  }
  return kept
}

function sameMeter(a: usize, b: usize): bool {
  if (load<u64>(a, RM_KEY) != load<u64>(b, RM_KEY)) return false
  if (load<u8>(a, RM_WINDOW) != load<u8>(b, RM_WINDOW) || load<u8>(a, RM_PACING) != load<u8>(b, RM_PACING)) return false
  const per = <u32>load<u8>(a, RM_PER)
  if (per == PER_AGENT || per == PER_AGENT_RESOURCE) return load<u32>(a, RM_PRINCIPAL) == load<u32>(b, RM_PRINCIPAL)
  if (per != PER_OWNER) return true
  const length = load<u32>(a, RM_OWNER_LENGTH)
  if (length != load<u32>(b, RM_OWNER_LENGTH)) return false
  const x = <usize>load<u32>(a, RM_OWNER)
  const y = <usize>load<u32>(b, RM_OWNER)
  if (x == 0 || y == 0) return x == y
  return equalBytes(x, y, length)
}
