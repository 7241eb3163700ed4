/** The example with an authorization server and two MCP servers, used as its clients, approvers and attackers would. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { Client as NewClient, StreamableHTTPClientTransport as NewTransport } from '@modelcontextprotocol/client'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { signIn } from '../fixtures/sign-in.ts'

const PORT = 23_000 + 3 * (process.pid % 12_000)
const PASSWORD = 'a password for tests'
const INTROSPECTION = 'checker:a secret of 32 characters or more'

let example: ChildProcess
let folder = ''
/** As `--info` says. */
let info: {
  readonly issuer: string
  readonly servers: readonly [string, string]
  readonly key: string
  readonly approver: string
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mcp-example-test-'))
  const file = join(folder, 'info.json')
  const options = ['--port', `${PORT}`, '--password', PASSWORD, '--introspection-client', INTROSPECTION, '--info', file]
  example = spawn(
    process.execPath,
    [resolve('examples/mcp/main.mjs'), ...options, '--no-rate-limit', '--allow-loopback-metadata'],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  if (example.stdout === null) throw new Error('the example has no output')
  for await (const line of createInterface(example.stdout)) if (line.startsWith('Ctrl-C')) break
  info = JSON.parse(readFileSync(file, 'utf8'))
}, 180_000)

afterAll(async () => {
  example.kill('SIGTERM')
  const [code] = await once(example, 'exit')
  rmSync(folder, { recursive: true, force: true })
  expect(code).toBe(0)
})

/** What both generations of clients have in common. */
interface AnyClient {
  readonly listTools: () => Promise<{ readonly tools: readonly { readonly name: string }[] }>
  readonly callTool: (params: { name: string; arguments?: Record<string, unknown> }) => Promise<unknown>
}

async function oldClient(url: string, token: string): Promise<AnyClient> {
  const client = new Client({ name: 'test', version: '1' })
  const headers = { authorization: `Bearer ${token}` }
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }) as Transport)
  onTestFinished(() => client.close())
  return client
}

async function newClient(url: string, token: string): Promise<AnyClient> {
  const client = new NewClient({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } })
  await client.connect(
    new NewTransport(new URL(url), { requestInit: { headers: { authorization: `Bearer ${token}` } } }),
  )
  onTestFinished(() => client.close())
  return client
}

const alice = (resource: string, scope?: string) =>
  signIn({ resource, user: 'alice', password: PASSWORD, ...(scope !== undefined && { scope }) })

function textOf(result: unknown): unknown {
  const [content] = (result as { readonly content: readonly { readonly text: string }[] }).content // As the SDK has checked.
  return JSON.parse(content?.text ?? 'null')
}

/** What the API answers to whoever has the key. */
async function api(path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET') {
  const response = await fetch(`${info.issuer}/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${info.key}`, ...headers },
  })
  return { status: response.status, body: await response.json() }
}

function post(url: string, token: string, message: object): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: `Bearer ${token}`,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, ...message }),
  })
}

