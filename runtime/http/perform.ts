/** One request to a route: who asks, what with, and what becomes of it. Nothing is read for whoever may not ask. */

import { KavachError } from '../index.ts'
import { MAX_JSON_BYTES } from './authorize.ts'
import { readBytes } from './body.ts'
import { checked } from './checked.ts'
import type { Caller, Credentials } from './credential.ts'
import { answerOf, type Failures } from './failure.ts'
import type { Gate } from './gate.ts'
import { parseJson } from './json.ts'
import { readQuery } from './query.ts'
import type { BodySpec, Route, RoutePlace } from './route.ts'

export interface Performer {
  readonly place: RoutePlace
  readonly credentials: Credentials
  readonly gate: Gate
  readonly failures: Failures
}

/** What is known of a request before it is looked at. */
export interface Begun {
  readonly requestId: string
  readonly source: string | undefined
  readonly params: Readonly<Record<string, string>>
}

export const MAX_POLICY_BYTES = 32 * 1024 * 1024
const POLICY_TYPES = ['application/wasm', 'application/octet-stream']
const JSON_TYPES = ['application/json']
/** What proxies log for a client that closed its connection. */
const GONE = 499
const NOBODY: Caller = { actor: 'nobody' }

export async function perform(
  { place, credentials, gate, failures }: Performer,
  route: Route,
  request: Request,
  { requestId, source, params }: Begun,
): Promise<Response> {
  let isInside = false
  try {
    gate.enter()
    isInside = true
    const caller = await callerOf(credentials, route, request, source)
    const query = readQuery(request.url, route.query)
    const body = await bodyOf(request, route)
    const answer = await route.run(place, { request, requestId, params, query, body, caller, source })
    if (!(answer instanceof Response)) return answerOf(route.status ?? 200, answer, requestId)
    // Nobody would read it to its end.
    if (request.method === 'HEAD') await answer.body?.cancel()
    return answer
  } catch (error) {
    // Whoever has gone does not read it, and it was no failure.
    if (!(error instanceof KavachError) && request.signal.aborted) return new Response(null, { status: GONE })
    return failures.answer(error, requestId)
  } finally {
    if (isInside) gate.leave()
  }
}

function callerOf(
  credentials: Credentials,
  { access }: Route,
  request: Request,
  source: string | undefined,
): Promise<Caller> | Caller {
  switch (access.kind) {
    case 'anyone':
      return NOBODY
    case 'key':
      return credentials.key(request, access.scope, source)
    case 'key-or-agent':
      return credentials.keyOrAgent(request, access.scope, source)
  }
}

async function bodyOf(request: Request, { body, invalid = 'KVCH_E_REQUEST_INVALID' }: Route): Promise<unknown> {
  if (body === undefined) return undefined
  if (body.kind === 'policy') return readBytes(request, { maxBytes: MAX_POLICY_BYTES, mediaTypes: POLICY_TYPES })
  return checked(body.schema, await jsonOf(request, body), invalid)
}

async function jsonOf(request: Request, { isOptional }: BodySpec & { readonly kind: 'json' }): Promise<unknown> {
  const bounds = { maxBytes: MAX_JSON_BYTES, mediaTypes: JSON_TYPES, isOptional }
  const bytes = await readBytes(request, bounds)
  return isOptional && bytes.byteLength === 0 ? {} : parseJson(bytes)
}
