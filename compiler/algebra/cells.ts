/** Unions of boxes over the dimensions of one type of value: what a text, a number or an instant may be. */
import { type Box, intersectBoxes, subtractBoxes } from './box.ts'
import type { Universe } from './universe.ts'

/** What two unions have in common. */
export function intersectCells(a: readonly Box[], b: readonly Box[], universe: Universe): readonly Box[] {
  return a.flatMap((left) =>
    b.flatMap((right) => {
      const common = intersectBoxes(left, right, universe)
      return common === undefined ? [] : [common]
    }),
  )
}

/** What is in `a` and not in `b`. */
export function subtractCells(a: readonly Box[], b: readonly Box[], universe: Universe): readonly Box[] {
  return subtractBoxes(a, b, universe)
}
