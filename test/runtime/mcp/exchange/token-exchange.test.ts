import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { ISSUER, NOW, OTHER_RESOURCE, RESOURCE } from '../place.ts'
import {
  ACCESS,
  AGENT,
  type Answer,
  EXCHANGE,
  type Exchanging,
  exchangeOf,
  FILES,
  type Form,
  HOUR,
  openExchange,
  PLAN,
  TOOLS,
} from './place.ts'

const DETAIL = { type: 'urn:kavachos:permission', resource: 'mcp:tools:search', actions: ['execute'] }
const details = (...list: readonly object[]): Form => ({ authorization_details: JSON.stringify(list) })

function refusalOf({ status, body }: Answer): string {
  const { error, kvch_code } = body
  return `${status} ${String(error)}${kvch_code === undefined ? '' : ` ${String(kvch_code)}`}`
}

describe('AS-X1, a token that is exchanged for another agent', () => {
  test('RFC 8693 2.2.1: is an access token, named as such, and no refresh token comes with it', async () => {
    const { ask, issue, tokens, agents } = await openExchange()
    const { status, body } = await ask('gateway', exchangeOf(await issue()))
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        access_token: expect.stringMatching(/^kva_/),
        token_type: 'Bearer',
        expires_in: 3600,
        scope: 'mcp:tools',
        issued_token_type: ACCESS,
      },
    })
    expect(await tokens.verify(String(body.access_token))).toEqual({
      agentId: agents.gateway,
      delegation: expect.stringMatching(/^dlg_/),
      grantId: expect.stringMatching(/^grt_/),
      clientId: 'gateway',
      userId: 'alice',
      scopes: ['mcp:tools'],
      resource: RESOURCE,
      issuedAt: NOW,
      expiresAt: NOW + HOUR,
      actor: { sub: agents.gateway },
    })
  })

  test('lends what its scopes stand for, to that token and to nobody else', async () => {
    const { issue, exchange, allows, kavach, agents, tokens } = await openExchange()
    const token = await exchange('gateway', await issue())
    expect([
      await allows(token, 'execute', 'mcp:tools:search'),
      await allows(token, 'read', 'mcp:files:a'),
      await allows(token, 'execute', 'mcp:other:search'),
    ]).toEqual([true, false, false])
    const id = agents.gateway ?? ''
    expect((await kavach.authorize(id, { action: 'execute', resource: 'mcp:tools:search' })).allowed).toBe(false)
    const principal = await tokens.verify(token)
    expect(await kavach.delegation.get(principal?.delegation ?? '')).toMatchObject({
      fromAgent: agents.user,
      toAgent: id,
      permissions: [TOOLS],
      maxDepth: 1,
      onlyWhenNamed: true,
      expiresAt: new Date(NOW + HOUR),
    })
  })

  test('RFC 9396 7: says which permissions were lent when some were asked for', async () => {
    const { ask, issue, allows } = await openExchange()
    const { status, body } = await ask('gateway', exchangeOf(await issue(), details(DETAIL)))
    expect([status, body.authorization_details]).toEqual([200, [DETAIL]])
    const token = String(body.access_token)
    expect(await allows(token, 'execute', 'mcp:tools:search')).toBe(true)
    expect(await allows(token, 'execute', 'mcp:tools:pay')).toBe(false)
  })

  test('may be under narrower constraints', async () => {
    const { ask, issue, kavach, tokens } = await openExchange()
    const narrow = { ...DETAIL, constraints: { maxCallsPerHour: 1 } }
    const { body } = await ask('gateway', exchangeOf(await issue(), details(narrow)))
    const principal = await tokens.verify(String(body.access_token))
    if (principal === undefined) throw new Error('the token is good')
    const { agentId, delegation } = principal
    const call = async () =>
      (await kavach.authorize(agentId, { action: 'execute', resource: 'mcp:tools:search', delegation })).reason
    expect([await call(), await call()]).toEqual(['allowed', 'rate-limited'])
  })

  test('RFC 8693 4.1: nests those who acted before, the newest outermost', async () => {
    const { issue, exchange, tokens, agents } = await openExchange()
    const first = await exchange('gateway', await issue(), { kvch_max_depth: '2' })
    const second = await exchange('worker', first)
    expect((await tokens.verify(second))?.actor).toEqual({ sub: agents.worker, act: { sub: agents.gateway } })
  })

  test('the second in a chain acts by the chain of the first, and by nothing else that its delegator holds', async () => {
    const plan = { ...PLAN, agents: { ...PLAN.agents, gateway: { permissions: [TOOLS, FILES] } } }
    const { issue, exchange, allows, kavach, tokens, agents } = await openExchange(plan)
    const first = await exchange('gateway', await issue(), { kvch_max_depth: '2' })
    const second = await exchange('worker', first)
    expect(await allows(second, 'execute', 'mcp:tools:search')).toBe(true)
    const answer = await kavach.authorize(agents.worker ?? '', {
      action: 'execute',
      resource: 'mcp:tools:search',
      delegation: (await tokens.verify(second))?.delegation,
    })
    expect(answer.via).toEqual([agents.user, agents.gateway])
    await kavach.agents.update(agents.user ?? '', { permissions: [FILES] })
    expect(await allows(second, 'execute', 'mcp:tools:search')).toBe(false)
  })

  test('the agent of the actor token acts, where there is one', async () => {
    const { ask, issue, tokens, agents, tokensOfAgents } = await openExchange()
    const form = { actor_token: tokensOfAgents.worker, actor_token_type: AGENT }
    const { body } = await ask(
      'plain',
      exchangeOf(tokensOfAgents.user ?? '', { ...form, subject_token_type: AGENT, resource: RESOURCE }),
    )
    expect(await tokens.verify(String(body.access_token))).toMatchObject({
      agentId: agents.worker,
      actor: { sub: agents.worker },
    })
    const own = await issue({ client: { id: 'gateway' }, agentId: agents.worker ?? '' })
    const other = await ask('gateway', exchangeOf(await issue(), { actor_token: own, actor_token_type: ACCESS }))
    expect((await tokens.verify(String(other.body.access_token)))?.agentId).toBe(agents.worker)
  })

  test('is bound to the key of the proof', async () => {
    const { ask, issue, tokens } = await openExchange()
    const { proof, jkt } = await proofOf()
    const { body } = await ask('gateway', exchangeOf(await issue()), { dpop: proof })
    expect(body.token_type).toBe('DPoP')
    expect((await tokens.verify(String(body.access_token)))?.jkt).toBe(jkt)
  })

  test('as a JWT has the chain in act', async () => {
    const plan = { ...PLAN, options: { tokens: { format: 'jwt' } } } as const
    const { issue, exchange, ask, tokens, agents } = await openExchange(plan)
    const opaque = await issue()
    const first = await exchange('gateway', opaque, { kvch_max_depth: '2' })
    const { body } = await ask('worker', exchangeOf(first))
    const [, payload = ''] = String(body.access_token).split('.')
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({
      sub: 'alice',
      act: { sub: agents.worker, act: { sub: agents.gateway } },
    })
    expect(body.issued_token_type).toBe(ACCESS)
    expect((await tokens.verify(String(body.access_token)))?.agentId).toBe(agents.worker)
  })
})

