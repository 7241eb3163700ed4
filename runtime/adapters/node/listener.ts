/** The requests and answers of Node as those of the web, for a host. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'

/** As `Face` of runtime/adapters says; this folder stands below. */
export interface NodeFace {
  readonly fetch: (request: Request, context?: { readonly ip?: string | undefined }) => Promise<Response>
}

export interface ListenerOptions {
  /** Address of the caller. Default: that of the connection. Behind a proxy that you trust, what it says. */
  readonly ip?: ((request: IncomingMessage) => string | undefined) | undefined
}

/** For `http.createServer`, and every framework on it. It answers all requests that it is given. */
export function toNodeListener(
  kavach: NodeFace,
  { ip = (request) => request.socket.remoteAddress }: ListenerOptions = {},
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const listen = getRequestListener(
    // Only HTTP/1 servers call this: `incoming` is what was given below.
    (request, { incoming }) => kavach.fetch(request, { ip: ip(incoming as IncomingMessage) }),
    { overrideGlobalObjects: false },
  )
  return (request, response) => listen(withBody(request), response)
}

/** What body parsers leave behind: they have read the request, so it cannot be read again. */
type Parsed = IncomingMessage & { readonly body?: unknown; rawBody?: Buffer }

function withBody(request: Parsed): IncomingMessage {
  const { body } = request
  if (body === undefined || body === null || !request.readableEnded || request.rawBody !== undefined) return request
  request.rawBody = toBytes(body, request.headers['content-type'] ?? '')
  return request
}

function toBytes(body: unknown, type: string): Buffer {
  if (Buffer.isBuffer(body)) return body
  if (typeof body === 'string') return Buffer.from(body)
  if (!type.startsWith('application/x-www-form-urlencoded')) return Buffer.from(JSON.stringify(body))
  // A name that stood there twice must stand there twice again: it is for the host to refuse it.
  const pairs = Object.entries(body as Readonly<Record<string, unknown>>).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((item): [string, string] => [name, String(item)]),
  )
  return Buffer.from(new URLSearchParams(pairs).toString())
}
