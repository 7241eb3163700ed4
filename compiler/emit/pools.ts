/**
 * The shared tables of an image. Equal things are stored once: a string, an automaton, a condition, a list of limits that
 * many grants have in common costs its bytes once and an index in each.
 */
import * as layout from '../../engine-wasm/format/layout.ts'
import type { Dfa } from '../algebra/index.ts'
import type {
  ApprovalModel,
  AtomModel,
  CidrLiteral,
  GrantModel,
  LimitModel,
  LimitWindow,
  PrincipalType,
  WeekRange,
} from '../model/index.ts'
import { createSink, type Sink } from './sink.ts'

/** What a limit of a grant, agent, delegation or boundary is counted per; guardrails say it themselves. */
export type LimitScope = 'agent' | 'resource' | 'owner' | 'tenant' | 'all'

export interface Pools {
  readonly bytes: Sink
  readonly strings: Sink
  readonly words: Sink
  readonly numbers: Sink
  readonly ranges: Sink
  readonly weeks: Sink
  readonly dfas: Sink
  readonly atoms: Sink
  readonly conditions: Sink
  readonly meters: Sink
  readonly limits: Sink
  readonly limitLists: Sink
  readonly approvals: Sink
  readonly extras: Sink
  /** Offset of these bytes; equal ones are shared. */
  text(bytes: Uint8Array): number
  /** Index of a string. */
  string(value: string): number
  dfa(dfa: Dfa): number
  /** Index of a condition; NONE for none. */
  condition(atoms: readonly AtomModel[] | undefined): number
  approval(approval: ApprovalModel | undefined): number
  /** Index of one limit. */
  limit(limit: LimitModel, scope: LimitScope): number
  /** Index of a list of limits; NONE for none. */
  limitList(limits: readonly LimitModel[] | undefined): number
  /** Index + 1 of what a grant has beyond its scope; 0 for nothing. */
  extra(grant: GrantModel): number
}

const { NONE } = layout
const ENCODER = new TextEncoder()

const WINDOWS: Readonly<Record<LimitWindow, number>> = {
  minute: layout.WINDOW_MINUTE,
  hour: layout.WINDOW_HOUR,
  day: layout.WINDOW_DAY,
  month: layout.WINDOW_MONTH,
}

const SCOPES: Readonly<Record<LimitScope, number>> = {
  agent: layout.PER_AGENT,
  resource: layout.PER_AGENT_RESOURCE,
  owner: layout.PER_OWNER,
  tenant: layout.PER_TENANT,
  all: layout.PER_ALL,
}

/** The number of each type in records and masks. */
export const TYPE_NUMBER: Readonly<Record<PrincipalType, number>> = { autonomous: 0, delegated: 1, service: 2 }

const COMPARE = { '=': layout.COMPARE_EQUAL, '<=': layout.COMPARE_LESS_EQUAL, '>=': layout.COMPARE_GREATER_EQUAL }

