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