describe.each([
  ['one', 'the client of the SDK 1.x', 0, oldClient],
  ['one', 'the client of the split packages', 0, newClient],
  ['two', 'the client of the SDK 1.x', 1, oldClient],
  ['two', 'the client of the split packages', 1, newClient],
] as const)('server %s, with %s', (name, _, at, connect) => {
  test('whoami says who alice is, and lists show what she may use', async () => {
    const url = info.servers[at]
    const { accessToken, clientId, scope } = await alice(url)
    const client = await connect(url, accessToken)
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['whoami', 'pay'])
    expect([scope, textOf(await client.callTool({ name: 'whoami' }))]).toEqual([
      'mcp:tools',
      { server: name, user: 'alice', agent: expect.stringMatching(/^agt_/), client: clientId, scopes: ['mcp:tools'] },
    ])
  })

  test('admin_op needs a step up', async () => {
    const url = info.servers[at]
    const { accessToken } = await alice(url)
    const refused = await post(url, accessToken, { method: 'tools/call', params: { name: 'admin_op' } })
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
      403,
      expect.stringContaining('error="insufficient_scope"'),
    ])
    const scope = /scope="([^"]*)"/.exec(refused.headers.get('www-authenticate') ?? '')?.[1]
    expect(scope).toBe('mcp:admin')
    const more = await alice(url, scope)
    const client = await connect(url, more.accessToken)
    expect(textOf(await client.callTool({ name: 'admin_op' }))).toEqual({ done: expect.any(String) })
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['whoami', 'admin_op', 'pay'])
  })

  test('pay waits for a person, is then done once, and never beyond what the policy allows', async () => {
    const url = info.servers[at]
    const { accessToken } = await alice(url)
    const client = await connect(url, accessToken)
    const pay = (amount: number) =>
      client.callTool({ name: 'pay', arguments: { amount, to: `bob of ${_} at ${name}` } })
    const waiting = await pay(50)
    expect(waiting).toMatchObject({ isError: true, _meta: { 'kavachos/denial': { code: 'KVCH_E_APPROVAL_REQUIRED' } } })
    const id = /apr_\w+/.exec(JSON.stringify(waiting))?.[0] ?? ''
    const path = `/approvals/${id}/approve`
    expect((await api(path, {}, 'POST')).status).toBe(403)
    expect((await api(path, { 'x-kavach-approver': 'somebody' }, 'POST')).status).toBe(403)
    expect(await api(path, { 'x-kavach-approver': info.approver }, 'POST')).toMatchObject({ status: 200 })
    expect(textOf(await pay(50))).toMatchObject({ paid: 50 })
    expect(await pay(50)).toMatchObject({ isError: true })
    expect(await pay(101)).toMatchObject({ _meta: { 'kavachos/denial': { code: 'KVCH_E_AGENT_PERMISSION_DENIED' } } })
  })

  test('wipe is forbidden, whatever was agreed to', async () => {
    const url = info.servers[at]
    const { accessToken } = await alice(url, 'mcp:admin')
    const client = await connect(url, accessToken)
    expect(await client.callTool({ name: 'wipe' })).toMatchObject({
      isError: true,
      _meta: { 'kavachos/denial': { reason: 'forbidden' } },
    })
  })
})

test('RS-7: a token for one server is worth nothing at the other', async () => {
  const [one, two] = info.servers
  const [first, second] = [await alice(one), await alice(two)]
  const ping = { method: 'ping' }
  const statuses = await Promise.all(
    [post(one, second.accessToken, ping), post(two, first.accessToken, ping)].map(
      async (answer) => (await answer).status,
    ),
  )
  expect(statuses).toEqual([401, 401])
})

test('a refresh gives a new token, and revocation ends all of them at once', async () => {
  const [one] = info.servers
  const { refreshToken = '', clientId, issuer, accessToken } = await alice(one)
  const form = (fields: Readonly<Record<string, string>>) => ({
    method: 'POST',
    body: new URLSearchParams({ client_id: clientId, ...fields }),
  })
  const refreshed = await fetch(
    `${issuer}/oauth/token`,
    form({ grant_type: 'refresh_token', refresh_token: refreshToken }),
  )
  const tokens = await refreshed.json()
  const who = { method: 'tools/call', params: { name: 'whoami' } }
  expect((await post(info.servers[0], tokens.access_token, { method: 'initialize', params: INITIALIZE })).status).toBe(
    200,
  )
  await fetch(`${issuer}/oauth/revoke`, form({ token: tokens.refresh_token }))
  expect([(await post(one, tokens.access_token, who)).status, (await post(one, accessToken, who)).status]).toEqual([
    401, 401,
  ])
})

const INITIALIZE = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } }

test('a resource server may ask about tokens, strangers may not', async () => {
  const { accessToken, issuer } = await alice(info.servers[0])
  const [id = '', secret = ''] = INTROSPECTION.split(':')
  const body = new URLSearchParams({ token: accessToken })
  const basic = btoa(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`)
  const asked = await fetch(`${issuer}/oauth/introspect`, {
    method: 'POST',
    headers: { authorization: `Basic ${basic}` },
    body,
  })
  expect(await asked.json()).toMatchObject({ active: true, scope: 'mcp:tools', aud: info.servers[0] })
  const stranger = await fetch(`${issuer}/oauth/introspect`, { method: 'POST', body })
  expect(stranger.status).toBe(401)
})

test('odd options are refused with the usage', async () => {
  for (const args of [['--port', 'http'], ['--introspection-client', 'no secret'], ['--odd']]) {
    const child = spawn(process.execPath, [resolve('examples/mcp/main.mjs'), ...args], { stdio: 'ignore' })
    expect((await once(child, 'exit'))[0]).toBe(64)
  }
})
