/** Three-valued conditions (docs/language.md section 3). */
import {
  AGENT_OWNER,
  AGENT_TYPE,
  ATOM_COMPARE,
  ATOM_COUNT,
  ATOM_KIND,
  ATOM_NEGATED,
  ATOM_OP,
  ATOM_PATH,
  ATOM_PATH_COUNT,
  ATOM_SIZE,
  ATOM_START,
  COMPARE_EQUAL,
  COMPARE_LESS_EQUAL,
  CONDITION_AGENT_ATOMS,
  CONDITION_ATOMS,
  CONDITION_COUNT,
  CONDITION_SIZE,
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
  OP_ARG_TIME,
  OP_ARGS_ONLY,
  OP_COST,
  OP_IP,
  OP_LEN,
  OP_TIME,
  OP_TRUST,
  RANGE_SIZE,
  S_ATOMS,
  S_CONDITIONS,
  S_NUMBERS,
  S_RANGES,
  S_WEEKS,
  S_WORDS,
  VALUE_FALSE,
  VALUE_NUMBER,
  VALUE_STRING,
  VALUE_TRUE,
  WEEK_SIZE,
} from '../format/layout'
import { addressIn, parseAddress, setAddress } from './address'
import { BLOCKED, findArgument, MISSING, onlyNames } from './args'
import { runDfa, section, stringAddress, stringIs, stringLength } from './image'
import { compareStored, scale } from './number'
import {
  argsAt,
  costAt,
  ipHigh,
  ipKnown,
  ipLow,
  KNOWN,
  millis,
  nowMinute,
  nowState,
  P_AGENT,
  P_BASE,
  possible,
  readMillis,
  trustAt,
} from './request'
import { countCharacters } from './text'
import { minuteIn, parsedTime, parseTime, weekMinute } from './time'

export const FALSE: i32 = 0
export const TRUE: i32 = 1
export const UNKNOWN: i32 = 2
/** An absent argument in a request that asks what is possible: the atom takes the side of access. */
const HELPS: i32 = 3

/** Mask of the kinds of atoms that were not true, after `judge` or `failures`. */
export let mask: u32 = 0

/**
 * The truth of a whole condition (NONE is true) for the principal record `who`. `helps` is the value an atom takes when its
 * argument is absent in a request for what is possible: TRUE where conditions open, FALSE in `forbid ... when`.
 */
export function judge(base: usize, condition: u32, who: usize, helps: i32): i32 {
  if (condition == <u32>NONE) return TRUE
  const record = section(base, S_CONDITIONS) + <usize>condition * CONDITION_SIZE
  return run(base, load<u32>(record, CONDITION_ATOMS), load<u32>(record, CONDITION_COUNT), who, helps)
}

/** The truth of the atoms over the agent alone, which stand first. */
export function applies(base: usize, condition: u32, who: usize): bool {
  const record = section(base, S_CONDITIONS) + <usize>condition * CONDITION_SIZE
  const count = load<u32>(record, CONDITION_AGENT_ATOMS)
  return count == 0 || run(base, load<u32>(record, CONDITION_ATOMS), count, who, TRUE) == TRUE
}

function run(base: usize, start: u32, count: u32, who: usize, helps: i32): i32 {
  let atom = section(base, S_ATOMS) + <usize>start * ATOM_SIZE
  let result = TRUE
  mask = 0
  for (let i: u32 = 0; i < count; i++) {
    let truth = evaluate(base, atom, who)
    if (truth == HELPS) truth = helps
    else if (truth != UNKNOWN && load<u8>(atom, ATOM_NEGATED) != 0) truth = truth ^ 1
    if (truth != TRUE) {
      mask |= 1 << <u32>load<u8>(atom, ATOM_KIND)
      if (result != FALSE) result = truth
    }
    atom += ATOM_SIZE
  }
  return result
}

function truthOf(value: bool): i32 {
  return value ? TRUE : FALSE
}

