import { expect, test } from 'vitest'
import { enforcedPolicy, policyStatus } from '../../../runtime/policy/enforced.ts'
import { loadPolicy } from '../../../runtime/policy/load.ts'
import { createPolicies } from '../../../runtime/policy/policies.ts'
import { policyImage } from '../../fixtures/policy-image.ts'
import { refusalOf } from '../agents/site.ts'
import { NOW, siteOf } from '../site.ts'

function image(generation: number): Uint8Array {
  return policyImage('autonomous agent planner { allow read on a }', { generation })
}

function keptOf(bytes: Uint8Array) {
  const { name, generation, digest } = loadPolicy(bytes)
  return { name, generation, digest }
}

function setUp() {
  const site = siteOf()
  const policies = createPolicies({
    change: site.change,
    declare: () => undefined,
    record: () => undefined,
    rest: async () => undefined,
    warn: site.warn,
  })
  return { site, ...policies }
}

test('where no policy was ever given the built-in one is enforced, and none is named', async () => {
  const { site, open } = setUp()
  for (const prepare of [async () => undefined, () => open(undefined)]) {
    await prepare()
    expect(await site.read(policyStatus)).toEqual({})
    expect(await site.read(enforcedPolicy)).toMatchObject({ name: 'runtime', generation: 0 })
  }
})

test('what is enforced, in its shadow and staged is named without a host', async () => {
  const { site, open, api } = setUp()
  await open(image(1))
  site.host.setNow(NOW + 1000)
  await api.shadow(image(3))
  await api.stage(image(2), { percent: 5, agents: ['planner'] })
  expect(await site.read(policyStatus)).toEqual({
    enforced: { ...keptOf(image(1)), enforcedSince: new Date(NOW) },
    shadow: keptOf(image(3)),
    staged: { ...keptOf(image(2)), percent: 5, agents: ['planner'] },
  })
  expect((await site.read(enforcedPolicy)).digest).toBe(keptOf(image(1)).digest)
})

test('an image that is gone is an error', async () => {
  const { site, open } = setUp()
  await open(image(1))
  const { digest } = keptOf(image(1))
  await site.change((change) => change.remove('policies', { digest }))
  for (const ask of [policyStatus, enforcedPolicy]) {
    expect(await refusalOf(site.read<unknown>(ask))).toMatchObject({
      code: 'KVCH_E_POLICY_INVALID',
      message: `the image of policy ${digest} is gone`,
    })
  }
})
