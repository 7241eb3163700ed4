/** Door `kavachos/next`: a host in route handlers of Next.js, or of whatever else takes functions by the name of a method. */
import type { AuthorizeResult } from '../index.ts'
import type { Decider, Face } from './face.ts'
import { decide, type Requirement, refusal, settle } from './requirement.ts'

export type { Decider, Face } from './face.ts'
export type { Requirement } from './requirement.ts'

type RouteHandler = (request: Request) => Promise<Response>

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const

export interface NextOptions {
  /** Address of the caller; a route handler is not told, so say which header of your platform has it. */
  readonly ip?: ((request: Request) => string | undefined) | undefined
}

/** `export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = toRouteHandlers(kavach)` in `app/[...kavach]/route.ts`. */
export function toRouteHandlers(
  kavach: Face,
  { ip }: NextOptions = {},
): { readonly [M in (typeof METHODS)[number]]: RouteHandler } {
  const handle: RouteHandler = (request) => kavach.fetch(request, { ip: ip?.(request) })
  return {
    GET: handle,
    HEAD: handle,
    POST: handle,
    PUT: handle,
    PATCH: handle,
    DELETE: handle,
    OPTIONS: handle,
  }
}

/** `export const POST = withPermission(kavach, { action: 'execute', resource: 'mcp:billing:pay' }, handler)`. */
export function withPermission<Rest extends readonly unknown[]>(
  kavach: Decider,
  needed: Requirement<Request>,
  handler: (request: Request, decision: AuthorizeResult, ...rest: Rest) => Response | Promise<Response>,
): (request: Request, ...rest: Rest) => Promise<Response> {
  return async (request, ...rest) => {
    const result = await decide(kavach, needed, request, {
      authorization: request.headers.get('authorization') ?? undefined,
      idempotencyKey: request.headers.get('idempotency-key') ?? undefined,
      ip: undefined,
      endpoint: `${request.method} ${new URL(request.url).pathname}`,
    })
    if (!result.allowed) return refusal(result)
    try {
      const response = await handler(request, result, ...rest)
      await settle(kavach, needed, result, response.status)
      return response
    } catch (error) {
      await settle(kavach, needed, result, 500)
      throw error
    }
  }
}
