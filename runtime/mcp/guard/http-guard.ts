/**
 * A guarded resource over HTTP, up to the point where its handler takes over: discovery, origins, tokens, sessions, and the scopes
 * that the message needs.
 */
import { type BodyBounds, readText } from '../body.ts'
import { resourceMetadata, resourceMetadataUrl } from '../metadata.ts'
import { OAuthError } from '../oauth-error.ts'
import type { RequestContext } from '../place.ts'
import type { McpSettings } from '../settings.ts'
import { type AuthInfo, authInfoOf } from './auth-info.ts'
import type { Authenticate } from './authenticate.ts'
import { challengeResponse } from './challenge.ts'
import type { AskServer, Caller, MessageGuard } from './message-guard.ts'
import { createOrigins } from './origin.ts'
import { errorAnswer, INVALID_REQUEST, PARSE_ERROR, type RpcMessage, type RpcRequest, readMessage } from './rpc.ts'
import { createSessionOwners } from './session-owners.ts'

/** A request that may be handled. */
export interface Admitted {
  readonly caller: Caller
  readonly auth: AuthInfo
  /** What was sent with POST, as it was understood. */
  readonly message: RpcMessage | undefined
}

/** Of a request only the head is read here; `body` gives the rest, as a value of JSON, when it is asked for. */
export type BodySource = () => Promise<unknown>

export interface HttpGuard {
  /** @throws what `body` throws that is no fault of the request */
  readonly admit: (
    request: Request,
    context: RequestContext,
    body: BodySource,
    askAs: (admitted: Admitted) => AskServer,
  ) => Promise<Admitted | Response>
  /** Headers that every answer has. */
  readonly headersFor: (request: Request) => { readonly [name: string]: string }
  /** A session began with this answer. */
  readonly sawSession: (admitted: Admitted, sessionId: string | null) => void
}

/** Bytes of a message at most. */
export const MAX_BODY: BodyBounds = { maxBytes: 4 << 20, mediaType: 'application/json', error: 'invalid_request' }
/** The header does not say what the message says. @see MCP 2026-07-28, Streamable HTTP */
const HEADER_MISMATCH = -32_020

export function createHttpGuard(settings: McpSettings, guard: MessageGuard, authenticate: Authenticate): HttpGuard {
  const { resource } = guard
  const { issuer, options, resources, closureOf } = settings
  const origins = createOrigins([new URL(resource.url).origin, ...(options.allowedOrigins ?? [])])
  const owners = createSessionOwners()
  const document = resourceMetadata({ issuer, resources }, resource.url)
  const documentPath = new URL(resourceMetadataUrl(resource.url)).pathname

  async function admit(
    request: Request,
    context: RequestContext,
    body: BodySource,
    askAs: (admitted: Admitted) => AskServer,
  ): Promise<Admitted | Response> {
    if (new URL(request.url).pathname === documentPath) return documentResponse(request, document)
    if (!origins.admits(request)) return forbiddenOrigin()
    if (request.method === 'OPTIONS') return origins.preflight(request)
    const authenticated = await authenticate(request, resource, context)
    if (authenticated instanceof Response) return authenticated
    const caller: Caller = { principal: authenticated.principal, context }
    const sessionId = request.headers.get('mcp-session-id')
    if (sessionId !== null && owners.isOthers(sessionId, caller.principal)) {
      return rpcResponse(404, errorAnswer(null, { code: -32_001, message: 'session not found' }))
    }
    const auth = authInfoOf(authenticated, context, closureOf)
    if (request.method !== 'POST') return hasBody(request) ? bodyRefused() : { caller, auth, message: undefined }
    const message = await readBody(request, body)
    if (message instanceof Response) return message
    const admitted: Admitted = { caller, auth, message }
    if (message.kind !== 'request') return admitted
    return (await refuse(caller, message.message, askAs(admitted))) ?? admitted
  }

  async function refuse(caller: Caller, request: RpcRequest, ask: AskServer): Promise<Response | undefined> {
    const missing = await guard.lacking(caller.principal, request, ask)
    if (missing !== undefined) {
      return challengeResponse(resource, {
        status: 403,
        error: 'insufficient_scope',
        description: 'the token lacks a scope that this needs',
        code: 'KVCH_E_OAUTH_SCOPE_INSUFFICIENT',
        scopes: missing,
        isDpop: caller.principal.jkt !== undefined,
      })
    }
    const judged = await guard.judgeUnseen(caller, request, ask)
    return judged.kind === 'answer' ? rpcResponse(200, judged.response) : undefined
  }

  return {
    admit: async (request, ...rest) => withHeaders(await admit(request, ...rest), origins.headersFor(request)),
    headersFor: origins.headersFor,
    sawSession({ caller }, sessionId) {
      if (sessionId !== null) owners.claim(sessionId, caller.principal)
    },
  }
}

