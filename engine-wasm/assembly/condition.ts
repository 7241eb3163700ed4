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
  CONDITION_ATOMS,
  CONDITION_SIZE,
  FIELD_COST,
  FIELD_IP,
  FIELD_NOW,
  FIELD_TRUST,
  NONE,
  NUMBER_SIZE,
  OP_AGENT_OWNER_DFA,
  OP_AGENT_TYPE,
  OP_ARGS_ONLY,
  OP_ARG_BOOLEAN,
  OP_ARG_COMPARE,
  OP_ARG_DFA,
  OP_ARG_IP,
  OP_ARG_NUMBERS,
  OP_ARG_TIME,
  OP_COST,
  OP_IP,
  OP_LEN,
  OP_TIME,
  OP_TRUST,
  RANGE_SIZE,
  REQ_POSSIBLE,
  S_ATOMS,
  S_CONDITIONS,
  S_NUMBERS,
  S_RANGES,
  S_WEEKS,
  VALUE_FALSE,
  VALUE_NUMBER,
  VALUE_OBJECT,
  VALUE_STRING,
  VALUE_TRUE,
  WEEK_SIZE,
} from '../format/layout'
import { addressIn, parseAddress } from './address'
import { BLOCKED, findArgument, MISSING, onlyNames } from './args'
import { oneOf, runDfa, section, stringAddress, stringLength } from './image'
import { compareStored, scale, scaleValue } from './number'
import { fact, flags, now, nowMinute, P_AGENT, P_BASE, readTime } from './request'
import { countCharacters } from './text'
import { ABSENT, minuteIn, weekMinute } from './time'

export const FALSE: i32 = 0
export const TRUE: i32 = 1
export const UNKNOWN: i32 = 2
/** An absent argument in a request that asks what is possible: the atom takes the side of access. */
const HELPS: i32 = 3

/** Mask of the kinds of atoms that were not true, after `judge`. */
export let mask: u32 = 0

/**
 * The truth of a condition (NONE is true) for the principal record `who`. `part` is CONDITION_COUNT, or CONDITION_AGENT_ATOMS
 * for the atoms over the agent alone, which stand first. `helps` is the value an atom takes when its argument is absent in a
 * request for what is possible: TRUE where conditions open, FALSE in `forbid ... when`.
 */
export function judge(base: usize, condition: u32, part: usize, who: usize, helps: i32): i32 {
  mask = 0
  let result = TRUE
  if (condition == <u32>NONE) return result
  const record = section(base, S_CONDITIONS) + <usize>condition * CONDITION_SIZE
  let atom = section(base, S_ATOMS) + <usize>load<u32>(record, CONDITION_ATOMS) * ATOM_SIZE
  for (let i = load<u32>(record + part); i > 0; i--) {
    let truth = evaluate(base, atom, who)
    if (truth == HELPS) truth = helps
    else if (truth != UNKNOWN) truth ^= <i32>load<u8>(atom, ATOM_NEGATED)
    if (truth != TRUE) {
      mask |= 1 << <u32>load<u8>(atom, ATOM_KIND)
      if (result != FALSE) result = truth
    }
    atom += ATOM_SIZE
  }
  return result
}

/** The operand first, a fact or an argument, then what is asked of one of its kind. */
function evaluate(base: usize, atom: usize, who: usize): i32 {
  const op = <u32>load<u8>(atom, ATOM_OP)
  const start = load<u32>(atom, ATOM_START)
  const count = load<u32>(atom, ATOM_COUNT)
  let at: usize
  let length: usize
  if (op - OP_AGENT_TYPE <= <u32>(OP_AGENT_OWNER_DFA - OP_AGENT_TYPE)) {
    const agent = <usize>load<u32>(who, P_AGENT)
    if (op == OP_AGENT_TYPE) return (start >> <u32>load<u8>(agent, AGENT_TYPE)) & 1
    const owner = load<u32>(agent, AGENT_OWNER)
    if (owner == <u32>NONE) return UNKNOWN
    const from = <usize>load<u32>(who, P_BASE)
    at = stringAddress(from, owner)
    length = stringLength(from, owner)
  } else {
    let value: usize
    if (op <= <u32>OP_COST) {
      value = fact((FACT_OF_OP >> (op << 2)) & 15)
    } else {
      value = findArgument(base, load<u32>(atom, ATOM_PATH), load<u32>(atom, ATOM_PATH_COUNT))
      if (value == MISSING) return (flags & REQ_POSSIBLE) != 0 ? HELPS : UNKNOWN
      if (value == BLOCKED) return UNKNOWN
    }
    at = value + 5
    length = <usize>load<u32>(value, 1)
    const kind = <u32>load<u8>(value)
    switch (op) {
      case OP_TIME:
      case OP_ARG_TIME: {
        const time = op == OP_TIME ? now : readTime(value)
        if (time >= ABSENT) return UNKNOWN
        const minute = op == OP_TIME ? nowMinute : weekMinute(time)
        return <i32>(minuteIn(minute, section(base, S_WEEKS) + <usize>start * WEEK_SIZE, count))
      }
      case OP_ARGS_ONLY:
        return kind == VALUE_OBJECT ? <i32>(onlyNames(base, start, count, value)) : UNKNOWN
      case OP_ARG_BOOLEAN:
        return kind == VALUE_TRUE || kind == VALUE_FALSE ? (start >> <u32>(kind == VALUE_TRUE)) & 1 : UNKNOWN
      case OP_TRUST:
      case OP_COST:
      case OP_ARG_COMPARE:
      case OP_ARG_NUMBERS:
        if (kind != VALUE_NUMBER) return UNKNOWN
        scaleValue(value, 9)
        return <i32>(numberIn(base, atom))
    }
    if (kind != VALUE_STRING) return UNKNOWN
    if (op == OP_IP || op == OP_ARG_IP) {
      if (!parseAddress(at, length)) return UNKNOWN
      return <i32>(addressIn(section(base, S_RANGES) + <usize>start * RANGE_SIZE, count))
    }
    const characters = countCharacters(at, length, false)
    if (characters < 0) return UNKNOWN
    if (op == OP_LEN) {
      scale(<i64>characters, 9)
      return <i32>(numberIn(base, atom))
    }
  }
  return <i32>(
    op == OP_ARG_DFA || op == OP_AGENT_OWNER_DFA ? runDfa(base, start, at, length) : oneOf(base, start, count, at, length)
  )
}

/** The fields of OP_IP, OP_TIME, OP_TRUST and OP_COST, four bits each. */
const FACT_OF_OP: u32 = FIELD_IP | (FIELD_NOW << 4) | (FIELD_TRUST << 8) | (FIELD_COST << 12)

/** True when the current number compares with one of the atom's as it says. */
function numberIn(base: usize, atom: usize): bool {
  const how = <i32>load<u8>(atom, ATOM_COMPARE)
  let number = section(base, S_NUMBERS) + <usize>load<u32>(atom, ATOM_START) * NUMBER_SIZE
  for (let i = load<u32>(atom, ATOM_COUNT); i > 0; i--) {
    const order = compareStored(number)
    if (order == 0 || order == how) return true
    number += NUMBER_SIZE
  }
  return false
}