export function createPools(): Pools {
  const bytes = createSink()
  const strings = createSink()
  const words = createSink()
  const numbers = createSink()
  const ranges = createSink()
  const weeks = createSink()
  const dfas = createSink()
  const atoms = createSink()
  const conditions = createSink()
  const meters = createSink()
  const limits = createSink()
  const limitLists = createSink()
  const approvals = createSink()
  const extras = createSink()

  const known = new Map<string, number>()
  /** The number under which `write` stored what `key` names; it is asked once a key. */
  const once = (kind: string, key: string, write: () => number): number => {
    const name = `${kind} ${key}`
    const found = known.get(name)
    if (found !== undefined) return found
    const made = write()
    known.set(name, made)
    return made
  }

  const offsets = new Map<string, number>()
  const text = (value: Uint8Array): number => {
    const key = latin(value)
    const found = offsets.get(key)
    if (found !== undefined) return found
    const at = bytes.length()
    bytes.append(value)
    offsets.set(key, at)
    return at
  }

  const string = (value: string): number =>
    once('string', value, () => {
      const encoded = ENCODER.encode(value)
      const index = strings.length() / layout.STRING_SIZE
      strings.u32(text(encoded))
      strings.u32(encoded.length)
      return index
    })

  const wordList = (values: readonly number[]): number =>
    once('words', values.join(), () => {
      const index = words.length() / 4
      for (const value of values) words.u32(value)
      return index
    })

  const stringList = (values: readonly string[]): number => wordList(values.map(string))

  const numberList = (units: readonly bigint[]): number =>
    once('numbers', units.join(), () => {
      const index = numbers.length() / layout.NUMBER_SIZE
      for (const unit of units) {
        numbers.u64(unit * 2n)
        numbers.u64((unit * 2n) >> 64n)
      }
      return index
    })

  const rangeList = (items: readonly CidrLiteral[]): number =>
    once('ranges', items.map(({ low, high }) => `${low}-${high}`).join(), () => {
      const index = ranges.length() / layout.RANGE_SIZE
      for (const { low, high } of items) {
        for (const end of [low, high]) {
          ranges.u64(end)
          ranges.u64(end >> 64n)
        }
      }
      return index
    })

  const weekList = (items: readonly WeekRange[]): number =>
    once('weeks', items.map(({ from, to }) => `${from}-${to}`).join(), () => {
      const index = weeks.length() / layout.WEEK_SIZE
      for (const { from, to } of items) {
        weeks.u16(from)
        weeks.u16(to)
      }
      return index
    })

  const dfa = (machine: Dfa): number => {
    const table = toTable(machine)
    return once('dfa', latin(table), () => {
      const index = dfas.length() / layout.DFA_SIZE
      // Never shared with a text, however alike: an automaton owns its table.
      const offset = bytes.length()
      bytes.append(table)
      dfas.u32(machine.stateCount)
      dfas.u32(machine.classCount)
      dfas.u32(offset)
      return index
    })
  }

  const condition = (list: readonly AtomModel[] | undefined): number => {
    if (list === undefined || list.length === 0) return NONE
    const sorted = [...list.filter(isAboutAgent), ...list.filter((atom) => !isAboutAgent(atom))]
    const ordered = sorted.map((atom) => ({ negated: atom.negated, ...lower(atom) }))
    const key = ordered
      .map(({ negated, op, compare, path, start, count }) =>
        [negated ? 1 : 0, op, compare, JSON.stringify(path), start, count].join(),
      )
      .join(';')
    return once('condition', key, () => {
      const first = atoms.length() / layout.ATOM_SIZE
      for (const atom of ordered) {
        atoms.u8(atom.op)
        atoms.u8(atom.negated ? 1 : 0)
        atoms.u8(KIND_OF_OP[atom.op] ?? 0)
        atoms.u8(atom.compare)
        atoms.u32(atom.path.length === 0 ? 0 : stringList(atom.path))
        atoms.u32(atom.path.length)
        atoms.u32(atom.start)
        atoms.u32(atom.count)
      }
      const index = conditions.length() / layout.CONDITION_SIZE
      conditions.u32(first)
      conditions.u32(ordered.length)
      conditions.u32(list.filter(isAboutAgent).length)
      return index
    })
  }

  const lower = (atom: AtomModel): LoweredAtom => {
    const at = (op: number, start: number, count: number, path: readonly string[] = [], compare = 0): LoweredAtom => {
      return { op, start, count, path, compare }
    }
    switch (atom.kind) {
      case 'ip-in':
        return at(layout.OP_IP, rangeList(atom.ranges), atom.ranges.length)
      case 'time-in':
        return at(layout.OP_TIME, weekList(atom.ranges), atom.ranges.length)
      case 'number': {
        const op = atom.root === 'trust' ? layout.OP_TRUST : layout.OP_COST
        return at(op, numberList([atom.units]), 1, [], COMPARE[atom.operator])
      }
      case 'agent-type':
        return at(layout.OP_AGENT_TYPE, maskOf(atom.types.map((type) => TYPE_NUMBER[type])), 0)
      case 'agent-owner':
        return at(layout.OP_AGENT_OWNER, stringList(atom.owners), atom.owners.length)
      case 'agent-owner-matches':
        return at(layout.OP_AGENT_OWNER_DFA, dfa(atom.dfa), 0)
      case 'args-only':
        return at(layout.OP_ARGS_ONLY, stringList(atom.names), atom.names.length)
      case 'len':
        return at(layout.OP_LEN, numberList([atom.units]), 1, atom.path, COMPARE[atom.operator])
      case 'arg-ip-in':
        return at(layout.OP_ARG_IP, rangeList(atom.ranges), atom.ranges.length, atom.path)
      case 'arg-time-in':
        return at(layout.OP_ARG_TIME, weekList(atom.ranges), atom.ranges.length, atom.path)
      case 'arg-matches':
        return at(layout.OP_ARG_DFA, dfa(atom.dfa), 0, atom.path)
      case 'arg-strings':
        return at(layout.OP_ARG_STRINGS, stringList(atom.values), atom.values.length, atom.path)
      case 'arg-number':
        return at(layout.OP_ARG_COMPARE, numberList([atom.units]), 1, atom.path, COMPARE[atom.operator])
      case 'arg-numbers':
        return at(layout.OP_ARG_NUMBERS, numberList(atom.values), atom.values.length, atom.path)
      case 'arg-boolean':
        return at(layout.OP_ARG_BOOLEAN, maskOf(atom.values.map((value) => (value ? 1 : 0))), 0, atom.path)
    }
  }

  const approval = (asked: ApprovalModel | undefined): number => {
    if (asked === undefined) return NONE
    const by = asked.by === undefined ? NONE : string(asked.by)
    return once('approval', `${by} ${asked.withinMs}`, () => {
      const index = approvals.length() / layout.APPROVAL_SIZE
      approvals.u32(by)
      approvals.u64(asked.withinMs === undefined ? -1n : BigInt(asked.withinMs))
      return index
    })
  }

  const meterList = (rows: readonly { readonly window: LimitWindow; readonly cap: bigint }[]): number =>
    once('meters', rows.map(({ window, cap }) => `${window} ${cap}`).join(), () => {
      const index = meters.length() / layout.METER_SIZE
      for (const { window, cap } of rows) {
        meters.u32(WINDOWS[window])
        meters.u32(0)
        meters.u64(cap)
      }
      return index
    })

  const writeLimit = (limit: LimitModel, scope: LimitScope): void => {
    const isRate = limit.kind === 'rate'
    const rows = isRate
      ? limit.windows.map(({ window, count }) => ({ window, cap: count }))
      : limit.windows.map(({ window, capNanoUsd }) => ({ window, cap: capNanoUsd }))
    const throttle = isRate ? undefined : limit.throttle
    limits.u8(isRate ? layout.LIMIT_RATE : layout.LIMIT_BUDGET)
    limits.u8(SCOPES[scope])
    limits.u8(throttle === undefined ? 255 : throttle.percent)
    limits.u8(throttle === undefined ? 0 : WINDOWS[throttle.window])
    limits.u32(meterList(rows))
    limits.u32(rows.length)
    limits.u32(0)
    limits.u64(BigInt(`0x${limit.key}`))
    limits.u64(throttle === undefined ? 0n : throttle.count)
  }

  const limit = (one: LimitModel, scope: LimitScope): number => {
    const index = limits.length() / layout.LIMIT_SIZE
    writeLimit(one, scope)
    return index
  }

  // No two clauses of a policy have the same key, so there is nothing to share here.
  const limitList = (list: readonly LimitModel[] | undefined): number => {
    if (list === undefined || list.length === 0) return NONE
    const start = limits.length() / layout.LIMIT_SIZE
    for (const one of list) writeLimit(one, one.kind === 'rate' ? (one.each ?? 'agent') : 'agent')
    const index = limitLists.length() / layout.LIMIT_LIST_SIZE
    limitLists.u32(start)
    limitLists.u32(list.length)
    return index
  }

  const extra = (grant: GrantModel): number => {
    const when = condition(grant.when)
    const asked = approval(grant.approval)
    const list = limitList(grant.limits)
    const estimate = grant.estimateNanoUsd ?? 0n
    if (when === NONE && asked === NONE && list === NONE && estimate === 0n) return 0
    return once('extra', `${when} ${asked} ${list} ${estimate}`, () => {
      extras.u32(when)
      extras.u32(asked)
      extras.u32(list)
      extras.u32(0)
      extras.u64(estimate)
      return extras.length() / layout.EXTRA_SIZE
    })
  }

  return {
    bytes,
    strings,
    words,
    numbers,
    ranges,
    weeks,
    dfas,
    atoms,
    conditions,
    meters,
    limits,
    limitLists,
    approvals,
    extras,
    text,
    string,
    dfa,
    condition,
    approval,
    limit,
    limitList,
    extra,
  }
}

