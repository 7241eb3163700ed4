/**
 * An MCP server that speaks over its standard input and output, behind the gateway: a process for each session, so that nothing of
 * one caller is in the process of another.
 */
import { randomUUID } from 'node:crypto'
import { getDefaultEnvironment, StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js'
import type { GuardableServer, ProtectedHandler } from '../../runtime/mcp/index.ts'
import { badGateway, reasonOf } from './http-upstream.ts'

export interface StdioUpstreamParts {
  readonly command: string
  readonly args: readonly string[]
  readonly env: { readonly [name: string]: string }
  /** Guards what is connected: `kavach.mcp.guard` for the resource. */
  readonly guard: (server: GuardableServer) => GuardableServer
  readonly complain: (message: string) => void
  readonly now: () => number
}

export interface StdioUpstream {
  readonly handle: ProtectedHandler
  /** Ends all processes. */
  readonly close: () => Promise<void>
}

interface Session {
  readonly transport: WebStandardStreamableHTTPServerTransport
  readonly child: StdioClientTransport
  /** Requests that are under way. */
  busy: number
  lastSeen: number
}

/** Sessions at the same time: each is a process. */
const MAX_SESSIONS = 64
/** A session that nobody used for so long is over. */
const IDLE_MS = 30 * 60_000

export function createStdioUpstream(parts: StdioUpstreamParts): StdioUpstream {
  const sessions = new Map<string, Session>()
  let starting = 0

  async function end(id: string): Promise<void> {
    const session = sessions.get(id)
    sessions.delete(id)
    await session?.transport.close()
    await session?.child.close()
  }

  async function endIdle(): Promise<void> {
    const before = parts.now() - IDLE_MS
    const idle = [...sessions].filter(([, { busy, lastSeen }]) => busy === 0 && lastSeen < before)
    await Promise.all(idle.map(([id]) => end(id)))
  }

  async function begin(): Promise<Session> {
    const child = new StdioClientTransport({
      command: parts.command,
      args: [...parts.args],
      // The server gets what the SDK deems safe and what --env names: it is a stranger's program.
      env: { ...getDefaultEnvironment(), ...parts.env },
      stderr: 'inherit',
    })
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => {
        sessions.set(id, session)
      },
      onsessionclosed: (id) => end(id),
    })
    const session: Session = { transport, child, busy: 0, lastSeen: parts.now() }
    const line = { connect: (guarded: Transport) => join(guarded, child, parts.complain) }
    child.onclose = () => {
      const id = transport.sessionId
      if (id !== undefined) void end(id)
    }
    // The SDK declares the session id of this transport as possibly undefined, that of Transport as absent: same thing.
    await parts.guard(line as GuardableServer).connect(transport as never)
    return session
  }

  async function handle(...[request, { auth }]: Parameters<ProtectedHandler>): Promise<Response> {
    await endIdle()
    const id = request.headers.get('mcp-session-id')
    const known = id === null ? undefined : sessions.get(id)
    if (id !== null && known === undefined) return rpcError(404, -32_001, 'session not found')
    const session = known ?? (await open(request))
    if (session instanceof Response) return session
    session.busy++
    session.lastSeen = parts.now()
    try {
      return await session.transport.handleRequest(request, { authInfo: auth })
    } finally {
      session.busy--
      if (session.transport.sessionId === undefined) await session.child.close()
    }
  }

  async function open(request: Request): Promise<Session | Response> {
    const asked: unknown = request.method === 'POST' ? await request.clone().json() : undefined
    if (typeof asked !== 'object' || asked === null || !('method' in asked) || asked.method !== 'initialize') {
      return rpcError(400, -32_000, 'a session begins with `initialize`')
    }
    if (sessions.size + starting >= MAX_SESSIONS) {
      const full = rpcError(503, -32_000, 'there are as many sessions as there may be')
      full.headers.set('retry-after', '30')
      return full
    }
    starting++
    try {
      return await begin()
    } catch (error) {
      parts.complain(`\`${parts.command}\` could not be started: ${reasonOf(error)}`)
      return badGateway('the server behind this gateway could not be started')
    } finally {
      starting--
    }
  }

  return {
    handle,
    async close() {
      await Promise.all([...sessions.keys()].map(end))
    },
  }
}

/** Hands messages on, both ways. Progress goes where the request came from that it is about. */
async function join(outer: Transport, child: StdioClientTransport, complain: (message: string) => void): Promise<void> {
  const asking = new Map<string | number, string | number>()
  const failed = (error: unknown) => complain(`a message was lost: ${reasonOf(error)}`)
  outer.onmessage = (message) => {
    const token = progressTokenOf(message)
    if (token !== undefined && 'id' in message && message.id !== undefined) asking.set(token, message.id)
    child.send(message).catch(failed)
  }
  child.onmessage = (message) => {
    if ('id' in message && !('method' in message)) {
      for (const [token, id] of asking) if (id === message.id) asking.delete(token)
    }
    const relatedRequestId = asking.get(progressOf(message) ?? '')
    outer.send(message, relatedRequestId === undefined ? {} : { relatedRequestId }).catch(failed)
  }
  child.onerror = failed
  await child.start()
  await outer.start()
}

function progressTokenOf(message: JSONRPCMessage): string | number | undefined {
  return 'method' in message ? message.params?._meta?.progressToken : undefined
}

function progressOf(message: JSONRPCMessage): string | number | undefined {
  if (!('method' in message) || message.method !== 'notifications/progress') return undefined
  const token = message.params?.progressToken
  return typeof token === 'string' || typeof token === 'number' ? token : undefined
}

function rpcError(status: number, code: number, message: string): Response {
  return Response.json({ jsonrpc: '2.0', id: null, error: { code, message } }, { status })
}
