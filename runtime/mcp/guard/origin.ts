/**
 * Browsers as callers: whose pages may call, and what they are told of it. A page of somebody else could reach a server on
 * loopback through a name that it controls; the origin of its requests gives it away.
 *
 * @see MCP, Streamable HTTP, security warning
 */
export interface Origins {
  /** False for the origin of a page that may not call; requests without an origin come from no page. */
  readonly admits: (request: Request) => boolean
  /** What a page needs to read the answer. */
  readonly headersFor: (request: Request) => { readonly [name: string]: string }
  /** The answer to the question that browsers ask beforehand, which carries no credential. */
  readonly preflight: (request: Request) => Response
}

const EXPOSED = 'WWW-Authenticate, Mcp-Session-Id, MCP-Protocol-Version, DPoP-Nonce, Retry-After'
const METHODS = 'GET, POST, DELETE, OPTIONS'
const ASKED_HEADER = /^(?:authorization|content-type|accept|dpop|last-event-id|mcp-[a-z0-9-]{1,64})$/
const DEFAULT_HEADERS = 'authorization, content-type, dpop, last-event-id, mcp-protocol-version, mcp-session-id'

/** @param origins of pages that may call; the origin of the server itself is one of them */
export function createOrigins(origins: readonly string[]): Origins {
  const known = new Set(origins)
  const originOf = (request: Request) => request.headers.get('origin')
  function headersFor(request: Request) {
    const origin = originOf(request)
    if (origin === null || !known.has(origin)) return { vary: 'Origin' }
    return { 'access-control-allow-origin': origin, 'access-control-expose-headers': EXPOSED, vary: 'Origin' }
  }
  return {
    admits(request) {
      const origin = originOf(request)
      return origin === null || known.has(origin)
    },
    headersFor,
    preflight(request) {
      const asked = (request.headers.get('access-control-request-headers') ?? '')
        .toLowerCase()
        .split(',')
        .map((name) => name.trim())
        .filter((name) => ASKED_HEADER.test(name))
      return new Response(null, {
        status: 204,
        headers: {
          ...headersFor(request),
          'access-control-allow-methods': METHODS,
          'access-control-allow-headers': asked.length === 0 ? DEFAULT_HEADERS : asked.join(', '),
          'access-control-max-age': '600',
        },
      })
    },
  }
}
