import { expect, test } from 'vitest'
import { createReference } from '../../../compiler/reference/index.ts'
import { parsePolicy } from '../../../grammar/index.ts'
import { allow, ask } from './ask.ts'

test('rules are numbered through allow, forbid, require and top-level limit in source order', () => {
  const policy = `
    forbid delete on **
    require ip in cidr [::/0] for delete on **
    limit rate 5 per minute for delete on **
    role r { allow read on x:y }
    service agent a { roles r allow write on x:y }`
  expect([ask(policy).charged, ask(policy, { action: 'write' }).charged]).toEqual([[3], [4]])
})

test('files are one policy in the order of the bytes of their paths', () => {
  const files = [
    parsePolicy('b.kavach', 'service agent a { allow read on x:y }').file,
    parsePolicy('a/z.kavach', 'policy p\nforbid delete on **').file,
    parsePolicy('\u{10000}.kavach', 'forbid delete on **').file,
    parsePolicy('\uffee.kavach', 'service agent b { allow read on x:y }').file,
  ]
  const { decide } = createReference(files)
  const request = { action: 'read', resource: 'x:y' }
  expect([decide({ ...request, agent: 'a' }), decide({ ...request, agent: 'b' })]).toEqual([allow([1]), allow([2])])
})

test('a role reached twice counts once, and its grant keeps its id in every agent', () => {
  const policy = `
    role base { allow read on x:y rate 5 per minute }
    role left includes base { }
    role right includes base { }
    service agent a { roles left, right }
    service agent b { roles base }`
  expect([ask(policy).charged, ask(policy, { agent: 'b' }).charged]).toEqual([[0], [0]])
  expect(ask(policy).reservations.map(({ key }) => key)).toEqual(['#0/minute/agent=a'])
})

test('members may stand in any order', () => {
  const policy = 'delegate a -> b { depth 0 allow read on ** }\nservice agent b { }\n'
  const agent = 'service agent a { may delegate depth 1 allow read on ** }'
  expect(ask(policy + agent, { agent: 'b', via: ['a'] })).toEqual(allow([1, 0]))
})
