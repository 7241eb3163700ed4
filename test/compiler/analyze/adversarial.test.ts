import { expect, it } from 'vitest'
import { proveAssertion } from '../../../compiler/analyze/index.ts'
import { ADVERSARIES } from './adversarial/policies.mjs'
import { policyOf } from './proofs.ts'

it('twenty policies are too hard', () => {
  expect(ADVERSARIES).toHaveLength(20)
})

it.each(ADVERSARIES)(
  '$name: unknown, and never proved',
  ({ text }) => {
    const { policy, assertions } = policyOf(text)
    expect(assertions.map(({ assertion }) => proveAssertion(policy, assertion))).toEqual([
      { kind: 'unknown', why: 'the question takes more work than its budget' },
    ])
  },
  60_000,
)

it.each(ADVERSARIES)('$name: unknown with hardly any budget too', ({ text }) => {
  const { policy, assertions } = policyOf(text, { steps: 1000 })
  expect(assertions.map(({ assertion }) => proveAssertion(policy, assertion).kind)).toEqual(['unknown'])
})