describe('AS-X1, life:', () => {
  test('never beyond the token that it was exchanged for', async () => {
    const { issue, ask, place } = await openExchange()
    const token = await issue()
    await place.host.advance(HOUR / 2)
    const { body } = await ask('gateway', exchangeOf(token))
    expect(body.expires_in).toBe(1800)
  })

  test('never beyond the grant', async () => {
    const { issue, ask } = await openExchange()
    const { body } = await ask('gateway', exchangeOf(await issue({ expiresAt: NOW + 60_000 })))
    expect(body.expires_in).toBe(60)
  })

  test('ends with the grant above, and with all that was exchanged from it, and with the delegations', async () => {
    const { issue, exchange, tokens, kavach, place } = await openExchange()
    const token = await issue()
    const first = await exchange('gateway', token, { kvch_max_depth: '2' })
    const second = await exchange('worker', first)
    const lent = (await kavach.delegation.list()).delegations
    const grant = (await tokens.verify(token))?.grantId ?? ''
    await place.site.change((change) => tokens.revokeGrant(change, grant, 'the user said so', 'alice'))
    expect(await Promise.all([token, first, second].map((one) => tokens.verify(one)))).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    const after = await Promise.all(lent.map(({ id }) => kavach.delegation.get(id)))
    expect(after.map(({ revokedAt }) => revokedAt === null)).toEqual([false, false])
  })

  test('the token above goes on when one below is revoked', async () => {
    const { issue, exchange, tokens, allows, place } = await openExchange()
    const first = await exchange('gateway', await issue(), { kvch_max_depth: '2' })
    const narrowed = await exchange('gateway', first)
    const second = await exchange('worker', first)
    for (const token of [narrowed, second]) {
      const grant = (await tokens.verify(token))?.grantId ?? ''
      await place.site.change((change) => tokens.revokeGrant(change, grant, 'no longer needed', 'gateway'))
      expect(await tokens.verify(token)).toBeUndefined()
    }
    expect(await allows(first, 'execute', 'mcp:tools:search')).toBe(true)
  })

  test('nothing is lent when nothing is issued', async () => {
    const { issue, ask, kavach } = await openExchange()
    const wide = { ...DETAIL, resource: 'mcp:tools:*', actions: ['delete'] }
    expect(refusalOf(await ask('gateway', exchangeOf(await issue(), details(wide))))).toContain('invalid_scope')
    expect((await kavach.delegation.list()).delegations).toEqual([])
  })
})