function hasBody({ headers, body }: Request): boolean {
  return body !== null || headers.has('transfer-encoding') || !/^0*$/.test(headers.get('content-length') ?? '')
}

/** Only what is posted is judged, and a handler that looks at no method would take a message from any. */
function bodyRefused(): Response {
  const answer = errorAnswer(null, { code: INVALID_REQUEST, message: 'messages are sent with POST alone' })
  const response = rpcResponse(405, answer)
  response.headers.set('allow', 'GET, HEAD, POST, DELETE, OPTIONS')
  return response
}

/** A value of JSON that was sent. @throws {OAuthError} when it is too long, or of another type; {SyntaxError} when it is no JSON */
export async function bodyOf(request: Request): Promise<unknown> {
  return JSON.parse(await readText(request, MAX_BODY))
}

/** An answer of JSON-RPC. */
export function rpcResponse(status: number, answer: object): Response {
  return Response.json(answer, { status, headers: { 'cache-control': 'no-store' } })
}

async function readBody(request: Request, body: BodySource): Promise<RpcMessage | Response> {
  let value: unknown
  try {
    value = await body()
  } catch (error) {
    if (error instanceof OAuthError) {
      return rpcResponse(error.status, errorAnswer(null, { code: INVALID_REQUEST, message: error.message }))
    }
    if (!(error instanceof SyntaxError)) throw error
    return rpcResponse(400, errorAnswer(null, { code: PARSE_ERROR, message: 'the body is no JSON' }))
  }
  const read = readMessage(value)
  if (read.kind === 'fault') return rpcResponse(400, read.answer)
  const mismatch = read.kind === 'request' ? mismatchOf(request.headers, read.message) : undefined
  if (mismatch === undefined) return read
  const id = read.kind === 'request' ? read.message.id : null
  return rpcResponse(400, errorAnswer(id, { code: HEADER_MISMATCH, message: mismatch }))
}

/** Whoever routes by these headers must see what was judged. */
function mismatchOf(headers: Headers, { method, params = {} }: RpcRequest): string | undefined {
  const stated = headers.get('mcp-method')
  if (stated !== null && stated !== method) return 'Mcp-Method is not the method of the message'
  const name = headers.get('mcp-name')
  const meant = params.name ?? params.uri
  return name !== null && decodedName(name) !== meant ? 'Mcp-Name is not the name in the message' : undefined
}

/** Names that no header can say are sent as base64 between `=?base64?` and `?=`. */
function decodedName(header: string): string | undefined {
  const [, base64] = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/i.exec(header) ?? []
  if (base64 === undefined) return header
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0)))
  } catch {
    // What cannot be decoded is the name of nothing.
    return undefined
  }
}

function documentResponse(request: Request, document: object | undefined): Response {
  const headers = { 'access-control-allow-origin': '*', 'access-control-allow-headers': 'mcp-protocol-version' }
  if (request.method === 'OPTIONS') return new Response(null, { status: 204, headers })
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return new Response(null, { status: 405, headers: { allow: 'GET, HEAD, OPTIONS' } })
  }
  return Response.json(document, { headers: { ...headers, 'cache-control': 'public, max-age=300' } })
}

function forbiddenOrigin(): Response {
  return rpcResponse(403, errorAnswer(null, { code: INVALID_REQUEST, message: 'pages of this origin may not call' }))
}

function withHeaders<T>(result: T | Response, headers: { readonly [name: string]: string }): T | Response {
  if (!(result instanceof Response)) return result
  for (const [name, value] of Object.entries(headers)) if (!result.headers.has(name)) result.headers.set(name, value)
  return result
}
