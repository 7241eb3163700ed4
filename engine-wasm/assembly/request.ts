/** Reads a request: checks every byte once and keeps addresses. Layout: format/layout.ts. */
import { MAX_ARG_DEPTH, MAX_PRINCIPALS, MAX_SEGMENTS } from '../format/limits'
import {
  FIELD_APPROVED_AT,
  FIELD_APPROVED_BY,
  FIELD_ARGS,
  FIELD_COST,
  FIELD_IP,
  FIELD_NOW,
  FIELD_READINGS,
  FIELD_SINCE,
  FIELD_TENANT,
  FIELD_TRUST,
  FIELD_VIA,
  REQ_ACTION_LENGTH,
  REQ_AGENT_LENGTH,
  REQ_FIELDS_LENGTH,
  REQ_FLAGS,
  REQ_POSSIBLE,
  REQ_OPEN,
  REQ_RESOURCE_LENGTH,
  REQ_STRINGS,
  SEED_RESOURCE,
  VALUE_ABSENT,
  VALUE_NUMBER,
  VALUE_OBJECT,
  VALUE_OTHER,
  VALUE_STRING,
} from '../format/layout'
import { addressHigh, addressLow, parseAddress } from './address'
import { PRINCIPAL_SIZE, PRINCIPALS, SEGMENT_HASHES, SEGMENT_STARTS } from './memory'
import { high, low, nano, scale } from './number'
import { colons, equalBytes, finish, fold, isName, nameHash, plainWord, segmentText } from './text'
import { parsedTime, parseTime, weekMinute } from './time'

/** A fact about a time: 0 absent, 1 known, 2 present but unknown. */
export const ABSENT: i32 = 0
export const KNOWN: i32 = 1
export const UNKNOWN: i32 = 2

export let possible: bool = false
export let open: bool = false
export let actionAt: usize = 0
export let actionLength: usize = 0
export let actionHash: u32 = 0
export let resourceAt: usize = 0
export let resourceLength: usize = 0
export let segmentCount: u32 = 0
/** Principals in PRINCIPALS, root first; the last is the agent. */
export let principalCount: u32 = 0

export let ipKnown: bool = false
export let ipHigh: u64 = 0
export let ipLow: u64 = 0
export let nowState: i32 = ABSENT
export let now: i64 = 0
export let nowMinute: u32 = 0
export let approvedAtState: i32 = ABSENT
export let approvedAt: i64 = 0
export let trustAt: usize = 0
export let costAt: usize = 0
export let costNano: u64 = 0
export let tenantAt: usize = 0
export let tenantLength: usize = 0
export let argsAt: usize = 0
/** Value of the first approved-by field; the others follow it, each behind its tag. */
export let approversAt: usize = 0
let approversEnd: usize = 0
export let approverCount: u32 = 0
export let readingsAt: usize = 0
export let readingCount: u32 = 0

/** Principal record: name address and length, its state, the image that declares it, its agent record. */
export const P_NAME: usize = 0
export const P_LENGTH: usize = 4
export const P_SINCE_STATE: usize = 8
export const P_RUNTIME: usize = 12
export const P_SINCE: usize = 16
export const P_BASE: usize = 24
export const P_AGENT: usize = 28
export const P_INDEX: usize = 32
/** Set when the boundary holds this principal in this decision: 1 always, 2 for a run-time delegation only. */
export const P_BOUNDARY: usize = 36
export const P_BOUNDARY_FACTOR: usize = 40
export const P_HASH: usize = 48

export function principal(index: u32): usize {
  return PRINCIPALS + <usize>index * PRINCIPAL_SIZE
}

let timeValue: i64 = 0

