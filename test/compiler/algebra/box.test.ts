import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  createUniverse,
  EVERY_REQUEST,
  findWitness,
  includesBox,
  intersectBoxes,
  meetsBox,
  restrict,
  subtractBox,
  subtractBoxes,
} from '../../../compiler/algebra/index.ts'
import { boxesOf, grantText, hold, request } from './conditions.ts'

const requests = fc.noShrink(fc.array(request, { minLength: 60, maxLength: 60 }))

describe('boxes of grants, judged by the reference evaluator', () => {
  it('what two have in common holds the requests that both allow, and its witness is one of them', () => {
    fc.assert(
      fc.property(grantText, grantText, requests, (left, right, asked) => {
        const universe = createUniverse()
        const held = hold([left, right])
        const [a, b] = boxesOf(held, universe)
        const common = a && b && intersectBoxes(a, b, universe)
        const isBoth = (one: object) => held.isAllowed(0, one) && held.isAllowed(1, one)
        if (common === undefined) expect(asked.filter(isBoth)).toEqual([])
        const witness = common && findWitness(common, universe)
        if (witness !== undefined) expect([witness, isBoth(witness)]).toEqual([witness, true])
      }),
      { numRuns: 250 },
    )
  })

  it('what is left of one holds the requests that the others do not allow, and its witness is one of them', () => {
    fc.assert(
      fc.property(fc.array(grantText, { minLength: 2, maxLength: 4 }), requests, (texts, asked) => {
        const universe = createUniverse()
        const held = hold(texts)
        const [first, ...others] = boxesOf(held, universe)
        const isLeft = (one: object) => held.isAllowed(0, one) && !texts.some((_, n) => n > 0 && held.isAllowed(n, one))
        const holes = others.filter((box) => box !== undefined)
        const left = first === undefined ? [] : subtractBoxes([first], holes, universe)
        if (left.length === 0) expect(asked.filter(isLeft)).toEqual([])
        for (const box of left) {
          const witness = findWitness(box, universe)
          if (witness !== undefined) expect([witness, isLeft(witness)]).toEqual([witness, true])
        }
      }),
      { numRuns: 250 },
    )
  })

  it('pieces of a difference have nothing in common', () => {
    fc.assert(
      fc.property(grantText, grantText, (left, right) => {
        const universe = createUniverse()
        const [a, b] = boxesOf(hold([left, right]), universe)
        if (a === undefined || b === undefined) return
        const pieces = subtractBox(a, b, universe)
        for (const [index, piece] of pieces.entries()) {
          expect(meetsBox(piece, b, universe)).toBe(false)
          for (const other of pieces.slice(index + 1)) expect(meetsBox(piece, other, universe)).toBe(false)
        }
      }),
    )
  })
})

describe('single boxes', () => {
  const universe = createUniverse()
  const read = restrict(EVERY_REQUEST, 'action', names('read'), universe) ?? EVERY_REQUEST

  it('everything includes every box, and no box includes everything', () => {
    expect([includesBox(EVERY_REQUEST, read, universe), includesBox(read, EVERY_REQUEST, universe)]).toEqual([
      true,
      false,
    ])
  })

  it('nothing is left when a fact can have no value', () => {
    expect(restrict(read, 'action', names('write'), universe)).toBeUndefined()
  })

  it('a box without the other one is itself when they share nothing', () => {
    const write = restrict(EVERY_REQUEST, 'action', names('write'), universe) ?? EVERY_REQUEST
    expect(subtractBox(read, write, universe)).toEqual([read])
    expect(subtractBox(read, read, universe)).toEqual([])
  })
})

function names(...some: readonly string[]) {
  return { kind: 'names', isExcluding: false, names: new Set(some) } as const
}