function evaluate(base: usize, atom: usize, who: usize): i32 {
  const op = <u32>load<u8>(atom, ATOM_OP)
  const start = load<u32>(atom, ATOM_START)
  const count = load<u32>(atom, ATOM_COUNT)
  if (op == OP_IP) {
    if (!ipKnown) return UNKNOWN
    setAddress(ipHigh, ipLow)
    return truthOf(addressIn(section(base, S_RANGES) + <usize>start * RANGE_SIZE, count))
  }
  if (op == OP_TIME) {
    if (nowState != KNOWN) return UNKNOWN
    return truthOf(minuteIn(nowMinute, section(base, S_WEEKS) + <usize>start * WEEK_SIZE, count))
  }
  if (op == OP_TRUST) return trustAt == 0 ? UNKNOWN : compare(base, atom, trustAt, start)
  if (op == OP_COST) return costAt == 0 ? UNKNOWN : compare(base, atom, costAt, start)
  if (op == OP_AGENT_TYPE) {
    return truthOf(((start >> <u32>load<u8>(<usize>load<u32>(who, P_AGENT), AGENT_TYPE)) & 1) != 0)
  }
  if (op == OP_AGENT_OWNER || op == OP_AGENT_OWNER_DFA) {
    const owner = load<u32>(<usize>load<u32>(who, P_AGENT), AGENT_OWNER)
    if (owner == <u32>NONE) return UNKNOWN
    const from = <usize>load<u32>(who, P_BASE)
    const at = stringAddress(from, owner)
    const length = stringLength(from, owner)
    return truthOf(op == OP_AGENT_OWNER ? oneOf(base, start, count, at, length) : runDfa(base, start, at, length))
  }
  if (op == OP_ARGS_ONLY) {
    if (argsAt == 0) return possible ? HELPS : UNKNOWN
    return truthOf(onlyNames(base, start, count))
  }
  const value = findArgument(base, load<u32>(atom, ATOM_PATH), load<u32>(atom, ATOM_PATH_COUNT))
  if (value == MISSING) return possible ? HELPS : UNKNOWN
  if (value == BLOCKED) return UNKNOWN
  const kind = <u32>load<u8>(value)
  if (op == OP_ARG_COMPARE) return kind == VALUE_NUMBER ? compare(base, atom, value, start) : UNKNOWN
  if (op == OP_ARG_NUMBERS) return kind == VALUE_NUMBER ? numberIn(base, value, start, count) : UNKNOWN
  if (op == OP_ARG_BOOLEAN) {
    if (kind != VALUE_TRUE && kind != VALUE_FALSE) return UNKNOWN
    return truthOf((start & (kind == VALUE_TRUE ? 2 : 1)) != 0)
  }
  if (op == OP_ARG_TIME) {
    let time: i64 = 0
    if (kind == VALUE_STRING) {
      if (!parseTime(value + 5, <usize>load<u32>(value, 1))) return UNKNOWN
      time = parsedTime
    } else {
      if (kind != VALUE_NUMBER || !readMillis(value)) return UNKNOWN
      time = millis()
    }
    return truthOf(minuteIn(weekMinute(time), section(base, S_WEEKS) + <usize>start * WEEK_SIZE, count))
  }
  if (kind != VALUE_STRING) return UNKNOWN
  const at = value + 5
  const length = <usize>load<u32>(value, 1)
  if (op == OP_ARG_IP) {
    if (!parseAddress(at, length)) return UNKNOWN
    return truthOf(addressIn(section(base, S_RANGES) + <usize>start * RANGE_SIZE, count))
  }
  const characters = countCharacters(at, length)
  if (characters < 0) return UNKNOWN
  if (op == OP_LEN) {
    scale(<i64>characters, 0)
    return compareCurrent(base, atom, start)
  }
  if (op == OP_ARG_DFA) return truthOf(runDfa(base, start, at, length))
  return truthOf(oneOf(base, start, count, at, length))
}

function compare(base: usize, atom: usize, value: usize, number: u32): i32 {
  scale(load<i64>(value, 1), load<i32>(value, 9))
  return compareCurrent(base, atom, number)
}

function compareCurrent(base: usize, atom: usize, number: u32): i32 {
  const order = compareStored(section(base, S_NUMBERS) + <usize>number * NUMBER_SIZE)
  const how = <u32>load<u8>(atom, ATOM_COMPARE)
  return truthOf(how == COMPARE_EQUAL ? order == 0 : how == COMPARE_LESS_EQUAL ? order <= 0 : order >= 0)
}

function numberIn(base: usize, value: usize, start: u32, count: u32): i32 {
  scale(load<i64>(value, 1), load<i32>(value, 9))
  let number = section(base, S_NUMBERS) + <usize>start * NUMBER_SIZE
  for (let i: u32 = 0; i < count; i++) {
    if (compareStored(number) == 0) return TRUE
    number += NUMBER_SIZE
  }
  return FALSE
}

/** True when the bytes are one of the strings listed in words. */
export function oneOf(base: usize, start: u32, count: u32, at: usize, length: usize): bool {
  const words = section(base, S_WORDS) + (<usize>start << 2)
  for (let i: u32 = 0; i < count; i++) if (stringIs(base, load<u32>(words + (<usize>i << 2)), at, length)) return true
  return false
}
