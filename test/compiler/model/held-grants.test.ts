import { expect, it } from 'vitest'
import { checkPolicy } from '../../../compiler/front/index.ts'
import { heldGrants, roleGrants } from '../../../compiler/model/index.ts'
import { parsePolicy } from '../../../grammar/index.ts'

it('own grants come first, and a role that is reached twice counts once', () => {
  const text = `policy p
role base { allow read on a }
role left includes base { allow read on b }
role right includes base { allow read on c }
service agent x { roles left, right allow read on d }
`
  const { model } = checkPolicy([parsePolicy('p.kavach', text).file])
  const [agent] = model?.agents ?? []
  if (model === undefined || agent === undefined) throw new Error('the policy is not sound')
  const ids = (grants: readonly { readonly id: number }[]) => grants.map(({ id }) => id)
  expect(ids(heldGrants(model, agent))).toEqual([3, ...new Set(ids(roleGrants(model, agent)))])
  expect(ids(roleGrants(model, agent)).sort()).toEqual([0, 0, 1, 2])
})
