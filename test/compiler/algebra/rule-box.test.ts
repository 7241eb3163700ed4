import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  createUniverse,
  forbidBoxes,
  grantBox,
  includesBox,
  requireBoxes,
  type Subject,
  scopeBox,
  subtractBoxes,
} from '../../../compiler/algebra/index.ts'
import type { AtomModel, GrantModel } from '../../../compiler/model/index.ts'
import { grantText, HOLDER, hold } from './conditions.ts'

const EVERYTHING: Pick<GrantModel, 'actions' | 'patterns'> = {
  actions: undefined,
  patterns: [{ segments: [], rest: true }],
}

function atomsOf(condition: string): readonly AtomModel[] {
  return hold([`allow * on ** when ${condition}`]).grants[0]?.when ?? []
}

describe('guardrails', () => {
  it('a forbid denies all but where its condition is false, so also where it is unknown', () => {
    fc.assert(
      fc.property(grantText, (text) => {
        const universe = createUniverse()
        const [grant] = hold([text.replace(/ needs .*/, '')]).grants
        if (grant === undefined) return
        const granted = grantBox(grant, HOLDER, universe)
        const denied = forbidBoxes(grant, HOLDER, universe)
        // What a condition grants, a forbid with the same condition denies.
        if (granted !== undefined) expect(subtractBoxes([granted], denied, universe)).toEqual([])
      }),
    )
  })

  it('what is excused and what is not are all of the scope', () => {
    const universe = createUniverse()
    const [scope] = hold(['allow * on **']).grants.map((grant) => scopeBox(grant, universe))
    for (const condition of ['ip in inner', 'not time in week and trust <= 5', 'args only [x]', 'args.o.p = "v"']) {
      const unless = atomsOf(condition)
      const denied = forbidBoxes({ ...EVERYTHING, unless }, HOLDER, universe)
      const excused = grantBox({ ...EVERYTHING, when: unless }, HOLDER, universe)
      expect(scope && excused && subtractBoxes([scope], [...denied, excused], universe)).toEqual([])
      expect(excused && denied.some((box) => includesBox(box, excused, universe))).toBe(false)
    }
  })

  it('a require denies what does not meet it, the approval included', () => {
    const universe = createUniverse()
    const rule = { ...EVERYTHING, approval: { by: 'boss' } }
    const denied = requireBoxes(rule, HOLDER, universe)
    const granted = (approval: GrantModel['approval']) =>
      grantBox({ ...EVERYTHING, ...(approval && { approval }) }, HOLDER, universe)
    const left = [granted(rule.approval), granted({ by: 'other' }), granted(undefined)].map(
      (box) => box && subtractBoxes([box], denied, universe).length > 0,
    )
    expect(left).toEqual([true, true, true])
    const plain = granted(undefined)
    const approved = granted(rule.approval)
    expect(plain && approved && subtractBoxes([plain], [...denied, approved], universe)).toEqual([])
  })
})

describe('whose type and owner are asked for', () => {
  const typed: AtomModel = { kind: 'agent-type', negated: false, types: ['service'] }
  const owned: AtomModel = { kind: 'agent-owner', negated: true, owners: ['ann'] }
  const ask = (atom: AtomModel, subject: Subject) =>
    grantBox({ ...EVERYTHING, when: [atom] }, subject, createUniverse())?.size

  it('of a known agent they are decided', () => {
    const known = (owner: string | undefined): Subject => ({ kind: 'known', type: 'service', owner })
    expect(ask(typed, known(undefined))).toBe(1)
    expect(ask({ ...typed, negated: true }, known(undefined))).toBeUndefined()
    expect([ask(owned, known('bob')), ask(owned, known('ann')), ask(owned, known(undefined))]).toEqual([
      1,
      undefined,
      undefined,
    ])
  })

  it('of one that is not made yet they are facts, apart for the one that acts and the one above it', () => {
    const universe = createUniverse()
    const dimensions = (place: 'acting' | 'root') =>
      [...(grantBox({ ...EVERYTHING, when: [typed, owned] }, { kind: 'any', place }, universe)?.keys() ?? [])].sort()
    expect([dimensions('acting'), dimensions('root')]).toEqual([
      ['owner', 'resource', 'type'],
      ['owner:root', 'resource', 'type:root'],
    ])
  })
})
