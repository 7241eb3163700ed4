/** Answers, and what becomes of errors: the envelope that the documents print. */
import { type AuthorizeResult, KavachError, leadTo } from '../index.ts'

const JSON_TYPE = 'application/json'

/** Headers of every answer. Nothing of it may be kept by anybody in between, nor taken for something else. */
export function headersOf(requestId: string, contentType: string = JSON_TYPE): { [name: string]: string } {
  return {
    'content-type': contentType,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-request-id': requestId,
  }
}

/** An answer with `body` as JSON. */
export function answerOf(status: number, body: unknown, requestId: string): Response {
  return new Response(JSON.stringify(body), { status, headers: headersOf(requestId) })
}

export interface FailurePorts {
  readonly docsBaseUrl: string | undefined
  readonly warn: (message: string) => void
}

export interface Failures {
  /** The answer to a request that failed. What is no `KavachError` is told to the operator, and not to the caller. */
  readonly answer: (error: unknown, requestId: string, headers?: Readonly<Record<string, string>>) => Response
  /** An error as it stands in the member `error` of a body. */
  readonly envelope: (error: KavachError, requestId: string) => object
}

/** Seconds after which a host that does not answer now may be asked again. */
const RETRY_AFTER = 1

export function createFailures({ docsBaseUrl, warn }: FailurePorts): Failures {
  function envelope(error: KavachError, requestId: string): object {
    leadTo(error, docsBaseUrl)
    const { code, message, docs_url, timestamp, details, status } = error
    const retryAfter = error.retryAfter ?? (status === 503 ? RETRY_AFTER : undefined)
    return {
      code,
      message,
      docs_url,
      request_id: requestId,
      timestamp,
      ...(retryAfter !== undefined && { retryAfter }),
      ...(details !== undefined && { details }),
    }
  }

  function answer(thrown: unknown, requestId: string, more?: Readonly<Record<string, string>>): Response {
    const error = thrown instanceof KavachError ? thrown : internal(thrown, requestId)
    if (error.code === 'KVCH_E_HTTP_INTERNAL' || error.code === 'KVCH_E_CONFIG_INVALID') {
      warn(`${requestId} failed: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`)
    }
    const headers = headersOf(requestId)
    const { status } = error
    const retryAfter = error.retryAfter ?? (status === 503 ? RETRY_AFTER : undefined)
    if (retryAfter !== undefined) headers['retry-after'] = String(Math.ceil(retryAfter))
    if (status === 401) headers['www-authenticate'] = challengeOf(error)
    const body = JSON.stringify({ error: envelope(error, requestId) })
    return new Response(body, { status, headers: { ...headers, ...more } })
  }

  function internal(cause: unknown, requestId: string): KavachError {
    return new KavachError('KVCH_E_HTTP_INTERNAL', undefined, { cause, requestId })
  }

  return { answer, envelope }
}

/** @see RFC 6750 section 3 */
function challengeOf({ code }: KavachError): string {
  return code.startsWith('KVCH_E_AGENT_TOKEN_')
    ? 'Bearer realm="kavach", error="invalid_token"'
    : 'Bearer realm="kavach"'
}

/** The error that a denial is when the request itself was at fault, or nobody could decide it; other denials are answers. */
export function faultOf(result: AuthorizeResult): KavachError | undefined {
  const { allowed, code, message, auditId, reason, verdict, agentId } = result
  if (allowed || code === undefined || !isFault(code)) return undefined
  const known = { auditId, reason, verdict, agentId }
  const details = Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined))
  return new KavachError(code, message, { details })
}

function isFault(code: NonNullable<AuthorizeResult['code']>): boolean {
  return (
    code === 'KVCH_E_REQUEST_INVALID' ||
    code === 'KVCH_E_REQUEST_CONFLICT' ||
    code.startsWith('KVCH_E_AGENT_TOKEN_') ||
    code.startsWith('KVCH_E_STORE_') ||
    code.startsWith('KVCH_E_POLICY_')
  )
}
