import { expect, test } from 'vitest'
import { toAgents } from '../../../../compiler/analyze/cedar/entity.ts'
import { modelOf } from './evaluate.ts'

test('an agent is an entity below its roles, with what the policy says of it', () => {
  const model = modelOf(`policy p
role reader {
  allow read on a
}
role writer includes reader {
  allow write on a
}
service agent s {
  owner "ann"
  roles writer, reader
}
delegated agent d {
}
`)
  expect([...toAgents(model)]).toEqual([
    [
      's',
      {
        uid: { type: 'Agent', id: 's' },
        attrs: { type: 'service', owner: 'ann' },
        parents: [
          { type: 'Role', id: 'writer' },
          { type: 'Role', id: 'reader' },
        ],
      },
    ],
    ['d', { uid: { type: 'Agent', id: 'd' }, attrs: { type: 'delegated' }, parents: [] }],
  ])
})
