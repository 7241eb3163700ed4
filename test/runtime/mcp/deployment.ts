/**
 * An authorization server and two MCP servers behind its guard, over HTTP on loopback: what a client finds that knows no more than
 * the address of one of the servers. `tools` is on the SDK 1.x and has sessions, `files` is on the split packages and has none.
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { McpServer as OldServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest'
import { z } from 'zod'
import { toNodeListener } from '../../../runtime/adapters/node/index.ts'
import { hashingOf, openHost } from '../../../runtime/index.ts'
import { createMcp, type Mcp } from '../../../runtime/mcp/mcp.ts'
import type { McpOptions } from '../../../runtime/mcp/options.ts'
import type { McpPlace } from '../../../runtime/mcp/place.ts'
import { resolveMcp } from '../../../runtime/mcp/settings.ts'
import { createMemoryStore } from '../../../storage/memory.ts'
import { policyImage } from '../../fixtures/policy-image.ts'
import { hostAt, NOW, sha256, type TestHost } from '../site.ts'
import type { PlaceParts } from './place.ts'
import { type Fields, formOf } from './server.ts'

export interface Deployment extends McpPlace {
  readonly host: TestHost
  readonly mcp: Mcp
  readonly issuer: string
  readonly tools: string
  readonly files: string
  /** Somebody with a browser that has no cookies yet. */
  readonly visit: (name?: keyof typeof USERS) => Visitor
  /** What reached a tool, oldest first. */
  readonly calls: readonly string[]
  readonly warnings: readonly string[]
}

/** A person in front of a browser, who knows a name and its password. */
export interface Visitor {
  readonly cookies: Map<string, string>
  readonly get: (url: string, headers?: Fields) => Promise<Response>
  readonly post: (url: string, fields: Fields, headers?: Fields) => Promise<Response>
  /** Signs in, as far as that is not done, and gives the page that asks for consent. */
  readonly open: (authorizationUrl: string | URL) => Promise<string>
  /** The same, and answers; gives the address of the client that it is led to, with all that stands there. */
  readonly answer: (authorizationUrl: string | URL, decision?: 'allow' | 'deny') => Promise<URL>
}

export const USERS = { ann: 'ann has a password', bob: 'bob has another one' } as const
export const SECRET = 'a secret of 32 characters or more'

/** One agent that was declared, for a client that speaks for itself. */
const POLICY = `
boundary runtime {
  allow * on ** may delegate depth 5
}

autonomous agent robot {
  owner "ann"
  allow execute on mcp:tools:{whoami,add}
}
`

export interface DeploymentParts extends Omit<PlaceParts, 'store' | 'isProduction'> {
  /** Members of `mcp` that depend on the addresses. */
  readonly optionsAt?: (at: {
    readonly issuer: string
    readonly tools: string
    readonly files: string
  }) => Partial<McpOptions>
}

/** One for all tests of a file, which do not mind what the others leave behind. */
export function deployOnce(parts: DeploymentParts = {}): () => Deployment {
  const closers: Closer[] = []
  let deployment: Deployment | undefined
  beforeAll(async () => {
    deployment = await deploy(parts, (close) => closers.unshift(close))
  })
  afterAll(async () => {
    for (const close of closers) await close()
  })
  return () => deployment ?? expect.fail('nothing is deployed yet')
}

type Closer = () => Promise<void>

/** Everything is closed when the test ends, or when whoever takes the closers calls them. */
export async function deploy(
  { optionsAt = () => ({}), ...parts }: DeploymentParts = {},
  onEnd: (close: Closer) => unknown = (close) => onTestFinished(async () => close()),
): Promise<Deployment> {
  const [authorization, toolServer, fileServer] = await Promise.all([
    listening(onEnd),
    listening(onEnd),
    listening(onEnd),
  ])
  const issuer = urlOf(authorization)
  const tools = `${urlOf(toolServer)}/mcp`
  const files = `${urlOf(fileServer)}/mcp`
  const warnings: string[] = []
  const { host = hostAt(NOW) } = parts
  const opened = await openHost(
    {
      secret: 'a secret that is used by tests alone',
      policy: policyImage(POLICY, { generation: 1 }),
      warn: (message) => void warnings.push(message),
      anomaly: { consecutiveDenials: false },
      ...parts.hostOptions,
    },
    { host, store: createMemoryStore(), hashing: hashingOf(sha256), isProduction: false },
  )
  onEnd(() => opened.kavach.close())
  const options: McpOptions = {
    issuer,
    resources: [
      { url: tools, server: 'tools', title: 'Tools', scopes: ['mcp:tools'] },
      { url: files, server: 'files', title: 'Files', scopes: ['mcp:files'] },
    ],
    scopes: SCOPES,
    development: { users: USERS },
    clients: [{ id: 'server', secret: SECRET, mayIntrospect: true, grantTypes: [] }],
    ratePerMinute: false,
    ...parts.options,
    ...optionsAt({ issuer, tools, files }),
  }
  const place = {
    ...opened,
    host,
    settings: resolveMcp(options, { isProduction: false }),
    isProduction: false,
    fetchDocument: parts.fetchDocument,
  }
  const mcp = createMcp(place)
  const calls: string[] = []
  answerWith(authorization, async (request, context) => (await mcp.fetch(request, context)) ?? notFound())
  answerWith(
    toolServer,
    mcp.protect(
      tools,
      createSessions(() => mcp.guard(oldServer(calls), { resource: tools })),
    ),
  )
  const handler = createMcpHandler(() => mcp.guard(newServer(calls), { resource: files }))
  answerWith(
    fileServer,
    mcp.protect(files, (request, { auth }) => handler.fetch(request, { authInfo: auth })),
  )
  return { ...place, mcp, issuer, tools, files, calls, warnings, visit: (name = 'ann') => visitorOf(issuer, name) }
}

