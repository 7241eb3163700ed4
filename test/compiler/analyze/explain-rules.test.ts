import { expect, test } from 'vitest'
import { createUniverse } from '../../../compiler/algebra/index.ts'
import { findChain, NO_STATE } from '../../../compiler/analyze/explain-chain.ts'
import { createPoint } from '../../../compiler/analyze/explain-point.ts'
import { readRequest } from '../../../compiler/analyze/explain-request.ts'
import { createRuleJudge } from '../../../compiler/analyze/explain-rules.ts'
import { modelOf } from './sound.ts'

function judged(policy: string, members: object) {
  const model = modelOf(policy)
  const read = readRequest({ agent: 'bot', action: 'read', resource: 'a:b', ...members })
  if (!read.ok) throw new TypeError(read.message)
  const universe = createUniverse()
  const judge = createRuleJudge(createPoint(read.facts, universe), read.facts, universe)
  const chain = findChain(model, NO_STATE, read.facts)
  return { factors: judge.factors(chain, model), guards: judge.guards(chain, model) }
}

test('a grant for agents of another type does not apply, and nothing else of it fails', () => {
  const { factors } = judged('service agent bot { allow read on a:* when agent.type = autonomous and trust >= 5 }', {})
  expect(factors[0]).toMatchObject({ isSatisfied: false, nearest: undefined, candidates: [{ failed: ['agent'] }] })
})

test('other grants are near by resource or action', () => {
  const { factors } = judged('service agent bot { allow write on z allow list on a:* allow read on q }', {})
  expect(factors[0]?.others.map(({ id }) => id)).toEqual([1, 2, 0])
})

test('every principal of a chain is asked about by a guardrail', () => {
  const { guards } = judged(
    `autonomous agent top { owner "x" allow read on ** may delegate depth 1 }
     delegated agent bot { owner "y" }
     delegate top -> bot { allow read on ** }
     forbid read on a:* when agent.owner = "y"
     require agent.owner = "x" for read on a:*
     limit rate 5 per day for read on a:*
     forbid write on a:*`,
    { via: ['top'] },
  )
  expect(guards.map(({ kind, denies }) => [kind, denies])).toEqual([
    ['forbid', ['bot']],
    ['require', ['bot']],
    ['limit', []],
  ])
})

test('an approval is given by its label, while it is fresh', () => {
  const policy = 'service agent bot { allow read on a:* needs approval by "boss" within 1h }'
  const given = (members: object) => judged(policy, members).factors[0]?.candidates[0]?.approval?.isGiven
  expect(given({ approvedBy: 'boss' })).toBe(true)
  expect(given({ approvedBy: 'other' })).toBe(false)
  expect(given({ approvedBy: 'boss', approvedAt: 0, now: 3_599_999 })).toBe(true)
  expect(given({ approvedBy: 'boss', approvedAt: 0, now: 3_600_000 })).toBe(false)
  expect(given({ approvedBy: 'boss', approvedAt: 'x', now: 1 })).toBe(false)
})
