import { describe, expect, test } from 'vitest'
import { PROOF_ALGORITHMS } from '../../../../runtime/mcp/algorithms.ts'
import type { ProtectedContext, ProtectOptions } from '../../../../runtime/mcp/guard/index.ts'
import type { McpOptions } from '../../../../runtime/mcp/options.ts'
import { NOW } from '../../site.ts'
import { call, type Guarded, openGuard, PRINCIPAL, post, seen, URL_ONE, URL_TWO } from './guarded.ts'

/** A handler that remembers what it was given. */
async function setUp(options: ProtectOptions = {}, mcp: Partial<McpOptions> = {}, answer?: () => Response) {
  const guarded = await openGuard({ options: mcp })
  const handled: { readonly request: Request; readonly context: ProtectedContext; readonly body: string }[] = []
  const handler = async (request: Request, context: ProtectedContext) => {
    handled.push({ request, context, body: await request.clone().text() })
    return answer?.() ?? Response.json({ jsonrpc: '2.0', id: 1, result: {} })
  }
  return { ...guarded, handled, fetch: guarded.guard.protect(URL_ONE, handler, options) }
}

const METADATA = 'http://127.0.0.1:4001/.well-known/oauth-protected-resource/mcp'

describe('RS-1, RS-2: the document about the server', () => {
  test('is at its path-inserted place, for everybody, and names the server as clients call it', async () => {
    const { fetch } = await setUp()
    const answer = await fetch(new Request(METADATA, { headers: { origin: 'https://anywhere.example' } }))
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
    expect(await answer.json()).toEqual({
      resource: URL_ONE,
      authorization_servers: ['http://127.0.0.1:4000'],
      scopes_supported: ['mcp:tools'],
      bearer_methods_supported: ['header'],
      resource_name: 'One',
      dpop_signing_alg_values_supported: PROOF_ALGORITHMS,
      dpop_bound_access_tokens_required: false,
    })
  })

  test('does not depend on the host that the request names', async () => {
    const { fetch } = await setUp()
    const url = 'http://evil.example/.well-known/oauth-protected-resource/mcp'
    const answer = await fetch(new Request(url, { headers: { 'x-forwarded-host': 'evil.example' } }))
    expect(await answer.json()).toMatchObject({ resource: URL_ONE })
  })

  test('is only read', async () => {
    const { fetch } = await setUp()
    expect((await fetch(new Request(METADATA, { method: 'POST' }))).status).toBe(405)
    expect((await fetch(new Request(METADATA, { method: 'OPTIONS' }))).status).toBe(204)
  })

  test('the challenge names it by an absolute URL, whatever host the request names', async () => {
    const { fetch } = await setUp()
    const answer = await fetch(post(undefined, call('whoami'), { url: 'http://evil.example/mcp' }))
    expect(await seen(answer)).toMatchObject({ status: 401, challenge: expect.stringContaining(`"${METADATA}"`) })
  })
})

describe('RS-13: origins', () => {
  test.each([
    ['null', 403],
    ['https://evil.example', 403],
    ['http://app.example.com', 403],
    ['https://app.example.com:444', 403],
    ['https://app.example.com.evil.example', 403],
    ['https://APP.example.com', 403],
    ['http://127.0.0.1:4000', 403],
    ['https://app.example.com', 200],
    ['http://127.0.0.1:4001', 200],
  ])('%s: %s', async (origin, status) => {
    const { fetch, token, handled } = await setUp()
    const answer = await fetch(post(token(), call('whoami'), { headers: { origin } }))
    expect([answer.status, handled.length]).toEqual([status, status === 200 ? 1 : 0])
  })

  test('are looked at before tokens, and whoever has none is no page', async () => {
    const { fetch, token } = await setUp()
    expect((await fetch(post(undefined, call('whoami'), { headers: { origin: 'null' } }))).status).toBe(403)
    expect((await fetch(post(token(), call('whoami')))).status).toBe(200)
  })
})

