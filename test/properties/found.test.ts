/** Differences between reference and engine that were found once: each stays as a plain test. */
import { expect, test } from 'vitest'
import { askEngine, askReference, createSubject, type Plain } from './subject.ts'

/** The answer of both, which must be one. */
function decide(policy: string, request: object, state: unknown = {}): Plain {
  const subject = createSubject([{ path: 'p.kavach', text: `policy p\n${policy}` }], state)
  const found = askEngine(subject, request, false)
  expect(found).toEqual(askReference(subject, request, false))
  return found
}

test('a window before 1970 has a start', () => {
  const policy = 'service agent a { allow read on x limit rate 5 per day }'
  const { reservations } = decide(policy, { agent: 'a', action: 'read', resource: 'x', now: '1969-12-31T12:00:00Z' })
  expect(reservations.map(({ windowStart }) => windowStart)).toEqual([-86_400_000])
})

test('a delegation made at run time between declared agents is charged the limits of the boundary', () => {
  const policy = `
    service agent a { may delegate depth 1 allow read on x }
    delegated agent b { }
    boundary runtime { allow read on ** limit rate 5 per day }`
  const state = { delegations: [{ from: 'a', to: 'b', permissions: [{ resource: 'x', actions: ['read'] }] }] }
  const { reservations } = decide(policy, { agent: 'b', via: ['a'], action: 'read', resource: 'x' }, state)
  expect(reservations.map(({ key }) => key.slice(16))).toEqual(['/day/agent=b'])
})

test('readings that are no object make the request invalid, also where nothing is metered', () => {
  const policy = 'service agent a { allow read on x }'
  const reasons = [0, '', false, 5, []].map(
    (readings) => decide(policy, { agent: 'a', action: 'read', resource: 'x', readings }).reason,
  )
  expect(reasons).toEqual(Array(5).fill('invalid-request'))
})
