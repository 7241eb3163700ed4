/**
 * Reads a request: checks every byte once and keeps addresses. Layout: format/layout.ts.
 *
 * What a field says is kept as the address of its value; address 0 holds a byte 0, which is the value of what is absent.
 */
import { MAX_ARG_DEPTH, MAX_PRINCIPALS, MAX_SEGMENTS } from '../format/limits'
import {
  FIELD_APPROVED_AT,
  FIELD_APPROVED_BY,
  FIELD_ARGS,
  FIELD_COST,
  FIELD_NOW,
  FIELD_READINGS,
  FIELD_SINCE,
  FIELD_TENANT,
  FIELD_VIA,
  REQ_ACTION_LENGTH,
  REQ_AGENT_LENGTH,
  REQ_FIELDS_LENGTH,
  REQ_FLAGS,
  REQ_RESOURCE_LENGTH,
  REQ_STRINGS,
  SEED_NAME,
  SEED_RESOURCE,
  VALUE_ABSENT,
  VALUE_NUMBER,
  VALUE_OBJECT,
  VALUE_OTHER,
  VALUE_STRING,
} from '../format/layout'
import { FACTS, PRINCIPAL_SIZE, PRINCIPALS, SEGMENT_HASHES, SEGMENT_STARTS } from './memory'
import { high, low, scaleValue } from './number'
import { equalBytes, finish, readSegment, segmentHash } from './text'
import { ABSENT, parseTime, UNKNOWN, weekMinute } from './time'

/** REQ_POSSIBLE, REQ_OPEN. */
export let flags: u32 = 0
export let actionHash: u32 = 0
export let actionAt: usize = 0
export let actionLength: usize = 0
export let resourceAt: usize = 0
export let resourceLength: usize = 0
export let segmentCount: u32 = 0
/** Principals in PRINCIPALS, root first; the last is the agent. */
export let principalCount: u32 = 0

export let now: i64 = 0
/** Minute of the week, when `now` is known. */
export let nowMinute: u32 = 0
export let approvedAt: i64 = 0
/** When there is a cost: in nano-USD, rounded up. */
export let costNano: u64 = 0
/** Fields of approvers: the first is the fact, the others follow it, each behind its tag. */
export let approverCount: u32 = 0

/** Principal record: name address and length, its hash, the image that declares it, its agent record, its boundary's factor. */
export const P_NAME: usize = 0
export const P_LENGTH: usize = 4
export const P_HASH: usize = 8
export const P_RUNTIME: usize = 12
export const P_SINCE: usize = 16
export const P_BASE: usize = 24
export const P_AGENT: usize = 28
export const P_INDEX: usize = 32
export const P_BOUNDARY: usize = 36

export function principal(index: u32): usize {
  return PRINCIPALS + <usize>index * PRINCIPAL_SIZE
}

/** Address of the value of a field; 0 when it is absent. */
export function fact(tag: u32): usize {
  return <usize>load<u32>(FACTS + (<usize>tag << 2))
}

/** True when `span` ms have passed since an instant, or nobody knows. */
export function elapsed(since: i64, span: i64): bool {
  return since >= ABSENT || now >= since + span
}

/** False when the request is malformed. `at` has `length` bytes and slack behind them. */
export function readRequest(at: usize, length: usize): bool {
  if (length < <usize>REQ_STRINGS) return false
  const agentLength = <usize>load<u32>(at, REQ_AGENT_LENGTH)
  actionLength = <usize>load<u32>(at, REQ_ACTION_LENGTH)
  resourceLength = <usize>load<u32>(at, REQ_RESOURCE_LENGTH)
  const fieldsLength = <usize>load<u32>(at, REQ_FIELDS_LENGTH)
  flags = load<u32>(at, REQ_FLAGS)
  principalCount = 0
  if (<u64>REQ_STRINGS + <u64>agentLength + <u64>actionLength + <u64>resourceLength + <u64>fieldsLength != <u64>length) {
    return false
  }
  const agentAt = at + REQ_STRINGS
  actionAt = agentAt + agentLength
  resourceAt = actionAt + actionLength
  if (!isName(actionAt, actionLength)) return false
  actionHash = nameHash
  if (!readResource()) return false
  // Without fields there are no facts, unless some are left from the request before.
  if ((fieldsLength | fieldsBefore) != 0) {
    fieldsBefore = fieldsLength
    if (!readFields(resourceAt + resourceLength, fieldsLength)) return false
  }
  return addPrincipal(agentAt, agentLength)
}

