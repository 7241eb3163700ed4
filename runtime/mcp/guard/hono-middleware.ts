/** A guard for servers on Hono: `protectHono`. */
import type { Context, MiddlewareHandler } from 'hono'
import type { RequestContext } from '../place.ts'
import type { Principal } from '../principal.ts'
import type { AuthInfo } from './auth-info.ts'
import { bodyOf, type HttpGuard } from './http-guard.ts'

/** What handlers find in their context. */
export interface HonoProtected {
  readonly Variables: {
    /** For servers on the MCP SDK: `transport.handleRequest(c.req.raw, { authInfo: c.get('auth') })`. */
    readonly auth: AuthInfo
    readonly principal: Principal
  }
}

/** @param contextOf what the platform knows of the caller */
export function honoMiddleware(
  http: HttpGuard,
  contextOf: (c: Context) => RequestContext = () => ({}),
): MiddlewareHandler<HonoProtected> {
  return async (c, next) => {
    const request = c.req.raw
    const copy = request.clone()
    const admitted = await http.admit(
      copy,
      contextOf(c),
      () => bodyOf(copy),
      () => async () => undefined,
    )
    if (admitted instanceof Response) return admitted
    c.set('auth', admitted.auth)
    c.set('principal', admitted.caller.principal)
    if (admitted.message !== undefined) {
      const headers = new Headers(request.headers)
      headers.delete('content-length')
      const body = JSON.stringify(admitted.message.message)
      c.req.raw = new Request(request.url, { method: 'POST', headers, body, signal: request.signal })
    }
    await next()
    http.sawSession(admitted, c.res.headers.get('mcp-session-id'))
    for (const [name, value] of Object.entries(http.headersFor(request))) c.res.headers.set(name, value)
    return undefined
  }
}
