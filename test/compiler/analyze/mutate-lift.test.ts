import { expect, test } from 'vitest'
import { liftZeros } from '../../../compiler/analyze/mutate-lift.ts'
import { modelOf } from './sound.ts'

test('limits of zero become limits that a reading can use up, and keep their meters', () => {
  const model = modelOf(`autonomous agent a {
  allow read on x rate 0 per hour, 5 per day
  limit budget 0 USD per day, 2.00 USD per month throttle at 50% to 0 per minute
}
limit rate 0 per day for * on **`)
  const lifted = liftZeros(model)
  const limitsOf = ({ agents: [agent], limits }: typeof model) => [
    ...(agent?.grants.flatMap((grant) => grant.limits ?? []) ?? []),
    ...(agent?.limits ?? []),
    ...limits.map(({ limit }) => limit),
  ]
  const big = 10n ** 19n
  expect(limitsOf(lifted)).toMatchObject([
    { windows: [{ count: big }, { count: 5n }] },
    { windows: [{ capNanoUsd: big }, { capNanoUsd: 2_000_000_000n }], throttle: { count: big, percent: 50 } },
    { windows: [{ count: big }] },
  ])
  expect(limitsOf(lifted).map(({ key }) => key)).toEqual(limitsOf(model).map(({ key }) => key))
})

test('a policy without such limits is the same object, and so is what is lifted twice', () => {
  const plain = modelOf('autonomous agent a { allow read on x rate 1 per hour }')
  expect(liftZeros(plain)).toBe(plain)
  const model = modelOf('autonomous agent a { allow read on x rate 0 per hour }\nservice agent b { allow read on x }')
  const [first, second] = [liftZeros(model), liftZeros({ ...model, forbids: [] })]
  expect(first.agents[0]).toBe(second.agents[0])
  expect(first.agents[1]).toBe(model.agents[1])
})