/** Not 0 at first, so that the first request sets what is absent. */
let fieldsBefore: usize = 1
let nameHash: u32 = 0

/** True for 1-128 bytes of segment text; its hash is then in `nameHash`. */
function isName(at: usize, length: usize): bool {
  const behind = readSegment(at, at + length, SEED_NAME)
  nameHash = finish(segmentHash)
  return behind == at + length
}

/** Adds a principal; false when it has no name, or one that is there already. */
function addPrincipal(at: usize, length: usize): bool {
  if (!isName(at, length)) return false
  let p = PRINCIPALS
  const last = principal(principalCount++)
  for (; p < last; p += PRINCIPAL_SIZE) {
    if (load<u32>(p, P_HASH) == nameHash && <usize>load<u32>(p, P_LENGTH) == length && equalBytes(<usize>load<u32>(p, P_NAME), at, length)) return false
  }
  store<u32>(p, <u32>at, P_NAME)
  store<u32>(p, <u32>length, P_LENGTH)
  store<u32>(p, nameHash, P_HASH)
  return true
}

/**
 * Splits the resource and hashes its prefixes: SEGMENT_HASHES[k] covers the first k segments, SEGMENT_STARTS[k] is where
 * segment k begins; one past the last segment it is the end plus one.
 */
function readResource(): bool {
  let hash: u64 = SEED_RESOURCE
  let at = resourceAt
  const end = resourceAt + resourceLength
  let count: usize = 0
  store<u64>(0, hash, SEGMENT_HASHES)
  do {
    if (count == MAX_SEGMENTS) return false
    store<u32>(count << 2, <u32>at, SEGMENT_STARTS)
    at = readSegment(at, end, hash) + 1
    if (at == 1) return false
    count++
    hash = rotl<u64>(segmentHash, 23)
    store<u64>(count << 3, hash, SEGMENT_HASHES)
  } while (at <= end)
  segmentCount = <u32>count
  return true
}

/** For each tag, the kind of value that it must have; 0 where another is an unknown fact. */
const WANTED: u64 =
  (VALUE_NUMBER << (FIELD_COST * 4)) |
  (VALUE_STRING << (FIELD_TENANT * 4)) |
  (<u64>VALUE_OBJECT << (FIELD_ARGS * 4)) |
  (<u64>VALUE_STRING << (FIELD_APPROVED_BY * 4)) |
  (<u64>VALUE_STRING << (FIELD_VIA * 4))