/** False when the request is malformed. `at` has `length` bytes and slack behind them. */
export function readRequest(at: usize, length: usize): bool {
  if (length < <usize>REQ_STRINGS) return false
  const agentLength = <usize>load<u32>(at, REQ_AGENT_LENGTH)
  actionLength = <usize>load<u32>(at, REQ_ACTION_LENGTH)
  resourceLength = <usize>load<u32>(at, REQ_RESOURCE_LENGTH)
  const fieldsLength = <usize>load<u32>(at, REQ_FIELDS_LENGTH)
  const flags = load<u32>(at, REQ_FLAGS)
  possible = (flags & REQ_POSSIBLE) != 0
  open = (flags & REQ_OPEN) != 0
  if (<u64>REQ_STRINGS + <u64>agentLength + <u64>actionLength + <u64>resourceLength + <u64>fieldsLength != <u64>length) {
    return false
  }
  const agentAt = at + REQ_STRINGS
  actionAt = agentAt + agentLength
  resourceAt = actionAt + actionLength
  ipKnown = false
  nowState = ABSENT
  approvedAtState = ABSENT
  trustAt = 0
  costAt = 0
  costNano = 0
  tenantAt = 0
  argsAt = 0
  approverCount = 0
  readingsAt = 0
  readingCount = 0
  principalCount = 0
  if (!isName(actionAt, actionLength)) return false
  actionHash = nameHash
  if (!readResource()) return false
  let sinceState = ABSENT
  let since: i64 = 0
  if (fieldsLength > 0) {
    if (!readFields(resourceAt + resourceLength, fieldsLength)) return false
    sinceState = requestSinceState
    since = requestSince
  }
  // A hop's own `since` is that of the principal it leaves; the request's is the default.
  for (let i: u32 = 0; i < principalCount; i++) {
    const p = principal(i)
    if (load<i32>(p, P_SINCE_STATE) == ABSENT) {
      store<i32>(p, sinceState, P_SINCE_STATE)
      store<i64>(p, since, P_SINCE)
    }
  }
  if (!addPrincipal(agentAt, agentLength)) return false
  for (let i: u32 = 0; i + 1 < principalCount; i++) {
    const a = principal(i)
    for (let j: u32 = i + 1; j < principalCount; j++) {
      const b = principal(j)
      const size = load<u32>(a, P_LENGTH)
      if (load<u32>(a, P_HASH) != load<u32>(b, P_HASH) || size != load<u32>(b, P_LENGTH)) continue
      if (equalBytes(load<u32>(a, P_NAME), load<u32>(b, P_NAME), size)) return false
    }
  }
  return true
}

let requestSinceState: i32 = ABSENT
let requestSince: i64 = 0

function addPrincipal(at: usize, length: usize): bool {
  if (!isName(at, length)) return false
  const p = principal(principalCount++)
  store<u32>(p, <u32>at, P_NAME)
  store<u32>(p, <u32>length, P_LENGTH)
  store<u32>(p, nameHash, P_HASH)
  store<i32>(p, ABSENT, P_SINCE_STATE)
  store<u32>(p, 0, P_RUNTIME)
  store<u32>(p, 0, P_BOUNDARY)
  return true
}

/**
 * Splits the resource and hashes its prefixes: SEGMENT_HASHES[k] covers the first k segments, SEGMENT_STARTS[k] is where
 * segment k begins; one past the last segment it is the end plus one.
 */
function readResource(): bool {
  let hash: u32 = <u32>SEED_RESOURCE
  let at = resourceAt
  const end = resourceAt + resourceLength
  let count: u32 = 0
  store<u32>(SEGMENT_HASHES, hash)
  store<u32>(SEGMENT_STARTS, <u32>at)
  let plain = true
  while (true) {
    if (count == MAX_SEGMENTS) return false
    const start = at
    while (at < end) {
      const left = end - at
      const value = load<u64>(at)
      // Bytes before the next `:`, 8 when there is none.
      let size = <usize>(ctz(colons(value)) >> 3)
      const last = size < left && size < 8
      if (!last) size = left < 8 ? left : 8
      if (size > 0) {
        const part = value & (<u64>-1 >> (<u64>(8 - size) << 3))
        plain = plain && plainWord(part, size)
        hash = fold(hash, part)
        at += size
      }
      if (last) break
    }
    const size = at - start
    if (size == 0 || size > 128) return false
    if (!plain && !segmentText(start, size)) return false
    plain = true
    count++
    hash = (hash ^ <u32>size) * <u32>0x85ebca6b
    store<u32>(SEGMENT_HASHES + (<usize>count << 2), hash)
    at++
    store<u32>(SEGMENT_STARTS + (<usize>count << 2), <u32>at)
    if (at > end) break
  }
  segmentCount = count
  return true
}

