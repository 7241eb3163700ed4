import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readAuthorize } from '../../../runtime/http/authorize.ts'
import { authorizeSchema } from '../../../runtime/http/schemas/index.ts'
import { NOW } from '../site.ts'
import { CLIENT, openApi, READ } from './api-host.ts'

const POLICY = { name: 'runtime', generation: 0, digest: expect.stringMatching(/^[0-9a-f]{64}$/) }
const REQUEST_ID = expect.stringMatching(/^req_[0-9A-Z]{26}$/)

/** The envelope of an error. */
const errorOf = (code: string, message: string, more: object = {}) => ({
  error: {
    code,
    message,
    docs_url: `https://docs.kavachos.com/errors#${code}`,
    request_id: REQUEST_ID,
    timestamp: expect.stringMatching(/Z$/),
    ...more,
  },
})

describe('a decision', () => {
  test('by a token is about its agent', async () => {
    const api = await openApi()
    const { id, token } = await api.agent()
    const { status, headers, body } = await api.ask('POST', '/v1/authorize', { as: token, json: READ })
    expect({ status, headers, body }).toEqual({
      status: 200,
      headers: {
        'content-type': 'application/json',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'x-request-id': REQUEST_ID,
      },
      body: {
        allowed: true,
        reason: 'allowed',
        verdict: 'allow',
        auditId: 'aud_2',
        requestId: headers['x-request-id'],
        agentId: id,
        policy: POLICY,
      },
    })
    expect(await api.kavach.audit.get('aud_2')).toMatchObject({ request_id: headers['x-request-id'], ip: CLIENT })
  })

  test('by a project key is about the agent that is named', async () => {
    const api = await openApi()
    const { id } = await api.agent()
    const key = await api.key('decide')
    const asked = { agentId: id, ...READ, ip: '198.51.100.9' }
    const { status, body } = await api.ask('POST', '/v1/authorize', { as: key, json: asked })
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        allowed: true,
        reason: 'allowed',
        verdict: 'allow',
        auditId: 'aud_3',
        requestId: REQUEST_ID,
        agentId: id,
        policy: POLICY,
      },
    })
    expect(await api.kavach.audit.get('aud_3')).toMatchObject({ ip: '198.51.100.9' })
  })

  test('that denies is an answer like any other', async () => {
    const api = await openApi()
    const { id, token } = await api.agent()
    const asked = { ...READ, action: 'write' }
    expect(await api.ask('POST', '/v1/authorize', { as: token, json: asked })).toMatchObject({
      status: 200,
      body: {
        allowed: false,
        reason: 'no-grant',
        verdict: 'deny',
        code: 'KVCH_E_AGENT_PERMISSION_DENIED',
        message: 'This agent may not do this.',
        agentId: id,
      },
    })
  })

  test('that a limit forbids is 429, with what the error is and when to come again', async () => {
    const api = await openApi()
    const permissions = [{ resource: 'doc:**', actions: ['read'], constraints: { maxCallsPerMinute: 1 } }]
    const { id, token } = await api.agent({ permissions })
    await api.ask('POST', '/v1/authorize', { as: token, json: READ })
    await api.host.advance(500)
    const { status, headers, body } = await api.ask('POST', '/v1/authorize', { as: token, json: READ })
    const retryAfter = (60_000 - ((NOW + 500) % 60_000)) / 1000
    const message = expect.any(String)
    expect({ status, retryAfter: headers['retry-after'], body }).toEqual({
      status: 429,
      retryAfter: String(Math.ceil(retryAfter)),
      body: {
        allowed: false,
        reason: 'rate-limited',
        verdict: 'limited',
        code: 'KVCH_E_RATE_AGENT_EXCEEDED',
        message,
        auditId: 'aud_3',
        requestId: REQUEST_ID,
        retryAfter: Math.ceil(retryAfter),
        agentId: id,
        policy: POLICY,
        ...errorOf('KVCH_E_RATE_AGENT_EXCEEDED', message, { retryAfter: Math.ceil(retryAfter) }),
      },
    })
  })

  test('that an exhausted budget forbids is 429 as well', async () => {
    const api = await openApi()
    const permissions = [{ resource: 'doc:**', actions: ['read'], constraints: { budgetUsdPerDay: 1 } }]
    const { token } = await api.agent({ permissions })
    const asked = { as: token, json: { ...READ, cost: 0.75 } }
    expect((await api.ask('POST', '/v1/authorize', asked)).status).toBe(200)
    expect(await api.ask('POST', '/v1/authorize', asked)).toMatchObject({
      status: 429,
      headers: { 'retry-after': '43200' },
      body: { allowed: false, verdict: 'deny', code: 'KVCH_E_RATE_BUDGET_EXCEEDED', retryAfter: 43_200 },
    })
  })

  test.each([
    ['unknown', 'KVCH_E_AGENT_TOKEN_INVALID', 'This token is not known here.', 'token-invalid', `kv_${'0'.repeat(49)}`],
    ['expired', 'KVCH_E_AGENT_TOKEN_EXPIRED', 'This token has expired. Ask for a new one.', 'token-expired', undefined],
  ])('by a token that is %s is no answer but an error', async (_, code, message, reason, given) => {
    const api = await openApi()
    const { id, token } = await api.agent({ tokenExpiry: '1m' })
    await api.host.advance(60_000)
    const { status, headers, body } = await api.ask('POST', '/v1/authorize', { as: given ?? token, json: READ })
    const agentId = given === undefined ? { agentId: id } : {}
    expect({ status, challenge: headers['www-authenticate'], body }).toEqual({
      status: 401,
      challenge: 'Bearer realm="kavach", error="invalid_token"',
      body: errorOf(code, message, {
        details: { auditId: expect.stringMatching(/^aud_\d+$/), reason, verdict: 'deny', ...agentId },
      }),
    })
  })

  test('cannot be made to come from elsewhere by an agent', async () => {
    const api = await openApi()
    const permissions = [{ resource: 'doc:**', actions: ['read'], constraints: { ipAllowlist: ['10.0.0.0/8'] } }]
    const { token } = await api.agent({ permissions })
    const claimed = await api.ask('POST', '/v1/authorize', { as: token, json: { ...READ, ip: '10.0.0.1' } })
    expect(claimed).toMatchObject({
      status: 400,
      body: errorOf('KVCH_E_REQUEST_INVALID', 'ip: belongs to project keys: an agent is where it calls from', {
        details: { path: 'ip' },
      }),
    })
    const headers = { 'x-forwarded-for': '10.0.0.1' }
    const forwarded = await api.ask('POST', '/v1/authorize', { as: token, json: READ, headers })
    expect(forwarded.body).toMatchObject({ allowed: false, reason: 'ip-not-allowed' })
    const there = await api.ask('POST', '/v1/authorize', { as: token, json: READ, ip: '10.0.0.1' })
    expect(there.body).toMatchObject({ allowed: true })
  })

  test('under an idempotency key is made and charged once, wherever the key stands', async () => {
    const api = await openApi()
    const { id, token } = await api.agent()
    const headers = { 'Idempotency-Key': 'order-1' }
    const first = await api.ask('POST', '/v1/authorize', { as: token, json: READ, headers })
    const again = await api.ask('POST', '/v1/authorize', { as: token, json: { ...READ, idempotencyKey: 'order-1' } })
    expect(again.body).toEqual(first.body)
    const other = await api.ask('POST', '/v1/authorize', { as: token, json: { ...READ, resource: 'doc:2' }, headers })
    expect(other).toMatchObject({
      status: 409,
      body: errorOf('KVCH_E_REQUEST_CONFLICT', 'Another request was made under this idempotency key.', {
        details: { reason: 'idempotency-conflict', verdict: 'deny', agentId: id, auditId: 'aud_3' },
      }),
    })
    const both = await api.ask('POST', '/v1/authorize', { as: token, json: { ...READ, idempotencyKey: 'x' }, headers })
    expect(both.body).toEqual(
      errorOf('KVCH_E_REQUEST_INVALID', 'idempotencyKey: is not that of the header', {
        details: { path: 'idempotencyKey' },
      }),
    )
  })

  test('with a member of a newer version is answered as without it', async () => {
    const api = await openApi()
    const { token } = await api.agent()
    const ask = async (json: object) => {
      const { body } = await api.ask('POST', '/v1/authorize', { as: token, json })
      return JSON.stringify(body).replace(/(aud|req)_\w+/g, '$1_')
    }
    expect(await ask({ ...READ, 'of-a-newer-version': [1] })).toBe(await ask(READ))
  })

  test.each<[string, unknown, string, string | undefined]>([
    ['an agent', { ...READ, agentId: 'agt_1' }, 'agentId: belongs to project keys: a token names its agent', 'agentId'],
    ['an unknown member', { ...READ, costs: 1 }, 'costs: is unknown here', 'costs'],
    ['no action', { resource: 'doc:1' }, 'action: is missing', 'action'],
    ['a number as an action', { ...READ, action: 1 }, 'action: must be a text', 'action'],
    ['a list of arguments', { ...READ, args: [] }, 'args: must be an object', 'args'],
    ['a price in words', { ...READ, cost: 'much' }, 'cost: must be a number', 'cost'],
    ['a list', [READ], 'the body must be an object', ''],
  ])('by a token with %s is refused', async (_, json, message, path) => {
    const api = await openApi()
    const { token } = await api.agent()
    expect(await api.ask('POST', '/v1/authorize', { as: token, json })).toMatchObject({
      status: 400,
      body: errorOf('KVCH_E_REQUEST_INVALID', message, { details: { path } }),
    })
  })

  test('that the engine could not read is an error with the row that says so', async () => {
    const api = await openApi()
    const { id, token } = await api.agent()
    expect(await api.ask('POST', '/v1/authorize', { as: token, json: { ...READ, resource: 'doc:*' } })).toMatchObject({
      status: 400,
      body: errorOf('KVCH_E_REQUEST_INVALID', expect.any(String), {
        details: { auditId: 'aud_2', reason: 'invalid-request', verdict: 'deny', agentId: id },
      }),
    })
  })

  test('by a project key wants an agent', async () => {
    const api = await openApi()
    const key = await api.key('decide')
    expect(await api.ask('POST', '/v1/authorize', { as: key, json: READ })).toMatchObject({
      status: 400,
      body: errorOf('KVCH_E_REQUEST_INVALID', 'agentId: is missing: a project key asks about any agent', {
        details: { path: 'agentId' },
      }),
    })
  })

  test('is refused at once when as many wait as may, and made when they do not any more', async () => {
    const api = await openApi({ http: { maxWaiting: 2 } })
    const { token } = await api.agent()
    const ask = () => api.ask('POST', '/v1/authorize', { as: token, json: READ })
    const answers = await Promise.all([ask(), ask(), ask(), ask()])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 503, 503])
    expect(answers[3]).toMatchObject({
      headers: { 'retry-after': '1' },
      body: errorOf('KVCH_E_HTTP_OVERLOADED', 'more requests wait than can be answered in time', { retryAfter: 1 }),
    })
    expect((await ask()).status).toBe(200)
  })

  test('is 503 when the host is closed', async () => {
    const api = await openApi()
    const { token } = await api.agent()
    await api.kavach.close()
    expect(await api.ask('POST', '/v1/authorize', { as: token, json: READ })).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1' },
      body: errorOf('KVCH_E_STORE_CLOSED', 'This service is shutting down, so the call is denied.', {
        retryAfter: 1,
        details: { reason: 'closed', verdict: 'deny' },
      }),
    })
  })
})

describe('the short way to read a request', () => {
  const members = fc.constantFrom(...Object.keys(authorizeSchema.shape), 'costs', 'constructor', 'toString')
  const values = fc.oneof(
    fc.string(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.array(fc.string()),
    fc.dictionary(fc.string(), fc.jsonValue()),
    fc.constant({ constructor: 'x' }),
  )
  const likely = fc.record(
    { action: fc.string(), resource: fc.string(), args: values, cost: values, agentId: values, ip: values },
    { requiredKeys: [] },
  )

  test('takes and refuses what the schema does', () => {
    const anything = fc.oneof(fc.dictionary(members, values), likely, values)
    fc.assert(
      fc.property(anything, (body) => {
        const result = authorizeSchema.safeParse(body)
        if (result.success) expect(readAuthorize(body)).toEqual(result.data)
        else expect(() => readAuthorize(body)).toThrow(expect.objectContaining({ code: 'KVCH_E_REQUEST_INVALID' }))
      }),
      { numRuns: 2000 },
    )
  })
})
