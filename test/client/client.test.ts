import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type ClientOptions, createClient, KavachError } from '../../client/index.ts'
import { serveNode } from '../../runtime/adapters/node/index.ts'
import { createHttpApi } from '../../runtime/http/index.ts'
import { KEY_SCOPES } from '../../runtime/index.ts'
import { policyImage } from '../fixtures/policy-image.ts'
import { type ApiHostParts, openApi, READ } from '../runtime/http/api-host.ts'

/** A host that is served, and clients of it. */
async function serve(parts: ApiHostParts = {}) {
  const api = await openApi(parts)
  const { fetch } = createHttpApi(api, parts.http)
  const { url, close } = await serveNode(fetch, { host: '127.0.0.1', port: 0 })
  onTestFinished(() => close(0))
  const key = await api.key(...KEY_SCOPES)
  const waits: number[] = []
  const sleep = async (ms: number) => void waits.push(ms)
  const clientOf = (options: Partial<ClientOptions> = {}) => createClient({ url, key, sleep, ...options })
  return { api, url, key, waits, clientOf, client: clientOf() }
}

type Given = { readonly status: number; readonly body?: unknown; readonly headers?: Record<string, string> } | 'hang up'

/** A server that gives these answers, one after the other, and remembers what it was asked. */
async function scripted(answers: readonly Given[], options: Partial<ClientOptions> = {}) {
  const asked: { readonly method: string; readonly path: string; readonly body: unknown }[] = []
  const server: Server = createServer(async (request: IncomingMessage, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const answer = answers[asked.length]
    asked.push({
      method: request.method ?? '',
      path: request.url ?? '',
      body: text === '' ? undefined : JSON.parse(text),
    })
    if (answer === undefined || answer === 'hang up') return void response.destroy()
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
    response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? {}))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const waits: number[] = []
  const client = createClient({
    url: `http://127.0.0.1:${port}/`,
    key: 'kvp_x',
    sleep: async (ms) => void waits.push(ms),
    ...options,
  })
  return { client, asked, waits }
}

const errorBody = (code: string, more: object = {}) => ({
  error: {
    code,
    message: 'no',
    docs_url: 'https://e/',
    request_id: 'req_1',
    timestamp: '2026-04-01T12:00:00Z',
    ...more,
  },
})

async function errorOf(work: Promise<unknown>): Promise<KavachError> {
  try {
    await work
  } catch (error) {
    if (error instanceof KavachError) return error
    throw error
  }
  throw new Error('it was not refused')
}

