/** Delegations between agents of a policy and agents made at run time. */
import { expect, test } from 'vitest'
import { emitImage } from '../../../compiler/emit/index.ts'
import { syncPolicyAgents } from '../../../runtime/agents/index.ts'
import { declareDelegations } from '../../../runtime/policy/index.ts'
import { loadPolicy } from '../../../runtime/policy/load.ts'
import { modelOf } from '../../compiler/emit/model.ts'
import { type AgentSite, agentSite, refusalOf } from '../agents/site.ts'

const POLICY = `
autonomous agent planner {
  allow read on mcp:github:** when trust >= 60 and ip in cidr [10.0.0.0/8]
  allow write on mcp:github:issues needs approval
  limit rate 9 per day
  may delegate depth 2
}
delegated agent worker { }
autonomous agent loner { allow read on ** }
delegate planner -> worker { allow read on mcp:github:issues when trust >= 60 and ip in cidr [10.0.0.0/8] depth 1 }
boundary runtime { allow read on mcp:** allow write on mcp:** may delegate depth 2 }
`

async function policySite(): Promise<AgentSite> {
  const site = agentSite({ policy: loadPolicy(emitImage(modelOf(POLICY))) })
  const policy = site.site.policy()
  await site.site.change(async (change) => {
    await syncPolicyAgents(change, [policy.model], { tokenTtlMs: 1000 })
    await declareDelegations(change, [policy])
  })
  return site
}

const READ = { resource: 'mcp:github:issues', actions: ['read'] }

test('an agent of the policy lends to one made at run time; what has words is written down, the rest is asked at every call', async () => {
  const { make, delegations, decide } = await policySite()
  const helper = await make({ type: 'delegated' })
  const made = await delegations.delegate({
    fromAgent: 'planner',
    toAgent: helper,
    permissions: [{ resource: 'mcp:github:issues', actions: ['read', 'write'] }],
  })
  expect(made.permissions).toEqual([
    { ...READ, constraints: { ipAllowlist: ['10.0.0.0/8'] } },
    { resource: 'mcp:github:issues', actions: ['write'], constraints: { requireApproval: true } },
  ])
  expect(await delegations.getEffectivePermissions(helper)).toEqual([
    { ...READ, constraints: { ipAllowlist: ['10.0.0.0/8'] }, conditions: ['trust'] },
    { resource: 'mcp:github:issues', actions: ['write'], constraints: { requireApproval: true } },
  ])
  const ask = async (trust: number) => {
    const request = {
      agent: helper,
      action: 'read',
      resource: 'mcp:github:issues',
      ip: '10.0.0.1',
      via: ['planner'],
      trust,
    }
    const { reason, reservations = [] } = await decide(request)
    return [reason, ...reservations.map(({ key }) => key.split('/').at(-1))]
  }
  expect([await ask(60), await ask(59)]).toEqual([['allowed', 'agent=planner'], ['trust-too-low']])
})

test('constraints that are stated must be as narrow as the text of the policy', async () => {
  const { make, delegations } = await policySite()
  const helper = await make({ type: 'delegated' })
  const refusal = await refusalOf(
    delegations.delegate({
      fromAgent: 'planner',
      toAgent: helper,
      permissions: [{ ...READ, constraints: { ipAllowlist: ['10.0.0.0/8'] } }],
    }),
  )
  expect([refusal.code, refusal.details?.narrower]).toEqual(['KVCH_E_AGENT_DELEGATION_ESCALATES', 'condition'])
})

test('an agent of the policy delegates as deep as its text says, and without a word of it not at all', async () => {
  const { make, delegations } = await policySite()
  const helper = await make({ type: 'delegated' })
  const give = (fromAgent: string, maxDepth: number) =>
    delegations.delegate({ fromAgent, toAgent: helper, permissions: [READ], maxDepth })
  expect((await refusalOf(give('planner', 3))).code).toBe('KVCH_E_AGENT_DELEGATION_DEPTH')
  expect((await refusalOf(give('loner', 1))).code).toBe('KVCH_E_AGENT_DELEGATION_DEPTH')
  expect((await give('planner', 2)).maxDepth).toBe(2)
})

test('what the policy lends is passed on at run time as deep as it says, within the boundary', async () => {
  const { make, delegations, decide } = await policySite()
  const helper = await make({ type: 'delegated' })
  await delegations.delegate({ fromAgent: 'worker', toAgent: helper, permissions: [READ] })
  expect((await delegations.listChains(helper)).map(({ agents, depthLeft }) => [agents, depthLeft])).toEqual([
    [['worker', helper], 0],
    [['planner', 'worker', helper], 0],
  ])
  const request = { agent: helper, action: 'read', resource: 'mcp:github:issues', ip: '10.0.0.1', trust: 80 }
  expect((await decide({ ...request, via: ['planner', 'worker'] })).reason).toBe('allowed')
  expect((await decide({ ...request, via: ['worker'] })).allowed).toBe(false)
  const last = await make({ type: 'delegated' })
  const refusal = await refusalOf(delegations.delegate({ fromAgent: helper, toAgent: last, permissions: [READ] }))
  expect(refusal.code).toBe('KVCH_E_AGENT_DELEGATION_DEPTH')
})

test('what is outside the boundary is not given, and an agent holds what the boundary leaves of its own', async () => {
  const { make, delegations } = await policySite()
  const boss = await make({ permissions: [{ resource: '**', actions: ['*'] }] })
  expect(await delegations.getEffectivePermissions(boss)).toEqual([{ resource: 'mcp:**', actions: ['read', 'write'] }])
  const helper = await make({ type: 'delegated' })
  const refusal = await refusalOf(
    delegations.delegate({ fromAgent: boss, toAgent: helper, permissions: [{ resource: 'web:a', actions: ['read'] }] }),
  )
  expect(refusal.details?.witness).toEqual({ action: 'read', resource: 'web:a' })
})

test('who was revoked at run time lends nothing, though the policy says so', async () => {
  const { make, agents, delegations } = await policySite()
  const helper = await make({ type: 'delegated' })
  await agents.revoke('planner')
  const refusal = await refusalOf(delegations.delegate({ fromAgent: 'worker', toAgent: helper, permissions: [READ] }))
  expect(refusal.code).toBe('KVCH_E_AGENT_DELEGATION_ESCALATES')
  expect((await agents.get('worker')).status).toBe('active')
})
