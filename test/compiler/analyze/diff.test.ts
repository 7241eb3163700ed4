import { describe, expect, test } from 'vitest'
import { factsText } from '../../../compiler/analyze/describe.ts'
import { diffPolicies, type PolicyDiff } from '../../../compiler/analyze/diff.ts'
import type { Region } from '../../../compiler/analyze/region.ts'
import { modelOf } from './sound.ts'

function diffOf(old: string, new_: string): PolicyDiff {
  return diffPolicies({ model: modelOf(old) }, { model: modelOf(new_) })
}

/** Regions as one text each: who, what, and why it was not allowed. */
function linesOf(regions: readonly Region[]): readonly string[] {
  return regions.flatMap(({ kind, cause, parts, witness }) =>
    parts.map(({ who, boxes, boxCount }) => {
      const names = who.map((chain) => chain.join(' > ')).join(', ')
      const facts = boxes.map((box) => factsText(box)).join(' | ')
      const why =
        cause.kind === 'grants'
          ? `grants ${cause.ids}`
          : cause.kind === 'guardrail'
            ? `guard ${cause.id}`
            : `of ${cause.names}`
      return `${kind} [${why}] ${names}: ${facts}${boxCount > boxes.length ? ` +${boxCount - boxes.length}` : ''} (${witness.reason})`
    }),
  )
}