describe('a client', () => {
  test('does with agents what the host does', async () => {
    const { api, client } = await serve()
    const expiresAt = new Date('2026-05-01T00:00:00Z')
    const permissions = [{ resource: 'doc:**', actions: ['read'] }]
    const { agent, token } = await client.agents.create({
      ownerId: 'ann',
      name: 'bot',
      type: 'autonomous',
      permissions,
      expiresAt,
    })
    const { id } = agent
    const here = async () => JSON.parse(JSON.stringify(await api.kavach.agents.get(id)))
    expect(agent).toEqual(await here())
    expect(agent.expiresAt).toBe('2026-05-01T00:00:00.000Z')
    expect(await client.agents.get(id)).toEqual(agent)
    expect(await client.agents.list({ ownerId: 'ann', limit: 5 })).toEqual({ agents: [agent] })
    expect((await client.agents.update(id, { name: 'robot' })).name).toBe('robot')
    expect((await client.agents.rotate(id, { graceSeconds: 10 })).agentId).toBe(id)
    expect((await client.agents.refreshToken(id)).token).not.toBe(token)
    expect((await client.agents.issueToken(id)).token).toMatch(/^kv_/)
    expect(await client.agents.suspend(id, { reason: 'odd' })).toMatchObject({
      status: 'suspended',
      statusReason: 'odd',
    })
    expect((await client.agents.unsuspend(id)).status).toBe('active')
    expect(await client.agents.suspendAll({ owner: 'ann' })).toEqual({ suspended: 1 })
    expect(await client.trust.score(id)).toEqual(await api.kavach.trust.score(id))
    expect(await client.agents.revoke(id)).toEqual({ ...(await here()), cascade: { revoked: [], affected: [] } })
  })

  test('decides, with a key about any agent and with a token about its own', async () => {
    const { api, client, clientOf } = await serve()
    const { id, token } = await api.agent()
    expect(await client.authorize({ agentId: id, ...READ, args: { a: [1] }, ip: '10.0.0.1' })).toMatchObject({
      allowed: true,
      agentId: id,
    })
    const own = clientOf({ key: undefined, token })
    const allowed = await own.authorize({ ...READ })
    expect(allowed).toMatchObject({ allowed: true, agentId: id })
    expect(await own.authorize({ ...READ, action: 'write' })).toMatchObject({
      allowed: false,
      code: 'KVCH_E_AGENT_PERMISSION_DENIED',
    })
    const done = await client.complete(allowed.auditId ?? '', { outcome: 'success' })
    expect(done).toMatchObject({ costUsd: 0, isLate: false })
    const refused = await errorOf(own.agents.list())
    expect({ ...refused, message: refused.message }).toEqual({
      name: 'KavachError',
      message: 'the project key is malformed, unknown, expired or revoked',
      code: 'KVCH_E_KEY_INVALID',
      docs_url: 'https://docs.kavachos.com/errors#KVCH_E_KEY_INVALID',
      request_id: expect.stringMatching(/^req_/),
      timestamp: expect.stringMatching(/Z$/),
      retryAfter: undefined,
      details: undefined,
      status: 401,
    })
  })

  test('delegates, also what an agent has', async () => {
    const { api, client, clientOf } = await serve()
    const [giver, receiver] = [await api.agent(), await api.agent({ type: 'delegated' })]
    const permissions = [{ resource: 'doc:1', actions: ['read'] }]
    const made = await clientOf({ key: undefined, token: giver.token }).delegation.delegate({
      toAgent: receiver.id,
      permissions,
    })
    expect(made.fromAgent).toBe(giver.id)
    expect(await client.delegation.get(made.id)).toEqual(made)
    expect(await client.delegation.list({ isLive: true })).toEqual({ delegations: [made] })
    expect((await client.delegation.listChains(receiver.id)).map(({ agents }) => agents)).toEqual([
      [giver.id, receiver.id],
    ])
    expect(await client.delegation.getEffectivePermissions(receiver.id)).toEqual(permissions)
    expect((await client.delegation.revoke(made.id)).revokedAt).toBe('2026-04-01T12:00:00.000Z')
  })

  test('passes votes on, and waits for them', async () => {
    const authenticate = (credential: unknown) => (credential === 'secret' ? { id: 'bo' } : undefined)
    const { api, client } = await serve({ options: { approvals: { authenticate } } })
    const permissions = [{ resource: 'doc:**', actions: ['read'], constraints: { requireApproval: true } }]
    const { id } = await api.agent({ permissions })
    const asked = [
      await client.authorize({ agentId: id, ...READ }),
      await client.authorize({ agentId: id, ...READ, args: {} }),
    ]
    const [first = '', second = ''] = asked.map(({ approvalId }) => approvalId)
    expect((await client.approvals.list({ status: 'pending' })).approvals.map((one) => one.id)).toEqual([second, first])
    const waiting = client.approvals.wait(first)
    expect((await client.approvals.approve(first, { credential: 'secret', note: 'once' })).status).toBe('approved')
    expect(await waiting).toMatchObject({ id: first, status: 'approved', note: 'once' })
    expect((await client.approvals.deny(second, { credential: 'secret' })).status).toBe('denied')
    expect((await client.approvals.get(second)).status).toBe('denied')
    const third = await client.authorize({ agentId: id, ...READ, args: { a: 1 } })
    const late = await errorOf(client.approvals.wait(third.approvalId ?? '', { timeoutMs: 0 }))
    expect([late.code, late.status]).toEqual(['KVCH_E_APPROVAL_TIMEOUT', 408])
  })

  test('reads the log, all of it if need be', async () => {
    const { api, client } = await serve()
    for (let made = 0; made < 5; made++) await api.agent()
    const page = await client.audit.query({ kind: ['agent.create', 'key.create'], limit: 2, order: 'asc' })
    expect([page.rows.map(({ kind }) => kind), page.cursor]).toEqual([['key.create', 'agent.create'], 'aud_2'])
    const rows: unknown[] = []
    for await (const row of client.audit.all({ limit: 2 })) rows.push(row)
    expect(rows).toEqual(JSON.parse(JSON.stringify(await api.kavach.audit.query())))
    const agents: string[] = []
    for await (const { id } of client.agents.all({ limit: 2 })) agents.push(id)
    expect(agents).toHaveLength(5)
    expect(await client.audit.get('aud_1')).toEqual(await api.kavach.audit.get('aud_1'))
    expect(await client.audit.prove('aud_1')).toEqual(await api.kavach.audit.prove('aud_1'))
    expect((await client.audit.verify()).isIntact).toBe(true)
    const text = await api.kavach.audit.export({ format: 'csv' })
    expect(await client.audit.export({ format: 'csv' })).toBe(text)
    let streamed = ''
    for await (const piece of client.audit.exportStream({ format: 'csv' })) streamed += piece
    expect(streamed).toBe(text)
    expect(await client.usage.count({ since: new Date('2026-04-01T00:00:00Z') })).toEqual(
      await api.kavach.usage.count(),
    )
  })

  test('enforces policies', async () => {
    const { client } = await serve()
    const bytesOf = (generation: number) =>
      new Uint8Array(policyImage('service agent bot { allow read on doc:** }', { name: 'acme', generation }))
    const loaded = await client.policy.reload(bytesOf(1))
    expect(await client.policy.current()).toEqual(loaded)
    expect(await client.policy.shadow(bytesOf(2))).toMatchObject({ generation: 2 })
    expect(await client.policy.shadow(undefined)).toBeUndefined()
    expect(await client.policy.stage(bytesOf(3), { percent: 10, agents: ['bot'] })).toMatchObject({ generation: 3 })
    expect(await client.policy.stage(undefined)).toBeUndefined()
    expect((await errorOf(client.policy.reload('text'))).code).toBe('KVCH_E_POLICY_INVALID')
    await client.ready()
  })

  test.each(['', '.', '..'])('asks for nothing whose id is `%s`', async (id) => {
    const { client, asked } = await scripted([])
    await expect(async () => client.agents.revoke(id)).rejects.toThrow(TypeError)
    expect(asked).toEqual([])
  })

  test('has fewer than 4,096 bytes, and needs nothing but the platform', async () => {
    const build = await rolldown({ input: 'client/index.ts', logLevel: 'silent' })
    const { output } = await build.generate({ format: 'esm', minify: true })
    const code = output.map((chunk) => ('code' in chunk ? chunk.code : '')).join('')
    expect(output.flatMap((chunk) => ('imports' in chunk ? chunk.imports : []))).toEqual([])
    expect(gzipSync(code, { level: 9 }).length).toBeLessThan(4096)
  })
})

