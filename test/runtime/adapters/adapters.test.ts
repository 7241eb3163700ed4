import { request as nodeRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createKavach, type OpenedKavach } from '../../../create-kavach.ts'
import { ADAPTERS, type Running } from './servers.ts'

const WARN = { warn: () => undefined }

describe.each(Object.entries(ADAPTERS))('%s', (name, open) => {
  let kavach: OpenedKavach
  let server: Running
  let token: string
  let agentId: string

  beforeAll(async () => {
    kavach = await createKavach({ database: { provider: 'sqlite', url: ':memory:' }, ...WARN })
    server = await open(kavach)
    const made = await kavach.agents.create({
      ownerId: 'u1',
      name: 'payer',
      type: 'autonomous',
      permissions: [
        { resource: 'mcp:billing:pay', actions: ['execute'], constraints: { maxCallsPerDay: 3 } },
        { resource: 'mcp:github:*', actions: ['read'] },
      ],
    })
    token = made.token
    agentId = made.id
  })

  afterAll(async () => {
    await server.close()
    await kavach.close()
  })

  const call = (path: string, init: RequestInit = {}) => fetch(`${server.url}${path}`, init)
  const authorize = (body: unknown, headers: Record<string, string> = {}) =>
    call('/v1/authorize', {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  const rowsOf = async (kind: string) => (await kavach.audit.query({ agentId })).filter((row) => row.kind === kind)

  test('answers a decision', async () => {
    const response = await authorize({ action: 'read', resource: 'mcp:github:repos' })
    expect([response.status, response.headers.get('cache-control'), response.headers.get('x-request-id')]).toEqual([
      200,
      'no-store',
      expect.stringMatching(/^req_/),
    ])
    expect(await response.json()).toMatchObject({ allowed: true, reason: 'allowed', agentId })
  })

  test('says what is wrong with a body that is not JSON', async () => {
    const broken = await authorize('{"action":')
    // A parser of the application that stands in front has read it first, and refuses it in the application's way.
    const expected = name.includes('body parsers')
      ? [500, 'failed']
      : [400, expect.stringContaining('KVCH_E_REQUEST_INVALID')]
    expect([broken.status, await broken.text()]).toEqual(expected)
  })

  test('refuses an unknown token in the documented envelope', async () => {
    const response = await call('/v1/authorize', {
      method: 'POST',
      headers: { authorization: 'Bearer kv_nobody', 'content-type': 'application/json' },
      body: JSON.stringify({ action: 'read', resource: 'a' }),
    })
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([
      401,
      'Bearer realm="kavach", error="invalid_token"',
    ])
    const { error } = await response.json()
    expect(error).toMatchObject({ code: 'KVCH_E_AGENT_TOKEN_INVALID', docs_url: expect.stringContaining('#KVCH_E_') })
  })

  test('no management route answers without a credential', async () => {
    for (const [method, path] of [
      ['GET', '/v1/agents'],
      ['POST', '/v1/agents'],
      ['GET', '/v1/audit'],
      ['GET', '/v1/approvals'],
    ] as const) {
      const response = await call(path, {
        method,
        ...(method === 'POST' && { body: '{}', headers: { 'content-type': 'application/json' } }),
      })
      expect([path, response.status]).toEqual([path, 401])
    }
  })

  test('answers a project key, with a query, and HEAD without a body', async () => {
    const { key } = await kavach.keys.create({ name: 'console', scopes: ['agents'] })
    const headers = { authorization: `Bearer ${key}` }
    const listed = await call('/v1/agents?limit=1', { headers })
    expect([listed.status, (await listed.json()).agents?.length]).toEqual([200, 1])
    const head = await call('/health', { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
  })

  test('takes a body in chunks', async () => {
    const body = JSON.stringify({ action: 'read', resource: 'mcp:github:repos' })
    const { port } = new URL(server.url)
    const status = await new Promise((resolve, reject) => {
      const request = nodeRequest(
        {
          port,
          host: '127.0.0.1',
          path: '/v1/authorize',
          method: 'POST',
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        },
        (response) => {
          response.resume()
          resolve(response.statusCode)
        },
      )
      request.on('error', reject)
      for (const character of body) request.write(character)
      request.end()
    })
    expect(status).toBe(200)
  })

  test('refuses a body that is too large', async () => {
    const response = await authorize({ action: 'read', resource: 'a', args: { text: 'x'.repeat(90_000) } })
    expect([response.status, (await response.json()).error?.code]).toEqual([413, 'KVCH_E_HTTP_TOO_LARGE'])
  })

  test('leaves what is not its own to the application', async () => {
    const response = await call('/elsewhere')
    expect([response.status, await response.text()]).toEqual([404, 'the application'])
    const unknown = await call('/v1/nothing')
    expect([unknown.status, (await unknown.json()).error.code]).toEqual([404, 'KVCH_E_HTTP_NOT_FOUND'])
  })

  test('says which methods a route has', async () => {
    const response = await call('/v1/authorize', { method: 'DELETE' })
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST, OPTIONS'])
  })

  // Node itself has no routes to guard.
  if (name === 'node:http') return
  describe('a guarded route', () => {
    const pay = (amount: number, headers: Record<string, string> = { authorization: `Bearer ${token}` }) =>
      call(`/pay/${amount}`, { method: 'POST', headers })

    test('runs for whoever may, fails as it fails, and records what came of it; limits say when to come again', async () => {
      const good = await pay(1)
      expect([good.status, await good.text()]).toEqual([200, 'paid'])
      expect((await pay(13)).status).toBe(500)
      // The outcome of a call is recorded when its connection is done.
      await expect
        .poll(async () => (await rowsOf('complete')).map(({ outcome }) => outcome).sort())
        .toEqual(['failure', 'success'])
      await pay(2)
      const limited = await pay(3)
      expect([limited.status, Number(limited.headers.get('retry-after')) > 0]).toEqual([429, true])
      expect((await limited.json()).error.code).toBe('KVCH_E_RATE_AGENT_EXCEEDED')
    })

    test('refuses a request without a token, and says how to show one', async () => {
      const response = await pay(1, {})
      expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
      expect((await response.json()).error.code).toBe('KVCH_E_AGENT_TOKEN_INVALID')
    })

    test('refuses an agent that may not', async () => {
      const other = await kavach.agents.create({ ownerId: 'u2', name: 'reader', type: 'autonomous', permissions: [] })
      const response = await pay(1, { authorization: `Bearer ${other.token}` })
      expect([response.status, (await response.json()).error.code]).toEqual([403, 'KVCH_E_AGENT_PERMISSION_DENIED'])
    })
  })
})
