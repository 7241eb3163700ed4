/** Door `kavachos/hono`: a host in a Hono application. */
import type { Context, MiddlewareHandler } from 'hono'
import type { AuthorizeResult } from '../index.ts'
import type { Decider, Face } from './face.ts'
import { decide, type Requirement, refusal, settle } from './requirement.ts'

export type { Decider, Face } from './face.ts'
export type { Requirement } from './requirement.ts'

export interface HonoOptions {
  /** Address of the caller. Default: that of the connection under @hono/node-server, and `cf-connecting-ip` nowhere. */
  readonly ip?: ((c: Context) => string | undefined) | undefined
}

/** `app.use(kavachRoutes(kavach))`: the paths of the host are answered, all others go on. */
export function kavachRoutes(kavach: Face, { ip = ipOf }: HonoOptions = {}): MiddlewareHandler {
  return async (c, next) => {
    if (!kavach.owns(c.req.path)) return next()
    return kavach.fetch(c.req.raw, { ip: ip(c) })
  }
}

/**
 * `app.post('/pay', requirePermission(kavach, { action: 'execute', resource: 'mcp:billing:pay' }), handler)`: the handler runs when
 * the agent whose token is in `Authorization: Bearer` may; `c.get('kavach')` is the decision.
 */
export function requirePermission(
  kavach: Decider,
  needed: Requirement<Context>,
): MiddlewareHandler<{ Variables: { kavach: AuthorizeResult } }> {
  return async (c, next) => {
    const result = await decide(kavach, needed, c, {
      authorization: c.req.header('authorization'),
      idempotencyKey: c.req.header('idempotency-key'),
      ip: ipOf(c),
      endpoint: `${c.req.method} ${c.req.routePath}`,
    })
    if (!result.allowed) return refusal(result)
    c.set('kavach', result)
    await next()
    await settle(kavach, needed, result, c.error === undefined ? c.res.status : 500)
    return undefined
  }
}

/** @hono/node-server gives the request of Node in `env`; elsewhere the address is the application's to say. */
function ipOf({ env }: Context): string | undefined {
  const incoming: unknown = typeof env === 'object' && env !== null && 'incoming' in env ? env.incoming : undefined
  const socket: unknown =
    typeof incoming === 'object' && incoming !== null && 'socket' in incoming ? incoming.socket : undefined
  const address: unknown =
    typeof socket === 'object' && socket !== null && 'remoteAddress' in socket ? socket.remoteAddress : undefined
  return typeof address === 'string' ? address : undefined
}
