import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isEmptyAt } from '../../../compiler/algebra/dimension.ts'
import { intersectSets } from '../../../compiler/algebra/fact-set.ts'
import {
  atomSets,
  createUniverse,
  everythingAt,
  instantsBefore,
  instantsFrom,
  subtractSets,
} from '../../../compiler/algebra/index.ts'
import { grantText, hold } from './conditions.ts'

it('an atom is true, false or unknown, never two of them, and `not` exchanges the first two', () => {
  fc.assert(
    fc.property(grantText, (text) => {
      const universe = createUniverse()
      for (const atom of hold([text]).grants.flatMap(({ when = [] }) => when)) {
        const { dimension, whenTrue, whenFalse } = atomSets(atom, universe)
        const opposite = atomSets({ ...atom, negated: !atom.negated }, universe)
        expect(isEmptyAt(dimension, intersectSets(whenTrue, whenFalse, universe), universe)).toBe(true)
        expect([opposite.whenTrue, opposite.whenFalse]).toEqual([whenFalse, whenTrue])
        // A fact that is not there makes every atom unknown.
        const decided = subtractSets(
          subtractSets(everythingAt(dimension, universe), whenTrue, universe),
          whenFalse,
          universe,
        )
        expect(isEmptyAt(dimension, decided, universe)).toBe(false)
      }
    }),
  )
})

it('instants before and from a moment on are all that are known', () => {
  const universe = createUniverse()
  for (const moment of [0, -5, 1_767_571_200_000, Date.parse('0000-01-01T00:00:00Z'), Number.MAX_SAFE_INTEGER]) {
    const known = subtractSets(
      subtractSets(everythingAt('now', universe), instantsBefore(moment), universe),
      instantsFrom(moment),
      universe,
    )
    expect([moment, known]).toEqual([moment, { kind: 'sum', specials: 1, parts: new Map() }])
  }
})
