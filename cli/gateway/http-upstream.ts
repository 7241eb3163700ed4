/** An MCP server over HTTP, behind the gateway. It never sees the token of the client. */
import type { ProtectedHandler } from '../../runtime/mcp/index.ts'

export interface HttpUpstream {
  readonly url: string
  /** The gateway's own credential there. */
  readonly token: string | undefined
}

/** Headers that go on to the server. What says who the client is, is not among them. */
const SENT = /^(?:accept|content-type|last-event-id|mcp-(?!.*auth)[a-z0-9-]+)$/
/** Headers that come back. */
const RETURNED = ['content-type', 'mcp-session-id', 'mcp-protocol-version', 'cache-control', 'retry-after', 'allow']

export function createHttpUpstream(
  { url, token }: HttpUpstream,
  complain: (message: string) => void,
): ProtectedHandler {
  return async (request) => {
    const headers = new Headers([...request.headers].filter(([name]) => SENT.test(name)))
    if (token !== undefined) headers.set('authorization', `Bearer ${token}`)
    const body = request.method === 'POST' ? await request.text() : undefined
    let response: Response
    try {
      response = await fetch(url, {
        method: request.method,
        headers,
        redirect: 'manual',
        signal: request.signal,
        ...(body !== undefined && { body }),
      })
    } catch (error) {
      if (request.signal.aborted) throw error
      complain(`the upstream does not answer: ${reasonOf(error)}`)
      return badGateway('the server behind this gateway does not answer')
    }
    if (response.status === 401 || response.status === 403) {
      await response.body?.cancel()
      complain(`the upstream refuses the gateway with ${response.status}; --upstream-token-env gives it a credential`)
      return badGateway('the server behind this gateway does not let it in')
    }
    if (response.status >= 300 && response.status < 400) {
      await response.body?.cancel()
      complain(`the upstream leads elsewhere, with ${response.status}; name the address it leads to`)
      return badGateway('the server behind this gateway is somewhere else')
    }
    const kept = RETURNED.flatMap((name): [string, string][] => {
      const value = response.headers.get(name)
      return value === null ? [] : [[name, value]]
    })
    return new Response(response.body, { status: response.status, headers: kept })
  }
}

export function badGateway(message: string): Response {
  const error = { code: -32_603, message }
  return Response.json({ jsonrpc: '2.0', id: null, error }, { status: 502, headers: { 'cache-control': 'no-store' } })
}

export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message
}
