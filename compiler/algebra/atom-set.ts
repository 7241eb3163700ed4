/**
 * What an atom says, as sets of one fact: where it is true and where it is false. Everywhere else it is unknown, because
 * the fact is missing or of another type; `not` exchanges the two and keeps the third. Language reference, section 3.
 */
import type { AtomModel, PrincipalType } from '../model/index.ts'
import type { Box } from './box.ts'
import { argumentDimension } from './dimension.ts'
import type { FactSet } from './fact-set.ts'
import { numberWithin } from './json-number.ts'
import { keysBeyond, keysWithin } from './key-set.ts'
import type { Language } from './language.ts'
import { type BigRange, subtractRanges } from './ranges.ts'
import {
  IS_FALSE,
  IS_TRUE,
  MAX_ADDRESS,
  MAX_COST_DOUBLED,
  MAX_DOUBLED,
  MAX_LENGTH,
  MAX_MS,
  MIN_MS,
  MINUTES_OF_WEEK,
  TYPE_BITS,
} from './specials.ts'
import type { Universe } from './universe.ts'

/** An atom as a dimension and the two sets. */
export interface AtomSets {
  readonly dimension: string
  readonly whenTrue: FactSet
  readonly whenFalse: FactSet
}

/** The sets of an atom, `not` included. */
export function atomSets(atom: AtomModel, universe: Universe): AtomSets {
  const sets = plainSets(atom, universe)
  return atom.negated ? { ...sets, whenTrue: sets.whenFalse, whenFalse: sets.whenTrue } : sets
}

function plainSets(atom: AtomModel, universe: Universe): AtomSets {
  const { languages } = universe
  switch (atom.kind) {
    case 'ip-in':
      return { dimension: 'ip', ...twoRanges(atom.ranges, ALL_ADDRESSES) }
    case 'time-in': {
      const { whenTrue, whenFalse } = twoRanges(toMinutes(atom.ranges), ALL_MINUTES)
      const instants = (set: FactSet): FactSet => sum([['instant', new Map([['instant.minute', set]])]])
      return { dimension: 'now', whenTrue: instants(whenTrue), whenFalse: instants(whenFalse) }
    }
    case 'number':
      return {
        dimension: atom.root,
        ...twoRanges(toDoubled(atom.operator, atom.units), atom.root === 'cost' ? ALL_COSTS : ALL_NUMBERS),
      }
    case 'agent-type': {
      const bits = typeBits(atom.types)
      return {
        dimension: 'type',
        whenTrue: { kind: 'ranges', specials: bits, ranges: [] },
        whenFalse: { kind: 'ranges', specials: 7 & ~bits, ranges: [] },
      }
    }
    case 'agent-owner':
      return { dimension: 'owner', ...twoLanguages(languages.ofTexts(atom.owners), universe) }
    case 'agent-owner-matches':
      return { dimension: 'owner', ...twoLanguages(languages.ofDfa(atom.dfa), universe) }
    case 'args-only': {
      const names = new Set(atom.names)
      return { dimension: 'args', whenTrue: keysWithin(names), whenFalse: keysBeyond(names) }
    }
    case 'len': {
      const { whenTrue, whenFalse } = twoRanges(toLengths(atom.operator, atom.units), ALL_LENGTHS)
      return {
        dimension: argumentDimension(atom.path),
        whenTrue: sum([['string', new Map([['string.length', whenTrue]])]]),
        whenFalse: sum([['string', new Map([['string.length', whenFalse]])]]),
      }
    }
    case 'arg-ip-in': {
      const { whenTrue, whenFalse } = twoRanges(atom.ranges, ALL_ADDRESSES)
      return {
        dimension: argumentDimension(atom.path),
        whenTrue: sum([['string', new Map([['string.address', whenTrue]])]]),
        whenFalse: sum([['string', new Map([['string.address', whenFalse]])]]),
      }
    }
    case 'arg-time-in': {
      const { whenTrue, whenFalse } = twoRanges(toMinutes(atom.ranges), ALL_MINUTES)
      const times = (set: FactSet): FactSet =>
        sum([
          ['string', new Map([['string.minute', set]])],
          ['number', new Map([['number.minute', set]])],
        ])
      return { dimension: argumentDimension(atom.path), whenTrue: times(whenTrue), whenFalse: times(whenFalse) }
    }
    case 'arg-matches':
      return stringSets(atom.path, languages.ofDfa(atom.dfa), universe)
    case 'arg-strings':
      return stringSets(atom.path, languages.ofTexts(atom.values), universe)
    case 'arg-number':
      return numberSets(atom.path, toDoubled(atom.operator, atom.units))
    case 'arg-numbers':
      return numberSets(
        atom.path,
        atom.values.map((units) => ({ low: 2n * units, high: 2n * units })),
      )
    case 'arg-boolean': {
      const bits = (atom.values.includes(true) ? IS_TRUE : 0) | (atom.values.includes(false) ? IS_FALSE : 0)
      return {
        dimension: argumentDimension(atom.path),
        whenTrue: sum([], bits),
        whenFalse: sum([], (IS_TRUE | IS_FALSE) & ~bits),
      }
    }
  }
}

