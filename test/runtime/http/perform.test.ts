import { describe, expect, test } from 'vitest'
import { type Answer, openApi } from './api-host.ts'

async function sendAgent(asked: { readonly body?: BodyInit; readonly headers?: Readonly<Record<string, string>> }) {
  const api = await openApi()
  return api.ask('POST', '/v1/agents', { as: await api.key('agents'), ...asked })
}

const JSON_TYPE = { 'content-type': 'application/json' }
const AGENT = { ownerId: 'ann', name: 'bot', type: 'service' }

const failed = ({ status, body }: Answer) => {
  const { code, message, details } = (body as { error: { code: string; message: string; details?: object } }).error
  return { status, code, message, ...(details !== undefined && { details }) }
}

describe('a body', () => {
  test.each([
    ['no type', { body: JSON.stringify(AGENT), headers: { 'content-type': '' } }],
    ['another type', { body: JSON.stringify(AGENT), headers: { 'content-type': 'text/plain' } }],
    ['a form', { body: 'name=bot', headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
    [
      'another charset',
      { body: JSON.stringify(AGENT), headers: { 'content-type': 'application/json; charset=utf-16' } },
    ],
    ['another parameter', { body: JSON.stringify(AGENT), headers: { 'content-type': 'application/json; a=b' } }],
  ])('of %s is refused', async (_, asked) => {
    expect(failed(await sendAgent(asked))).toEqual({
      status: 415,
      code: 'KVCH_E_HTTP_MEDIA_TYPE',
      message: 'the content type must be application/json',
    })
  })

  test('that is compressed is refused', async () => {
    expect(failed(await sendAgent({ body: '{}', headers: { ...JSON_TYPE, 'content-encoding': 'gzip' } }))).toEqual({
      status: 415,
      code: 'KVCH_E_HTTP_MEDIA_TYPE',
      message: 'the body must not be compressed',
    })
  })

  test.each(['application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"', 'application/json ; '])(
    'of the type %s is taken',
    async (type) => {
      const { status } = await sendAgent({ body: JSON.stringify(AGENT), headers: { 'content-type': type } })
      expect(status).toBe(201)
    },
  )

  const TOO_LARGE = {
    status: 413,
    code: 'KVCH_E_HTTP_TOO_LARGE',
    message: 'the body must not be longer than 65536 bytes',
  }
  const agentOf = (bytes: number) => {
    const text = JSON.stringify({ ...AGENT, metadata: { a: '' } })
    return text.replace('"a":""', `"a":"${'x'.repeat(bytes - text.length)}"`)
  }

  test('has 64 kB at most, whatever it says of its length', async () => {
    expect((await sendAgent({ body: agentOf(65_536), headers: JSON_TYPE })).status).toBe(201)
    expect(failed(await sendAgent({ body: agentOf(65_537), headers: JSON_TYPE }))).toEqual(TOO_LARGE)
    const lying = { ...JSON_TYPE, 'content-length': '10' }
    expect(failed(await sendAgent({ body: agentOf(65_537), headers: lying }))).toEqual(TOO_LARGE)
    const boasting = { ...JSON_TYPE, 'content-length': '65537' }
    expect(failed(await sendAgent({ body: '{}', headers: boasting }))).toEqual(TOO_LARGE)
    const odd = { ...JSON_TYPE, 'content-length': 'many' }
    expect(failed(await sendAgent({ body: '{}', headers: odd }))).toEqual(TOO_LARGE)
  })

  test('is not read any further than it may be long', async () => {
    let given = 0
    let isCancelled = false
    const endless = new ReadableStream({
      pull(controller) {
        given += 4096
        controller.enqueue(new Uint8Array(4096).fill(0x20))
      },
      cancel() {
        isCancelled = true
      },
    })
    expect(failed(await sendAgent({ body: endless, headers: JSON_TYPE }))).toEqual(TOO_LARGE)
    expect([given < 100_000, isCancelled]).toEqual([true, true])
  })

  test('is not read at all for whoever may not send it', async () => {
    const api = await openApi()
    let isRead = false
    const pull = () => {
      isRead = true
    }
    const body = new ReadableStream({ pull }, { highWaterMark: 0 })
    expect((await api.ask('POST', '/v1/agents', { as: 'kvp_x', body, headers: JSON_TYPE })).status).toBe(401)
    expect(isRead).toBe(false)
  })

  test('that breaks off is an error of the caller', async () => {
    const broken = new ReadableStream({ pull: (controller) => controller.error(new Error('gone')) })
    expect(failed(await sendAgent({ body: broken, headers: JSON_TYPE }))).toEqual({
      status: 400,
      code: 'KVCH_E_REQUEST_INVALID',
      message: 'the body could not be read',
    })
  })

  test.each<[string, unknown, string, string]>([
    ['a member that is misspelt', { ...AGENT, permission: [] }, 'permission: is unknown here', 'permission'],
    ['no name', { ownerId: 'a', type: 'service' }, 'name: is missing', 'name'],
    ['another type', { ...AGENT, type: 'root' }, 'type: must be `autonomous` or `delegated` or `service`', 'type'],
    [
      'a wrong place',
      { ...AGENT, permissions: [{ resource: 1 }] },
      'permissions[0].resource: must be a text',
      'permissions[0].resource',
    ],
    [
      'a misspelt limit',
      { ...AGENT, permissions: [{ resource: 'a', actions: ['b'], constraints: { maxCallPerDay: 1 } }] },
      'permissions[0].constraints.maxCallPerDay: is unknown here',
      'permissions[0].constraints.maxCallPerDay',
    ],
  ])('with %s is refused with its path', async (_, json, message, path) => {
    expect(failed(await sendAgent({ body: JSON.stringify(json), headers: JSON_TYPE }))).toEqual({
      status: 400,
      code: 'KVCH_E_AGENT_INVALID',
      message,
      details: { path },
    })
  })

  test('may be left out where all of it may', async () => {
    const api = await openApi()
    const { id } = await api.agent()
    const as = await api.key('agents')
    expect((await api.ask('POST', `/v1/agents/${id}/suspend`, { as })).status).toBe(200)
    expect((await api.ask('POST', `/v1/agents/${id}/suspend`, { as, headers: JSON_TYPE })).status).toBe(200)
    expect((await api.ask('POST', `/v1/agents/${id}/suspend`, { as, json: {} })).status).toBe(200)
    expect((await api.ask('POST', '/v1/agents', { as })).status).toBe(415)
  })
})

describe('a query', () => {
  test.each([
    ['?limit=0', 'limit: must not be less than 1', 'limit'],
    ['?limit=1001', 'limit: must not be more than 1000', 'limit'],
    ['?limit=ten', 'limit: must be a number', 'limit'],
    ['?limit=1&limit=2', 'limit: is stated twice', 'limit'],
    ['?limits=1', 'limits: is unknown here', 'limits'],
    ['?constructor=1', 'constructor: is unknown here', 'constructor'],
    ['?__proto__=1', '__proto__: is unknown here', '__proto__'],
    ['?status=gone', 'status: must be `active` or `suspended` or `revoked`', 'status'],
  ])('%s is refused', async (query, message, path) => {
    const api = await openApi()
    const answer = await api.ask('GET', `/v1/agents${query}`, { as: await api.key('agents') })
    expect(failed(answer)).toEqual({ status: 400, code: 'KVCH_E_REQUEST_INVALID', message, details: { path } })
  })

  test.each(['?name=%ff', '?%zz=1', '?name=%ed%a0%80'])('%s hides no UTF-8 and is refused', async (query) => {
    const api = await openApi()
    const answer = await api.ask('GET', `/v1/agents${query}`, { as: await api.key('agents') })
    expect(failed(answer)).toEqual({
      status: 400,
      code: 'KVCH_E_REQUEST_INVALID',
      message: 'the query is not encoded as UTF-8 in percent escapes',
    })
  })

  test('belongs to routes that have one', async () => {
    const api = await openApi()
    expect(failed(await api.ask('GET', '/health?a=1'))).toEqual({
      status: 400,
      code: 'KVCH_E_REQUEST_INVALID',
      message: 'a: is unknown here; there are no parameters',
      details: { path: 'a' },
    })
  })
})

describe('a method', () => {
  test.each([
    ['PUT', '/v1/agents', 'POST, GET, HEAD, OPTIONS'],
    ['GET', '/v1/authorize', 'POST, OPTIONS'],
    ['HEAD', '/v1/authorize', 'POST, OPTIONS'],
    ['DELETE', '/v1/agents/x', 'GET, PATCH, HEAD, OPTIONS'],
    ['POST', '/openapi.json', 'GET, HEAD, OPTIONS'],
  ])('%s that %s does not have is 405', async (method, path, allow) => {
    const api = await openApi()
    const { status, headers } = await api.ask(method, path)
    expect({ status, allow: headers.allow }).toEqual({ status: 405, allow })
  })

  test('OPTIONS says which there are', async () => {
    const api = await openApi()
    expect(await api.ask('OPTIONS', '/v1/delegations/x/revoke')).toEqual({
      status: 204,
      headers: {
        allow: 'POST, OPTIONS',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'x-request-id': expect.stringMatching(/^req_/),
      },
      body: undefined,
    })
  })

  test('HEAD answers as GET does, without a body', async () => {
    const api = await openApi()
    const as = await api.key('agents', 'audit')
    const got = await api.ask('GET', '/v1/agents', { as })
    const { status, headers, body } = await api.ask('HEAD', '/v1/agents', { as })
    expect({ status, type: headers['content-type'], body }).toEqual({
      status: got.status,
      type: got.headers['content-type'],
      body: undefined,
    })
    expect((await api.ask('HEAD', '/v1/audit/export?format=csv', { as })).body).toBeUndefined()
  })
})

describe('a path', () => {
  test.each([
    '/v1',
    '/v1/',
    '/v1/agents/',
    '/v1//agents',
    '/v1/agents/a/b',
    '/v1/AGENTS',
    '/v1/authorize/',
    '/v1/%61gents%2f',
  ])('%s that is none is 404', async (path) => {
    const api = await openApi()
    expect(failed(await api.ask('GET', path))).toEqual({
      status: 404,
      code: 'KVCH_E_HTTP_NOT_FOUND',
      message: 'there is no such route',
    })
  })

  test.each(['/', '/v2/agents', '/oauth/token', '/healthy', '/v1x'])('%s is left to others', async (path) => {
    const api = await openApi()
    await expect(api.send('GET', path)).rejects.toThrow('is not a path of the API')
  })

  test.each([
    ['a%2Fb', 'slashes'],
    ['%2e%2e', 'dots'],
    ['%00', 'a control'],
    ['%zz', 'no escape'],
    ['%ff', 'no UTF-8'],
    ['constructor', 'a name of all objects'],
    ['a'.repeat(5000), 'great length'],
  ])('with an id %s of %s finds nobody', async (id) => {
    const api = await openApi()
    const answer = await api.ask('GET', `/v1/agents/${id}`, { as: await api.key('agents') })
    expect(failed(answer).status).toBe(404)
  })
})

test('what should not happen is told to the operator, and not to the caller', async () => {
  const api = await openApi({
    options: { approvals: { authenticate: () => Promise.reject(new Error('ldap: bind failed for cn=admin')) } },
  })
  const { token } = await api.agent({
    permissions: [{ resource: 'doc:**', actions: ['read'], constraints: { requireApproval: true } }],
  })
  const asked = await api.kavach.authorizeByToken(token, { action: 'read', resource: 'doc:1' })
  const { status, headers, body } = await api.ask('POST', `/v1/approvals/${asked.approvalId}/approve`, {
    as: await api.key('approve'),
    headers: { 'x-kavach-approver': 'x' },
  })
  const requestId = headers['x-request-id'] ?? ''
  expect({ status, body }).toEqual({
    status: 500,
    body: {
      error: {
        code: 'KVCH_E_HTTP_INTERNAL',
        message: 'the request could not be answered; the log of the host says why',
        docs_url: 'https://docs.kavachos.com/errors#KVCH_E_HTTP_INTERNAL',
        request_id: requestId,
        timestamp: expect.any(String),
      },
    },
  })
  expect(api.warnings.filter((warning) => warning.includes(requestId))).toEqual([
    expect.stringContaining('ldap: bind failed'),
  ])
})

test('errors lead to the pages that the host names', async () => {
  const api = await openApi({ options: { docsBaseUrl: 'https://errors.example' } })
  expect(await api.ask('GET', '/v1/agents')).toMatchObject({
    body: { error: { docs_url: 'https://errors.example#KVCH_E_KEY_INVALID' } },
  })
  expect(await api.ask('GET', '/v1/nowhere')).toMatchObject({
    body: { error: { docs_url: 'https://errors.example#KVCH_E_HTTP_NOT_FOUND' } },
  })
})