function readFields(from: usize, length: usize): bool {
  const end = from + length
  let at = from
  requestSinceState = ABSENT
  while (at < end) {
    const tag = <u32>load<u8>(at)
    const value = at + 1
    if (tag == FIELD_READINGS) {
      if (end - value < 4) return false
      readingCount = load<u32>(value)
      readingsAt = value + 4
      if (<u64>readingCount << 3 > <u64>(end - readingsAt)) return false
      at = readingsAt + (<usize>readingCount << 3)
      continue
    }
    at = skipValue(value, end, 0)
    if (at == 0) return false
    const kind = <u32>load<u8>(value)
    if (tag == FIELD_VIA) {
      if (kind != VALUE_STRING || principalCount + 1 >= <u32>MAX_PRINCIPALS) return false
      const index = principalCount
      if (!addPrincipal(value + 5, <usize>load<u32>(value, 1))) return false
      const since = at
      at = at < end ? skipValue(since, end, 0) : 0
      if (at == 0) return false
      store<i32>(principal(index), readTime(since), P_SINCE_STATE)
      store<i64>(principal(index), timeValue, P_SINCE)
    } else if (kind == VALUE_ABSENT) {
      continue
    } else if (tag == FIELD_IP) {
      ipKnown = kind == VALUE_STRING && parseAddress(value + 5, <usize>load<u32>(value, 1))
      ipHigh = addressHigh
      ipLow = addressLow
    } else if (tag == FIELD_NOW) {
      nowState = readTime(value)
      now = timeValue
      if (nowState == KNOWN) nowMinute = weekMinute(now)
    } else if (tag == FIELD_SINCE) {
      requestSinceState = readTime(value)
      requestSince = timeValue
    } else if (tag == FIELD_APPROVED_AT) {
      approvedAtState = readTime(value)
      approvedAt = timeValue
    } else if (tag == FIELD_COST) {
      if (kind != VALUE_NUMBER) return false
      scale(load<i64>(value, 1), load<i32>(value, 9))
      const mantissa = load<i64>(value, 1)
      if (mantissa < 0 || !costInRange()) return false
      costAt = value
      costNano = nano
    } else if (tag == FIELD_TRUST) {
      if (kind == VALUE_NUMBER) trustAt = value
    } else if (tag == FIELD_TENANT) {
      if (kind != VALUE_STRING || load<u32>(value, 1) == 0) return false
      tenantAt = value + 5
      tenantLength = load<u32>(value, 1)
    } else if (tag == FIELD_ARGS) {
      if (kind != VALUE_OBJECT) return false
      argsAt = value
    } else if (tag == FIELD_APPROVED_BY) {
      if (kind != VALUE_STRING || load<u32>(value, 1) == 0) return false
      // They stand together: the scan of approvers runs from the first one on.
      if (approverCount == 0) approversAt = value
      else if (approversEnd != value - 1) return false
      approversEnd = at
      approverCount++
    } else {
      return false
    }
  }
  return true
}

/** 9e9 USD in halves of nano-USD. */
function costInRange(): bool {
  return high == 0 && low <= 18000000000000000000
}

/** State of a time value, which is left in `timeValue`. */
function readTime(value: usize): i32 {
  const kind = <u32>load<u8>(value)
  timeValue = 0
  if (kind == VALUE_ABSENT) return ABSENT
  if (kind == VALUE_STRING) {
    if (!parseTime(value + 5, <usize>load<u32>(value, 1))) return UNKNOWN
    timeValue = parsedTime
    return KNOWN
  }
  if (kind != VALUE_NUMBER) return UNKNOWN
  return readMillis(value) ? KNOWN : UNKNOWN
}

/** A whole, non-negative number of milliseconds below 2^53; the result is in `timeValue`. */
export function readMillis(value: usize): bool {
  let mantissa = load<i64>(value, 1)
  let exponent = load<i32>(value, 9)
  if (mantissa < 0) return false
  while (exponent < 0 && mantissa != 0) {
    if (mantissa % 10 != 0) return false
    mantissa /= 10
    exponent++
  }
  while (exponent > 0 && mantissa != 0) {
    if (mantissa > 900719925474099) return false
    mantissa *= 10
    exponent--
  }
  if (mantissa > 9007199254740991) return false
  timeValue = mantissa
  return true
}

export function millis(): i64 {
  return timeValue
}

/** The address behind the value at `at`, or 0 when it does not fit below `end` or is malformed. */
function skipValue(at: usize, end: usize, depth: i32): usize {
  if (at >= end) return 0
  const kind = <u32>load<u8>(at)
  const left = end - at - 1
  if (kind == VALUE_STRING) {
    if (left < 4) return 0
    const length = <usize>load<u32>(at, 1)
    return left - 4 < length ? 0 : at + 5 + length
  }
  if (kind == VALUE_NUMBER) return left < 12 ? 0 : at + 13
  if (kind == VALUE_OBJECT) {
    if (left < 8 || depth == MAX_ARG_DEPTH) return 0
    const bytes = <usize>load<u32>(at, 1)
    if (left - 8 < bytes) return 0
    const stop = at + 9 + bytes
    const count = load<u32>(at, 5)
    let entry = at + 9
    for (let i: u32 = 0; i < count; i++) {
      if (entry >= stop || stop - entry < 4) return 0
      const length = <usize>load<u32>(entry)
      if (stop - entry - 4 < length) return 0
      entry = skipValue(entry + 4 + length, stop, depth + 1)
      if (entry == 0) return 0
    }
    return entry == stop ? stop : 0
  }
  return kind <= <u32>VALUE_OTHER ? at + 1 : 0
}

/** The address behind a value that `readRequest` has accepted. */
export function valueEnd(at: usize): usize {
  const kind = <u32>load<u8>(at)
  if (kind == VALUE_STRING) return at + 5 + <usize>load<u32>(at, 1)
  if (kind == VALUE_NUMBER) return at + 13
  if (kind == VALUE_OBJECT) return at + 9 + <usize>load<u32>(at, 1)
  return at + 1
}

/** Hash of the whole resource, of the prefix before its last segment, and of the first k segments. */
export function keyHash(segments: u32, salt: u32): u32 {
  return finish(load<u32>(SEGMENT_HASHES + (<usize>segments << 2)) ^ salt)
}