const ALL_ADDRESSES: readonly BigRange[] = [{ low: 0n, high: MAX_ADDRESS }]
const ALL_MINUTES: readonly BigRange[] = [{ low: 0n, high: MINUTES_OF_WEEK - 1n }]
const ALL_NUMBERS: readonly BigRange[] = [{ low: -MAX_DOUBLED, high: MAX_DOUBLED }]
const ALL_COSTS: readonly BigRange[] = [{ low: 0n, high: MAX_COST_DOUBLED }]
const ALL_LENGTHS: readonly BigRange[] = [{ low: 0n, high: MAX_LENGTH }]

/** Bits of the dimension `type`. */
export function typeBits(types: readonly PrincipalType[]): number {
  return types.reduce((bits, type) => bits | TYPE_BITS[type], 0)
}

/** Instants before `end`, in milliseconds, as a set of the dimension `now`. */
export function instantsBefore(end: number): FactSet {
  const high = BigInt(end) - 1n
  if (high < MIN_MS) return sum([])
  const ms: FactSet = { kind: 'ranges', specials: 0, ranges: [{ low: MIN_MS, high: high < MAX_MS ? high : MAX_MS }] }
  return sum([['instant', new Map([['instant.ms', ms]])]])
}

/** Instants from `start` on, in milliseconds. */
export function instantsFrom(start: number): FactSet {
  const from = BigInt(start)
  const low = from < MIN_MS ? MIN_MS : from
  const ms: FactSet = { kind: 'ranges', specials: 0, ranges: [{ low, high: MAX_MS }] }
  return sum([['instant', new Map([['instant.ms', ms]])]])
}

function stringSets(path: readonly string[], language: Language, universe: Universe): AtomSets {
  const { whenTrue, whenFalse } = twoLanguages(language, universe)
  return {
    dimension: argumentDimension(path),
    whenTrue: sum([['string', new Map([['string.text', whenTrue]])]]),
    whenFalse: sum([['string', new Map([['string.text', whenFalse]])]]),
  }
}

function numberSets(path: readonly string[], doubled: readonly BigRange[]): AtomSets {
  const ofJson = doubled.filter((range) => numberWithin(range) !== undefined)
  const { whenTrue, whenFalse } = twoRanges(ofJson, ALL_NUMBERS)
  return {
    dimension: argumentDimension(path),
    whenTrue: sum([['number', new Map([['number.value', whenTrue]])]]),
    whenFalse: sum([['number', new Map([['number.value', whenFalse]])]]),
  }
}

/** A sum without the parts that hold an empty set. */
function sum(parts: readonly (readonly [string, Box])[], specials = 0): FactSet {
  const present = parts.filter(([, box]) => [...box.values()].every((set) => !isNothing(set)))
  return { kind: 'sum', specials, parts: new Map(present.map(([type, box]) => [type, [box]])) }
}

function isNothing(set: FactSet): boolean {
  if (set.kind === 'ranges') return set.specials === 0 && set.ranges.length === 0
  return set.kind === 'text' && set.specials === 0 && set.language.isEmpty
}

function twoRanges(
  ranges: readonly BigRange[],
  all: readonly BigRange[],
): { readonly whenTrue: FactSet; readonly whenFalse: FactSet } {
  const inside = [...ranges].sort((a, b) => (a.low < b.low ? -1 : a.low > b.low ? 1 : 0))
  const outside = subtractRanges(all, inside)
  return {
    whenTrue: { kind: 'ranges', specials: 0, ranges: subtractRanges(all, outside) },
    whenFalse: { kind: 'ranges', specials: 0, ranges: outside },
  }
}

function twoLanguages(
  language: Language,
  { languages }: Universe,
): { readonly whenTrue: FactSet; readonly whenFalse: FactSet } {
  const inside = languages.intersect(languages.anyText, language)
  return {
    whenTrue: { kind: 'text', specials: 0, language: inside },
    whenFalse: { kind: 'text', specials: 0, language: languages.subtract(languages.anyText, inside) },
  }
}

function toMinutes(ranges: readonly { readonly from: number; readonly to: number }[]): readonly BigRange[] {
  return ranges.map(({ from, to }) => ({ low: BigInt(from), high: BigInt(to - 1) }))
}

function toDoubled(operator: '=' | '<=' | '>=', units: bigint): readonly BigRange[] {
  const at = 2n * units
  return [{ low: operator === '<=' ? -MAX_DOUBLED : at, high: operator === '>=' ? MAX_DOUBLED : at }]
}

const NANO = 1_000_000_000n

/** Lengths are whole numbers: `<= 4.5` is `<= 4`, `= 4.5` is nothing. */
function toLengths(operator: '=' | '<=' | '>=', units: bigint): readonly BigRange[] {
  const down = units >= 0n ? units / NANO : (units - NANO + 1n) / NANO
  const up = units >= 0n ? (units + NANO - 1n) / NANO : units / NANO
  const low = operator === '<=' ? 0n : up
  const high = operator === '>=' ? MAX_LENGTH : down
  const from = low < 0n ? 0n : low
  return from <= high ? [{ low: from, high }] : []
}
