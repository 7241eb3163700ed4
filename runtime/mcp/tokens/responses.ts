/** Answers of the endpoints that know secrets: never stored, and refusals have a row of the log. */
import type { Client } from '../client.ts'
import { recordRefusal } from '../clients/index.ts'
import { OAuthError, type OAuthErrorName } from '../oauth-error.ts'
import type { McpPlace, RequestContext } from '../place.ts'

type Answer = (request: Request, context: RequestContext, known: (client: Client) => void) => Promise<Response>

/** JSON that nobody keeps on its way. @see OAuth 2.1 section 3.2.3, RFC 7662 section 4 */
export function neverStored(body: object | null): Response {
  const headers = { 'cache-control': 'no-store', pragma: 'no-cache' }
  return body === null ? new Response(null, { headers }) : Response.json(body, { headers })
}

/**
 * Turns refusals of the protocol into responses. Those of a client that is known are rows of the log, as far as their source is
 * admitted; who the client is, `answer` says with `known`. Failures before that are rows of whoever authenticates.
 */
export function answering(
  place: Pick<McpPlace, 'site' | 'admitFailure'>,
  answer: Answer,
): (request: Request, context: RequestContext) => Promise<Response> {
  return async (request, context) => {
    let client: Client | undefined
    try {
      return await answer(request, context, (known) => {
        client = known
      })
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error
      if (client !== undefined && !MISTAKES.has(error.error)) {
        const source = context.ip ?? 'unknown'
        await recordRefusal(place, { source, client: client.id, error: error.error, why: error.message })
      }
      return error.toResponse()
    }
  }
}

/** They show nothing that could be wrong, or are a step of the protocol. */
const MISTAKES: ReadonlySet<OAuthErrorName> = new Set(['invalid_request', 'unsupported_grant_type', 'use_dpop_nonce'])