interface LoweredAtom {
  readonly op: number
  readonly compare: number
  readonly path: readonly string[]
  readonly start: number
  readonly count: number
}

/** Bit of the failure mask by operation: the reasons from ip-not-allowed on, then what is said of the agent. */
const KIND_OF_OP: Readonly<Record<number, number>> = {
  [layout.OP_IP]: 0,
  [layout.OP_TIME]: 1,
  [layout.OP_TRUST]: 4,
  [layout.OP_COST]: 5,
  [layout.OP_AGENT_TYPE]: layout.KIND_AGENT_ATOM,
  [layout.OP_AGENT_OWNER]: layout.KIND_AGENT_ATOM,
  [layout.OP_AGENT_OWNER_DFA]: layout.KIND_AGENT_ATOM,
  [layout.OP_ARGS_ONLY]: 3,
  [layout.OP_LEN]: 2,
  [layout.OP_ARG_IP]: 2,
  [layout.OP_ARG_TIME]: 2,
  [layout.OP_ARG_DFA]: 2,
  [layout.OP_ARG_STRINGS]: 2,
  [layout.OP_ARG_COMPARE]: 2,
  [layout.OP_ARG_NUMBERS]: 2,
  [layout.OP_ARG_BOOLEAN]: 2,
}

function isAboutAgent({ kind }: AtomModel): boolean {
  return kind === 'agent-type' || kind === 'agent-owner' || kind === 'agent-owner-matches'
}

/** The table of an automaton as a string of as many characters: equal for equal languages. */
export function tableOf(dfa: Dfa): string {
  return latin(toTable(dfa))
}

function toTable(dfa: Dfa): Uint8Array {
  const table = createSink()
  table.append(dfa.classes)
  for (const state of dfa.next) table.u16(state)
  table.append(dfa.accepting)
  return table.bytes()
}

function maskOf(bits: readonly number[]): number {
  return bits.reduce((mask, bit) => mask | (1 << bit), 0)
}

/** Bytes as a string of as many characters, to find them in a map. */
function latin(bytes: Uint8Array): string {
  let key = ''
  for (let at = 0; at < bytes.length; at += 4096) key += String.fromCharCode(...bytes.subarray(at, at + 4096))
  return key
}
