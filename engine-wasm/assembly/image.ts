/** Access to the sections of a verified image. `base` is its first byte. */
import {
  ACTIONS_ANY,
  ACTION_HASH,
  ACTION_NAME,
  ACTION_OTHER_BIT,
  ACTION_SIZE,
  AGENT_NAME_LENGTH,
  AGENT_NAME_OFFSET,
  AGENT_SIZE,
  AGENT_SLOT_HASH,
  AGENT_SLOT_INDEX,
  AGENT_SLOT_SIZE,
  DFA_CLASSES,
  DFA_OFFSET,
  DFA_SIZE,
  DFA_STATES,
  H_SECTIONS,
  STRING_LENGTH,
  STRING_OFFSET,
  STRING_SIZE,
  S_ACTIONS,
  S_ACTION_SLOTS,
  S_AGENTS,
  S_AGENT_SLOTS,
  S_BYTES,
  S_DFAS,
  S_STRINGS,
  S_WORDS,
} from '../format/layout'
import { equalBytes } from './text'

export function section(base: usize, number: usize): usize {
  return base + <usize>load<u32>(base + H_SECTIONS + (number << 3))
}

export function sectionCount(base: usize, number: usize): u32 {
  return load<u32>(base + H_SECTIONS + (number << 3), 4)
}

/** The record of a string. */
export function stringRecord(base: usize, index: u32): usize {
  return section(base, S_STRINGS) + <usize>index * STRING_SIZE
}

export function stringAddress(base: usize, index: u32): usize {
  return section(base, S_BYTES) + <usize>load<u32>(stringRecord(base, index), STRING_OFFSET)
}

export function stringLength(base: usize, index: u32): usize {
  return <usize>load<u32>(stringRecord(base, index), STRING_LENGTH)
}

export function stringIs(base: usize, index: u32, at: usize, length: usize): bool {
  return stringLength(base, index) == length && equalBytes(stringAddress(base, index), at, length)
}

/** Index of an action, or -1. */
export function findAction(base: usize, at: usize, length: usize, hash: u32): i32 {
  const slots = section(base, S_ACTION_SLOTS)
  const mask = sectionCount(base, S_ACTION_SLOTS) - 1
  const actions = section(base, S_ACTIONS)
  let slot = hash & mask
  for (let i: u32 = 0; i <= mask; i++) {
    const index = load<u32>(slots + (<usize>slot << 2))
    if (index == 0) return -1
    const action = actions + <usize>(index - 1) * ACTION_SIZE
    if (load<u32>(action, ACTION_HASH) == hash && stringIs(base, load<u32>(action, ACTION_NAME), at, length)) {
      return <i32>(index - 1)
    }
    slot = (slot + 1) & mask
  }
  return -1
}

/** Index of an agent, or -1. */
export function findAgent(base: usize, at: usize, length: usize, hash: u32): i32 {
  const slots = section(base, S_AGENT_SLOTS)
  const mask = sectionCount(base, S_AGENT_SLOTS) - 1
  const agents = section(base, S_AGENTS)
  const bytes = section(base, S_BYTES)
  let slot = hash & mask
  for (let i: u32 = 0; i <= mask; i++) {
    const entry = slots + <usize>slot * AGENT_SLOT_SIZE
    const index = load<u32>(entry, AGENT_SLOT_INDEX)
    if (index == 0) return -1
    if (load<u32>(entry, AGENT_SLOT_HASH) == hash) {
      const agent = agents + <usize>(index - 1) * AGENT_SIZE
      if (
        <usize>load<u32>(agent, AGENT_NAME_LENGTH) == length &&
        equalBytes(bytes + <usize>load<u32>(agent, AGENT_NAME_OFFSET), at, length)
      ) {
        return <i32>(index - 1)
      }
    }
    slot = (slot + 1) & mask
  }
  return -1
}

/** True when a rule's action field covers the action with this index (-1: not in this image). */
export function actionIn(base: usize, field: u32, action: i32): bool {
  if ((field & 0x80000000) == 0) {
    const bit = <u32>action < <u32>ACTION_OTHER_BIT ? <u32>action : <u32>ACTION_OTHER_BIT
    return ((field >> bit) & 1) != 0
  }
  const list = section(base, S_WORDS) + (<usize>(field & ACTIONS_ANY) << 2)
  const count = load<u32>(list)
  for (let i: u32 = 1; i <= count; i++) if (load<u32>(list + (<usize>i << 2)) == <u32>action) return true
  return false
}

/** True when the automaton accepts the bytes. */
export function runDfa(base: usize, index: u32, at: usize, length: usize): bool {
  const dfa = section(base, S_DFAS) + <usize>index * DFA_SIZE
  const states = load<u32>(dfa, DFA_STATES)
  const classes = load<u32>(dfa, DFA_CLASSES)
  const map = section(base, S_BYTES) + <usize>load<u32>(dfa, DFA_OFFSET)
  const next = map + 256
  let state: u32 = 0
  const end = at + length
  for (let p = at; p < end; p++) {
    const column = <u32>load<u8>(map + <usize>load<u8>(p))
    state = <u32>load<u16>(next + (<usize>(state * classes + column) << 1))
  }
  return load<u8>(next + (<usize>(states * classes) << 1) + <usize>state) != 0
}

/** True when the bytes are one of the strings listed in words. */
export function oneOf(base: usize, start: u32, count: u32, at: usize, length: usize): bool {
  const words = section(base, S_WORDS) + (<usize>start << 2)
  for (let i: u32 = 0; i < count; i++) if (stringIs(base, load<u32>(words + (<usize>i << 2)), at, length)) return true
  return false
}