describe('a token that is exchanged for the same agent', () => {
  test('is narrower, and lends nothing', async () => {
    const { issue, exchange, tokens, allows, agents, kavach } = await openExchange()
    const own = { client: { id: 'plain' }, scopes: ['mcp:admin'] }
    const token = await exchange('plain', await issue(own), { scope: 'mcp:files' })
    expect(await tokens.verify(token)).toMatchObject({ agentId: agents.user, scopes: ['mcp:files'] })
    expect(await tokens.verify(token)).not.toHaveProperty('delegation')
    expect(await allows(token, 'read', 'mcp:files:a')).toBe(true)
    expect(await allows(token, 'execute', 'mcp:tools:search')).toBe(false)
    expect((await kavach.delegation.list()).delegations).toEqual([])
  })

  test('keeps to the delegation of the one above', async () => {
    const { issue, exchange, tokens } = await openExchange()
    const first = await exchange('gateway', await issue())
    const second = await exchange('gateway', first)
    const [above, below] = await Promise.all([tokens.verify(first), tokens.verify(second)])
    expect(below).toEqual({ ...above, grantId: below?.grantId })
  })

  test('may be had by an agent with its own token, for one server', async () => {
    const { ask, tokens, allows, agents, tokensOfAgents } = await openExchange()
    const own = exchangeOf(tokensOfAgents.batch ?? '', { subject_token_type: AGENT, resource: RESOURCE })
    const { status, body } = await ask('plain', own)
    expect([status, body.scope, body.issued_token_type]).toEqual([200, 'mcp:tools', ACCESS])
    const token = String(body.access_token)
    expect(await tokens.verify(token)).toMatchObject({
      agentId: agents.batch,
      clientId: 'plain',
      resource: RESOURCE,
    })
    expect(await allows(token, 'execute', 'mcp:tools:search')).toBe(true)
  })

  test('of an agent ends with its own token', async () => {
    const plan = {
      ...PLAN,
      agents: { ...PLAN.agents, batch: { permissions: [TOOLS], more: { tokenExpiry: 120 } } },
    }
    const { ask, tokensOfAgents } = await openExchange(plan)
    const own = exchangeOf(tokensOfAgents.batch ?? '', { subject_token_type: AGENT, resource: RESOURCE })
    expect((await ask('plain', own)).body.expires_in).toBe(120)
  })
})

type Refused = readonly [string, string, (made: Exchanging) => Promise<Answer>]

