/** Door `kavachos/express`: a host in an Express application. */
import type { NextFunction, Request, RequestHandler, Response } from 'express'
import type { AuthorizeResult } from '../index.ts'
import type { Decider, Face } from './face.ts'
import { toNodeListener } from './node/index.ts'
import { decide, pathOf, type Requirement, refusal, settle } from './requirement.ts'

export type { Decider, Face } from './face.ts'
export type { Requirement } from './requirement.ts'

export interface ExpressOptions {
  /** Address of the caller. Default `request.ip`, which heeds the setting `trust proxy`. */
  readonly ip?: ((request: Request) => string | undefined) | undefined
}

/** `app.use(kavachRoutes(kavach))`: the paths of the host are answered, all others go on. Before or after body parsers. */
export function kavachRoutes(kavach: Face, { ip = (request) => request.ip }: ExpressOptions = {}): RequestHandler {
  // Express gives its own requests to its handlers.
  const listen = toNodeListener(kavach, { ip: (request) => ip(request as Request) })
  return (request, response, next) => {
    // Below a mount path Express cuts the URL, and the paths of the host are absolute.
    const url = request.originalUrl
    if (!kavach.owns(pathOf(url))) return next()
    request.url = url
    listen(request, response).catch(next)
  }
}

/**
 * `app.post('/pay', requirePermission(kavach, { action: 'execute', resource: 'mcp:billing:pay' }), handler)`: the handler runs when
 * the agent whose token is in `Authorization: Bearer` may; `response.locals.kavach` is the decision.
 */
export function requirePermission(kavach: Decider, needed: Requirement<Request>): RequestHandler {
  return (request, response, next) => {
    admit(kavach, needed, request, response, next).catch(next)
  }
}

async function admit(
  kavach: Decider,
  needed: Requirement<Request>,
  request: Request,
  response: Response,
  next: NextFunction,
): Promise<void> {
  const path: unknown = request.route?.path
  const result: AuthorizeResult = await decide(kavach, needed, request, {
    authorization: request.get('authorization'),
    idempotencyKey: request.get('idempotency-key'),
    ip: request.ip,
    endpoint: `${request.method} ${typeof path === 'string' ? path : pathOf(request.originalUrl)}`,
  })
  if (!result.allowed) {
    const refused = refusal(result)
    response
      .status(refused.status)
      .set(Object.fromEntries(refused.headers))
      .send(await refused.text())
    return
  }
  response.locals.kavach = result
  // A connection that ends before the answer does is a call whose outcome nobody saw.
  response.once('close', () => {
    void settle(kavach, needed, result, response.writableFinished ? response.statusCode : 500)
  })
  next()
}
