/** Known defects of the reference system (docs/language.md; the numbers are those of its list), asked through the API. */
import { expect, test } from 'vitest'
import { agentSite, refusalOf } from '../agents/site.ts'
import { NOW } from '../site.ts'

test('2: a holder of exactly `mcp:github` cannot delegate `mcp:github:*`', async () => {
  const { make, delegations } = agentSite()
  const boss = await make({ permissions: [{ resource: 'mcp:github', actions: ['read'] }] })
  const helper = await make({ type: 'delegated' })
  const give = (resource: string) =>
    delegations.delegate({ fromAgent: boss, toAgent: helper, permissions: [{ resource, actions: ['read'] }] })
  for (const resource of ['mcp:github:*', 'mcp:github:**', 'mcp:*']) {
    const refusal = await refusalOf(give(resource))
    expect([refusal.code, refusal.details?.nearest]).toEqual([
      'KVCH_E_AGENT_DELEGATION_ESCALATES',
      '`read` on `mcp:github`',
    ])
  }
  expect((await give('mcp:github')).permissions).toEqual([{ resource: 'mcp:github', actions: ['read'] }])
})

test.each([
  ['rate', { maxCallsPerDay: 5 }, 'allowed'],
  ['address', { ipAllowlist: ['10.0.0.0/8'] }, 'ip-not-allowed'],
  ['hours', { allowedHoursUTC: '00:00-06:00' }, 'outside-hours'],
  ['approval', { requireApproval: true }, 'approval-required'],
])('3: a delegation keeps the %s of the delegator', async (_what, constraints, reason) => {
  const { make, delegations, decide } = agentSite()
  const held = { resource: 'a', actions: ['read'], constraints }
  const boss = await make({ permissions: [held] })
  const helper = await make({ type: 'delegated' })
  const made = await delegations.delegate({
    fromAgent: boss,
    toAgent: helper,
    permissions: [{ resource: 'a', actions: ['read'] }],
  })
  expect(made.permissions).toEqual([held])
  const decision = await decide({ agent: helper, action: 'read', resource: 'a', via: [boss], ip: '11.0.0.1' })
  expect(decision.reason).toBe(reason)
  const charged = decision.reservations?.map(({ key }) => key.split('/').at(-1))
  if (reason === 'allowed') expect(charged).toEqual([`agent=${boss}`, `agent=${helper}`])
})

test('4: a child raises no depth, outlives nobody, and loses what is taken from those above it', async () => {
  const { make, delegations, decide, agents, site } = agentSite()
  const PERMISSION = { resource: 'a', actions: ['read'] }
  const boss = await make({ type: 'service', permissions: [PERMISSION], expiresAt: NOW + 10_000 })
  const [helper, last] = [await make({ type: 'delegated' }), await make({ type: 'delegated' })]
  await delegations.delegate({
    fromAgent: boss,
    toAgent: helper,
    permissions: [PERMISSION],
    maxDepth: 2,
    expiresAt: NOW + 5000,
  })
  const pass = (more: object) =>
    delegations.delegate({ fromAgent: helper, toAgent: last, permissions: [PERMISSION], ...more })
  expect((await refusalOf(pass({ maxDepth: 2 }))).code).toBe('KVCH_E_AGENT_DELEGATION_DEPTH')
  expect((await refusalOf(pass({ expiresAt: NOW + 5001 }))).details?.excess).toBe('expiry')
  await pass({})
  const ask = async () => (await decide({ agent: last, action: 'read', resource: 'a', via: [boss, helper] })).reason
  expect(await ask()).toBe('allowed')
  await agents.update(boss, { permissions: [{ resource: 'b', actions: ['read'] }] })
  expect([await ask(), await delegations.getEffectivePermissions(last)]).toEqual(['no-grant', []])
  await agents.update(boss, { permissions: [PERMISSION] })
  expect(await ask()).toBe('allowed')
  await site.host.advance(5000)
  expect([await ask(), await delegations.getEffectivePermissions(last)]).toEqual(['delegation-expired', []])
  site.host.setNow(NOW)
  expect(await ask()).toBe('allowed')
  await agents.revoke(boss)
  expect([await ask(), (await agents.get(last)).status]).toEqual(['agent-revoked', 'revoked'])
})

test('5: what is held through two permissions can be delegated together', async () => {
  const { make, delegations, decide } = agentSite()
  const boss = await make({
    permissions: [
      { resource: 'mcp:github:*', actions: ['read'] },
      { resource: 'mcp:github:issues', actions: ['comment'] },
    ],
  })
  const helper = await make({ type: 'delegated' })
  const both = { resource: 'mcp:github:issues', actions: ['read', 'comment'] }
  const made = await delegations.delegate({ fromAgent: boss, toAgent: helper, permissions: [both] })
  expect(made.permissions).toEqual([both])
  for (const action of both.actions) {
    expect((await decide({ agent: helper, action, resource: both.resource, via: [boss] })).allowed).toBe(true)
  }
})

test('14: what is delegated is found from the id of the agent alone, and an expired agent is allowed nothing', async () => {
  const { make, delegations, decide, site } = agentSite()
  const PERMISSION = { resource: 'a', actions: ['read'] }
  const boss = await make()
  const helper = await make({ type: 'delegated', expiresAt: NOW + 1000 })
  await delegations.delegate({ fromAgent: boss, toAgent: helper, permissions: [PERMISSION] })
  const [chain] = await delegations.listChains(helper)
  const ask = async () =>
    (await decide({ agent: helper, action: 'read', resource: 'a', via: chain?.agents.slice(0, -1) ?? [] })).reason
  expect(await ask()).toBe('allowed')
  await site.host.advance(1000)
  expect([await ask(), await delegations.getEffectivePermissions(helper)]).toEqual(['agent-expired', []])
})

test('15: whatever changes what an agent may do is a row of the log', async () => {
  const { make, agents, delegations, site } = agentSite()
  const [boss, helper] = [await make({ type: 'service' }), await make({ type: 'delegated' })]
  const { id } = await delegations.delegate({
    fromAgent: boss,
    toAgent: helper,
    permissions: [{ resource: 'a', actions: ['read'] }],
  })
  await agents.update(boss, { name: 'renamed' })
  await agents.rotate(boss)
  await agents.refreshToken(boss)
  await agents.issueToken(boss)
  await agents.suspend(boss)
  await agents.unsuspend(boss)
  await delegations.revoke(id)
  await agents.revoke(boss)
  expect((await site.log()).map(({ kind, agent }) => [kind, agent])).toEqual([
    ['agent.create', boss],
    ['agent.create', helper],
    ['delegation.create', helper],
    ['agent.update', boss],
    ['agent.rotate', boss],
    ['agent.refresh', boss],
    ['token.issue', boss],
    ['agent.suspend', boss],
    ['agent.unsuspend', boss],
    ['delegation.revoke', helper],
    ['agent.revoke', boss],
  ])
})
