/** A guard for servers that handle Node's own requests, as Express does: `protectExpress`. */
import { OAuthError } from '../oauth-error.ts'
import type { RequestContext } from '../place.ts'
import type { AuthInfo } from './auth-info.ts'
import { type Admitted, type HttpGuard, MAX_BODY } from './http-guard.ts'

/** What is used of a request of Node or Express. */
export interface NodeRequest extends AsyncIterable<Uint8Array> {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly originalUrl?: string | undefined
  readonly rawHeaders: readonly string[]
  readonly ip?: string | undefined
  readonly socket?: { readonly remoteAddress?: string | undefined } | undefined
  /** Where something has read it already, as a value of JSON. Set by the guard otherwise: the handler must take it from here. */
  body?: unknown
  auth?: unknown
}

/** What is used of a response. */
export interface NodeResponse {
  statusCode: number
  setHeader(name: string, value: string): unknown
  getHeader(name: string): unknown
  // biome-ignore lint/suspicious/noExplicitAny: Node's own signature has overloads, which nothing narrower fits.
  writeHead(...parts: any[]): unknown
  end(body?: Uint8Array | string): unknown
}

/** Middleware of Express, and of what is like it. */
export type NodeMiddleware = (request: NodeRequest, response: NodeResponse, next: (error?: unknown) => void) => void

/** @param resourceUrl gives requests an absolute URL; the `Host` that a request names does not matter */
export function nodeMiddleware(http: HttpGuard, resourceUrl: string): NodeMiddleware {
  return (request, response, next) => {
    guard(http, resourceUrl, request, response).then((isAdmitted) => isAdmitted && next(), next)
  }
}

async function guard(
  http: HttpGuard,
  resourceUrl: string,
  request: NodeRequest,
  response: NodeResponse,
): Promise<boolean> {
  const head = headOf(request, resourceUrl)
  const ip = request.ip ?? request.socket?.remoteAddress
  const context: RequestContext = ip === undefined ? {} : { ip }
  // Whoever asks the server here would have to be the server.
  const admitted = await http.admit(
    head,
    context,
    () => bodyOf(request),
    () => async () => undefined,
  )
  if (admitted instanceof Response) {
    await write(admitted, response)
    return false
  }
  for (const [name, value] of Object.entries(http.headersFor(head))) response.setHeader(name, value)
  request.auth = admitted.auth satisfies AuthInfo
  if (admitted.message !== undefined) request.body = admitted.message.message
  watchSession(http, admitted, response)
  return true
}

function headOf({ method = 'GET', originalUrl, url, rawHeaders }: NodeRequest, resourceUrl: string): Request {
  const headers = new Headers()
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) headers.append(rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '')
  const path = originalUrl ?? url ?? '/'
  const absolute = new URL(path.startsWith('/') ? path.replace(/^\/+/, '/') : '/', resourceUrl)
  // A body is read where it is needed.
  return new Request(absolute, { method, headers })
}

async function bodyOf(request: NodeRequest): Promise<unknown> {
  if (request.body !== undefined) return request.body
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of request) {
    length += part.length
    if (length > MAX_BODY.maxBytes) {
      throw new OAuthError('invalid_request', `the body must not be longer than ${MAX_BODY.maxBytes} bytes`, {
        status: 413,
      })
    }
    parts.push(part)
  }
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let text = ''
  try {
    for (const part of parts) text += decoder.decode(part, { stream: true })
    text += decoder.decode()
  } catch (cause) {
    throw new OAuthError('invalid_request', 'the body is no UTF-8', { cause })
  }
  return JSON.parse(text)
}

async function write(answer: Response, response: NodeResponse): Promise<void> {
  response.statusCode = answer.status
  answer.headers.forEach((value, name) => {
    response.setHeader(name, value)
  })
  response.end(new Uint8Array(await answer.arrayBuffer()))
}

/** The session id is in the head of the answer, before any of its messages. */
function watchSession(http: HttpGuard, admitted: Admitted, response: NodeResponse): void {
  const writeHead = response.writeHead.bind(response)
  response.writeHead = (...parts) => {
    const given = parts.find((part) => typeof part === 'object' && part !== null)
    const pair = Object.entries(given ?? {}).find(([name]) => name.toLowerCase() === 'mcp-session-id')
    const id: unknown = pair?.[1] ?? response.getHeader('mcp-session-id')
    http.sawSession(admitted, typeof id === 'string' ? id : null)
    return writeHead(...parts)
  }
}
