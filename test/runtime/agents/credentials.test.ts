import { expect, test } from 'vitest'
import { NOW } from '../site.ts'
import { agentSite, refusalOf } from './site.ts'

const AGENT = { ownerId: 'user-1', name: 'reader', type: 'autonomous', permissions: [] } as const

test('a rotation is one swap: the old token is dead when the new one is there', async () => {
  const { agents, site, whose } = agentSite()
  const { id, token } = await agents.create(AGENT)
  const rotated = await agents.rotate(id, { actor: 'alice' })
  expect(rotated).toEqual({ agentId: id, token: expect.stringMatching(/^kv_/), expiresAt: new Date(NOW + 1_800_000) })
  expect([await whose(token), await whose(rotated.token)]).toEqual([undefined, id])
  expect((await site.log()).at(-1)).toEqual({
    seq: 1,
    time: new Date(NOW).toISOString(),
    kind: 'agent.rotate',
    agent: id,
    actor: 'alice',
    expires_at: new Date(NOW + 1_800_000).toISOString(),
  })
})

test('ten rotations at once leave one token, and a row for each', async () => {
  const { agents, site, whose } = agentSite()
  const { id } = await agents.create(AGENT)
  const rotated = await Promise.all(Array.from({ length: 10 }, () => agents.rotate(id)))
  const living = await Promise.all(rotated.map(({ token }) => whose(token)))
  expect(living.filter((agent) => agent === id)).toHaveLength(1)
  expect(new Set(rotated.map(({ token }) => token)).size).toBe(10)
  expect((await site.log()).filter(({ kind }) => kind === 'agent.rotate')).toHaveLength(10)
  expect(await site.read((reader) => reader.find('tokens', 'byAgent', { equal: [id] }))).toHaveLength(1)
})

test('`graceSeconds` lets the old token live beside the new one, for that long and no longer than it would have', async () => {
  const { agents, site, whose } = agentSite()
  const { id, token } = await agents.create({ ...AGENT, tokenExpiry: 60 })
  const second = await agents.rotate(id, { graceSeconds: 30 })
  expect([await whose(token), await whose(second.token)]).toEqual([id, id])
  await site.host.advance(30_000)
  expect([await whose(token), await whose(second.token)]).toEqual([undefined, id])
  const third = await agents.rotate(id, { graceSeconds: 300 })
  await site.host.advance(30_000)
  expect([await whose(second.token), await whose(third.token)]).toEqual([undefined, id])
})

test('a rotation without grace ends every grace before it', async () => {
  const { agents, whose } = agentSite()
  const { id, token } = await agents.create(AGENT)
  const second = await agents.rotate(id, { graceSeconds: 30 })
  const third = await agents.rotate(id)
  expect([await whose(token), await whose(second.token), await whose(third.token)]).toEqual([undefined, undefined, id])
})

test('a token is refreshed before and after its end; the old one is dead', async () => {
  const { agents, site, whose } = agentSite()
  const { id, token } = await agents.create(AGENT)
  await site.host.advance(1_800_000)
  expect(await whose(token)).toBeUndefined()
  const refreshed = await agents.refreshToken(id)
  expect(refreshed).toEqual({ agentId: id, token: expect.stringMatching(/^kv_/), expiresAt: new Date(NOW + 3_600_000) })
  const again = await agents.refreshToken(id)
  expect([await whose(refreshed.token), await whose(again.token)]).toEqual([undefined, id])
  expect((await site.log()).map(({ kind }) => kind)).toEqual(['agent.create', 'agent.refresh', 'agent.refresh'])
})

test('every process notices: a new token changes the version of the agent', async () => {
  const { agents, site } = agentSite()
  const { id } = await agents.create(AGENT)
  const versionOf = async () => (await site.read((reader) => reader.get('agents', { id })))?.version
  const before = await versionOf()
  await agents.rotate(id)
  expect(await versionOf()).toBe((before ?? 0) + 1)
})

test('a suspended agent can have a new token; one that is revoked, expired or unknown cannot', async () => {
  const { agents, make, site } = agentSite()
  const id = await make({ expiresAt: NOW + 1000 })
  await agents.suspend(id)
  expect((await agents.rotate(id)).agentId).toBe(id)
  await site.host.advance(1000)
  expect((await refusalOf(agents.rotate(id))).code).toBe('KVCH_E_AGENT_EXPIRED')
  const other = await make()
  await agents.revoke(other)
  expect((await refusalOf(agents.refreshToken(other))).code).toBe('KVCH_E_AGENT_REVOKED')
  expect((await refusalOf(agents.rotate('agt_nobody'))).code).toBe('KVCH_E_AGENT_NOT_FOUND')
})

test('grace that is none is refused', async () => {
  const { agents, make } = agentSite()
  const id = await make()
  for (const graceSeconds of [-1, 0.5, 86_401, Number.NaN]) {
    expect(await refusalOf(agents.rotate(id, { graceSeconds }))).toEqual({
      code: 'KVCH_E_REQUEST_INVALID',
      message: 'graceSeconds: must be a whole number from 0 to 86400',
      details: { path: 'graceSeconds' },
    })
  }
})
