/** Servers and clients of both generations of the SDK, over HTTP on loopback. */
import { randomUUID } from 'node:crypto'
import { serve } from '@hono/node-server'
import { Client as NewClient, StreamableHTTPClientTransport as NewTransport } from '@modelcontextprotocol/client'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js'
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { createMcpHandler, McpServer as NewServer } from '@modelcontextprotocol/server'
import express from 'express'
import { Hono } from 'hono'
import { describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import type { Principal } from '../../../../runtime/mcp/principal.ts'
import { type Guarded, openGuard, URL_ONE } from './guarded.ts'

/** Where it listens; closed when the test ends. */
function listen(fetch: (request: Request) => Response | Promise<Response>): Promise<string> {
  return new Promise((resolve) => {
    const server = serve({ fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) =>
      resolve(`http://127.0.0.1:${port}/mcp`),
    )
    onTestFinished(() => {
      if ('closeAllConnections' in server) server.closeAllConnections()
      return new Promise((done) => server.close(() => done()))
    })
  })
}

/** Tools that say what they were called with. */
const TOOLS = ['whoami', 'admin_op', 'wipe', 'pay', 'small', 'fails']

function addTools(server: McpServer, ran: unknown[]): McpServer {
  for (const name of TOOLS) {
    server.registerTool(name, { inputSchema: { size: z.number().optional() } }, async (args, extra) => {
      ran.push([name, args, extra.authInfo?.extra?.agentId])
      return { content: [{ type: 'text', text: `${name} ran` }], isError: name === 'fails' }
    })
  }
  server.registerResource('a', 'file:///pub/a', {}, async ({ href }) => ({ contents: [{ uri: href, text: 'a' }] }))
  server.registerResource('b', 'file:///b', {}, async ({ href }) => ({ contents: [{ uri: href, text: 'b' }] }))
  server.registerPrompt('greet', {}, async () => ({ messages: [] }))
  server.registerPrompt('other', {}, async () => ({ messages: [] }))
  return server
}

const IDENTITY = { name: 'test', version: '1' }

/** The SDK 1.x over web requests, with sessions. */
async function oldServer({ guard }: Guarded, ran: unknown[]): Promise<string> {
  const sessions = new Map<string, WebStandardStreamableHTTPServerTransport>()
  const handler = guard.protect(URL_ONE, async (request, { auth }) => {
    const known = sessions.get(request.headers.get('mcp-session-id') ?? '')
    if (known !== undefined) return known.handleRequest(request, { authInfo: auth })
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, transport),
    })
    const server = guard.guard(addTools(new McpServer(IDENTITY), ran), { resource: URL_ONE })
    await server.connect(transport as Transport)
    return transport.handleRequest(request, { authInfo: auth })
  })
  return listen((request) => handler(request))
}

