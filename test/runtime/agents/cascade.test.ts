import { expect, test } from 'vitest'
import { type AgentSite, agentSite, refusalOf } from './site.ts'

const PERMISSION = { resource: 'a', actions: ['read'] }

/** Agents by name, and delegations between them; capital letters are `delegated` agents. */
async function graphOf(site: AgentSite, hops: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const ids = new Map<string, string>()
  for (const name of new Set(hops.flatMap((hop) => hop.split('>')))) {
    ids.set(name, await site.make({ name, type: name === name.toUpperCase() ? 'delegated' : 'autonomous' }))
  }
  for (const hop of hops) {
    const [from = '', to = ''] = hop.split('>').map((name) => ids.get(name))
    const delegate = (maxDepth: number): Promise<unknown> =>
      site.delegations
        .delegate({ fromAgent: from, toAgent: to, permissions: [PERMISSION], maxDepth })
        .catch((error: unknown) => (maxDepth === 1 ? Promise.reject(error) : delegate(maxDepth - 1)))
    await delegate(3)
  }
  return ids
}

async function revoke(site: AgentSite, ids: ReadonlyMap<string, string>, name: string) {
  const nameOf = (id: string) => [...ids].find(([, known]) => known === id)?.[0]
  const { cascade } = await site.agents.revoke(ids.get(name) ?? '', { reason: 'leak' })
  return { revoked: cascade.revoked.map(nameOf).sort(), affected: cascade.affected.map(nameOf).sort() }
}

test('delegated agents die with the root of their only chain, and so do those below them', async () => {
  const site = agentSite()
  const ids = await graphOf(site, ['a>B', 'B>C'])
  expect(await revoke(site, ids, 'a')).toEqual({ revoked: ['B', 'C'], affected: [] })
  const { agents } = await site.agents.list()
  expect(agents.map(({ status, statusReason }) => ({ status, statusReason }))).toEqual([
    { status: 'revoked', statusReason: 'leak' },
    { status: 'revoked', statusReason: `\`${ids.get('a')}\` was revoked` },
    { status: 'revoked', statusReason: `\`${ids.get('a')}\` was revoked` },
  ])
  expect(await site.site.read((reader) => reader.find('tokens', 'key'))).toEqual([])
})

test('one that holds something through somebody else lives on, and its row says what it lost', async () => {
  const site = agentSite()
  const ids = await graphOf(site, ['a>C', 'b>C', 'a>d'])
  expect(await revoke(site, ids, 'a')).toEqual({ revoked: [], affected: ['C', 'd'] })
  const [a = '', b = '', C = '', d = ''] = ['a', 'b', 'C', 'd'].map((name) => ids.get(name))
  const ask = async (agent: string, via: string) =>
    (await site.decide({ agent, action: 'read', resource: 'a', via: [via] })).reason
  expect([await ask(C, a), await ask(C, b)]).toEqual(['agent-revoked', 'allowed'])
  expect((await site.site.log()).slice(-3)).toMatchObject([
    { kind: 'agent.revoke', agent: a, reason: 'leak', affected: [C, d], revoked: [] },
    { kind: 'agent.cascade', agent: C, root: a },
    { kind: 'agent.cascade', agent: d, root: a },
  ])
})

test('delegated agents that hold only what they give each other die', async () => {
  const site = agentSite()
  const ids = await graphOf(site, ['a>B', 'B>C', 'C>B'])
  expect(await revoke(site, ids, 'a')).toEqual({ revoked: ['B', 'C'], affected: [] })
})

test('one that is below another survivor survives', async () => {
  const site = agentSite()
  const ids = await graphOf(site, ['a>B', 'x>B', 'B>C'])
  expect(await revoke(site, ids, 'a')).toEqual({ revoked: [], affected: ['B', 'C'] })
})

test('the whole chain loses access at once, as seen by every process', async () => {
  const site = agentSite()
  const ids = await graphOf(site, ['a>b', 'b>c'])
  const [a = '', b = '', c = ''] = ['a', 'b', 'c'].map((name) => ids.get(name))
  const before = await site.site.read((reader) => reader.get('heads', {}))
  await site.agents.revoke(a)
  const changed = await site.site.read((reader) => reader.find('agents', 'byVersion', { after: before?.epoch ?? 0 }))
  expect(changed.map(({ id }) => id).sort()).toEqual([a, b, c].sort())
  expect((await site.decide({ agent: c, action: 'read', resource: 'a', via: [a, b] })).reason).toBe('agent-revoked')
  const { delegations } = await site.delegations.list({ fromAgent: a })
  expect(delegations.map(({ revokedAt }) => revokedAt === null)).toEqual([false])
})

test('once more changes nothing', async () => {
  const site = agentSite()
  const id = await site.make()
  await site.agents.revoke(id)
  const log = await site.site.log()
  expect((await site.agents.revoke(id)).cascade).toEqual({ revoked: [], affected: [] })
  expect(await site.site.log()).toEqual(log)
  expect((await refusalOf(site.agents.revoke(id, { reason: '' }))).message).toBe(
    'reason: must be a text of 1 to 1024 characters',
  )
})
