import { expect, test } from 'vitest'
import { toCedar, toCedarRequest } from '../../../../compiler/analyze/index.ts'
import { decompileImage, emitImage } from '../../../../compiler/emit/index.ts'
import { createCedar } from '../../../properties/cedar/cedar.ts'
import { modelOf } from './evaluate.ts'

/** The image keeps `v{1,2}-*:x` as an automaton. */
const POLICY = `policy p
service agent a {
  allow read on docs:**
  allow write on v{1,2}-*:x, docs:a
}
forbid read on v{1,2}-*:x, docs:secret
require trust >= 5 for list on v{1,2}-*:x
limit rate 5 per minute for count on v{1,2}-*:x
`

test('a pattern that is an automaton drops its grant and widens its guardrail to every resource', () => {
  const model = decompileImage(emitImage(modelOf(POLICY)))
  expect(model.forbids.map(({ automata }) => automata?.length)).toEqual([1])
  const exported = toCedar(model)
  const why = 'an image keeps this pattern as an automaton, not as text'
  expect(exported.skipped).toEqual([
    { subject: 'allow 1', rule: 1, effect: 'dropped', construct: 'pattern', why },
    { subject: 'forbid 2', rule: 2, effect: 'widened', construct: 'pattern', why },
    { subject: 'require 3', rule: 3, effect: 'widened', construct: 'pattern', why },
    { subject: 'limit 4', rule: 4, effect: 'widened', construct: 'pattern', why },
    {
      subject: 'limit 4',
      rule: 4,
      effect: 'widened',
      construct: 'limit',
      why: 'Cedar counts neither calls nor money',
    },
  ])
  expect(exported.policies).toContain(`@id("forbid-2")
forbid (principal, action == Action::"read", resource);
`)
  expect(exported.policies).toContain(`@id("require-3")
forbid (principal, action == Action::"list", resource) unless {
  context has trust
  && context.trust.floor >= 5
};
`)
  const subject = createCedar(exported)
  const ask = (action: string, resource: string) =>
    subject.ask(toCedarRequest(exported, { agent: 'a', action, resource, now: 0 }))
  expect(ask('read', 'v1-z:x')).toBe('deny')
  expect(ask('read', 'docs:a')).toBe('deny')
  expect(ask('write', 'docs:a')).toBe('deny')
})

test('the same patterns as text are said as they are', () => {
  expect(toCedar(modelOf(POLICY)).skipped.map(({ subject, construct }) => `${subject} ${construct}`)).toEqual([
    'limit 4 limit',
  ])
})
