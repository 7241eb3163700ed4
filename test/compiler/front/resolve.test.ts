import { expect, it } from 'vitest'
import { closeRoles, orderRoles, resolvePolicy } from '../../../compiler/front/resolve.ts'
import { parsePolicy } from '../../../grammar/index.ts'
import { parse } from './findings.ts'

it('finds declarations of all files by name, the first of a name', () => {
  const files = parse({
    'a.kavach': 'policy p\nservice agent x {}\nrole x {}\nboundary runtime {}\n',
    'b.kavach':
      'autonomous agent x {}\nset x = cidr [::1]\ncatalog x from "x.json"\ndelegate x -> x {}\nboundary runtime {}\n',
  })
  const { agents, roles, sets, catalogs, delegations, boundary, broken } = resolvePolicy(files)
  const places = [agents, roles, sets, catalogs].map((map) =>
    [...map].map(([name, { file }]) => `${name} ${file.path}`),
  )
  expect([places, delegations.length, boundary?.file.path, broken.any]).toEqual([
    [['x a.kavach'], ['x a.kavach'], ['x b.kavach'], ['x b.kavach']],
    1,
    'a.kavach',
    false,
  ])
})

it('knows the names in statements that were dropped, and that others may have been there', () => {
  const { file } = parsePolicy(
    'a.kavach',
    'policy p\nservice agent bot { allow read in a }\nrole 4o { allow read on a }\n',
  )
  const { broken } = resolvePolicy([file])
  expect([
    broken.any,
    broken.has('agent', 'bot'),
    broken.has('agent', 'other'),
    broken.has('role', 'any-name'),
    broken.has('set', 'bot'),
    broken.has('boundary'),
  ]).toEqual([true, true, false, true, false, false])
})

it('orders roles behind those they include, and closes them over these', () => {
  const policy = resolvePolicy(
    parse(`policy p
role top includes left, right { allow t on a }
role left includes base { allow l on a }
role right includes base, gone {}
role base { allow b on a }
`),
  )
  const { order, cycles } = orderRoles(policy)
  const closed = closeRoles(policy, (grant) => grant.start)
  const actions = [...closed].map(([name, grants]) => [
    name,
    grants.map(({ scope }) => scope.actions.names[0]?.text).join(''),
  ])
  expect([order.map(({ node }) => node.name.text), cycles, actions]).toEqual([
    ['base', 'left', 'right', 'top'],
    [],
    [
      ['base', 'b'],
      ['left', 'lb'],
      ['right', 'b'],
      ['top', 'tlb'],
    ],
  ])
})
