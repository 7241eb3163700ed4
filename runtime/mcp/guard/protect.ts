/** A guard in front of any handler of requests: `protect`. */
import type { RequestContext } from '../place.ts'
import type { Principal } from '../principal.ts'
import type { AuthInfo } from './auth-info.ts'
import type { TokenPorts } from './authenticate.ts'
import { answerOf, forwardGuarded } from './forward.ts'
import { type Admitted, bodyOf, type HttpGuard } from './http-guard.ts'
import type { AskServer, MessageGuard } from './message-guard.ts'

/** Who calls, as the handler of a protected resource learns it. */
export interface ProtectedContext {
  /** For servers on the MCP SDK: `transport.handleRequest(request, { authInfo: auth })`. */
  readonly auth: AuthInfo
  readonly principal: Principal
  readonly ip?: string | undefined
}

export type ProtectedHandler = (request: Request, context: ProtectedContext) => Response | Promise<Response>

export interface ProtectOptions {
  /**
   * Decides every call by the policy and shortens lists here, for handlers that have no guard inside, whatever they are written
   * in. Default false: that is done by `guard(server)`, and here only tokens and scopes are looked at.
   */
  readonly decide?: boolean | undefined
  /**
   * Whom an access token of another authorization server speaks for; its resource must be the URL of this one, and nothing else.
   * Without it tokens are those of our own.
   */
  readonly verify?: TokenPorts['verify'] | undefined
}

export function protectHandler(
  http: HttpGuard,
  guard: MessageGuard,
  handler: ProtectedHandler,
  { decide = false }: ProtectOptions,
): (request: Request, context?: RequestContext) => Promise<Response> {
  return async (request, context = {}) => {
    const pass = async (asked: Request, admitted: Admitted) => handler(asked, contextOf(admitted))
    const askAs =
      (admitted: Admitted): AskServer =>
      async (method, params) => {
        const body = JSON.stringify({ jsonrpc: '2.0', id: ASKED_ID, method, params })
        const copy = new Request(request.url, { method: 'POST', headers: headersFor(request, method), body })
        return answerOf(await pass(copy, admitted), ASKED_ID)
      }
    const admitted = await http.admit(request, context, () => bodyOf(request), askAs)
    if (admitted instanceof Response) return admitted
    const passed = admitted.message === undefined ? request : rewritten(request, admitted.message.message)
    const response = decide
      ? await forwardGuarded(guard, admitted, passed, askAs(admitted), (asked) => pass(asked, admitted))
      : await pass(passed, admitted)
    http.sawSession(admitted, response.headers.get('mcp-session-id'))
    return withHeaders(response, http.headersFor(request))
  }
}

const ASKED_ID = 'kavach-hints'

function contextOf({ auth, caller }: Admitted): ProtectedContext {
  return { auth, principal: caller.principal, ip: caller.context.ip }
}

/** The same request with the message as it was understood. */
function rewritten(request: Request, message: object): Request {
  const headers = new Headers(request.headers)
  headers.delete('content-length')
  headers.set('content-type', 'application/json')
  const { url, method, signal } = request
  return new Request(url, { method, headers, body: JSON.stringify(message), signal })
}

function headersFor(request: Request, method: string): Headers {
  const headers = new Headers(request.headers)
  for (const name of ['content-length', 'mcp-name']) headers.delete(name)
  if (headers.has('mcp-method')) headers.set('mcp-method', method)
  headers.set('content-type', 'application/json')
  headers.set('accept', 'application/json, text/event-stream')
  return headers
}

function withHeaders(response: Response, added: { readonly [name: string]: string }): Response {
  const headers = new Headers(response.headers)
  for (const [name, value] of Object.entries(added)) headers.set(name, value)
  const { status, statusText, body } = response
  return new Response(body, { status, statusText, headers })
}
