import { describe, expect, test } from 'vitest'
import { openApi } from './api-host.ts'

describe('a credential', () => {
  test.each([
    ['of another scheme', 'Basic a2F2YWNo'],
    ['without a scheme', 'kvp_'],
    ['without a token', 'Bearer '],
    ['of two words', 'Bearer a b'],
    ['that was stated twice', 'Bearer a, Bearer b'],
    ['with a control', 'Bearer a\tb'],
  ])('%s is none', async (_, authorization) => {
    const api = await openApi()
    const { status, body } = await api.ask('GET', '/v1/agents', { headers: { authorization } })
    expect({ status, body }).toMatchObject({ status: 401, body: { error: { code: 'KVCH_E_KEY_INVALID' } } })
    // Nothing was tried.
    expect(await api.kavach.audit.query({ kind: 'key.refuse' })).toEqual([])
  })

  test.each(['bearer', 'BEARER', 'Bearer'])('of the scheme %s is read', async (scheme) => {
    const api = await openApi()
    const key = await api.key('agents')
    const headers = { AUTHORIZATION: `${scheme} ${key}` }
    expect((await api.ask('GET', '/v1/agents', { headers })).status).toBe(200)
  })

  test('that was revoked or has expired looks like one that never was', async () => {
    const api = await openApi()
    const revoked = await api.kavach.keys.create({ name: 'a', scopes: ['agents'] })
    await api.kavach.keys.revoke(revoked.id)
    const expiresAt = new Date(api.host.now() + 1000)
    const expired = await api.kavach.keys.create({ name: 'b', scopes: ['agents'], expiresAt })
    await api.host.advance(1000)
    const answers = await Promise.all(
      [revoked.key, expired.key, `kvp_${'0'.repeat(49)}`].map((as) => api.ask('GET', '/v1/agents', { as })),
    )
    const said = answers.map(
      ({ status, body }) => `${status} ${JSON.stringify(body).replace(/req_\w+|"timestamp":"[^"]+"/g, '')}`,
    )
    expect(new Set(said).size).toBe(1)
    expect(said[0]).toContain('the project key is malformed, unknown, expired or revoked')
  })
})

describe('an agent that delegates', () => {
  test('lends what is its own', async () => {
    const api = await openApi()
    const giver = await api.agent()
    const receiver = await api.agent({ type: 'delegated' })
    const permissions = [{ resource: 'doc:**', actions: ['read'] }]
    const json = { toAgent: receiver.id, permissions }
    const { status, body } = await api.ask('POST', '/v1/delegations', { as: giver.token, json })
    expect({ status, body }).toEqual({
      status: 201,
      body: {
        id: expect.stringMatching(/^dlg_/),
        fromAgent: giver.id,
        toAgent: receiver.id,
        origin: 'runtime',
        permissions,
        maxDepth: 1,
        expiresAt: null,
        createdAt: '2026-04-01T12:00:00.000Z',
        revokedAt: null,
      },
    })
    expect(await api.kavach.audit.query({ kind: 'delegation.create' })).toMatchObject([{ actor: giver.id }])
  })

  test('lends nothing of another', async () => {
    const api = await openApi()
    const [thief, rich] = [await api.agent(), await api.agent()]
    const json = { fromAgent: rich.id, toAgent: thief.id, permissions: [{ resource: 'doc:**', actions: ['read'] }] }
    expect(await api.ask('POST', '/v1/delegations', { as: thief.token, json })).toMatchObject({
      status: 403,
      body: {
        error: {
          code: 'KVCH_E_AGENT_PERMISSION_DENIED',
          message: 'an agent delegates its own authority only',
        },
      },
    })
  })

  test.each([
    ['unknown', 'KVCH_E_AGENT_TOKEN_INVALID', 'the agent token is malformed or unknown'],
    ['expired', 'KVCH_E_AGENT_TOKEN_EXPIRED', 'the agent token has expired; re-issue it with `agents.refreshToken()`'],
  ])('by a token that is %s is refused, and a row says so', async (kind, code, message) => {
    const api = await openApi()
    const { id, token } = await api.agent({ tokenExpiry: '1m' })
    await api.host.advance(60_000)
    const as = kind === 'expired' ? token : `kv_${'0'.repeat(49)}`
    expect(await api.ask('POST', '/v1/delegations', { as, json: {} })).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Bearer realm="kavach", error="invalid_token"' },
      body: { error: { code, message } },
    })
    expect(await api.kavach.audit.query({ kind: 'token.refuse' })).toMatchObject([
      { code, result: 'denied', source: '192.0.2.7', ...(kind === 'expired' && { agent: id }) },
    ])
  })
})
