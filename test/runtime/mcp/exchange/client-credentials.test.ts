import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { ISSUER, NOW, OTHER_RESOURCE, RESOURCE } from '../place.ts'
import { type Answer, type Exchanging, type Form, HOUR, openExchange, PLAN, SECRET, TOOLS } from './place.ts'

const FORM: Form = { grant_type: 'client_credentials', resource: RESOURCE }

test('AS-X2: a client speaks for its agent, without a user and without a refresh token', async () => {
  const { ask, tokens, allows, agents, place } = await openExchange()
  const { status, body } = await ask('batch', FORM)
  expect({ status, body }).toEqual({
    status: 200,
    body: {
      access_token: expect.stringMatching(/^kva_/),
      token_type: 'Bearer',
      expires_in: 3600,
      scope: 'mcp:tools',
    },
  })
  const token = String(body.access_token)
  expect(await tokens.verify(token)).toEqual({
    agentId: agents.batch,
    grantId: expect.stringMatching(/^grt_/),
    clientId: 'batch',
    scopes: ['mcp:tools'],
    resource: RESOURCE,
    issuedAt: NOW,
    expiresAt: NOW + HOUR,
  })
  expect([await allows(token, 'execute', 'mcp:tools:search'), await allows(token, 'read', 'mcp:files:a')]).toEqual([
    true,
    false,
  ])
  await place.host.advance(HOUR)
  expect(await tokens.verify(token)).toBeUndefined()
})

test('AS-X2: private_key_jwt is a way to authenticate', async () => {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256' }] }
  const { tokens, agents } = await openExchange({
    ...PLAN,
    clients: (ids) => [{ id: 'batch', jwks, agent: ids.batch, scopes: ['mcp:tools'] }],
  })
  const assertion = await new SignJWT({ jti: 'a' })
    .setProtectedHeader({ alg: 'ES256', kid: 'one' })
    .setIssuer('batch')
    .setSubject('batch')
    .setAudience(ISSUER)
    .setIssuedAt(NOW / 1000)
    .setExpirationTime(NOW / 1000 + 60)
    .sign(privateKey)
  const form = {
    ...FORM,
    client_assertion: assertion,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  }
  const send = async () => {
    const body = new URLSearchParams(Object.entries(form).map(([name, value]) => [name, value ?? '']))
    const response = await tokens.token(new Request(`${ISSUER}/oauth/token`, { method: 'POST', body }), {})
    return { status: response.status, body: await response.json() }
  }
  const first = await send()
  expect(first.status).toBe(200)
  expect((await tokens.verify(first.body.access_token))?.agentId).toBe(agents.batch)
  const again = await send()
  expect([again.status, again.body.error]).toEqual([401, 'invalid_client'])
})

test('a server need not be named where there is one', async () => {
  const plan = { ...PLAN, options: { resources: [{ url: RESOURCE, server: 'tools' }] } }
  const { ask, tokens } = await openExchange(plan)
  const { body } = await ask('batch', { ...FORM, resource: undefined })
  expect((await tokens.verify(String(body.access_token)))?.resource).toBe(RESOURCE)
})

test('scopes that are contained in those of the client may be asked for one by one', async () => {
  const { ask } = await openExchange({
    ...PLAN,
    clients: (ids) => [{ id: 'batch', secret: SECRET, agent: ids.batch, scopes: ['mcp:admin'] }],
  })
  expect((await ask('batch', { ...FORM, scope: 'mcp:files' })).body.scope).toBe('mcp:files')
  expect((await ask('batch', FORM)).body.scope).toBe('mcp:admin')
})

const REFUSED: readonly (readonly [string, string, (made: Exchanging) => Promise<Answer>])[] = [
  ['OAuth 2.1 4.2: a client without an agent', 'unauthorized_client', ({ ask }) => ask('plain', FORM)],
  ['AS-T12: a client that has not registered the grant type', 'unauthorized_client', ({ ask }) => ask('web', FORM)],
  [
    'OAuth 2.1 3.2.4: a scope that the client lacks',
    'invalid_scope',
    ({ ask }) => ask('batch', { ...FORM, scope: 'mcp:admin' }),
  ],
  [
    'OAuth 2.1 3.2.4: a scope that there is not',
    'invalid_scope',
    ({ ask }) => ask('batch', { ...FORM, scope: 'root' }),
  ],
  ['RFC 8707 2: no server of several', 'invalid_target', ({ ask }) => ask('batch', { ...FORM, resource: undefined })],
  [
    'RFC 8707 2: a server that there is not',
    'invalid_target',
    ({ ask }) => ask('batch', { ...FORM, resource: `${OTHER_RESOURCE}/x` }),
  ],
  [
    'RFC 8707 2: two servers by two names',
    'invalid_target',
    ({ ask }) => ask('batch', { ...FORM, audience: OTHER_RESOURCE }),
  ],
  [
    'OAuth 2.1 2.4: a wrong secret',
    'invalid_client',
    ({ ask }) => ask('batch', { ...FORM, client_secret: 'x'.repeat(33) }),
  ],
  [
    'an agent that is suspended',
    'invalid_request',
    async ({ ask, kavach, agents }) => {
      await kavach.agents.suspend(agents.batch ?? '')
      return ask('batch', FORM)
    },
  ],
  [
    'an agent that was revoked',
    'invalid_request',
    async ({ ask, kavach, agents }) => {
      await kavach.agents.revoke(agents.batch ?? '')
      return ask('batch', FORM)
    },
  ],
]

describe('AS-X2, what is refused:', () => {
  test.each(REFUSED)('%s', async (_what, expected, attempt) => {
    const made = await openExchange()
    const { body } = await attempt(made)
    expect(body).toMatchObject({ error: expected })
    expect(body).not.toHaveProperty('access_token')
  })

  test('an agent that nobody made', async () => {
    const { ask } = await openExchange({
      agents: { user: { permissions: [TOOLS] } },
      clients: () => [{ id: 'batch', secret: SECRET, agent: 'agt_nobody', scopes: ['mcp:tools'] }],
    })
    expect((await ask('batch', FORM)).body).toMatchObject({
      error: 'invalid_request',
      kvch_code: 'KVCH_E_AGENT_NOT_FOUND',
    })
  })
})
