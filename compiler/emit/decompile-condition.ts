/** Conditions of an image as atoms of the model. */
import * as layout from '../../engine-wasm/format/layout.ts'
import type { Dfa } from '../algebra/index.ts'
import type { AtomModel, CidrLiteral, PrincipalType, WeekRange } from '../model/index.ts'
import type { ImageReader } from './read-image.ts'

export interface ConditionReader {
  /** The atoms of a condition, those over the agent first; `undefined` for NONE. */
  condition(index: number): readonly AtomModel[] | undefined
  /** One object for one automaton, however often it is asked for. */
  dfa(index: number): Dfa
}

/** The types of principals by their numbers. */
export const TYPES: readonly PrincipalType[] = ['autonomous', 'delegated', 'service']

/** What is read is a condition or a RangeError; equal conditions are one object. */
export function createConditionReader(reader: ImageReader): ConditionReader {
  const conditions = new Map<number, readonly AtomModel[]>()
  const dfas = new Map<number, Dfa>()
  const dfa = (index: number): Dfa => {
    const known = dfas.get(index) ?? readDfa(reader, index)
    dfas.set(index, known)
    return known
  }
  return {
    dfa,
    condition: (index) => {
      if (index === layout.NONE) return undefined
      const known = conditions.get(index)
      if (known !== undefined) return known
      const at = reader.at(layout.S_CONDITIONS, index, layout.CONDITION_SIZE)
      const start = reader.u32(at + layout.CONDITION_ATOMS)
      const atoms = Array.from({ length: reader.u32(at + layout.CONDITION_COUNT) }, (_, i) => {
        return readAtom(reader, dfa, start + i)
      })
      conditions.set(index, atoms)
      return atoms
    },
  }
}

/** Words of a list in the section of words. */
export function readWords(reader: ImageReader, start: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => reader.u32(reader.at(layout.S_WORDS, start + i, 4)))
}

const OPERATORS = ['=', '<=', '>='] as const

function readAtom(reader: ImageReader, dfa: (index: number) => Dfa, index: number): AtomModel {
  const at = reader.at(layout.S_ATOMS, index, layout.ATOM_SIZE)
  const start = reader.u32(at + layout.ATOM_START)
  const count = reader.u32(at + layout.ATOM_COUNT)
  const negated = reader.u8(at + layout.ATOM_NEGATED) !== 0
  const operator = OPERATORS[reader.u8(at + layout.ATOM_COMPARE)] ?? fail(`atom ${index} compares in no way we know`)
  const strings = (from: number, length: number): readonly string[] => {
    return readWords(reader, from, length).map((word) => reader.string(word))
  }
  const path = strings(reader.u32(at + layout.ATOM_PATH), reader.u32(at + layout.ATOM_PATH_COUNT))
  const op = reader.u8(at + layout.ATOM_OP)
  switch (op) {
    case layout.OP_IP:
      return { kind: 'ip-in', negated, ranges: readRanges(reader, start, count) }
    case layout.OP_TIME:
      return { kind: 'time-in', negated, ranges: readWeeks(reader, start, count) }
    case layout.OP_TRUST:
    case layout.OP_COST: {
      const root = op === layout.OP_TRUST ? 'trust' : 'cost'
      return { kind: 'number', negated, root, operator, units: readNumber(reader, start) }
    }
    case layout.OP_AGENT_TYPE:
      return { kind: 'agent-type', negated, types: TYPES.filter((_, bit) => ((start >> bit) & 1) !== 0) }
    case layout.OP_AGENT_OWNER:
      return { kind: 'agent-owner', negated, owners: strings(start, count) }
    case layout.OP_AGENT_OWNER_DFA:
      return { kind: 'agent-owner-matches', negated, dfa: dfa(start) }
    case layout.OP_ARGS_ONLY:
      return { kind: 'args-only', negated, names: strings(start, count) }
    case layout.OP_LEN:
      return { kind: 'len', negated, path, operator, units: readNumber(reader, start) }
    case layout.OP_ARG_IP:
      return { kind: 'arg-ip-in', negated, path, ranges: readRanges(reader, start, count) }
    case layout.OP_ARG_TIME:
      return { kind: 'arg-time-in', negated, path, ranges: readWeeks(reader, start, count) }
    case layout.OP_ARG_DFA:
      return { kind: 'arg-matches', negated, path, dfa: dfa(start) }
    case layout.OP_ARG_STRINGS:
      return { kind: 'arg-strings', negated, path, values: strings(start, count) }
    case layout.OP_ARG_COMPARE:
      return { kind: 'arg-number', negated, path, operator, units: readNumber(reader, start) }
    case layout.OP_ARG_NUMBERS: {
      const values = Array.from({ length: count }, (_, i) => readNumber(reader, start + i))
      return { kind: 'arg-numbers', negated, path, values }
    }
    case layout.OP_ARG_BOOLEAN: {
      const values = [false, true].filter((_, bit) => ((start >> bit) & 1) !== 0)
      return { kind: 'arg-boolean', negated, path, values }
    }
    default:
      return fail(`atom ${index} has the operation ${op}, which we do not know`)
  }
}

/** Twice the value lies there, so that an odd one is between two values; policy text says none of those. */
function readNumber(reader: ImageReader, index: number): bigint {
  const at = reader.at(layout.S_NUMBERS, index, layout.NUMBER_SIZE)
  const doubled = (reader.i64(at + 8) << 64n) | reader.u64(at)
  return (doubled & 1n) === 0n ? doubled / 2n : fail(`number ${index} has more than 9 digits after the point`)
}

function readRanges(reader: ImageReader, start: number, count: number): readonly CidrLiteral[] {
  return Array.from({ length: count }, (_, i) => {
    const at = reader.at(layout.S_RANGES, start + i, layout.RANGE_SIZE)
    const end = (from: number): bigint => (reader.u64(from + 8) << 64n) | reader.u64(from)
    return { low: end(at), high: end(at + 16) }
  })
}

function readWeeks(reader: ImageReader, start: number, count: number): readonly WeekRange[] {
  return Array.from({ length: count }, (_, i) => {
    const at = reader.at(layout.S_WEEKS, start + i, layout.WEEK_SIZE)
    return { from: reader.u16(at), to: reader.u16(at + 2) }
  })
}

function readDfa(reader: ImageReader, index: number): Dfa {
  const at = reader.at(layout.S_DFAS, index, layout.DFA_SIZE)
  const stateCount = reader.u32(at + layout.DFA_STATES)
  const classCount = reader.u32(at + layout.DFA_CLASSES)
  const offset = reader.u32(at + layout.DFA_OFFSET)
  const cells = stateCount * classCount
  const table = reader.bytes(offset, 256 + 2 * cells + stateCount)
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength)
  return {
    classes: table.slice(0, 256),
    classCount,
    stateCount,
    next: Uint16Array.from({ length: cells }, (_, cell) => view.getUint16(256 + 2 * cell, true)),
    accepting: table.slice(256 + 2 * cells),
  }
}

function fail(message: string): never {
  throw new RangeError(message)
}