describe('a request is sent again', () => {
  const limited = { status: 429, body: errorBody('KVCH_E_RATE_PROJECT_EXCEEDED', { retryAfter: 7 }) }
  const overloaded = { status: 503, body: errorBody('KVCH_E_HTTP_OVERLOADED', { retryAfter: 1 }) }
  const late = { status: 503, body: errorBody('KVCH_E_STORE_TIMEOUT', { retryAfter: 1 }) }
  const fine = { status: 200, body: { agents: [] } }
  const AGENT = { ownerId: 'ann', name: 'bot', type: 'service' } as const

  test('twice, after what the host says', async () => {
    const { client, waits } = await scripted([limited, overloaded, fine])
    expect(await client.agents.create(AGENT)).toEqual({ agents: [] })
    expect(waits).toEqual([7000, 1000])
  })

  test('after five seconds where a limit says nothing', async () => {
    const silent = { status: 429, body: errorBody('KVCH_E_RATE_PROJECT_EXCEEDED') }
    const { client, waits } = await scripted([silent, silent, silent])
    expect((await errorOf(client.agents.list())).code).toBe('KVCH_E_RATE_PROJECT_EXCEEDED')
    expect(waits).toEqual([5000, 5000])
  })

  test('no more often than `retries` says', async () => {
    const { client, asked } = await scripted([limited, limited, limited], { retries: 0 })
    const { code, retryAfter, status } = await errorOf(client.agents.list())
    expect([code, retryAfter, status, asked.length]).toEqual(['KVCH_E_RATE_PROJECT_EXCEEDED', 7, 429, 1])
  })

  test('not where the host wants more patience than there is', async () => {
    const { client, asked } = await scripted([limited], { maxWaitSeconds: 6 })
    await errorOf(client.agents.list())
    expect(asked).toHaveLength(1)
  })

  test('when nobody answers, if twice is the same as once', async () => {
    const { client, waits } = await scripted(['hang up', 'hang up', fine])
    expect(await client.agents.list()).toEqual({ agents: [] })
    expect(waits).toEqual([100, 200])
    const once = await scripted(['hang up', fine])
    await expect(once.client.agents.create(AGENT)).rejects.toThrow(TypeError)
    expect(once.asked).toHaveLength(1)
  })

  test('when the store was late, if twice is the same as once', async () => {
    const { client, asked } = await scripted([late, fine])
    await client.agents.list()
    const once = await scripted([late, fine])
    expect((await errorOf(once.client.agents.create(AGENT))).code).toBe('KVCH_E_STORE_TIMEOUT')
    expect([asked.length, once.asked.length]).toEqual([2, 1])
  })

  test('under the same idempotency key, which every decision has', async () => {
    const decision = { allowed: true }
    const { client, asked } = await scripted(['hang up', late, { status: 200, body: decision }])
    expect(await client.authorize({ ...READ })).toEqual(decision)
    const keys = asked.map(({ body }) => (body as { idempotencyKey: string }).idempotencyKey)
    expect(keys).toEqual(Array.from(keys, () => expect.stringMatching(/^[0-9a-f-]{36}$/)))
    expect(new Set(keys).size).toBe(1)
    const own = await scripted([{ status: 200, body: decision }])
    await own.client.authorize({ ...READ, idempotencyKey: 'order-1' })
    expect(own.asked.map(({ body }) => body)).toEqual([{ ...READ, idempotencyKey: 'order-1' }])
  })

  test('of a decision that a limit forbids, and is a denial in the end', async () => {
    const { api, clientOf, waits } = await serve()
    const permissions = [{ resource: 'doc:**', actions: ['read'], constraints: { maxCallsPerMinute: 1 } }]
    const { id } = await api.agent({ permissions })
    const client = clientOf()
    await client.authorize({ agentId: id, ...READ })
    const { requestId: _, auditId: __, policy: ___, ...denied } = await client.authorize({ agentId: id, ...READ })
    expect(denied).toEqual({
      allowed: false,
      reason: 'rate-limited',
      verdict: 'limited',
      code: 'KVCH_E_RATE_AGENT_EXCEEDED',
      message: expect.any(String),
      retryAfter: 60,
      agentId: id,
    })
    expect(waits).toEqual([60_000, 60_000])
  })

  test('and charged once by a host that had answered before', async () => {
    const { api, url, key } = await serve()
    const permissions = [{ resource: 'doc:**', actions: ['read'], constraints: { maxCallsPerDay: 5 } }]
    const { id } = await api.agent({ permissions })
    let tries = 0
    // The first answer is lost on its way.
    const lossy: typeof fetch = async (...call) => {
      const answer = await fetch(...call)
      if (++tries === 1) throw new TypeError('lost')
      return answer
    }
    const client = createClient({ url, key, fetch: lossy, sleep: async () => undefined })
    expect(await client.authorize({ agentId: id, ...READ })).toMatchObject({ allowed: true })
    expect(tries).toBe(2)
    expect(await api.kavach.usage.count({ agentId: id })).toMatchObject({ calls: 1 })
  })

  test('not when the caller has given up', async () => {
    const leaving = new AbortController()
    const { client, asked } = await scripted([limited, fine], {
      sleep: async (_, signal) => {
        leaving.abort()
        signal?.throwIfAborted()
      },
    })
    await expect(client.agents.list({}, { signal: leaving.signal })).rejects.toThrow('aborted')
    expect(asked).toHaveLength(1)
  })
})

describe('what is no answer of a host', () => {
  test('is an error that says so', async () => {
    const { client } = await scripted([{ status: 502, body: '<html>', headers: { 'content-type': 'text/html' } }])
    const error = await errorOf(client.agents.list())
    expect({ code: error.code, message: error.message, status: error.status }).toEqual({
      code: 'KVCH_E_HTTP_INTERNAL',
      message: 'the answer, of status 502, is none of a host',
      status: 502,
    })
  })

  test('that leads elsewhere is not followed, for the key would go there too', async () => {
    const { client } = await scripted([{ status: 307, headers: { location: 'http://127.0.0.1:1/' } }], { retries: 0 })
    await expect(client.agents.list()).rejects.toThrow(TypeError)
  })

  test('that comes too late is not waited for', async () => {
    const never: typeof fetch = (_, init) =>
      new Promise((__, reject) => init?.signal?.addEventListener('abort', () => reject(init.signal?.reason)))
    const client = createClient({ url: 'http://127.0.0.1:1', key: 'k', fetch: never, retries: 0 })
    await expect(client.agents.list({}, { timeoutMs: 1 })).rejects.toMatchObject({ name: 'TimeoutError' })
  })
})
