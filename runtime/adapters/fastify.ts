/** Door `kavachos/fastify`: a host in a Fastify application. */
import type { FastifyPluginAsync, FastifyRequest, preHandlerAsyncHookHandler } from 'fastify'
import type { AuthorizeResult } from '../index.ts'
import type { Decider, Face } from './face.ts'
import { toNodeListener } from './node/index.ts'
import { decide, pathOf, type Requirement, refusal, settle } from './requirement.ts'

export type { Decider, Face } from './face.ts'
export type { Requirement } from './requirement.ts'

export interface FastifyOptions {
  /** Address of the caller. Default `request.ip`, which heeds the option `trustProxy`. */
  readonly ip?: ((request: FastifyRequest) => string | undefined) | undefined
}

/** `await app.register(kavachRoutes(kavach))`: the paths of the host are answered, all others go on. */
export function kavachRoutes(kavach: Face, { ip = (request) => request.ip }: FastifyOptions = {}): FastifyPluginAsync {
  const plugin: FastifyPluginAsync = async (app) => {
    // Before anything reads the body, so that it is read as it was sent.
    app.addHook('onRequest', async (request, reply) => {
      if (!kavach.owns(pathOf(request.url))) return undefined
      reply.hijack()
      await toNodeListener(kavach, { ip: () => ip(request) })(request.raw, reply.raw)
      return reply
    })
  }
  // Fastify keeps the hooks of a plugin to itself unless it says this; the paths of the host are those of the whole application.
  return Object.assign(plugin, { [Symbol.for('skip-override')]: true })
}

/**
 * `app.post('/pay', { preHandler: requirePermission(kavach, { action: 'execute', resource: 'mcp:billing:pay' }) }, handler)`: the
 * handler runs when the agent whose token is in `Authorization: Bearer` may.
 */
export function requirePermission(kavach: Decider, needed: Requirement<FastifyRequest>): preHandlerAsyncHookHandler {
  return async (request, reply) => {
    const { authorization } = request.headers
    const key = request.headers['idempotency-key']
    const result: AuthorizeResult = await decide(kavach, needed, request, {
      authorization,
      idempotencyKey: typeof key === 'string' ? key : undefined,
      ip: request.ip,
      endpoint: `${request.method} ${request.routeOptions.url ?? pathOf(request.url)}`,
    })
    if (!result.allowed) {
      const refused = refusal(result)
      return reply
        .code(refused.status)
        .headers(Object.fromEntries(refused.headers))
        .send(await refused.json())
    }
    reply.raw.once('close', () => {
      void settle(kavach, needed, result, reply.raw.writableFinished ? reply.statusCode : 500)
    })
    return undefined
  }
}
