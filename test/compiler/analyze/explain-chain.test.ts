import { expect, test } from 'vitest'
import { alternativesOf, findChain, NO_STATE } from '../../../compiler/analyze/explain-chain.ts'
import { readRequest } from '../../../compiler/analyze/explain-request.ts'
import { parseState, type State } from '../../../compiler/model/index.ts'
import { modelOf } from './sound.ts'

const MODEL = modelOf(`
autonomous agent top { owner "o" allow read on ** may delegate depth 2 }
delegated agent mid { may delegate depth 1 }
delegated agent bot { expires at 2026-06-01T00:00:00Z }
delegate top -> mid { allow read on ** depth 1 }
delegate mid -> bot { allow read on ** expires in 1h }
boundary runtime { allow read on ** may delegate depth 1 }
`)

function factsOf(members: object) {
  const read = readRequest({ agent: 'bot', action: 'read', resource: 'x', ...members })
  if (!read.ok) throw new TypeError(read.message)
  return read.facts
}

function stateOf(json: unknown): State {
  const parsed = parseState(json)
  if (!parsed.ok) throw new TypeError(parsed.message)
  return parsed.value
}

const PERMISSIONS = [{ resource: '**', actions: ['*'] }]
const RELAXED = { readings: true, since: false }

test('everybody is looked up, with what they are and their state', () => {
  const state = stateOf({
    agents: [{ name: 'made', type: 'service', permissions: PERMISSIONS, mayDelegate: 5 }],
    suspended: ['mid'],
  })
  const { members } = findChain(MODEL, state, factsOf({ via: ['made', 'mid', 'nobody'], now: '2026-07-01T00:00:00Z' }))
  expect(members.map(({ name, origin, status, mayDelegate }) => [name, origin, status, mayDelegate])).toEqual([
    ['made', 'run time', 'active', 1],
    ['mid', 'policy', 'suspended', 1],
    ['nobody', 'nowhere', 'unknown', undefined],
    ['bot', 'policy', 'expired', undefined],
  ])
})

test('a delegation is expired, revoked or too shallow, in this order', () => {
  const state = stateOf({
    delegations: [
      { from: 'mid', to: 'bot', permissions: PERMISSIONS, expiresAt: 5, revoked: true },
      { from: 'mid', to: 'bot', permissions: PERMISSIONS, revoked: true },
      { from: 'top', to: 'mid', permissions: PERMISSIONS },
    ],
  })
  const { hops } = findChain(MODEL, state, factsOf({ via: ['top', 'mid'], now: 7_200_000, since: 3_600_000 }))
  expect(hops.map(({ delegations }) => delegations.map(({ origin, fault }) => [origin, fault]))).toEqual([
    [
      ['policy', undefined],
      ['run time', 'depth'],
    ],
    [
      ['policy', 'expired'],
      ['run time', 'expired'],
      ['run time', 'revoked'],
    ],
  ])
})

test('a root and an intermediate that say so bound the depth', () => {
  const faults = (via: readonly string[]) => findChain(MODEL, NO_STATE, factsOf({ via })).depthFaults
  expect(faults(['top', 'mid'])).toEqual([])
  expect(faults(['mid', 'top'])).toEqual([{ name: 'mid', needed: 2, has: 1 }])
})

test('there is an alternative for every way to take the hops, with the boundary behind what is given at run time', () => {
  const state = stateOf({ delegations: [{ from: 'mid', to: 'bot', permissions: PERMISSIONS }] })
  const facts = factsOf({ via: ['top', 'mid'], now: 1, since: 0 })
  const found = alternativesOf(findChain(MODEL, state, facts), MODEL, facts, RELAXED)
  expect(found.map(({ factors, runtimeHops }) => [factors.length, runtimeHops])).toEqual([
    [3, [false, false]],
    [4, [false, true]],
  ])
})

test('nobody acts who is suspended, and hops may be opened anew', () => {
  const facts = factsOf({ via: ['top', 'mid'], now: 9_000_000, since: 'x' })
  const suspended = findChain(MODEL, stateOf({ suspended: ['top'] }), facts)
  expect(alternativesOf(suspended, MODEL, facts, RELAXED)).toEqual([])
  const chain = findChain(MODEL, NO_STATE, facts)
  expect(alternativesOf(chain, MODEL, facts, RELAXED)).toEqual([])
  expect(alternativesOf(chain, MODEL, facts, { readings: true, since: true })).toHaveLength(1)
})
