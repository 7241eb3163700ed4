/**
 * Sets of what one fact of a request may be: an action, an address, an argument, the names of all arguments.
 *
 * Each kind is a Boolean algebra, so that a condition, what it leaves and what two conditions share are all sets again.
 * A fact that may be missing has that as a member: it is one of the *specials* of its set, and never a plain value.
 */
import type { Box } from './box.ts'
import { intersectCells, subtractCells } from './cells.ts'
import { intersectKeys, type KeySet, subtractKeys } from './key-set.ts'
import type { Language } from './language.ts'
import type { BigRange } from './ranges.ts'
import { intersectRanges, subtractRanges } from './ranges.ts'
import type { Universe } from './universe.ts'

export type FactSet = NameSet | RangeSet | TextSet | KeySet | SumSet

/** Finitely many names, or all but finitely many. */
export interface NameSet {
  readonly kind: 'names'
  /** The set is everything but `names`. */
  readonly isExcluding: boolean
  readonly names: ReadonlySet<string>
}

/** Integers in sorted, disjoint ranges. */
export interface RangeSet {
  readonly kind: 'ranges'
  /** Bit mask of members that are no integers; what a bit means is the dimension's. */
  readonly specials: number
  readonly ranges: readonly BigRange[]
}

/** Texts of a regular language. */
export interface TextSet {
  readonly kind: 'text'
  readonly specials: number
  readonly language: Language
}

/** Values of several types, each with dimensions of its own: a text has characters, a length, perhaps an address. */
export interface SumSet {
  readonly kind: 'sum'
  readonly specials: number
  /** For each type, a union of boxes over the dimensions of that type. A type that is missing has no member. */
  readonly parts: ReadonlyMap<string, readonly Box[]>
}

/** What `a` and `b`, two sets of one dimension, have in common. */
export function intersectSets(a: FactSet, b: FactSet, universe: Universe): FactSet {
  if (a === b) return a
  switch (a.kind) {
    case 'names':
      return intersectNames(a, ofKind(b, 'names'))
    case 'ranges': {
      const other = ofKind(b, 'ranges')
      return {
        kind: 'ranges',
        specials: a.specials & other.specials,
        ranges: intersectRanges(a.ranges, other.ranges),
      }
    }
    case 'text': {
      const other = ofKind(b, 'text')
      return {
        kind: 'text',
        specials: a.specials & other.specials,
        language: universe.languages.intersect(a.language, other.language),
      }
    }
    case 'keys':
      return intersectKeys(a, ofKind(b, 'keys'), universe)
    case 'sum': {
      const other = ofKind(b, 'sum')
      const parts = new Map<string, readonly Box[]>()
      for (const [type, cells] of a.parts) {
        const common = intersectCells(cells, other.parts.get(type) ?? [], universe)
        if (common.length > 0) parts.set(type, common)
      }
      return { kind: 'sum', specials: a.specials & other.specials, parts }
    }
  }
}

/** What is in `a` and not in `b`, two sets of one dimension. */
export function subtractSets(a: FactSet, b: FactSet, universe: Universe): FactSet {
  switch (a.kind) {
    case 'names': {
      const other = ofKind(b, 'names')
      return intersectNames(a, { ...other, isExcluding: !other.isExcluding })
    }
    case 'ranges': {
      const other = ofKind(b, 'ranges')
      return {
        kind: 'ranges',
        specials: a.specials & ~other.specials,
        ranges: subtractRanges(a.ranges, other.ranges),
      }
    }
    case 'text': {
      const other = ofKind(b, 'text')
      return {
        kind: 'text',
        specials: a.specials & ~other.specials,
        language: universe.languages.subtract(a.language, other.language),
      }
    }
    case 'keys':
      return subtractKeys(a, ofKind(b, 'keys'), universe)
    case 'sum': {
      const other = ofKind(b, 'sum')
      const parts = new Map<string, readonly Box[]>()
      for (const [type, cells] of a.parts) {
        const rest = subtractCells(cells, other.parts.get(type) ?? [], universe)
        if (rest.length > 0) parts.set(type, rest)
      }
      return { kind: 'sum', specials: a.specials & ~other.specials, parts }
    }
  }
}

/** Whether nothing at all is in the set. A resource has limits that its language does not show: see `isEmptyAt`. */
export function isEmptySet(set: FactSet): boolean {
  switch (set.kind) {
    case 'names':
      return !set.isExcluding && set.names.size === 0
    case 'ranges':
      return set.specials === 0 && set.ranges.length === 0
    case 'text':
      return set.specials === 0 && set.language.isEmpty
    case 'keys':
      return !set.isAbsentIn && set.cells.length === 0
    case 'sum':
      return set.specials === 0 && set.parts.size === 0
  }
}

function intersectNames(a: NameSet, b: NameSet): NameSet {
  if (a.isExcluding && b.isExcluding) {
    return { kind: 'names', isExcluding: true, names: new Set([...a.names, ...b.names]) }
  }
  const [finite, other] = a.isExcluding ? [b, a] : [a, b]
  const names = new Set<string>()
  for (const name of finite.names) if (other.names.has(name) !== other.isExcluding) names.add(name)
  return { kind: 'names', isExcluding: false, names }
}

/** Two sets of one dimension have one kind; anything else is a defect of the caller. */
function ofKind<K extends FactSet['kind']>(set: FactSet, kind: K): Extract<FactSet, { readonly kind: K }> {
  if (!isOfKind(set, kind)) throw new RangeError(`a set of kind ${set.kind} where ${kind} belongs`)
  return set
}

function isOfKind<K extends FactSet['kind']>(set: FactSet, kind: K): set is Extract<FactSet, { readonly kind: K }> {
  return set.kind === kind
}