describe('RS-14: browser clients', () => {
  test('the question beforehand needs no token, and lets the headers of MCP through', async () => {
    const { fetch, handled } = await setUp()
    const headers = {
      origin: 'https://app.example.com',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'Authorization, content-type, mcp-protocol-version, mcp-param-x, x-evil',
    }
    const answer = await fetch(new Request(URL_ONE, { method: 'OPTIONS', headers }))
    expect([answer.status, Object.fromEntries(answer.headers), handled.length]).toEqual([
      204,
      {
        'access-control-allow-origin': 'https://app.example.com',
        'access-control-allow-headers': 'authorization, content-type, mcp-protocol-version, mcp-param-x',
        'access-control-allow-methods': 'GET, POST, DELETE, OPTIONS',
        'access-control-expose-headers':
          'WWW-Authenticate, Mcp-Session-Id, MCP-Protocol-Version, DPoP-Nonce, Retry-After',
        'access-control-max-age': '600',
        vary: 'Origin',
      },
      0,
    ])
    const foreign = await fetch(new Request(URL_ONE, { method: 'OPTIONS', headers: { ...headers, origin: 'null' } }))
    expect([foreign.status, foreign.headers.get('access-control-allow-origin')]).toEqual([403, null])
  })

  test.each([401, 403, 400, 200])('an answer with %s can be read, its challenge too', async (status) => {
    const { fetch, token } = await setUp()
    const headers = { origin: 'https://app.example.com' }
    const sent = {
      401: post(undefined, call('whoami'), { headers }),
      403: post(token(), call('admin_op'), { headers }),
      400: post(token(), 'no json', { headers }),
      200: post(token(), call('whoami'), { headers }),
    }[status] as Request // The cases are those of the table.
    const answer = await fetch(sent)
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([status, headers.origin])
    expect(answer.headers.get('access-control-expose-headers')).toContain('WWW-Authenticate')
  })
})

describe('RS-10, RS-11: scopes', () => {
  test('what the token lacks is a 403 that names the scope of the operation, before the handler', async () => {
    const { fetch, token, handled } = await setUp()
    const description = 'the token lacks a scope that this needs'
    expect(await seen(await fetch(post(token(), call('admin_op'))))).toEqual({
      status: 403,
      challenge: `Bearer error="insufficient_scope", error_description="${description}", scope="mcp:admin", resource_metadata="${METADATA}"`,
      body: {
        error: 'insufficient_scope',
        error_description: description,
        kvch_code: 'KVCH_E_OAUTH_SCOPE_INSUFFICIENT',
      },
    })
    expect(handled).toEqual([])
  })

  test('of several scopes that would do, the smallest is asked for', async () => {
    const { fetch, token } = await setUp()
    const { challenge } = await seen(await fetch(post(token({ scopes: [] }), call('whoami'))))
    expect(challenge).toContain('scope="mcp:tools"')
  })

  test('a scope has what it contains', async () => {
    const { fetch, token, handled } = await setUp()
    const scopes = ['mcp:admin']
    expect((await fetch(post(token({ scopes }), call('whoami')))).status).toBe(200)
    expect((await fetch(post(token({ scopes }), call('admin_op')))).status).toBe(200)
    expect(handled[0]?.context.auth.scopes).toEqual(['mcp:admin', 'mcp:tools'])
  })

  test('a scope that there is no longer gives nothing', async () => {
    const { fetch, token } = await setUp()
    expect((await fetch(post(token({ scopes: ['gone', '__proto__'] }), call('whoami')))).status).toBe(403)
  })

  test('what no scope speaks of is no matter of scopes, and refused although the policy allows it', async () => {
    const { fetch, token, handled, log } = await setUp({ decide: true })
    const { status, body } = await seen(await fetch(post(token(), call('unheard'))))
    expect([status, body]).toMatchObject([
      200,
      { result: { isError: true, content: [{ text: 'KVCH_E_AGENT_PERMISSION_DENIED: no scope speaks of this' }] } },
    ])
    expect(handled).toEqual([])
    const [row] = (await log()).filter(({ kind }) => kind === 'oauth.refuse')
    expect(row).toMatchObject({
      client: 'client-1',
      error: 'insufficient_scope',
      why: 'one: tools/call: no scope speaks of this',
    })
  })

  test('all scopes of one operation are in one challenge', async () => {
    const scopes = {
      a: { description: 'a', permissions: [{ resource: 'mcp:one:resource:a', actions: ['read'] }] },
      b: { description: 'b', permissions: [{ resource: 'mcp:one:resource:b', actions: ['read'] }] },
    }
    const resources = [{ url: URL_ONE, server: 'one', scopes: [] }]
    const { fetch, token } = await setUp({}, { scopes, resources })
    const listen = { notifications: { resourceSubscriptions: ['a', 'b'] } }
    const message = { jsonrpc: '2.0', id: 1, method: 'subscriptions/listen', params: listen }
    const { status, challenge } = await seen(await fetch(post(token({ scopes: [] }), message)))
    expect([status, challenge]).toEqual([403, expect.stringContaining('scope="a b"')])
  })

  test('the protocol needs no scope', async () => {
    const { fetch, token } = await setUp()
    const answer = await fetch(post(token({ scopes: [] }), { jsonrpc: '2.0', id: 1, method: 'tools/list' }))
    expect(answer.status).toBe(200)
  })
})

