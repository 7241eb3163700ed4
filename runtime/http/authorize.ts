/** `POST /v1/authorize`, the one route that is used all the time: read and written with as little as it takes. */
import type { z } from 'zod'
import { type AuthorizeRequest, type AuthorizeResult, KavachError } from '../index.ts'
import { readBytes } from './body.ts'
import { checked } from './checked.ts'
import { bearerOf, isAgentToken } from './credential.ts'
import { type Failures, faultOf, headersOf } from './failure.ts'
import type { Gate } from './gate.ts'
import { parseJson } from './json.ts'
import type { RouteDoc, RoutePlace } from './route.ts'
import { authorizeSchema, decisionSchema, limitedSchema } from './schemas/index.ts'

export const MAX_JSON_BYTES = 64 * 1024
const JSON_BODY = { maxBytes: MAX_JSON_BYTES, mediaTypes: ['application/json'] }
const INVALID = 'KVCH_E_REQUEST_INVALID'

export type Authorize = (request: Request, requestId: string, source: string | undefined) => Promise<Response>

/**
 * A denial is an answer with 200, and one that time lifts with 429. A token that is none is 401, and what could not be decided has
 * the status of its code: these are errors.
 */
export function createAuthorize({ kavach, site }: RoutePlace, gate: Gate, failures: Failures): Authorize {
  let gathering: Promise<void> | undefined

  /**
   * Waits until all sockets had their turn. Each of them is read in a turn of its own, so without it each request would find nobody
   * beside it, and be decided in a transaction of its own.
   */
  function gathered(): Promise<void> {
    gathering ??= site.host.rest().then(() => {
      gathering = undefined
    })
    return gathering
  }

  async function decide(request: Request, requestId: string, source: string | undefined): Promise<AuthorizeResult> {
    const bearer = bearerOf(request)
    const isAgent = isAgentToken(bearer)
    // A body is only read for those who may ask; whether a token is good, the decision itself finds out.
    if (!isAgent) await kavach.keys.verify(bearer, 'decide', source)
    const { agentId, ...asked } = readAuthorize(parseJson(await readBytes(request, JSON_BODY)))
    const idempotencyKey = readIdempotencyKey(request.headers.get('idempotency-key'), asked.idempotencyKey)
    const question: AuthorizeRequest = { ...asked, idempotencyKey, requestId }
    if (!isAgent) {
      if (agentId === undefined) throw fault('agentId', 'is missing: a project key asks about any agent')
      await gathered()
      return kavach.authorize(agentId, question)
    }
    if (agentId !== undefined) throw fault('agentId', 'belongs to project keys: a token names its agent')
    // An agent could be anywhere if it might say where it is.
    if (asked.ip !== undefined) throw fault('ip', 'belongs to project keys: an agent is where it calls from')
    await gathered()
    return kavach.authorizeByToken(bearer, { ...question, ip: source })
  }

  return async (request, requestId, source) => {
    try {
      gate.enter()
    } catch (error) {
      return failures.answer(error, requestId)
    }
    try {
      const result = await decide(request, requestId, source)
      const { allowed, code, message, retryAfter } = result
      const error = faultOf(result)
      if (error !== undefined) return failures.answer(error, requestId)
      if (allowed || code?.startsWith('KVCH_E_RATE_') !== true) {
        return new Response(JSON.stringify(result), { status: 200, headers: headersOf(requestId) })
      }
      const limited = new KavachError(code, message, { retryAfter })
      const headers = headersOf(requestId)
      if (retryAfter !== undefined) headers['retry-after'] = String(Math.ceil(retryAfter))
      const body = { ...result, error: failures.envelope(limited, requestId) }
      return new Response(JSON.stringify(body), { status: 429, headers })
    } catch (error) {
      return failures.answer(error, requestId)
    } finally {
      gate.leave()
    }
  }
}

export const authorizeDoc: RouteDoc = {
  method: 'POST',
  path: '/v1/authorize',
  id: 'authorize',
  summary: 'decide whether an agent may do something, charge it and record it',
  tag: 'decisions',
  access: { kind: 'key-or-agent', scope: 'decide' },
  headers: [
    {
      name: 'idempotency-key',
      description: 'a retry under the same key has the same answer and is charged once',
      isRequired: false,
    },
  ],
  body: { kind: 'json', schema: authorizeSchema },
  answer: decisionSchema,
  otherAnswers: { 429: limitedSchema },
}

type Asked = z.output<typeof authorizeSchema>

/**
 * As `authorizeSchema` says, which decides about everything that this does not know to be good.
 *
 * @throws {KavachError} KVCH_E_REQUEST_INVALID with the path of what is wrong
 */
export function readAuthorize(body: unknown): Asked {
  return isPlain(body) ? body : checked(authorizeSchema, body, INVALID)
}

/** The members that nearly all requests have, and these alone. The schema costs ten times as much. */
function isPlain(body: unknown): body is Asked {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return false
  let texts = 0
  for (const name in body) {
    // `name` is one of its members.
    const value = (body as { readonly [member: string]: unknown })[name]
    if (name === 'args') {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
    } else if (name === 'action' || name === 'resource') {
      if (typeof value !== 'string') return false
      texts++
    } else if (name === 'agentId' || name === 'idempotencyKey' || name === 'ip') {
      if (typeof value !== 'string') return false
    } else if (name !== 'cost' || typeof value !== 'number' || !Number.isFinite(value)) return false
  }
  return texts === 2
}

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,256}$/

function readIdempotencyKey(header: string | null, stated: string | undefined): string | undefined {
  if (header === null) return stated
  if (!IDEMPOTENCY_KEY.test(header)) {
    throw new KavachError(INVALID, 'the header `Idempotency-Key` must have 1 to 256 printable characters')
  }
  if (stated !== undefined && stated !== header) throw fault('idempotencyKey', 'is not that of the header')
  return header
}

function fault(path: string, message: string): KavachError {
  return new KavachError(INVALID, `${path}: ${message}`, { details: { path } })
}
