/** The same host behind every adapter, on loopback: what the suite holds them to is the same for all. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import type { OpenedKavach } from '../../../create-kavach.ts'
import * as forExpress from '../../../runtime/adapters/express.ts'
import * as forFastify from '../../../runtime/adapters/fastify.ts'
import * as forHono from '../../../runtime/adapters/hono.ts'
import * as forNext from '../../../runtime/adapters/next.ts'
import { toNodeListener } from '../../../runtime/adapters/node/index.ts'

export interface Running {
  readonly url: string
  readonly close: () => Promise<void>
}

/** What every application here has beside the host: `POST /pay/:amount`, guarded, which fails for the amount 13. */
export const PAY = { action: 'execute', resource: 'mcp:billing:pay', cost: 0.5 }

export const ADAPTERS: { readonly [name: string]: (kavach: OpenedKavach) => Promise<Running> } = {
  async 'the handler itself, under @hono/node-server'(kavach) {
    const guarded = forNext.withPermission(kavach, PAY, async (request) => paid(new URL(request.url).pathname))
    const fetch = async (request: Request): Promise<Response> => {
      const { pathname } = new URL(request.url)
      if (kavach.owns(pathname)) return kavach.fetch(request, { ip: '127.0.0.1' })
      return pathname.startsWith('/pay/')
        ? caught(() => guarded(request))
        : new Response('the application', { status: 404 })
    }
    return running(serve({ fetch, port: 0, hostname: '127.0.0.1' }) as Server) // HTTP/1 is what `serve` makes by default.
  },

  async 'node:http'(kavach) {
    const listener = toNodeListener(kavach)
    const server = createServer((request, response) => {
      const path = request.url?.split('?')[0] ?? ''
      if (kavach.owns(path)) void listener(request, response)
      else response.writeHead(404, { 'content-type': 'text/plain' }).end('the application')
    })
    return running(server.listen(0, '127.0.0.1'))
  },

  async Hono(kavach) {
    const app = new Hono()
    app.use(forHono.kavachRoutes(kavach))
    app.post('/pay/:amount', forHono.requirePermission(kavach, PAY), (c) => paid(c.req.path))
    app.onError(() => new Response('failed', { status: 500 }))
    app.notFound(() => new Response('the application', { status: 404 }))
    return running(serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server) // As above.
  },

  async Express(kavach) {
    const app = express()
    app.use(forExpress.kavachRoutes(kavach))
    return running(withPay(app, kavach).listen(0, '127.0.0.1'))
  },

  async 'Express behind body parsers, below a path'(kavach) {
    const app = express()
    app.use(express.json({ strict: false }), express.urlencoded({ extended: false }))
    app.use('/', express.Router().use(forExpress.kavachRoutes(kavach)))
    app.use('/v1', forExpress.kavachRoutes(kavach))
    return running(withPay(app, kavach).listen(0, '127.0.0.1'))
  },

  async Fastify(kavach) {
    const app = fastify()
    await app.register(forFastify.kavachRoutes(kavach))
    app.post('/pay/:amount', { preHandler: forFastify.requirePermission(kavach, PAY) }, async (request, reply) => {
      const answer = paid(request.url)
      return reply
        .code(answer.status)
        .type('text/plain')
        .send(await answer.text())
    })
    app.setNotFoundHandler((_, reply) => reply.code(404).type('text/plain').send('the application'))
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    return { url, close: () => app.close() }
  },

  async 'route handlers of Next.js'(kavach) {
    // Next.js calls the function that has the name of the method; so does this server.
    const handlers: { readonly [method: string]: (request: Request) => Promise<Response> } =
      forNext.toRouteHandlers(kavach)
    const pay = forNext.withPermission(kavach, PAY, async (request) => paid(new URL(request.url).pathname))
    const fetch = async (request: Request): Promise<Response> => {
      const { pathname } = new URL(request.url)
      if (pathname.startsWith('/pay/')) return caught(() => pay(request))
      if (!kavach.owns(pathname)) return new Response('the application', { status: 404 })
      return (await handlers[request.method]?.(request)) ?? new Response(null, { status: 405 })
    }
    return running(serve({ fetch, port: 0, hostname: '127.0.0.1' }) as Server) // As above.
  },
}

function withPay(app: express.Express, kavach: OpenedKavach): express.Express {
  app.post('/pay/:amount', forExpress.requirePermission(kavach, PAY), async (request, response) => {
    const answer = paid(request.path)
    response
      .status(answer.status)
      .type('text/plain')
      .send(await answer.text())
  })
  app.use((_, response) => {
    response.status(404).type('text/plain').send('the application')
  })
  const quiet: express.ErrorRequestHandler = (_error, _request, response, _next) => {
    response.status(500).type('text/plain').send('failed')
  }
  return app.use(quiet)
}

function paid(path: string): Response {
  if (path.endsWith('/13')) throw new Error('thirteen is no amount')
  return new Response('paid')
}

async function caught(answer: () => Promise<Response>): Promise<Response> {
  try {
    return await answer()
  } catch {
    return new Response('failed', { status: 500 })
  }
}

async function running(server: Server): Promise<Running> {
  if (!server.listening) await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo // It listens on TCP.
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
