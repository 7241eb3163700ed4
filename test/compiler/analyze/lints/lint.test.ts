import { expect, it } from 'vitest'
import { holdersOf } from '../../../../compiler/analyze/lints/lint.ts'
import { soundOf } from '../sound.ts'

it('grants that are alternatives of each other are those of one holder, its own apart from those of roles', () => {
  const { model, map } = soundOf(`policy p
role r { allow read on a }
role s includes r { allow read on b }
service agent x { roles s owner "ann" allow read on c may delegate depth 1 }
delegated agent y {}
delegate x -> y { allow read on d }
delegate x -> y { allow read on e }
boundary runtime { allow read on f }
`)
  const ids = (grants: readonly { readonly id: number }[]) => grants.map(({ id }) => id)
  const holders = holdersOf({ files: [], model, map, assertions: [], catalogs: new Map(), diagnostics: [] })
  expect(holders.map(({ own, inherited }) => [ids(own), ids(inherited)])).toEqual([
    [[0], []],
    [[1], [0]],
    [[2], [0, 1]],
    [[], []],
    [[3], []],
    [[4], []],
    [[5], []],
  ])
  expect(holders.map(({ subject }) => (subject.kind === 'known' ? subject.type : subject.kind))).toEqual([
    'any',
    'any',
    'service',
    'delegated',
    'delegated',
    'delegated',
    'any',
  ])
})
