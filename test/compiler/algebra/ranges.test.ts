import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type BigRange, intersectRanges, mergeRanges, subtractRanges } from '../../../compiler/algebra/index.ts'

const SIZE = 24

const ranges = fc.array(
  fc.tuple(fc.nat(SIZE - 1), fc.nat(6)).map(([low, length]): BigRange => {
    return { low: BigInt(low), high: BigInt(Math.min(SIZE - 1, low + length)) }
  }),
  { maxLength: 6 },
)

function members(set: readonly BigRange[]): readonly number[] {
  return Array.from({ length: SIZE }, (_, i) => i).filter((i) => set.some(({ low, high }) => low <= i && i <= high))
}

/** Sorted, disjoint and with a gap between any two. */
function isMerged(set: readonly BigRange[]): boolean {
  return set.every(({ low, high }, i) => low <= high && (set[i - 1]?.high ?? -2n) + 1n < low)
}

it('union, intersection and difference hold the members that they should, merged', () => {
  fc.assert(
    fc.property(ranges, ranges, (left, right) => {
      const [a, b] = [mergeRanges(left), mergeRanges(right)]
      const common = intersectRanges(a, b)
      const rest = subtractRanges(a, b)
      expect({
        merged: [a, b, common, rest].map(isMerged),
        a: members(a),
        common: members(common),
        rest: members(rest),
      }).toEqual({
        merged: [true, true, true, true],
        a: members(left),
        common: members(left).filter((i) => members(right).includes(i)),
        rest: members(left).filter((i) => !members(right).includes(i)),
      })
    }),
  )
})