function readFields(from: usize, length: usize): bool {
  const end = from + length
  let at = from
  let approversEnd: usize = 0
  approverCount = 0
  // A call of `memory.fill` takes longer.
  for (let i: usize = 0; i < <usize>((FIELD_READINGS + 1) * 4); i += 8) store<u64>(i, 0, FACTS)
  while (at < end) {
    const tag = <u32>load<u8>(at)
    const fact = FACTS + (<usize>tag << 2)
    const value = at + 1
    const size = <usize>load<u32>(value, 1)
    const kind = <u64>load<u8>(value)
    if (tag == FIELD_READINGS) {
      const bytes = (<u64>load<u32>(value) << 3) + 4
      if (bytes > <u64>(end - value)) return false
      store<u32>(fact, <u32>value)
      at = value + <usize>bytes
      continue
    }
    at = skipValue(value, end, 0)
    if (at == 0) return false
    if (kind == VALUE_ABSENT && tag != FIELD_VIA) continue
    if (tag - 1 >= <u32>FIELD_READINGS - 1) return false
    const wanted = (WANTED >> (<u64>tag << 2)) & 15
    if (wanted != 0 && (kind != wanted || (kind == VALUE_STRING && size == 0))) return false
    if (tag == FIELD_COST) {
      scaleValue(value, 9)
      // 9e9 USD in halves of nano-USD.
      if (high != 0 || low > 18000000000000000000) return false
      costNano = (low + 1) >> 1
    }
    if (tag == FIELD_VIA) {
      const p = principal(principalCount)
      if (principalCount + 1 >= <u32>MAX_PRINCIPALS || !addPrincipal(value + 5, size)) return false
      const since = at
      at = skipValue(since, end, 0)
      if (at == 0) return false
      store<i64>(p, readTime(since), P_SINCE)
      continue
    }
    if (tag == FIELD_APPROVED_BY) {
      // They stand together: the scan of approvers runs from the first one on.
      if (approverCount++ == 0) store<u32>(fact, <u32>value)
      else if (approversEnd != value - 1) return false
      approversEnd = at
    } else {
      store<u32>(fact, <u32>value)
    }
  }
  now = readTime(fact(FIELD_NOW))
  nowMinute = weekMinute(now)
  approvedAt = readTime(fact(FIELD_APPROVED_AT))
  // A hop's own `since` is that of the principal it leaves; the request's is the default.
  const since = readTime(fact(FIELD_SINCE))
  for (let i: u32 = 0; i < principalCount; i++) {
    if (load<i64>(principal(i), P_SINCE) == ABSENT) store<i64>(principal(i), since, P_SINCE)
  }
  return true
}

/** The instant that a value says, ABSENT or UNKNOWN: text, or a whole number of milliseconds below 2^53. */
export function readTime(value: usize): i64 {
  const kind = <u32>load<u8>(value)
  if (kind == VALUE_ABSENT) return ABSENT
  if (kind == VALUE_STRING) return parseTime(value + 5, <usize>load<u32>(value, 1))
  if (kind != VALUE_NUMBER) return UNKNOWN
  scaleValue(value, 0)
  return high != 0 || low > 2 * 9007199254740991 || (low & 1) != 0 ? UNKNOWN : <i64>(low >> 1)
}

/** The address behind the value at `at`, or 0 when it does not fit below `end` or is malformed. */
function skipValue(at: usize, end: usize, depth: i32): usize {
  if (at >= end) return 0
  const kind = <u32>load<u8>(at)
  const length = <usize>load<u32>(at, 1)
  if (kind > <u32>VALUE_OTHER || ((kind == VALUE_STRING || kind == VALUE_OBJECT) && length > end - at)) return 0
  const stop = valueEnd(at)
  if (stop > end) return 0
  if (kind != VALUE_OBJECT) return stop
  if (depth == MAX_ARG_DEPTH) return 0
  const count = load<u32>(at, 5)
  let entry = at + 9
  for (let i: u32 = 0; i < count; i++) {
    const name = <usize>load<u32>(entry)
    if (name > stop - entry) return 0
    entry = skipValue(entry + 4 + name, stop, depth + 1)
    if (entry == 0) return 0
  }
  return entry == stop ? stop : 0
}

/** The address behind a value that `readRequest` has accepted. */
export function valueEnd(at: usize): usize {
  const kind = <u32>load<u8>(at)
  if (kind == VALUE_NUMBER) return at + 13
  if (kind != VALUE_STRING && kind != VALUE_OBJECT) return at + 1
  return at + (kind == VALUE_STRING ? 5 : 9) + <usize>load<u32>(at, 1)
}

/** Hash of the whole resource, of the prefix before its last segment, and of the first k segments. */
export function keyHash(segments: u32, salt: u32): u32 {
  return finish(load<u64>(<usize>segments << 3, SEGMENT_HASHES) ^ salt)
}
