import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createUniverse } from '../../../compiler/algebra/index.ts'
import {
  ANY_KEYS,
  intersectKeys,
  type KeySet,
  keysBeyond,
  keysWithin,
  namesOfCell,
  subtractKeys,
} from '../../../compiler/algebra/key-set.ts'

const NAMES = ['a', 'b', 'c'] as const
/** Every call by the names of its arguments; `other` stands for those that no set lists. */
const CALLS: readonly (readonly string[] | undefined)[] = [
  undefined,
  ...[...NAMES, 'other'].reduce<string[][]>((some, name) => some.flatMap((names) => [names, [...names, name]]), [[]]),
]

function isMember({ isAbsentIn, cells }: KeySet, call: readonly string[] | undefined): boolean {
  if (call === undefined) return isAbsentIn
  return cells.some(
    ({ allowed, beyond }) =>
      call.every((name) => allowed === undefined || allowed.has(name)) &&
      beyond.every((inside) => call.some((name) => !inside.has(name))),
  )
}

const universe = createUniverse()
const names = fc.subarray([...NAMES]).map((some) => new Set<string>(some))
const set: fc.Arbitrary<KeySet> = fc.letrec<{ set: KeySet }>((tie) => ({
  set: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.constant(ANY_KEYS),
    names.map(keysWithin),
    names.map(keysBeyond),
    fc.tuple(tie('set'), tie('set')).map(([a, b]) => intersectKeys(a, b, universe)),
    fc.tuple(tie('set'), tie('set')).map(([a, b]) => subtractKeys(a, b, universe)),
  ),
})).set

it('names that are listed, and names beyond a list, hold the calls that they say', () => {
  const within = keysWithin(new Set(['a']))
  const beyond = keysBeyond(new Set(['a']))
  expect(CALLS.map((call) => [isMember(within, call), isMember(beyond, call)])).toEqual(
    CALLS.map((call) => {
      const isWithin = call?.every((name) => name === 'a')
      return [isWithin === true, isWithin === false]
    }),
  )
})

it('intersection and difference hold the calls that they should', () => {
  fc.assert(
    fc.property(set, set, (a, b) => {
      const common = intersectKeys(a, b, universe)
      const rest = subtractKeys(a, b, universe)
      for (const call of CALLS) {
        const [inA, inB] = [isMember(a, call), isMember(b, call)]
        expect([isMember(common, call), isMember(rest, call)]).toEqual([inA && inB, inA && !inB])
      }
    }),
    { numRuns: 300 },
  )
})

it('names are found for a cell exactly when some call is in it, with what must be there and without what must not', () => {
  fc.assert(
    fc.property(set, fc.subarray([...NAMES]), fc.subarray([...NAMES]), (keys, forced, others) => {
      const barred = others.filter((name) => !forced.includes(name))
      const isBarred = (name: string) => barred.some((one) => one === name)
      for (const cell of keys.cells) {
        const found = namesOfCell(cell, forced, isBarred)
        const fits = (call: readonly string[] | undefined) =>
          call !== undefined &&
          isMember({ ...keys, cells: [cell] }, call) &&
          forced.every((name) => call.includes(name)) &&
          !call.some(isBarred)
        expect(found !== undefined).toBe(CALLS.some(fits))
        if (found !== undefined) expect(fits(found)).toBe(true)
      }
    }),
    { numRuns: 300 },
  )
})