const SCOPES: McpOptions['scopes'] = {
  'mcp:tools': {
    description: 'Use the tools',
    permissions: [{ resource: 'mcp:tools:{whoami,add}', actions: ['execute'] }],
  },
  'mcp:files': { description: 'Read your files', permissions: [{ resource: 'mcp:files:*', actions: ['execute'] }] },
  'mcp:admin': {
    description: 'Administer the tools',
    permissions: [{ resource: 'mcp:tools:*', actions: ['execute'] }],
    includes: ['mcp:tools'],
  },
}

type Handler = (request: Request, context: { readonly ip?: string | undefined }) => Promise<Response>

async function listening(onEnd: (close: Closer) => unknown): Promise<Server> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onEnd(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  )
  return server
}

function urlOf(server: Server): string {
  // It listens on a port.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function answerWith(server: Server, handler: Handler): void {
  const listener = toNodeListener({ fetch: (request, context = {}) => handler(request, context) })
  server.on('request', (request, response) => void listener(request, response))
}

function notFound(): Response {
  return new Response('there is nothing here', { status: 404 })
}

function text(text: string) {
  return { content: [{ type: 'text' as const, text }] }
}

function oldServer(calls: string[]): OldServer {
  const server = new OldServer({ name: 'tools', version: '1.0.0' })
  server.registerTool('whoami', { description: 'Who calls' }, ({ authInfo }) => {
    calls.push('whoami')
    return text(JSON.stringify({ user: authInfo?.extra?.userId, scopes: authInfo?.scopes }))
  })
  server.registerTool('add', { inputSchema: { a: z.number(), b: z.number() } }, ({ a, b }) => {
    calls.push('add')
    return text(String(a + b))
  })
  server.registerTool('wipe', { description: 'For administrators' }, () => {
    calls.push('wipe')
    return text('wiped')
  })
  return server
}

function newServer(calls: string[]): McpServer {
  const server = new McpServer({ name: 'files', version: '1.0.0' })
  server.registerTool('list', { description: 'Names of files' }, ({ http }) => {
    calls.push('list')
    return text(JSON.stringify({ user: http?.authInfo?.extra?.userId, files: ['a', 'b'] }))
  })
  return server
}

/** Sessions, as servers on the SDK 1.x keep them. */
function createSessions(create: () => OldServer) {
  const sessions = new Map<string, WebStandardStreamableHTTPServerTransport>()
  return async (request: Request, { auth }: { readonly auth: object }): Promise<Response> => {
    let transport = sessions.get(request.headers.get('mcp-session-id') ?? '')
    if (transport === undefined) {
      const made = new WebStandardStreamableHTTPServerTransport({
        sessionIdGenerator: () => crypto.randomUUID(),
        onsessioninitialized: (id) => void sessions.set(id, made),
      })
      transport = made
      await create().connect(made)
    }
    // It is the SDK's own type, which its door does not name.
    const authInfo = auth as NonNullable<Parameters<typeof transport.handleRequest>[1]>['authInfo']
    return transport.handleRequest(request, { ...(authInfo !== undefined && { authInfo }) })
  }
}

function visitorOf(issuer: string, name: keyof typeof USERS): Visitor {
  const cookies = new Map<string, string>()

  async function go(url: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers)
    const cookie = [...cookies].map(([key, value]) => `${key}=${value}`).join('; ')
    if (cookie !== '' && url.startsWith(`${issuer}/`) && !headers.has('cookie')) headers.set('cookie', cookie)
    const response = await fetch(url, { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) {
      const [, key = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/Max-Age=0/.test(line)) cookies.delete(key)
      else cookies.set(key, value)
    }
    return response
  }

  const visitor: Visitor = {
    cookies,
    get: (url, headers = {}) => go(url, { headers }),
    post: (url, fields, headers = {}) => go(url, { method: 'POST', headers, body: new URLSearchParams(fields) }),
    async open(authorizationUrl) {
      let response = await visitor.get(String(authorizationUrl))
      if (response.headers.get('location')?.startsWith(`${issuer}/oauth/login?`)) {
        const login = formOf(await (await visitor.get(locationOf(response))).text())
        response = await visitor.post(login.action, { ...login.hidden, username: name, password: USERS[name] })
        response = await visitor.get(locationOf(response))
      }
      const page = await response.text()
      if (response.status !== 200) throw new Error(`${response.status} ${response.headers.get('location') ?? page}`)
      return page
    },
    async answer(authorizationUrl, decision = 'allow') {
      const { action, hidden } = formOf(await visitor.open(authorizationUrl))
      return new URL(locationOf(await visitor.post(action, { ...hidden, decision })))
    },
  }
  return visitor
}

/** Where a response leads. */
export function locationOf(response: Response): string {
  const location = response.headers.get('location')
  if (location === null) throw new Error(`${response.status}: it leads nowhere`)
  return location
}