describe('bodies', () => {
  test.each([
    ['no JSON', 'no json', 400, -32700],
    ['nothing', '', 400, -32700],
    ['a batch', [call('whoami'), call('admin_op')], 400, -32600],
    ['a batch of one', [call('whoami')], 400, -32600],
    ['a number', '7', 400, -32600],
    ['a look-alike', { ...call('whoami'), Method: 'ping' }, 400, -32600],
  ])('%s is refused before the handler', async (_, body, status, code) => {
    const { fetch, token, handled } = await setUp()
    const answer = await seen(await fetch(post(token(), body)))
    expect([answer.status, answer.body, handled.length]).toEqual([
      status,
      expect.objectContaining({ error: expect.objectContaining({ code }) }),
      0,
    ])
  })

  test('of more than 4 MiB, and of another type, are refused', async () => {
    const { fetch, token, handled } = await setUp()
    const huge = await fetch(post(token(), call('whoami', { text: 'x'.repeat(4 << 20) })))
    const form = await fetch(post(token(), call('whoami'), { headers: { 'content-type': 'text/plain' } }))
    const packed = await fetch(post(token(), call('whoami'), { headers: { 'content-encoding': 'gzip' } }))
    expect([huge.status, form.status, packed.status, handled.length]).toEqual([413, 415, 415, 0])
  })

  test.each(['PUT', 'PATCH', 'QUERY', 'DELETE', 'PROPFIND'])(
    'are not taken with %s, which a handler might read as it reads a POST',
    async (method) => {
      const { fetch, token, handled } = await setUp({ decide: true })
      const { url, headers } = post(token(), call('wipe'))
      const answer = await fetch(new Request(url, { method, headers, body: JSON.stringify(call('wipe')) }))
      expect({ status: answer.status, allow: answer.headers.get('allow'), handled }).toEqual({
        status: 405,
        allow: 'GET, HEAD, POST, DELETE, OPTIONS',
        handled: [],
      })
    },
  )

  test('a body without end is read no further than its bound', async () => {
    const { fetch, token } = await setUp()
    let sent = 0
    const body = new ReadableStream({
      pull(controller) {
        sent += 1 << 16
        controller.enqueue(new Uint8Array(1 << 16).fill(0x20))
      },
    })
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token()}` }
    const init: RequestInit & { duplex: 'half' } = { method: 'POST', headers, body, duplex: 'half' }
    expect((await fetch(new Request(URL_ONE, init))).status).toBe(413)
    expect(sent).toBeLessThan(6 << 20)
  })

  test('reach the handler as they were understood', async () => {
    const { fetch, token, handled } = await setUp()
    const text =
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wipe","name":"whoami","arguments":{"__proto__":{"a":1}}},"x":1}'
    await fetch(post(token(), text))
    expect(handled[0]?.body).toBe(
      '{"jsonrpc":"2.0","method":"tools/call","params":{"name":"whoami","arguments":{"__proto__":{"a":1}}},"id":1}',
    )
    expect(handled[0]?.request.headers.get('content-length')).toBe(null)
  })

  test('headers that say something else than the message are refused', async () => {
    const { fetch, token } = await setUp()
    const statuses = await Promise.all(
      [
        { 'mcp-method': 'ping' },
        { 'mcp-name': 'wipe' },
        { 'mcp-name': '=?base64?d2lwZQ==?=' },
        { 'mcp-name': '=?base64?/w==?=' },
        { 'mcp-method': 'tools/call', 'mcp-name': 'whoami' },
        { 'mcp-name': '=?base64?d2hvYW1p?=' },
      ].map(async (headers) => (await fetch(post(token(), call('whoami'), { headers }))).status),
    )
    expect(statuses).toEqual([400, 400, 400, 400, 200, 200])
  })
})

describe('the handler', () => {
  test('learns who calls in the shape of the SDK', async () => {
    const { fetch, token, handled } = await setUp()
    const sent = token()
    await fetch(post(sent, call('whoami')), { ip: '192.0.2.1' })
    expect(handled[0]?.context).toEqual({
      principal: { ...PRINCIPAL, grantId: 'grant-0' },
      ip: '192.0.2.1',
      auth: {
        token: sent,
        clientId: 'client-1',
        scopes: ['mcp:tools'],
        expiresAt: (NOW + 3_600_000) / 1000,
        resource: new URL(URL_ONE),
        resourceMetadataUrl: METADATA,
        extra: { agentId: 'ann-agent', userId: 'ann' },
      },
    })
  })

  test.each(['GET', 'DELETE', 'HEAD', 'PUT'])('gets %s only with a token', async (method) => {
    const { fetch, token, handled } = await setUp()
    expect((await fetch(new Request(URL_ONE, { method }))).status).toBe(401)
    const headers = { authorization: `Bearer ${token()}` }
    expect((await fetch(new Request(URL_ONE, { method, headers }))).status).toBe(200)
    expect(handled.length).toBe(1)
  })

  test('RS-9: a session id is no credential, and a session belongs to whoever began it', async () => {
    const answer = () => Response.json({ jsonrpc: '2.0', id: 1, result: {} }, { headers: { 'mcp-session-id': 's-1' } })
    const { fetch, token, handled } = await setUp({}, {}, answer)
    const headers = { 'mcp-session-id': 's-1' }
    expect((await fetch(post(token(), call('whoami')))).status).toBe(200)
    expect((await fetch(post(undefined, call('whoami'), { headers }))).status).toBe(401)
    expect((await fetch(post(token(), call('whoami'), { headers }))).status).toBe(200)
    const others = [
      token({ userId: 'bob', agentId: 'bob-agent' }),
      token({ clientId: 'client-2' }),
      token({ delegation: 'del_1' }),
    ]
    for (const other of others) {
      const refused = await fetch(post(other, call('whoami'), { headers }))
      const listening = await fetch(new Request(URL_ONE, { headers: { ...headers, authorization: `Bearer ${other}` } }))
      expect([refused.status, listening.status]).toEqual([404, 404])
    }
    expect(handled.length).toBe(2)
  })
})

describe('with `decide`', () => {
  const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
  const tools = ['whoami', 'admin_op', 'pay', 'wipe', 'small', 'odd:name', 'resource:x', 'unheard'].map((name) => ({
    name,
  }))
  const listed = () =>
    Response.json({ jsonrpc: '2.0', id: 1, result: { tools, nextCursor: 'c', cacheScope: 'public' } })

  test('a call is decided with its arguments', async () => {
    const { fetch, token, handled, log } = await setUp({ decide: true })
    expect((await seen(await fetch(post(token(), call('small', { size: 10 }))))).body).toEqual({
      jsonrpc: '2.0',
      id: 1,
      result: {},
    })
    const { status, body } = await seen(await fetch(post(token(), call('small', { size: 11 }))))
    expect([status, body]).toMatchObject([
      200,
      {
        id: 1,
        result: {
          isError: true,
          content: [
            {
              type: 'text',
              text: 'KVCH_E_AGENT_PERMISSION_DENIED: This call is forbidden. Do not try it again in other words.',
            },
          ],
          _meta: {
            'kavachos/denial': {
              code: 'KVCH_E_AGENT_PERMISSION_DENIED',
              reason: 'forbidden',
              auditId: expect.any(String),
            },
          },
        },
      },
    ])
    expect(handled.length).toBe(1)
    const rows = (await log()).filter(({ kind }) => kind === 'decision')
    expect(rows.map(({ result, action, resource }) => [result, action, resource])).toEqual([
      ['allowed', 'execute', 'mcp:one:small'],
      ['denied', 'execute', 'mcp:one:small'],
    ])
  })

  test('arguments with names of prototypes are arguments', async () => {
    const { fetch, token, handled } = await setUp({ decide: true })
    const args = '{"__proto__":{"size":1},"constructor":{"size":1},"size":11}'
    const text = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"small","arguments":${args}}}`
    expect((await seen(await fetch(post(token(), text)))).body).toMatchObject({ result: { isError: true } })
    expect(handled).toEqual([])
  })

  test('whoever has to wait for an approval is told how to go on, and the same call then succeeds once', async () => {
    const { fetch, token, handled, kavach } = await setUp({ decide: true })
    const ask = async () => (await seen(await fetch(post(token(), call('pay', { amount: 5 }))))).body
    const first = await ask()
    const { approvals } = await kavach.approvals.list()
    const id = approvals[0]?.id ?? ''
    expect(first).toMatchObject({
      result: {
        isError: true,
        content: [
          {
            text: `KVCH_E_APPROVAL_REQUIRED: somebody has to approve this call first; it waits as ${id}. Once it is approved, make the same call with the same arguments again.`,
          },
        ],
        _meta: { 'kavachos/denial': { code: 'KVCH_E_APPROVAL_REQUIRED', approvalId: id } },
      },
    })
    await kavach.approvals.approve(id, { approver: { id: 'eve', roles: [] } })
    expect(await ask()).toEqual({ jsonrpc: '2.0', id: 1, result: {} })
    expect(await ask()).toMatchObject({ result: { isError: true } })
    expect(handled.length).toBe(1)
  })

  test('a limit says when to come again', async () => {
    const { fetch, token } = await setUp({ decide: true })
    await fetch(post(token(), call('limited')))
    const { body } = await seen(await fetch(post(token(), call('limited'))))
    expect(body).toMatchObject({
      result: { _meta: { 'kavachos/denial': { code: 'KVCH_E_RATE_AGENT_EXCEEDED', retryAfter: 3600 } } },
    })
  })

  test('denials of anything but tools are errors', async () => {
    const { fetch, token, handled } = await setUp({ decide: true })
    const read = { jsonrpc: '2.0', id: 1, method: 'resources/read', params: { uri: 'file:///secret' } }
    expect((await seen(await fetch(post(token(), read)))).body).toMatchObject({
      error: { code: -32003, data: { code: 'KVCH_E_AGENT_PERMISSION_DENIED', reason: 'no-grant' } },
    })
    const unmapped = { jsonrpc: '2.0', id: 1, method: 'tasks/get', params: { taskId: 't' } }
    expect((await seen(await fetch(post(token(), unmapped)))).body).toMatchObject({ error: { code: -32003 } })
    expect(handled).toEqual([])
    const good = { jsonrpc: '2.0', id: 1, method: 'resources/read', params: { uri: 'file:///pub/a' } }
    expect((await seen(await fetch(post(token(), good)))).body).toEqual({ jsonrpc: '2.0', id: 1, result: {} })
  })

  test('a result for the revision of 2026 says that it is complete', async () => {
    const { fetch, token } = await setUp({ decide: true })
    const meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' }
    const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'wipe', _meta: meta } }
    expect((await seen(await fetch(post(token(), message)))).body).toMatchObject({ result: { resultType: 'complete' } })
  })

  test('what came of a call is recorded, with what it did cost', async () => {
    const results = [
      { content: [], _meta: { 'kavachos/costUsd': 0.25 } },
      { content: [], isError: true },
    ]
    const { fetch, token, log } = await setUp({ decide: true }, {}, () =>
      Response.json({ jsonrpc: '2.0', id: 1, result: results.shift() }),
    )
    await fetch(post(token(), call('whoami')))
    await fetch(post(token(), call('whoami')))
    const rows = (await log()).filter(({ kind }) => kind === 'complete')
    expect(rows.map(({ outcome, actual_nano_usd }) => [outcome, actual_nano_usd])).toEqual([
      ['success', 250_000_000],
      ['failure', 0],
    ])
  })

  test.each([
    [
      'throws',
      () => {
        throw new Error('down')
      },
    ],
    ['answers with a status of its own', () => new Response('no', { status: 500 })],
    ['gives no JSON', () => new Response('<html>')],
  ])('a handler that %s has failed', async (_, answer) => {
    const { fetch, token, log } = await setUp({ decide: true }, {}, answer)
    await fetch(post(token(), call('whoami'))).catch(() => undefined)
    expect((await log()).filter(({ kind }) => kind === 'complete').map(({ outcome }) => outcome)).toEqual(['failure'])
  })

  test('a notification that was only accepted stays so', async () => {
    const { fetch, token } = await setUp(
      { decide: true },
      {},
      () => new Response(new Blob([]).stream(), { status: 202 }),
    )
    const answer = await fetch(post(token(), { jsonrpc: '2.0', method: 'notifications/initialized' }))
    expect([answer.status, await answer.text()]).toEqual([202, ''])
  })

  const shown = ['whoami', 'pay', 'small', 'odd:name']

  test('lists show what the caller could use: its scopes and the policy, unknown arguments for it', async () => {
    const { fetch, token, log } = await setUp({ decide: true }, {}, listed)
    const before = (await log()).length
    const { body } = await seen(await fetch(post(token(), list)))
    expect(body).toEqual({
      jsonrpc: '2.0',
      id: 1,
      result: { tools: shown.map((name) => ({ name })), nextCursor: 'c', cacheScope: 'private' },
    })
    expect((await log()).length).toBe(before)
    const admin = await seen(await fetch(post(token({ scopes: ['mcp:admin'] }), list)))
    expect(admin.body).toMatchObject({
      result: { tools: ['whoami', 'admin_op', 'pay', 'small', 'odd:name'].map((name) => ({ name })) },
    })
    const bob = await seen(await fetch(post(token({ agentId: 'bob-agent', userId: 'bob' }), list)))
    expect(bob.body).toMatchObject({ result: { tools: [{ name: 'whoami' }] } })
  })

  test('lists in a stream are shortened too, in whatever pieces they come', async () => {
    const message = JSON.stringify({ jsonrpc: '2.0', id: 1, result: { tools } })
    const text = `: hello\n\nid: 7\nevent: message\ndata: {"jsonrpc":"2.0","method":"notifications/progress"}\n\nid: 8\r\nevent: message\r\ndata: ${message}\r\n\r\n`
    for (const size of [1, 7, 100_000]) {
      const bytes = new TextEncoder().encode(text)
      const { fetch, token } = await setUp({ decide: true }, {}, () => {
        const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
          bytes.slice(i * size, (i + 1) * size),
        )
        return new Response(streamOf(pieces), { headers: { 'content-type': 'text/event-stream' } })
      })
      const answer = await fetch(post(token(), list))
      const expected = JSON.stringify({ jsonrpc: '2.0', id: 1, result: { tools: shown.map((name) => ({ name })) } })
      expect(await answer.text()).toBe(
        `: hello\n\nid: 7\nevent: message\ndata: {"jsonrpc":"2.0","method":"notifications/progress"}\n\nid: 8\nevent: message\ndata: ${expected}\n\n`,
      )
    }
  })

  test('a list is shortened wherever it turns up: in a stream that is resumed, under another id', async () => {
    const message = JSON.stringify({ jsonrpc: '2.0', id: 99, result: { tools } })
    const { fetch, token } = await setUp(
      { decide: true },
      {},
      () => new Response(`data: ${message}\n\n`, { headers: { 'content-type': 'text/event-stream; charset=utf-8' } }),
    )
    const answer = await fetch(
      new Request(URL_ONE, { headers: { authorization: `Bearer ${token()}`, 'last-event-id': '1' } }),
    )
    expect(await answer.text()).not.toContain('wipe')
  })

  test('the end of a call is recorded when its answer comes in a stream', async () => {
    const message = JSON.stringify({ jsonrpc: '2.0', id: 1, result: { content: [], isError: true } })
    const { fetch, token, log } = await setUp(
      { decide: true },
      {},
      () => new Response(`data: ${message}\n\n`, { headers: { 'content-type': 'text/event-stream' } }),
    )
    await (await fetch(post(token(), call('whoami')))).text()
    expect((await log()).filter(({ kind }) => kind === 'complete').map(({ outcome }) => outcome)).toEqual(['failure'])
  })

  test('resources and prompts are listed like tools', async () => {
    const { fetch, token } = await setUp({ decide: true }, {}, () =>
      Response.json({
        jsonrpc: '2.0',
        id: 1,
        result: {
          resources: [{ uri: 'file:///pub/a' }, { uri: 'file:///b' }, 7],
          prompts: [{ name: 'greet' }, { name: 'other' }],
        },
      }),
    )
    expect((await seen(await fetch(post(token(), list)))).body).toEqual({
      jsonrpc: '2.0',
      id: 1,
      result: { resources: [{ uri: 'file:///pub/a' }], prompts: [{ name: 'greet' }] },
    })
  })

  test('a completion is given for what could be asked for', async () => {
    const { fetch, token } = await setUp({ decide: true })
    const complete = (name: string) => ({
      jsonrpc: '2.0',
      id: 1,
      method: 'completion/complete',
      params: { ref: { type: 'ref/prompt', name } },
    })
    expect((await seen(await fetch(post(token(), complete('greet'))))).body).toEqual({
      jsonrpc: '2.0',
      id: 1,
      result: {},
    })
    expect((await seen(await fetch(post(token(), complete('other'))))).body).toMatchObject({ error: { code: -32003 } })
  })

  test('an agent that was suspended in between is denied, and sees nothing', async () => {
    const { fetch, token, kavach } = await setUp({ decide: true }, {}, listed)
    await kavach.agents.suspend('ann-agent')
    expect((await seen(await fetch(post(token(), call('whoami'))))).body).toMatchObject({
      result: { _meta: { 'kavachos/denial': { code: 'KVCH_E_AGENT_SUSPENDED' } } },
    })
    expect((await seen(await fetch(post(token(), list)))).body).toMatchObject({ result: { tools: [] } })
  })
})