const exchanged =
  (client: string, form: Form, grant: Parameters<Exchanging['issue']>[0] = {}) =>
  async ({ ask, issue }: Exchanging) =>
    ask(client, exchangeOf(await issue(grant), form))

const REFUSED: readonly Refused[] = [
  ['RFC 8693 2.1: no subject token', '400 invalid_request', ({ ask }) => ask('gateway', { grant_type: EXCHANGE })],
  [
    'RFC 8693 2.1: a type without a subject token',
    '400 invalid_request',
    ({ ask }) => ask('gateway', { grant_type: EXCHANGE, subject_token_type: ACCESS }),
  ],
  [
    'RFC 8693 2.1: a subject token without a type',
    '400 invalid_request',
    exchanged('gateway', { subject_token_type: undefined }),
  ],
  [
    'RFC 8693 2.1: a type that nobody knows',
    '400 invalid_request',
    exchanged('gateway', { subject_token_type: 'urn:ietf:params:oauth:token-type:saml2' }),
  ],
  [
    'RFC 8693 2.1: an actor type without an actor token',
    '400 invalid_request',
    exchanged('gateway', { actor_token_type: AGENT }),
  ],
  ['RFC 8693 2.1: an actor token without a type', '400 invalid_request', exchanged('gateway', { actor_token: 'kv_x' })],
  [
    'RFC 8693 2.1: a refresh token is asked for',
    '400 invalid_request',
    exchanged('gateway', { requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' }),
  ],
  [
    'RFC 8693 2.1: a JWT is asked for',
    '400 invalid_request',
    exchanged('gateway', { requested_token_type: 'urn:ietf:params:oauth:token-type:jwt' }),
  ],
  [
    'RFC 8693 2.2.2: a subject token that nobody made',
    '400 invalid_request KVCH_E_OAUTH_TOKEN_REVOKED',
    exchanged('gateway', { subject_token: 'kva_x' }),
  ],
  [
    'RFC 8693 2.2.2: the subject token has expired',
    '400 invalid_request KVCH_E_OAUTH_TOKEN_REVOKED',
    async ({ ask, issue, place }) => {
      const token = await issue()
      await place.host.advance(HOUR)
      return ask('gateway', exchangeOf(token))
    },
  ],
  [
    'RFC 8693 2.2.2: the token of an agent as an access token',
    '400 invalid_request KVCH_E_OAUTH_TOKEN_REVOKED',
    async ({ ask, tokensOfAgents }) => ask('gateway', exchangeOf(tokensOfAgents.user ?? '')),
  ],
  [
    'RFC 8693 2.2.2: an access token as the token of an agent',
    '400 invalid_request KVCH_E_AGENT_TOKEN_INVALID',
    exchanged('gateway', { subject_token_type: AGENT }),
  ],
  [
    'RFC 8693 2.2.2: an actor token that nobody made',
    '400 invalid_request KVCH_E_AGENT_TOKEN_INVALID',
    exchanged('gateway', { actor_token: 'kv_x', actor_token_type: AGENT }),
  ],
  [
    'RFC 8693 2.2.2: an actor token of another client',
    '400 invalid_request',
    async ({ ask, issue }) =>
      ask('gateway', exchangeOf(await issue(), { actor_token: await issue(), actor_token_type: ACCESS })),
  ],
  [
    'the token of an agent that has expired',
    '400 invalid_request KVCH_E_AGENT_TOKEN_EXPIRED',
    async ({ ask, kavach, place }) => {
      const { token } = await kavach.agents.create({
        ownerId: 'ops',
        name: 'brief',
        type: 'service',
        permissions: [TOOLS],
        tokenExpiry: 60,
      })
      await place.host.advance(60_000)
      return ask('plain', exchangeOf(token, { subject_token_type: AGENT, resource: RESOURCE }))
    },
  ],
  [
    'RFC 8693 5: a token of another client, by a client without an agent',
    '400 invalid_request',
    exchanged('plain', {}),
  ],
  ['AS-T12: the client has not registered the grant type', '400 unauthorized_client', exchanged('web', {})],
  [
    'RFC 8693 2.2.2: another server',
    '400 invalid_target KVCH_E_MCP_RESOURCE_INDICATOR_INVALID',
    exchanged('gateway', { resource: OTHER_RESOURCE }),
  ],
  [
    'RFC 8693 2.2.2: a server that there is not',
    '400 invalid_target KVCH_E_MCP_RESOURCE_INDICATOR_INVALID',
    exchanged('gateway', { resource: 'https://evil.example/mcp' }),
  ],
  [
    'RFC 8693 2.2.2: another audience',
    '400 invalid_target KVCH_E_MCP_RESOURCE_INDICATOR_INVALID',
    exchanged('gateway', { audience: OTHER_RESOURCE }),
  ],
  [
    'RFC 8693 2.2.2: a resource and another audience',
    '400 invalid_target KVCH_E_MCP_RESOURCE_INDICATOR_INVALID',
    exchanged('gateway', { resource: RESOURCE, audience: OTHER_RESOURCE }),
  ],
  [
    'RFC 8693 2.2.2: an agent that names no server of several',
    '400 invalid_target KVCH_E_MCP_RESOURCE_INDICATOR_INVALID',
    async ({ ask, tokensOfAgents }) =>
      ask('plain', exchangeOf(tokensOfAgents.batch ?? '', { subject_token_type: AGENT })),
  ],
  [
    'RFC 8693 2.1: a scope that the subject token lacks',
    '400 invalid_scope',
    exchanged('gateway', { scope: 'mcp:files' }),
  ],
  [
    'RFC 8693 2.1: one of several scopes that the subject token lacks',
    '400 invalid_scope',
    exchanged('gateway', { scope: 'mcp:tools mcp:admin' }),
  ],
  ['RFC 8693 2.1: a scope that there is not', '400 invalid_scope', exchanged('gateway', { scope: 'toString' })],
  [
    'a scope for an agent that its client does not have',
    '400 invalid_scope',
    async ({ ask, tokensOfAgents }) =>
      ask(
        'batch',
        exchangeOf(tokensOfAgents.batch ?? '', {
          subject_token_type: AGENT,
          resource: RESOURCE,
          scope: 'mcp:admin',
        }),
      ),
  ],
  [
    'permissions beyond the scopes of the token, though the agent holds them',
    '400 invalid_scope KVCH_E_AGENT_DELEGATION_ESCALATES',
    exchanged('gateway', details({ ...DETAIL, resource: 'mcp:files:a', actions: ['read'] })),
  ],
  [
    'permissions that the agent does not hold, though the scopes stand for them',
    '400 invalid_scope KVCH_E_AGENT_DELEGATION_ESCALATES',
    exchanged('gateway', details({ ...DETAIL, resource: 'mcp:else:a' }), { scopes: ['mcp:admin'] }),
  ],
  [
    'scopes that stand for more than the agent holds',
    '400 invalid_scope KVCH_E_AGENT_DELEGATION_ESCALATES',
    exchanged('gateway', {}, { scopes: ['mcp:admin'] }),
  ],
  ['RFC 9396 5: no JSON', '400 invalid_authorization_details', exchanged('gateway', { authorization_details: '[' })],
  [
    'RFC 9396 2: an object instead of a list',
    '400 invalid_authorization_details',
    exchanged('gateway', { authorization_details: JSON.stringify(DETAIL) }),
  ],
  ['RFC 9396 5: an empty list', '400 invalid_authorization_details', exchanged('gateway', details())],
  [
    'RFC 9396 5: a type that nobody knows',
    '400 invalid_authorization_details',
    exchanged('gateway', details({ ...DETAIL, type: 'payment' })),
  ],
  [
    'RFC 9396 5: no type',
    '400 invalid_authorization_details',
    exchanged('gateway', details({ ...DETAIL, type: undefined })),
  ],
  [
    'RFC 9396 5: a member that nobody knows',
    '400 invalid_authorization_details',
    exchanged('gateway', details({ ...DETAIL, locations: [] })),
  ],
  [
    'RFC 9396 5: no resource',
    '400 invalid_authorization_details',
    exchanged('gateway', details({ ...DETAIL, resource: undefined })),
  ],
  [
    'RFC 9396 5: no actions',
    '400 invalid_authorization_details',
    exchanged('gateway', details({ ...DETAIL, actions: [] })),
  ],
  [
    'RFC 9396 5: a list in the list',
    '400 invalid_authorization_details',
    exchanged('gateway', { authorization_details: '[[]]' }),
  ],
  [
    'RFC 9396 5: too many',
    '400 invalid_authorization_details',
    exchanged('gateway', details(...Array.from({ length: 65 }, () => DETAIL))),
  ],
  [
    'RFC 9396 5: constraints that are none',
    '400 invalid_request KVCH_E_AGENT_DELEGATION_INVALID',
    exchanged('gateway', details({ ...DETAIL, constraints: { maxCalls: 1 } })),
  ],
  [
    'RFC 9396 5: a number for constraints',
    '400 invalid_request KVCH_E_AGENT_DELEGATION_INVALID',
    exchanged('gateway', details({ ...DETAIL, constraints: 7 })),
  ],
  [
    'permissions where the same agent acts',
    '400 invalid_request',
    exchanged('plain', details(DETAIL), { client: { id: 'plain' } }),
  ],
  ['a depth that is none', '400 invalid_request', exchanged('gateway', { kvch_max_depth: '6' })],
  ['a depth of nothing', '400 invalid_request', exchanged('gateway', { kvch_max_depth: '0' })],
  [
    'a second exchange of a token that may not be passed on',
    '400 invalid_request KVCH_E_AGENT_DELEGATION_DEPTH',
    async ({ ask, issue, exchange }) => ask('worker', exchangeOf(await exchange('gateway', await issue()))),
  ],
  [
    'a second exchange that asks for more than the first one has',
    '400 invalid_scope KVCH_E_AGENT_DELEGATION_ESCALATES',
    async ({ ask, issue, exchange }) => {
      const first = await exchange('gateway', await issue(), { kvch_max_depth: '2', ...details(DETAIL) })
      return ask('worker', exchangeOf(first, details({ ...DETAIL, resource: 'mcp:tools:pay' })))
    },
  ],
  [
    'a second exchange for whom it came from',
    '400 invalid_request KVCH_E_AGENT_DELEGATION_INVALID',
    async ({ ask, issue, exchange, tokensOfAgents }) => {
      const first = await exchange('gateway', await issue(), { kvch_max_depth: '2' })
      return ask('gateway', exchangeOf(first, { actor_token: tokensOfAgents.user, actor_token_type: AGENT }))
    },
  ],
  [
    'an agent that is suspended',
    '400 invalid_request KVCH_E_AGENT_SUSPENDED',
    async ({ ask, issue, kavach, agents }) => {
      await kavach.agents.suspend(agents.user ?? '')
      return ask('gateway', exchangeOf(await issue()))
    },
  ],
  [
    'an acting agent that was revoked',
    '400 invalid_request KVCH_E_AGENT_REVOKED',
    async ({ ask, issue, kavach, agents }) => {
      await kavach.agents.revoke(agents.gateway ?? '')
      return ask('gateway', exchangeOf(await issue()))
    },
  ],
  [
    'RFC 9449 5: a token of its own that is bound to a key, without a proof',
    '400 invalid_dpop_proof',
    async ({ ask, issue }) => ask('plain', exchangeOf(await issue({ client: { id: 'plain' } }, 'x'.repeat(43)))),
  ],
  [
    'RFC 9449 5: a token of its own that is bound to another key',
    '400 invalid_dpop_proof',
    async ({ ask, issue }) =>
      ask('plain', exchangeOf(await issue({ client: { id: 'plain' } }, 'x'.repeat(43))), {
        dpop: (await proofOf()).proof,
      }),
  ],
]

describe('AS-X1, what is refused:', () => {
  test.each(REFUSED)('%s', async (_what, expected, attempt) => {
    const made = await openExchange()
    const before = await made.kavach.delegation.list()
    const answer = await attempt(made)
    expect(refusalOf(answer)).toBe(expected)
    expect(answer.body).not.toHaveProperty('access_token')
    const after = await made.kavach.delegation.list()
    expect(after.delegations.length - before.delegations.length).toBeLessThanOrEqual(1)
  })

  test('a client that does not authenticate', async () => {
    const { place, tokens } = await openExchange({
      ...PLAN,
      clients: () => [{ id: 'cli', redirectUris: ['http://127.0.0.1/cb'] }],
    })
    const body = new URLSearchParams({ client_id: 'cli', grant_type: EXCHANGE })
    const response = await tokens.token(new Request(`${ISSUER}/oauth/token`, { method: 'POST', body }), {})
    expect([response.status, (await response.json()).error]).toEqual([400, 'unauthorized_client'])
    expect(place.settings.issuer).toBe(ISSUER)
  })

  test('what the delegator may not do is shown in the description', async () => {
    const { ask, issue } = await openExchange()
    const { body } = await ask('gateway', exchangeOf(await issue(), details({ ...DETAIL, actions: ['delete'] })))
    expect(body.error_description).toContain('may not do `delete` on `mcp:tools:search`')
  })

  test('a token that was revoked while it was looked at', async () => {
    const { ask, issue, tokens, place } = await openExchange()
    const token = await issue()
    const original = place.site.change
    const grant = (await tokens.verify(token))?.grantId ?? ''
    const answers = await Promise.all([
      original((change) => tokens.revokeGrant(change, grant, 'now', 'alice')),
      ask('gateway', exchangeOf(token)),
    ])
    expect(refusalOf(answers[1])).toMatch(/^400 invalid_(grant|request) KVCH_E_OAUTH_TOKEN_REVOKED$/)
  })
})

test('five may act one for another, and no sixth', async () => {
  const names = ['b', 'c', 'd', 'e', 'f', 'g']
  const { issue, exchange, ask, tokens, agents } = await openExchange({
    agents: {
      user: { permissions: [TOOLS], more: { ownerId: 'alice' } },
      ...Object.fromEntries(names.map((name) => [name, { permissions: [] }])),
    },
    clients: (ids) => names.map((id) => ({ id, secret: 'a secret of thirty-two characters', agent: ids[id] })),
  })
  let token = await issue()
  for (const [at, name] of names.slice(0, 5).entries()) {
    token = await exchange(name, token, { kvch_max_depth: String(5 - at) })
  }
  const actors: unknown[] = []
  for (let act = (await tokens.verify(token))?.actor; act !== undefined; act = act.act) actors.push(act.sub)
  expect(actors).toEqual(['f', 'e', 'd', 'c', 'b'].map((name) => agents[name]))
  expect(refusalOf(await ask('g', exchangeOf(token)))).toBe('400 invalid_request KVCH_E_AGENT_DELEGATION_DEPTH')
})

test('an exchange is in the log: the grant, what was lent, and the token', async () => {
  const { issue, exchange, place, agents, tokens } = await openExchange()
  const token = await issue()
  const before = (await place.log()).length
  const made = await exchange('gateway', token)
  const [above, below] = await Promise.all([tokens.verify(token), tokens.verify(made)])
  expect(
    (await place.log()).slice(before).map(({ kind, agent, actor, ...row }) => [kind, agent, actor, row.parent]),
  ).toEqual([
    ['delegation.create', agents.gateway, 'gateway', undefined],
    ['oauth.grant', agents.gateway, 'gateway', above?.grantId],
    ['oauth.token', agents.gateway, 'gateway', undefined],
  ])
  expect(JSON.stringify(await place.log())).not.toContain(made)
  expect(below?.grantId).not.toBe(above?.grantId)
})

async function proofOf() {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const jwk = await exportJWK(publicKey)
  const claims = { jti: 'one', htm: 'POST', htu: `${ISSUER}/oauth/token`, iat: NOW / 1000 }
  const proof = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk }).sign(privateKey)
  return { proof, jkt: await calculateJwkThumbprint(jwk) }
}
