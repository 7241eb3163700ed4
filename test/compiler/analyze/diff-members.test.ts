import { expect, test } from 'vitest'
import { diffAgents, diffDepths, diffExpiries } from '../../../compiler/analyze/diff-members.ts'
import { modelOf } from './sound.ts'

const REST = 'delegated agent b {} autonomous agent c { allow read on x may delegate depth 3 }'

test('agents come, go, and become others', () => {
  const old = modelOf('autonomous agent a { owner "ann" } service agent s {} service agent t {}')
  const new_ = modelOf('autonomous agent a { owner "bob" } autonomous agent s {} service agent u { owner "x" }')
  expect(diffAgents(old, new_)).toEqual([
    { name: 'a', change: 'owner', old: 'ann', new: 'bob' },
    { name: 's', change: 'type', old: 'service', new: 'autonomous' },
    { name: 't', change: 'removed' },
    { name: 'u', change: 'added' },
  ])
})

test.each([
  ['', 'expires at 2027-01-01T00:00:00Z', 'added'],
  ['expires at 2027-01-01T00:00:00Z', '', 'removed'],
  ['expires at 2027-01-01T00:00:00Z', 'expires at 2028-01-01T00:00:00Z', 'later'],
  ['expires in 1h', 'expires in 30m', 'earlier'],
  ['expires in 1h', 'expires at 2027-01-01T00:00:00Z', 'other'],
])('a delegation that says %s and now %s expires otherwise', (old, new_, change) => {
  const of = (clause: string) => modelOf(`${REST} delegate c -> b { allow read on x ${clause} }`)
  expect(diffExpiries(of(old), of(new_))).toMatchObject([{ holder: 'delegation c -> b', change }])
  expect(diffExpiries(of(old), of(old))).toEqual([])
})

test('depths of agents, delegations and the boundary are compared', () => {
  const of = (hops: number) =>
    modelOf(`delegated agent b {} autonomous agent c { allow read on x may delegate depth ${hops + 1} }
      delegate c -> b { allow read on x depth ${hops} } boundary runtime { allow read on x may delegate depth ${hops} }`)
  expect(diffDepths(of(1), of(2))).toEqual([
    { holder: 'agent c', change: 'deeper', old: 2, new: 3 },
    { holder: 'delegation c -> b', change: 'deeper', old: 1, new: 2 },
    { holder: 'boundary runtime', change: 'deeper', old: 1, new: 2 },
  ])
  expect(diffDepths(of(2), of(1)).map(({ change }) => change)).toEqual(['shallower', 'shallower', 'shallower'])
})
