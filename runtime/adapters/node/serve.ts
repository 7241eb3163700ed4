/** A handler of requests as a server of Node. */
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'

/** Gives nothing for a path that nobody has. */
export type Handler = (request: Request, context: { readonly ip?: string | undefined }) => Promise<Response | undefined>

export interface ServeOptions {
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
  /** Milliseconds within which the headers of a request must be there. Default 10,000. */
  readonly headersTimeoutMs?: number | undefined
  /** Milliseconds within which all of a request must be there. Default 30,000. */
  readonly requestTimeoutMs?: number | undefined
  /** Milliseconds that a connection may be idle. Default 60,000, which is longer than proxies keep theirs. */
  readonly idleTimeoutMs?: number | undefined
  /** Bytes of all headers of a request. Default 16,384; beyond, Node answers 431. */
  readonly maxHeaderBytes?: number | undefined
  /** Connections at the same time; those beyond are closed. Default 10,000. */
  readonly maxConnections?: number | undefined
}

export interface Served {
  /** `http://127.0.0.1:7411` */
  readonly url: string
  readonly port: number
  /** Takes nothing new, finishes what is under way, and after `graceMs` (default 10,000) ends what still is. */
  readonly close: (graceMs?: number) => Promise<void>
}

/** Listens. @throws {Error} of Node, with `code`: `EADDRINUSE`, `EACCES` */
export async function serveNode(handler: Handler, options: ServeOptions): Promise<Served> {
  const { host, port, headersTimeoutMs = 10_000, requestTimeoutMs = 30_000, idleTimeoutMs = 60_000 } = options
  const listener = getRequestListener(
    // Node has an address for a socket that is open, whatever else it says of one.
    async (
      request,
      { incoming }: { readonly incoming: { readonly socket: Pick<IncomingMessage['socket'], 'remoteAddress'> } },
    ) => (await handler(request, { ip: incoming.socket.remoteAddress })) ?? notFound(),
    { hostname: host },
  )
  const server = createServer(
    {
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: idleTimeoutMs,
      maxHeaderSize: options.maxHeaderBytes ?? 16_384,
      connectionsCheckingInterval: 1000,
    },
    (incoming, outgoing) => void listener(incoming, outgoing),
  )
  server.maxConnections = options.maxConnections ?? 10_000
  await listen(server, host, port)
  // A server that listens on a port has an address of this form.
  const { port: bound } = server.address() as AddressInfo
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    port: bound,
    close: (graceMs = 10_000) => close(server, graceMs),
  }
}

function notFound(): Response {
  return new Response('{"error":{"message":"there is nothing at this path"}}', {
    status: 404,
    headers: { 'content-type': 'application/json', 'x-content-type-options': 'nosniff' },
  })
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function close(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), graceMs)
    server.close(() => {
      clearTimeout(timer)
      resolve()
    })
    // Those that wait for another request wait in vain.
    server.closeIdleConnections()
  })
}
