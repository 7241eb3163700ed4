/** What guards MCP servers: tokens at the door, scopes for each operation, and the policy for each call. */
import type { Context, MiddlewareHandler } from 'hono'
import { KavachError } from '../../index.ts'
import type { McpPlace, RequestContext } from '../place.ts'
import type { Principal } from '../principal.ts'
import { createAuthenticate, type TokenPorts } from './authenticate.ts'
import { type HonoProtected, honoMiddleware } from './hono-middleware.ts'
import { createHttpGuard, type HttpGuard } from './http-guard.ts'
import { createMessageGuard, type MessageGuard } from './message-guard.ts'
import { type NodeMiddleware, nodeMiddleware } from './node-middleware.ts'
import { type ProtectedHandler, type ProtectOptions, protectHandler } from './protect.ts'
import { createScopeCover } from './scope-cover.ts'
import { type GuardableServer, guardServer } from './server.ts'

export interface McpGuard {
  /**
   * Whom the access token of a request speaks for, at the server with this URL; or the answer that refuses the request: 400, 401
   * or 503, with a challenge.
   */
  readonly authenticate: (
    request: Request,
    resourceUrl: string,
    context?: RequestContext,
  ) => Promise<Principal | Response>
  /**
   * Guards a server on the MCP TypeScript SDK, 1.x or the split packages, from inside: every call is decided by the policy with its
   * arguments, what came of it is recorded, and lists show what the caller may use. Who calls is taken from `authInfo`, where
   * `protect` puts it; a message without it is refused. Gives the same server.
   *
   * @throws {KavachError} KVCH_E_CONFIG_INVALID for what is no server, and for a resource that is not configured
   */
  readonly guard: <S extends GuardableServer>(server: S, options: GuardOptions) => S
  /**
   * Guards a handler of requests: discovery, origins, tokens and scopes; with `decide` everything that `guard` does too.
   *
   * @throws {KavachError} KVCH_E_CONFIG_INVALID for a resource that is not configured
   */
  readonly protect: (
    resourceUrl: string,
    handler: ProtectedHandler,
    options?: ProtectOptions,
  ) => (request: Request, context?: RequestContext) => Promise<Response>
  /**
   * The same as middleware for Express, in front of a server with `guard`. It sets `auth` and, from JSON that nobody has read,
   * `body`: hand that on, `transport.handleRequest(request, response, request.body)`.
   */
  readonly protectExpress: (resourceUrl: string) => NodeMiddleware
  /** The same as middleware for Hono; it sets `auth` and `principal`. `contextOf` says what the platform knows of the caller. */
  readonly protectHono: (
    resourceUrl: string,
    contextOf?: (c: Context) => RequestContext,
  ) => MiddlewareHandler<HonoProtected>
  /** A resource message by message, for transports of any kind. */
  readonly messages: (resourceUrl: string) => MessageGuard
}

export interface GuardOptions {
  /** URL of the resource, as it is configured. */
  readonly resource: string
}

/** @throws {KavachError} KVCH_E_CONFIG_INVALID for scopes whose permissions are none */
export function createMcpGuard(
  place: Pick<McpPlace, 'site' | 'kavach' | 'settings' | 'admitFailure'>,
  ports: TokenPorts,
): McpGuard {
  const { site, settings } = place
  const authenticate = createAuthenticate(place, ports)
  const scopes = createScopeCover(settings)
  const messages = new Map<string, MessageGuard>()
  const doors = new Map<string, HttpGuard>()

  function messagesOf(url: string): MessageGuard {
    const known = messages.get(url)
    if (known !== undefined) return known
    const made = createMessageGuard(place, resourceOf(url), scopes)
    messages.set(url, made)
    return made
  }

  function doorOf(url: string, verify?: TokenPorts['verify']): HttpGuard {
    if (verify !== undefined) {
      return createHttpGuard(settings, messagesOf(url), createAuthenticate(place, { ...ports, verify }))
    }
    const known = doors.get(url)
    if (known !== undefined) return known
    const made = createHttpGuard(settings, messagesOf(url), authenticate)
    doors.set(url, made)
    return made
  }

  function resourceOf(url: string) {
    const found = settings.resources.find((resource) => resource.url === url)
    if (found !== undefined) return found
    const urls = settings.resources.map((resource) => `\`${resource.url}\``).join(', ')
    throw new KavachError('KVCH_E_CONFIG_INVALID', `\`${url}\` is no resource of \`mcp.resources\`; known are ${urls}`)
  }

  return {
    async authenticate(request, resourceUrl, context = {}) {
      const authenticated = await authenticate(request, resourceOf(resourceUrl), context)
      return authenticated instanceof Response ? authenticated : authenticated.principal
    },
    guard: (server, { resource }) =>
      guardServer(server, messagesOf(resource), { verify: ports.verify, now: site.host.now, warn: site.warn }),
    protect: (url, handler, options = {}) =>
      protectHandler(doorOf(url, options.verify), messagesOf(url), handler, options),
    protectExpress: (url) => nodeMiddleware(doorOf(url), url),
    protectHono: (url, contextOf) => honoMiddleware(doorOf(url), contextOf),
    messages: messagesOf,
  }
}
