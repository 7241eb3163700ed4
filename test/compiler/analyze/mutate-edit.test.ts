import { expect, test } from 'vitest'
import { editAgent, editDelegation, editGrant, replace, replaceAt } from '../../../compiler/analyze/mutate-edit.ts'
import { modelOf } from './sound.ts'

const MODEL = modelOf(`role r { allow read on x }
role s includes r { allow write on x }
autonomous agent a { roles s\n may delegate depth 1 }
service agent b { allow read on y }
delegate a -> b { allow read on x }`)

test('a grant of a role is changed in every role that reaches it, and nothing else is', () => {
  const changed = editGrant(0, (grant) => ({ ...grant, actions: undefined }))(MODEL)
  expect(changed.roles.map(({ grants }) => grants.map(({ actions }) => actions))).toEqual([
    [undefined],
    [undefined, ['write']],
  ])
  expect(changed.roles[1]?.grants[0]).toBe(changed.roles[0]?.grants[0])
  expect([changed.agents, changed.delegations]).toEqual([MODEL.agents, MODEL.delegations])
  expect(changed.agents).toBe(MODEL.agents)
})

test('a part that is taken away leaves the others as they were', () => {
  const changed = editDelegation(0, () => undefined)(MODEL)
  expect([changed.delegations, changed.agents === MODEL.agents]).toEqual([[], true])
  expect(editAgent('nobody', (agent) => ({ ...agent }))(MODEL).agents).toBe(MODEL.agents)
})

test('lists in which nothing changes stay the same list', () => {
  const list = [1, 2, 3]
  expect(replace(list, (item) => item)).toBe(list)
  expect([replaceAt(list, 1, 9), replaceAt(list, 1, undefined), replaceAt(list, 7, 9) === list]).toEqual([
    [1, 9, 3],
    [1, 3],
    true,
  ])
})
