import { describe, expect, test } from 'vitest'
import { actingAgent } from '../../../runtime/mcp/acting-agent.ts'
import type { Client } from '../../../runtime/mcp/client.ts'
import { createClients } from '../../../runtime/mcp/clients/index.ts'
import { createDpop } from '../../../runtime/mcp/dpop/index.ts'
import { createSigningKeys } from '../../../runtime/mcp/keys/index.ts'
import { createTokens } from '../../../runtime/mcp/tokens/index.ts'
import { OPTIONS, openPlace, type PlaceParts, RESOURCE, type TestPlace } from './place.ts'

const CLIENT: Client = {
  id: 'mcp_01ARZ3NDEKTSV4RRFFQ69G5FAV',
  origin: 'registered',
  name: 'Notes',
  redirectUris: ['https://client.example.com/cb'],
  grantTypes: ['authorization_code'],
  authMethod: 'none',
  applicationType: 'web',
  isDpopBound: false,
  mayIntrospect: false,
}
const ANN = { id: 'ann' }
const permissionsOf = (...scopes: readonly string[]) =>
  scopes.flatMap((scope) => OPTIONS.scopes[scope]?.permissions ?? [])

test('an agent is made for a user and a client, which holds what the scopes stand for', async () => {
  const { place, agree } = await open()
  const id = await agree(ANN, CLIENT, ['mcp:tools'])
  const { name, ownerId, type, permissions, expiresAt, metadata } = await place.kavach.agents.get(id)
  expect({ name, ownerId, type, permissions, expiresAt, metadata }).toEqual({
    name: 'Notes',
    ownerId: 'ann',
    type: 'service',
    permissions: permissionsOf('mcp:tools'),
    expiresAt: null,
    metadata: { oauth_client: CLIENT.id },
  })
})

test('a scope brings the permissions of those that it contains', async () => {
  const { place, agree } = await open()
  const { permissions } = await place.kavach.agents.get(await agree(ANN, CLIENT, ['mcp:admin']))
  expect([...permissions].sort((a, b) => a.resource.localeCompare(b.resource))).toEqual(
    permissionsOf('mcp:admin', 'mcp:tools', 'mcp:files').sort((a, b) => a.resource.localeCompare(b.resource)),
  )
})

test('it is the same one when more is agreed to, and is given what it lacks', async () => {
  const { place, agree } = await open()
  const id = await agree(ANN, CLIENT, ['mcp:tools'])
  expect(await agree(ANN, CLIENT, ['mcp:files'])).toBe(id)
  expect((await place.kavach.agents.get(id)).permissions).toEqual(permissionsOf('mcp:tools', 'mcp:files'))
  const { updatedAt } = await place.kavach.agents.get(id)
  await place.host.advance(1000)
  expect(await agree(ANN, CLIENT, ['mcp:tools'])).toBe(id)
  expect((await place.kavach.agents.get(id)).updatedAt).toEqual(updatedAt)
})

test('it is another one for another user, and for another client', async () => {
  const { agree } = await open()
  const ids = [
    await agree(ANN, CLIENT, ['mcp:tools']),
    await agree({ id: 'bob' }, CLIENT, ['mcp:tools']),
    await agree(ANN, { ...CLIENT, id: 'mcp_other' }, ['mcp:tools']),
  ]
  expect(new Set(ids).size).toBe(3)
})

test('it stays the same one while it is suspended, and when its grants are revoked', async () => {
  const { place, tokens, agree } = await open()
  const id = await agree(ANN, CLIENT, ['mcp:tools'])
  await place.kavach.agents.suspend(id)
  expect(await agree(ANN, CLIENT, ['mcp:tools'])).toBe(id)
  expect((await place.kavach.agents.get(id)).status).toBe('suspended')
  const { grants } = await tokens.grants.list({ user: 'ann' })
  for (const grant of grants) await tokens.grants.revoke(grant.id)
  expect(await agree(ANN, CLIENT, ['mcp:tools'])).toBe(id)
})

test('it is a new one when the old one was revoked', async () => {
  const { place, agree } = await open()
  const id = await agree(ANN, CLIENT, ['mcp:tools'])
  await place.kavach.agents.revoke(id)
  const next = await agree(ANN, CLIENT, ['mcp:tools'])
  expect(next).not.toBe(id)
  expect((await place.kavach.agents.get(next)).status).toBe('active')
})

test('an agent that was not made for this client is left alone', async () => {
  const { place, tokens, agree } = await open()
  const { id } = await place.kavach.agents.create({ ownerId: 'ann', name: 'mine', type: 'service' })
  await place.site.change((change) =>
    tokens.openGrant(change, {
      client: CLIENT,
      user: ANN,
      agentId: id,
      scopes: ['mcp:tools'],
      resource: RESOURCE,
      expiresAt: null,
    }),
  )
  expect(await agree(ANN, CLIENT, ['mcp:tools'])).not.toBe(id)
  expect((await place.kavach.agents.get(id)).permissions).toEqual([])
})

describe('the name of an agent', () => {
  test.each([
    ['', CLIENT.id],
    ['  ', CLIENT.id],
    ['a\u0000b\nc', 'a b c'],
    ['x'.repeat(200), 'x'.repeat(128)],
    [`${'x'.repeat(127)}😀`, 'x'.repeat(127)],
    ['\ud800', CLIENT.id],
  ])('%j becomes %j', async (name, made) => {
    const { place, agree } = await open()
    expect((await place.kavach.agents.get(await agree(ANN, { ...CLIENT, name }, ['mcp:tools']))).name).toBe(made)
  })
})

describe('the option `agent`', () => {
  test('says which one it is, and is told for whom', async () => {
    const subjects: unknown[] = []
    let id = ''
    const agent = (subject: unknown) => {
      subjects.push(subject)
      return id
    }
    const { place, agree } = await open({ options: { agent } })
    ;({ id } = await place.kavach.agents.create({ ownerId: 'ops', name: 'shared', type: 'service' }))
    expect(await agree(ANN, CLIENT, ['mcp:tools'])).toBe(id)
    expect(subjects).toEqual([{ user: ANN, clientId: CLIENT.id, scopes: ['mcp:tools'], resource: RESOURCE }])
    expect((await place.kavach.agents.get(id)).permissions).toEqual([])
  })

  test('cannot make one up', async () => {
    const { agree } = await open({ options: { agent: () => 'agt_nobody' } })
    await expect(agree(ANN, CLIENT, ['mcp:tools'])).rejects.toMatchObject({ code: 'KVCH_E_AGENT_NOT_FOUND' })
  })
})

/** A place in which users agree to what clients ask for. */
async function open(parts: PlaceParts = {}) {
  const place: TestPlace = await openPlace(parts)
  const clients = createClients(place)
  const tokens = createTokens(place, { clients, keys: createSigningKeys(place), dpop: createDpop(place), grants: {} })
  const agree = async (user: { readonly id: string }, client: Client, scopes: readonly string[]) => {
    const agentId = await actingAgent(place, { user, client, scopes, resource: RESOURCE })
    await place.site.change((change) =>
      tokens.openGrant(change, { client, user, agentId, scopes, resource: RESOURCE, expiresAt: null }),
    )
    return agentId
  }
  return { place, tokens, agree }
}
