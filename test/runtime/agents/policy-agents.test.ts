import { expect, test } from 'vitest'
import type { AgentModel, PolicyModel } from '../../../compiler/model/index.ts'
import { syncPolicyAgents } from '../../../runtime/agents/index.ts'
import { NOW } from '../site.ts'
import { type AgentSite, agentSite, refusalOf } from './site.ts'

const PLANNER: AgentModel = { name: 'planner', type: 'autonomous', owner: 'ops', grants: [] }
const DEPLOYER: AgentModel = { name: 'deployer', type: 'service', grants: [], expiresAt: NOW + 5000 }

function sync({ site }: AgentSite, agents: readonly AgentModel[], beside?: readonly AgentModel[]) {
  const model = (list: readonly AgentModel[]): PolicyModel => ({ ...site.policy().model, agents: list })
  return site.change((change) =>
    syncPolicyAgents(change, [model(agents), ...(beside ? [model(beside)] : [])], { tokenTtlMs: 60_000 }),
  )
}

const NONE = { declared: [], returned: [], changed: [], vanished: [] }

test('agents of the policy are rows under their names, and have their first token from `issueToken`', async () => {
  const site = agentSite()
  expect(await sync(site, [PLANNER, DEPLOYER])).toEqual({ ...NONE, declared: ['planner', 'deployer'] })
  expect(await site.agents.get('planner')).toEqual({
    id: 'planner',
    name: 'planner',
    ownerId: 'ops',
    userId: 'ops',
    type: 'autonomous',
    origin: 'policy',
    status: 'active',
    permissions: [],
    expiresAt: null,
    tokenExpirySeconds: 60,
    createdAt: new Date(NOW),
    updatedAt: new Date(NOW),
  })
  const first = await site.agents.issueToken('planner', { actor: 'alice' })
  expect([await site.whose(first.token), first.expiresAt]).toEqual(['planner', new Date(NOW + 60_000)])
  expect((await site.agents.issueToken('deployer')).expiresAt).toBeNull()
  const second = await site.agents.issueToken('planner')
  expect([await site.whose(first.token), await site.whose(second.token)]).toEqual([undefined, 'planner'])
  expect(
    (await site.site.log()).slice(0, 3).map(({ kind, agent, what, actor }) => ({ kind, agent, what, actor })),
  ).toEqual([
    { kind: 'agent.declare', agent: 'planner', what: 'declared', actor: 'host' },
    { kind: 'agent.declare', agent: 'deployer', what: 'declared', actor: 'host' },
    { kind: 'token.issue', agent: 'planner', actor: 'alice' },
  ])
})

test('the same policy once more changes nothing', async () => {
  const site = agentSite()
  await sync(site, [PLANNER, DEPLOYER])
  const log = await site.site.log()
  expect(await sync(site, [PLANNER, DEPLOYER])).toEqual(NONE)
  expect(await site.site.log()).toEqual(log)
})

test('one that the policy no longer declares is revoked, and is back without its tokens when it is declared again', async () => {
  const site = agentSite()
  await sync(site, [PLANNER, DEPLOYER])
  const { token } = await site.agents.issueToken('planner')
  expect(await sync(site, [DEPLOYER])).toEqual({ ...NONE, vanished: ['planner'] })
  expect(await site.agents.get('planner')).toMatchObject({
    status: 'revoked',
    statusReason: 'the policy no longer declares it',
  })
  expect(await sync(site, [DEPLOYER])).toEqual(NONE)
  expect(await sync(site, [PLANNER, DEPLOYER])).toEqual({ ...NONE, returned: ['planner'] })
  expect([(await site.agents.get('planner')).status, await site.whose(token)]).toEqual(['active', undefined])
})

test('one that somebody revoked does not come back, and one that is suspended stays so', async () => {
  const site = agentSite()
  await sync(site, [PLANNER, DEPLOYER])
  await site.agents.revoke('planner')
  await site.agents.suspend('deployer', { reason: 'odd' })
  await sync(site, [])
  expect(await sync(site, [PLANNER, { ...DEPLOYER, owner: 'ops' }])).toEqual({
    ...NONE,
    changed: [],
    returned: ['deployer'],
  })
  expect((await site.agents.get('planner')).status).toBe('revoked')
  expect(await site.agents.get('deployer')).toMatchObject({ status: 'suspended', statusReason: 'odd', ownerId: 'ops' })
})

test('what the policy says of an agent is changed with it, and in no other way', async () => {
  const site = agentSite()
  await sync(site, [PLANNER])
  await site.agents.suspend('planner')
  expect(await sync(site, [{ ...PLANNER, owner: 'dev', type: 'service' }])).toEqual({ ...NONE, changed: ['planner'] })
  expect(await site.agents.get('planner')).toMatchObject({ ownerId: 'dev', type: 'service', status: 'suspended' })
  expect(await refusalOf(site.agents.update('planner', { name: 'x' }))).toMatchObject({
    code: 'KVCH_E_AGENT_INVALID',
    message: 'the policy declares `planner`: change it there',
  })
})

test('what either of two policies declares is declared', async () => {
  const site = agentSite()
  await sync(site, [PLANNER])
  expect(await sync(site, [DEPLOYER], [PLANNER])).toEqual({ ...NONE, declared: ['deployer'] })
  expect(await sync(site, [PLANNER])).toEqual({ ...NONE, vanished: ['deployer'] })
})

test('one that vanished and was revoked meanwhile does not come back', async () => {
  const site = agentSite()
  await sync(site, [PLANNER])
  await sync(site, [])
  await site.agents.revoke('planner', { reason: 'leak' })
  expect(await sync(site, [PLANNER])).toEqual(NONE)
  expect(await site.agents.get('planner')).toMatchObject({ status: 'revoked', statusReason: 'leak' })
})
