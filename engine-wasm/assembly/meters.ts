/**
 * Meters: which ones a decision may touch, how they read, which are charged.
 *
 * Every meter that may matter is written to the response in an order that does not depend on readings; readings come back
 * in that order. A clause's meters stand together: one per window, then the pacing meter of a throttle.
 *
 * One walk does it all: what it does with a clause is said by `mode`, and `next` is the meter that it has come to.
 */
import { MAX_METERS } from '../format/limits'
import {
  AGENT_OWNER,
  FIELD_READINGS,
  LIMIT_KEY,
  LIMIT_KIND,
  LIMIT_LIST_COUNT,
  LIMIT_LIST_SIZE,
  LIMIT_LIST_START,
  LIMIT_METERS,
  LIMIT_METER_COUNT,
  LIMIT_PACE,
  LIMIT_PACE_WINDOW,
  LIMIT_PER,
  LIMIT_PERCENT,
  LIMIT_SIZE,
  METER_CAP,
  METER_SIZE,
  METER_WINDOW,
  NONE,
  PER_OWNER,
  RES_METERS,
  RES_METER_SIZE,
  RM_AMOUNT,
  RM_KEY,
  RM_LIMIT,
  RM_OWNER,
  RM_OWNER_LENGTH,
  RM_PRINCIPAL,
  RM_READING,
  RM_WINDOW,
  RM_WINDOW_START,
  S_LIMITS,
  S_LIMIT_LISTS,
  S_METERS,
} from '../format/layout'
import { OUTCOME_ALLOW, OUTCOME_DENY, OUTCOME_LIMITED, OUTCOME_THROTTLE } from '../format/codes'
import { section, stringAddress, stringLength } from './image'
import { CHARGES, RESPONSE } from './memory'
import { fact, now, P_AGENT, P_BASE, principal } from './request'
import { equalBytes } from './text'
import { ABSENT, windowStart } from './time'

/** What a walk does with clauses: writes their meters, judges them, or marks what they charge, too. */
export const LIST: u32 = 0
export const JUDGE: u32 = 1
export const CHARGE: u32 = 2
export let mode: u32 = 0

export let next: u32 = 0
/** What budgets are judged by and charged, nano-USD. */
export let amount: u64 = 0
/** Set when some budget could not pay the amount, though it is not used up. */
export let amountFailed: bool = false

export function setMode(to: u32): void {
  mode = to
}

/** Goes back to the first meter, to list or to judge by another amount. */
export function begin(by: u64): void {
  next = 0
  amount = by
  amountFailed = false
}

/** Notes the next meter at `slot` when meters are listed, else goes back to the one that was noted there. */
export function meetMeters(slot: usize): void {
  if (mode == LIST) store<u32>(slot, next)
  else next = load<u32>(slot)
}

function meter(index: u32): usize {
  return RESPONSE + RES_METERS + <usize>index * RES_METER_SIZE
}

/** Writes address and length of a string, zeros for NONE. */
export function storeText(at: usize, base: usize, index: u32): void {
  store<u64>(at, 0)
  if (index == <u32>NONE) return
  store<u32>(at, <u32>stringAddress(base, index))
  store<u32>(at, <u32>stringLength(base, index), 4)
}

/** `kind`: window, pacing, per and money, a byte each. */
function push(key: u64, cap: u64, kind: u32, who: u32): void {
  const index = next++
  // More than fit is a denial.
  if (index >= <u32>MAX_METERS) return
  const at = meter(index)
  store<u8>(CHARGES + <usize>index, 0)
  store<u64>(at, key, RM_KEY)
  store<u64>(at, cap, RM_LIMIT)
  store<u64>(at, 1, RM_AMOUNT)
  store<i64>(at, now < ABSENT ? windowStart(now, kind & 255) : -1, RM_WINDOW_START)
  store<u32>(at, kind, RM_WINDOW)
  store<u32>(at, who, RM_PRINCIPAL)
  const p = principal(who)
  const agent = <usize>load<u32>(p, P_AGENT)
  const owner = ((kind >> 16) & 255) == PER_OWNER ? load<u32>(agent, AGENT_OWNER) : <u32>NONE
  storeText(at + RM_OWNER, <usize>load<u32>(p, P_BASE), owner)
}

