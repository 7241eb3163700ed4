import fc from 'fast-check'
import { expect, it } from 'vitest'
import { intersectSets, isEmptySet } from '../../../compiler/algebra/fact-set.ts'
import { createUniverse, type FactSet, subtractSets } from '../../../compiler/algebra/index.ts'

const universe = createUniverse()
const NAMES = ['a', 'b', 'c'] as const

const names = fc
  .tuple(fc.boolean(), fc.subarray([...NAMES]))
  .map(([isExcluding, some]): FactSet => ({ kind: 'names', isExcluding, names: new Set(some) }))

/** The names of the set among three, and whether others are in it. */
function membersOf(set: FactSet): readonly boolean[] {
  return [...NAMES, 'other'].map((name) => set.kind === 'names' && set.names.has(name) !== set.isExcluding)
}

it('sets of names are a Boolean algebra, names that nobody lists included', () => {
  fc.assert(
    fc.property(names, names, (a, b) => {
      const [inA, inB] = [membersOf(a), membersOf(b)]
      const [common, rest] = [intersectSets(a, b, universe), subtractSets(a, b, universe)]
      expect(membersOf(common)).toEqual(inA.map((isIn, n) => isIn && inB[n] === true))
      expect(membersOf(rest)).toEqual(inA.map((isIn, n) => isIn && inB[n] === false))
      expect(isEmptySet(rest)).toBe(!membersOf(rest).includes(true))
    }),
  )
})

it('what is missing is a member of its own', () => {
  const set = (specials: number): FactSet => ({ kind: 'ranges', specials, ranges: [] })
  expect(isEmptySet(subtractSets(set(1), set(1), universe))).toBe(true)
  expect(isEmptySet(subtractSets(set(3), set(1), universe))).toBe(false)
})

it('sets of two kinds are a defect of the caller', () => {
  expect(() => intersectSets({ kind: 'ranges', specials: 1, ranges: [] }, everyName(), universe)).toThrow(RangeError)
})

function everyName(): FactSet {
  return { kind: 'names', isExcluding: true, names: new Set() }
}