describe('new access', () => {
  test('of a grant that is new', () => {
    const { newAccess, lostAccess, unknown } = diffOf(
      'autonomous agent a { allow read on x:** }',
      'autonomous agent a { allow read on x:** allow write on x:y }',
    )
    expect(linesOf(newAccess)).toEqual(['access [grants 1] a: write on x:y (no-grant)'])
    expect([lostAccess, unknown]).toEqual([[], []])
  })

  test('of a grant that is wider is only what it adds', () => {
    const { newAccess } = diffOf(
      'autonomous agent a { allow read on x:y:** }',
      'autonomous agent a { allow read on x:** }',
    )
    expect(linesOf(newAccess)).toEqual(['access [grants 0] a: read on x:** except x:y:** (no-grant)'])
  })

  test('of a role is said once for all agents and chains', () => {
    const rest = `autonomous agent a { roles r may delegate depth 1 } autonomous agent b { roles r } delegated agent c {}
      delegate a -> c { allow * on x:** }`
    const { newAccess } = diffOf(
      `role r { allow read on x:1 } ${rest}`,
      `role r { allow read on x:1 allow read on x:2 } ${rest}`,
    )
    expect(linesOf(newAccess)).toEqual(['access [grants 1] a, b, a > c: read on x:2 (no-grant)'])
  })

  test('of a guardrail that is gone names the guardrail', () => {
    const rest = 'autonomous agent a { allow * on x:** } autonomous agent b { allow read on y }'
    const { newAccess } = diffOf(`${rest} forbid delete on x:prod:**`, rest)
    expect(linesOf(newAccess)).toEqual(['access [guard 2] a: delete on x:prod:** (forbidden)'])
  })

  test('of an approval that is not needed any more is an approval dropped', () => {
    const { newAccess, lostAccess } = diffOf(
      'autonomous agent a { allow write on x needs approval by "boss" }',
      'autonomous agent a { allow write on x }',
    )
    expect(linesOf(newAccess)).toEqual([
      'approval [grants 0] a: write on x when approval not given | write on x when approval given, not given by "boss" (approval-required)',
    ])
    expect(lostAccess).toEqual([])
  })

  test('of an agent that expires later is the time in between', () => {
    const { newAccess } = diffOf(
      'autonomous agent a { expires at 2026-01-01T00:00:00Z allow read on x }',
      'autonomous agent a { expires at 2027-01-01T00:00:00Z allow read on x }',
    )
    expect(linesOf(newAccess)).toEqual([
      'access [of a] a: read on x when time from 2026-01-01T00:00:00Z until 2027-01-01T00:00:00Z (agent-expired)',
    ])
  })

  test('of a delegation is that of its grants', () => {
    const rest = 'autonomous agent a { allow read on x:** may delegate depth 1 } delegated agent b {}'
    const { newAccess } = diffOf(rest, `${rest} delegate a -> b { allow read on x:1 }`)
    expect(linesOf(newAccess)).toEqual(['access [grants 1] a > b: read on x:1 (no-grant)'])
  })

  test('of agents made at run time is said for everybody', () => {
    const rest = 'autonomous agent a { allow * on ** may delegate depth 1 } autonomous agent b { allow read on x }'
    const { newAccess } = diffOf(
      `${rest} boundary runtime { allow read on x }`,
      `${rest} boundary runtime { allow read on x allow read on y }`,
    )
    expect(linesOf(newAccess)).toEqual(['access [grants 3] *: read on y (no-grant)'])
  })

  test('of a deeper boundary, or of an agent that may delegate now, is said once', () => {
    const rest = 'autonomous agent b { allow read on x } boundary runtime { allow read on x'
    const may = 'autonomous agent a { allow * on ** may delegate depth 1 }'
    expect(linesOf(diffOf(`${may} ${rest} }`, `${may} ${rest} may delegate depth 2 }`).newAccess)).toEqual([
      'access [of ] * > *: read on x (delegation-depth)',
    ])
    const mayNot = may.replace('depth 1', 'depth 0')
    expect(linesOf(diffOf(`${mayNot} ${rest} }`, `${may} ${rest} }`).newAccess)).toEqual([
      'access [of a] a > *: read on x (delegation-depth)',
    ])
  })

  test('of a new agent is none where anybody made at run time could be given the same', () => {
    const rest = `autonomous agent a { allow * on ** may delegate depth 1 } boundary runtime { allow read on x }`
    expect(diffOf(rest, `${rest} service agent zed {}`)).toMatchObject({ newAccess: [], lostAccess: [], unknown: [] })
  })

  test('of agents of one type only is said of that type', () => {
    const rest = 'boundary runtime { allow read on x }'
    const { newAccess } = diffOf(`${rest} forbid read on x when agent.type = service`, rest)
    expect(linesOf(newAccess)).toEqual(['access [guard 1] *: read on x when agent.type service (forbidden)'])
  })

  test('of a higher budget is what costs more', () => {
    const { newAccess } = diffOf(
      'autonomous agent a { allow read on x limit budget 2 USD per day }',
      'autonomous agent a { allow read on x limit budget 5 USD per day }',
    )
    expect(linesOf(newAccess)).toEqual(['access [of a] a: read on x when cost > 2 and <= 5 (budget-exhausted)'])
  })
})

test('a policy is no different from itself, reordered and renumbered', () => {
  const old = `role r { allow read on x:** allow write on y }
    autonomous agent a { roles r allow execute on z when ip in cidr [10.0.0.0/8] and trust >= 5 may delegate depth 1 }
    delegated agent b {} delegate a -> b { allow read on x:1, x:2 }
    forbid delete on p:** require approval for write on y boundary runtime { allow read on x:** may delegate depth 1 }`
  const new_ = `boundary runtime { may delegate depth 1 allow read on x:** } require approval for write on y
    forbid delete on p:** delegate a -> b { allow read on x:2, x:1 } delegated agent b {}
    autonomous agent a { may delegate depth 1 allow execute on z when trust >= 5 and ip in cidr [10.0.0.0/8] roles r }
    role r { allow write on y allow read on x:** }`
  const { newAccess, lostAccess, unknown, agents, limits, expiries, depths, compared } = diffOf(old, new_)
  expect({ newAccess, lostAccess, unknown, agents, limits, expiries, depths, compared }).toEqual({
    newAccess: [],
    lostAccess: [],
    unknown: [],
    agents: [],
    limits: [],
    expiries: [],
    depths: [],
    compared: 0,
  })
})