/** Walks through the meters of one clause for a principal; its outcome, when it is judged. */
export function walkLimit(base: usize, index: u32, who: u32): i32 {
  const limit = section(base, S_LIMITS) + <usize>index * LIMIT_SIZE
  const key = load<u64>(limit, LIMIT_KEY)
  const budget = <u32>load<u8>(limit, LIMIT_KIND)
  const per = <u32>load<u8>(limit, LIMIT_PER) << 16
  const percent = <u64>load<u8>(limit, LIMIT_PERCENT)
  const charged = budget != 0 ? amount : 1
  let at = section(base, S_METERS) + <usize>load<u32>(limit, LIMIT_METERS) * METER_SIZE
  let outcome = OUTCOME_ALLOW
  let throttled = false
  for (let i = load<u32>(limit, LIMIT_METER_COUNT); i > 0; i--) {
    const cap = load<u64>(at, METER_CAP)
    if (mode == LIST) {
      push(key, cap, load<u32>(at, METER_WINDOW) | per | (budget << 24), who)
    } else {
      const spent = reading()
      if (spent >= cap) outcome = budget != 0 ? OUTCOME_DENY : OUTCOME_LIMITED
      else if (charged > cap - spent) {
        outcome = OUTCOME_DENY
        amountFailed = true
      }
      if (percent <= 100 && spent >= (cap / 100) * percent + ((cap % 100) * percent) / 100) throttled = true
      mark(charged, true)
    }
    at += METER_SIZE
  }
  if (percent > 100) return outcome
  const pace = load<u64>(limit, LIMIT_PACE)
  if (mode == LIST) {
    push(key, pace, <u32>load<u8>(limit, LIMIT_PACE_WINDOW) | 0x100 | per, who)
    return outcome
  }
  if (throttled && outcome != OUTCOME_DENY) outcome = reading() >= pace ? OUTCOME_LIMITED : OUTCOME_THROTTLE
  mark(1, throttled)
  return outcome
}

/** The same for a list of clauses (NONE is empty): their worst outcome. */
export function walkLimits(base: usize, list: u32, who: u32): i32 {
  let outcome = OUTCOME_ALLOW
  if (list == <u32>NONE) return outcome
  const record = section(base, S_LIMIT_LISTS) + <usize>list * LIMIT_LIST_SIZE
  const start = load<u32>(record, LIMIT_LIST_START)
  const count = load<u32>(record, LIMIT_LIST_COUNT)
  for (let i: u32 = 0; i < count; i++) outcome = min(outcome, walkLimit(base, start + i, who))
  return outcome
}

/** What the next meter reads. */
function reading(): u64 {
  return load<u64>(fact(FIELD_READINGS) + (<usize>next << 3), 4)
}

/** Marks the next meter, when meters are charged and it is, and goes on. */
function mark(charged: u64, isCharged: bool): void {
  if (mode == CHARGE && isCharged) {
    store<u8>(CHARGES + <usize>next, 1)
    store<u64>(meter(next), charged, RM_AMOUNT)
    store<u64>(meter(next), reading(), RM_READING)
  }
  next++
}

/** Moves the marked ones of `count` meters to the front, each key once; returns how many. */
export function keepCharged(count: u32): u32 {
  let kept: u32 = 0
  for (let i: u32 = 0; i < count; i++) {
    let keep = load<u8>(CHARGES + <usize>i) != 0
    for (let j: u32 = 0; j < kept && keep; j++) keep = !sameMeter(meter(i), meter(j))
    if (keep) memory.copy(meter(kept++), meter(i), RES_METER_SIZE)
  }
  return kept
}

function sameMeter(a: usize, b: usize): bool {
  const kind = load<u32>(a, RM_WINDOW)
  if (load<u64>(a, RM_KEY) != load<u64>(b, RM_KEY) || kind != load<u32>(b, RM_WINDOW)) return false
  const per = (kind >> 16) & 255
  if (per < <u32>PER_OWNER) return load<u32>(a, RM_PRINCIPAL) == load<u32>(b, RM_PRINCIPAL)
  // Without an owner, or where none matters, address and length are 0.
  const x = <usize>load<u32>(a, RM_OWNER)
  const y = <usize>load<u32>(b, RM_OWNER)
  const length = load<u32>(a, RM_OWNER_LENGTH)
  return (x == 0) == (y == 0) && length == load<u32>(b, RM_OWNER_LENGTH) && equalBytes(x, y, <usize>length)
}
