/** The scenarios of the conformance program for MCP servers: a server behind the guard passes what it passes without. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { toNodeListener } from '../../runtime/adapters/node/index.ts'
import { enter, tokensOf } from '../runtime/mcp/clauses/attack.ts'
import { deploy } from '../runtime/mcp/deployment.ts'
import { runConformance } from './conformance.ts'

test('the guard costs no scenario', async () => {
  const deployment = await deploy({
    options: {
      scopes: {
        'mcp:all': { description: 'Everything', permissions: [{ resource: 'mcp:{tools,files}:**', actions: ['*'] }] },
        'mcp:tools': { description: 'Tools', permissions: [{ resource: 'mcp:tools:*', actions: ['execute'] }] },
        'mcp:files': { description: 'Files', permissions: [{ resource: 'mcp:files:*', actions: ['execute'] }] },
      },
    },
  })
  const scene = await enter(deployment)
  const { access_token: token } = await tokensOf(scene, { scope: 'mcp:all' })
  const { mcp, tools } = deployment
  const guarded = mcp.protect(tools, async (request, { auth }) =>
    answer(mcp.guard(theirs(), { resource: tools }), request, auth),
  )
  const plain = await passedBy(await listen((request) => answer(theirs(), request)))
  const behind = await passedBy(
    await listen(async (request) => {
      // What a client does that has a token.
      const headers = new Headers(request.headers)
      headers.set('authorization', `Bearer ${token}`)
      const body = ['GET', 'HEAD'].includes(request.method) ? undefined : await request.arrayBuffer()
      return guarded(new Request(request.url, { method: request.method, headers, ...(body && { body }) }))
    }),
  )
  console.log(`without the guard: ${plain.join(' ')}\nbehind it: ${behind.join(' ')}`)
  expect(plain.filter((name) => !behind.includes(name))).toEqual([])
  expect(plain).toEqual(expect.arrayContaining(['server-initialize', 'ping', 'tools-list', 'tools-call-simple-text']))
}, 120_000)

/** Names of the scenarios of the active suite that pass. */
async function passedBy(url: string): Promise<readonly string[]> {
  const { output } = await runConformance(['server', '--url', url])
  return [...output.matchAll(/^✓ ([a-z0-9-]+): (\d+) passed, 0 failed/gm)].map(([, name = '']) => name)
}

type Handler = (request: Request) => Promise<Response>

async function listen(handler: Handler): Promise<string> {
  const server = createServer(toNodeListener({ fetch: handler }))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  )
  // It listens on a port.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`
}

async function answer(server: McpServer, request: Request, auth?: object): Promise<Response> {
  const transport = new WebStandardStreamableHTTPServerTransport()
  await server.connect(transport)
  // It is the SDK's own type, which its door does not name.
  const authInfo = auth as NonNullable<Parameters<typeof transport.handleRequest>[1]>['authInfo']
  return transport.handleRequest(request, { ...(authInfo !== undefined && { authInfo }) })
}

/** What the program looks for. */
function theirs(): McpServer {
  const server = new McpServer({ name: 'conformance', version: '1.0.0' })
  const text = (said: string) => ({ content: [{ type: 'text' as const, text: said }] })
  server.registerTool('test_simple_text', { description: 'A text' }, () =>
    text('This is a simple text response for testing.'),
  )
  server.registerTool('test_error_handling', { description: 'Fails' }, () => {
    throw new Error('This tool intentionally returns an error for testing')
  })
  const image = { type: 'image' as const, data: PIXEL, mimeType: 'image/png' }
  server.registerTool('test_image_content', { description: 'A picture' }, () => ({ content: [image] }))
  server.registerTool('test_embedded_resource', { description: 'A resource' }, () => ({
    content: [
      {
        type: 'resource' as const,
        resource: {
          uri: 'test://embedded-resource',
          mimeType: 'text/plain',
          text: 'This is an embedded resource content.',
        },
      },
    ],
  }))
  server.registerResource('static', 'test://static-text', { mimeType: 'text/plain' }, (uri) => ({
    contents: [{ uri: uri.href, mimeType: 'text/plain', text: 'This is the content of the static text resource.' }],
  }))
  server.registerPrompt('test_simple_prompt', { description: 'A prompt' }, () => ({
    messages: [{ role: 'user', content: { type: 'text', text: 'This is a simple prompt for testing.' } }],
  }))
  server.registerPrompt(
    'test_prompt_with_arguments',
    { argsSchema: { arg1: z.string(), arg2: z.string() } },
    ({ arg1, arg2 }) => ({
      messages: [
        { role: 'user', content: { type: 'text', text: `Prompt with arguments: arg1='${arg1}', arg2='${arg2}'` } },
      ],
    }),
  )
  return server
}

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=='