test('hints are asked of the server before the first call, and decide what a call is', async () => {
  const guarded: Guarded = await openGuard()
  const url = 'http://127.0.0.1:4003/mcp'
  const methods: string[] = []
  const handler = async (request: Request) => {
    const { id, method } = await request.json()
    methods.push(method)
    const tools = [
      { name: 'look', annotations: { readOnlyHint: true } },
      { name: 'drop', annotations: { destructiveHint: true } },
    ]
    return Response.json({ jsonrpc: '2.0', id, result: method === 'tools/list' ? { tools } : {} })
  }
  const fetch = guarded.guard.protect(url, handler, { decide: true })
  for (const name of ['look', 'drop', 'unlisted']) {
    await fetch(post(guarded.token({ resource: url }), call(name), { url }))
  }
  const rows = (await guarded.log()).filter(({ kind }) => kind === 'decision')
  expect(rows.map(({ action, resource }) => `${action} ${resource}`)).toEqual([
    'read mcp:hinted:look',
    'delete mcp:hinted:drop',
  ])
  expect(methods).toEqual(['tools/list', 'tools/call', 'tools/call', 'tools/list', 'tools/list'])
  expect(URL_TWO).not.toBe(url)
})

function streamOf(pieces: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece)
      controller.close()
    },
  })
}