/** The low-level server of the SDK 1.x on Express; its handlers are set after it was guarded. */
async function expressServer({ guard }: Guarded, ran: unknown[]): Promise<string> {
  const app = express()
  app.use('/mcp', guard.protectExpress(URL_ONE))
  app.post('/mcp', async (request, response) => {
    const server = new Server(IDENTITY, { capabilities: { tools: {} } })
    guard.guard(server, { resource: URL_ONE })
    server.setRequestHandler(ListToolsRequestSchema, () => ({
      tools: TOOLS.map((name) => ({ name, inputSchema: { type: 'object' as const } })),
    }))
    server.setRequestHandler(CallToolRequestSchema, ({ params }, extra) => {
      ran.push([params.name, params.arguments ?? {}, extra.authInfo?.extra?.agentId])
      return { content: [{ type: 'text', text: `${params.name} ran` }], isError: params.name === 'fails' }
    })
    const transport = new StreamableHTTPServerTransport({})
    await server.connect(transport as Transport)
    await transport.handleRequest(request, response, request.body)
  })
  return new Promise((resolve) => {
    const server = app.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/mcp`)
    })
    onTestFinished(() => {
      server.closeAllConnections()
      return new Promise((done) => server.close(() => done()))
    })
  })
}

/** The split packages, which serve the revision of 2026 and those before it. */
async function newServer({ guard }: Guarded, ran: unknown[]): Promise<string> {
  const handler = createMcpHandler(() => {
    const server = new NewServer(IDENTITY)
    for (const name of TOOLS) {
      server.registerTool(name, { inputSchema: z.object({ size: z.number().optional() }) }, async (args, context) => {
        ran.push([name, args, context.http?.authInfo?.extra?.agentId])
        return { content: [{ type: 'text', text: `${name} ran` }], isError: name === 'fails' }
      })
    }
    server.registerResource('a', 'file:///pub/a', {}, async ({ href }) => ({ contents: [{ uri: href, text: 'a' }] }))
    server.registerResource('b', 'file:///b', {}, async ({ href }) => ({ contents: [{ uri: href, text: 'b' }] }))
    server.registerPrompt('greet', {}, async () => ({ messages: [] }))
    server.registerPrompt('other', {}, async () => ({ messages: [] }))
    return guard.guard(server, { resource: URL_ONE })
  })
  const app = new Hono()
  app.all('/mcp', guard.protectHono(URL_ONE), (c) => handler.fetch(c.req.raw, { authInfo: c.get('auth') }))
  return listen((request) => app.fetch(request))
}

/** What both clients have in common. */
interface AnyClient {
  readonly listTools: () => Promise<{ readonly tools: readonly { readonly name: string }[] }>
  readonly listResources: () => Promise<{ readonly resources: readonly { readonly uri: string }[] }>
  readonly listPrompts: () => Promise<{ readonly prompts: readonly { readonly name: string }[] }>
  readonly readResource: (params: { uri: string }) => Promise<unknown>
  readonly callTool: (params: { name: string; arguments?: Record<string, unknown> }) => Promise<unknown>
}

async function oldClient(url: string, token: string): Promise<AnyClient> {
  const client = new Client(IDENTITY)
  const headers = { authorization: `Bearer ${token}` }
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }) as Transport)
  onTestFinished(() => client.close())
  return client
}

function newClientOf(mode: 'legacy' | 'auto') {
  return async (url: string, token: string): Promise<AnyClient> => {
    const client = new NewClient(IDENTITY, { versionNegotiation: { mode } })
    const headers = { authorization: `Bearer ${token}` }
    await client.connect(new NewTransport(new URL(url), { requestInit: { headers } }))
    onTestFinished(() => client.close())
    return client
  }
}

const SERVERS = [
  ['the SDK 1.x, with sessions', oldServer, true],
  ['the SDK 1.x on Express', expressServer, false],
  ['the split packages on Hono', newServer, true],
] as const
const CLIENTS = [
  ['1.x', oldClient],
  ['the split packages, before 2026', newClientOf('legacy')],
  ['the split packages', newClientOf('auto')],
] as const

for (const [server, open, hasMore] of SERVERS) {
  describe.each(CLIENTS)(`${server}, with the client of %s`, (_, connect) => {
    async function setUp(principal: Partial<Principal> = {}) {
      const guarded = await openGuard()
      const ran: unknown[] = []
      const url = await open(guarded, ran)
      return { ...guarded, ran, url, client: await connect(url, guarded.token(principal)) }
    }

    test('lists show what the caller may use', async () => {
      const { client } = await setUp()
      expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['whoami', 'pay', 'small'])
      if (!hasMore) return
      expect((await client.listResources()).resources.map(({ uri }) => uri)).toEqual(['file:///pub/a'])
      expect((await client.listPrompts()).prompts.map(({ name }) => name)).toEqual(['greet'])
    })

    test('calls are decided with their arguments, and the server knows who calls', async () => {
      const { client, ran } = await setUp()
      expect(await client.callTool({ name: 'small', arguments: { size: 1 } })).toMatchObject({
        content: [{ type: 'text', text: 'small ran' }],
      })
      expect(await client.callTool({ name: 'small', arguments: { size: 11 } })).toMatchObject({
        isError: true,
        _meta: { 'kavachos/denial': { code: 'KVCH_E_AGENT_PERMISSION_DENIED', reason: 'forbidden' } },
      })
      expect(await client.callTool({ name: 'wipe' })).toMatchObject({ isError: true })
      expect(ran).toEqual([['small', { size: 1 }, 'ann-agent']])
    })

    test('what came of a call is recorded', async () => {
      const { client, log } = await setUp({ scopes: ['mcp:admin'] })
      await client.callTool({ name: 'whoami' })
      await client.callTool({ name: 'admin_op' })
      await client.callTool({ name: 'fails' })
      const rows = (await log()).filter(({ kind }) => kind === 'complete' || kind === 'decision')
      expect(rows.map(({ kind, result, outcome }) => [kind, result ?? outcome])).toEqual([
        ['decision', 'allowed'],
        ['complete', 'success'],
        ['decision', 'allowed'],
        ['complete', 'success'],
        ['decision', 'denied'],
      ])
    })

    test('RS-10: a scope that is lacking is a 403 to the client', async () => {
      const { client, ran } = await setUp()
      await expect(client.callTool({ name: 'admin_op' })).rejects.toThrow(/insufficient_scope|scope/)
      expect(ran).toEqual([])
    })

    test('another resource is refused', async () => {
      if (!hasMore) return
      const { client } = await setUp()
      expect(await client.readResource({ uri: 'file:///pub/a' })).toMatchObject({ contents: [{ text: 'a' }] })
      await expect(client.readResource({ uri: 'file:///b' })).rejects.toThrow(/KVCH_E_AGENT_PERMISSION_DENIED/)
    })

    test('RS-6: a token that was revoked ends the conversation', async () => {
      const guarded = await openGuard()
      const ran: unknown[] = []
      const token = guarded.token()
      const client = await connect(await open(guarded, ran), token)
      await client.callTool({ name: 'whoami' })
      guarded.revoke(token)
      await expect(client.callTool({ name: 'whoami' })).rejects.toThrow()
      expect(ran.length).toBe(1)
    })

    test('RS-7: a token for another server does not come in', async () => {
      const guarded = await openGuard()
      const url = await open(guarded, [])
      await expect(connect(url, guarded.token({ resource: 'http://127.0.0.1:4002/mcp' }))).rejects.toThrow()
    })
  })
}

test('the split packages speak the revision of 2026 through the guard, where nothing else was asked for', async () => {
  const guarded = await openGuard()
  const url = await newServer(guarded, [])
  const versions = await Promise.all(
    (['legacy', 'auto'] as const).map(async (mode) => {
      const client = await newClientOf(mode)(url, guarded.token())
      return client instanceof NewClient && client.getNegotiatedProtocolVersion()
    }),
  )
  expect(versions).toEqual(['2025-11-25', '2026-07-28'])
})

describe('a guarded server without anybody who authenticates', () => {
  async function connectBare(guarded: Guarded, authInfo?: object) {
    const ran: unknown[] = []
    const server = guarded.guard.guard(addTools(new McpServer(IDENTITY), ran), { resource: URL_ONE })
    const [here, there] = InMemoryTransport.createLinkedPair()
    const client = new Client(IDENTITY)
    await server.connect(there)
    const send = here.send.bind(here)
    // What a transport would say of the caller; the SDK takes any.
    here.send = (message, options) => send(message, { ...options, ...(authInfo && { authInfo: authInfo as never }) })
    onTestFinished(() => client.close())
    return { client, here, ran }
  }

  test('answers nobody', async () => {
    const guarded = await openGuard()
    const { client, here } = await connectBare(guarded)
    await expect(client.connect(here)).rejects.toThrow(/KVCH_E_MCP_TOOL_AUTH_REQUIRED/)
  })

  test('believes nobody who says who he is', async () => {
    const guarded = await openGuard()
    const extra = { agentId: 'ann-agent', userId: 'ann' }
    const { client, here } = await connectBare(guarded, {
      token: 'made-up',
      clientId: 'c',
      scopes: ['mcp:admin'],
      extra,
    })
    await expect(client.connect(here)).rejects.toThrow(/KVCH_E_MCP_TOOL_AUTH_REQUIRED/)
  })

  test('looks at the token again that somebody else has accepted', async () => {
    const guarded = await openGuard()
    const good = await connectBare(guarded, { token: guarded.token() })
    await good.client.connect(good.here)
    expect(await good.client.callTool({ name: 'whoami' })).toMatchObject({ content: [{ text: 'whoami ran' }] })
    for (const principal of [{ resource: 'http://127.0.0.1:4002/mcp' }, { jkt: 'thumb' }, { expiresAt: 0 }]) {
      const bad = await connectBare(guarded, { token: guarded.token(principal) })
      await expect(bad.client.connect(bad.here)).rejects.toThrow(/KVCH_E_MCP_TOOL_AUTH_REQUIRED/)
    }
  })

  test('has two requests of one id answered once, and the second refused', async () => {
    const guarded = await openGuard()
    const { here, ran } = await connectBare(guarded, { token: guarded.token() })
    const answers: unknown[] = []
    here.onmessage = (message) => void answers.push(message)
    await here.start()
    const message = { jsonrpc: '2.0' as const, id: 7, method: 'tools/call', params: { name: 'whoami' } }
    await Promise.all([here.send(message), here.send(message)])
    while (answers.length < 2) await new Promise((resolve) => setImmediate(resolve))
    expect(answers).toContainEqual(expect.objectContaining({ id: 7, error: expect.objectContaining({ code: -32600 }) }))
    expect(ran.length).toBe(1)
  })
})

test('what is no server, and a server that has a guard, are refused', async () => {
  const { guard } = await openGuard()
  const server = new McpServer(IDENTITY)
  expect(guard.guard(server, { resource: URL_ONE })).toBe(server)
  expect(() => guard.guard(server, { resource: URL_ONE })).toThrow(/has a guard already/)
  expect(() => guard.guard(server.server, { resource: URL_ONE })).toThrow(/has a guard already/)
  expect(() => guard.guard({} as never, { resource: URL_ONE })).toThrow(/no server of the MCP SDK/)
  expect(() => guard.guard(new McpServer(IDENTITY), { resource: 'http://127.0.0.1:9/mcp' })).toThrow(/is no resource/)
})
