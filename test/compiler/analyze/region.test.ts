import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { diffPolicies } from '../../../compiler/analyze/diff.ts'
import { modelOf } from './sound.ts'

/** Digests of the new access of an agent that had nothing. */
function digestsOf(grants: string, rest = ''): readonly string[] {
  const [old, new_] = [modelOf(`autonomous agent a {} ${rest}`), modelOf(`autonomous agent a { ${grants} } ${rest}`)]
  return diffPolicies({ model: old }, { model: new_ }).newAccess.map(({ digest }) => digest)
}

const CONDITIONS = [
  'trust >= 5',
  'ip in cidr [10.0.0.0/8]',
  'args.x in ["a", "b"]',
  'time in hours daily 08:00-18:00',
  'len.t <= 9',
  'args only [x, t]',
]
const grant = fc.record({
  actions: fc.subarray(['read', 'write', 'delete'], { minLength: 1 }),
  patterns: fc.subarray(['a:b', 'a:*', 'b:**', 'c-*'], { minLength: 1 }),
  conditions: fc.subarray(CONDITIONS),
})

function textOf({
  actions,
  patterns,
  conditions,
}: {
  actions: string[]
  patterns: string[]
  conditions: string[]
}): string {
  return `allow ${actions} on ${patterns}${conditions.length > 0 ? ` when ${conditions.join(' and ')}` : ''}`
}

describe('the digest of a region', () => {
  test('is another one whenever the region is larger', () => {
    fc.assert(
      fc.property(grant, fc.nat(), (drawn, pick) => {
        const larger = [
          { ...drawn, actions: [...drawn.actions, 'extra'] },
          { ...drawn, patterns: [...drawn.patterns, 'elsewhere:**'] },
          ...drawn.conditions.map((_, index) => ({ ...drawn, conditions: drawn.conditions.toSpliced(index, 1) })),
        ]
        const [before] = digestsOf(textOf(drawn))
        const [after] = digestsOf(textOf(larger[pick % larger.length] ?? drawn))
        expect(before).toMatch(/^[0-9a-f]{16}$/)
        expect(after).not.toBe(before)
      }),
      { numRuns: 40, seed: 7 },
    )
  }, 180_000)

  test('is the same however the region is written, and whatever else there is', () => {
    fc.assert(
      fc.property(grant, (drawn) => {
        const turned = {
          actions: drawn.actions.toReversed(),
          patterns: drawn.patterns.toReversed(),
          conditions: drawn.conditions.toReversed(),
        }
        const rest = 'role r { allow * on z } service agent s { roles r allow read on y:** } forbid read on y:q'
        expect(digestsOf(textOf(turned), rest)).toEqual(digestsOf(textOf(drawn)))
      }),
      { numRuns: 25, seed: 8 },
    )
  }, 180_000)

  test('is another one when somebody else gains it too', () => {
    const of = (rest: string) => {
      const old = modelOf(`role r {} autonomous agent a { roles r } ${rest}`)
      const new_ = modelOf(`role r { allow read on x } autonomous agent a { roles r } ${rest}`)
      return diffPolicies({ model: old }, { model: new_ }).newAccess.map(({ digest }) => digest)
    }
    expect(of('')).toHaveLength(1)
    expect(of('service agent b { roles r }')).not.toEqual(of(''))
  })

  test('tells new access from lost access', () => {
    const [old, new_] = [modelOf('autonomous agent a {}'), modelOf('autonomous agent a { allow read on x }')]
    const there = diffPolicies({ model: old }, { model: new_ }).newAccess[0]
    const back = diffPolicies({ model: new_ }, { model: old }).lostAccess[0]
    expect(back).toEqual({ ...there, digest: back?.digest })
    expect(back?.digest).not.toBe(there?.digest)
  })
})

test('a question beyond its budget is unknown, and nothing is said to be the same', () => {
  const text = (last: string) =>
    modelOf(
      `autonomous agent a { allow read on x when args.q matches /[ab]*a[ab]{9}/ and args.r matches /[ab]*${last}[ab]{9}/ }`,
    )
  const { newAccess, unknown } = diffPolicies({ model: text('a') }, { model: text('b') }, { steps: 2000 })
  expect(newAccess).toEqual([])
  expect(unknown).toContainEqual({ who: ['a'], why: 'the question takes more work than its budget' })
})
