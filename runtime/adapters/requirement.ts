/** A route that an agent may use only with a permission: the token comes with the request, the answer decides. */
import { type AuthorizeRequest, type AuthorizeResult, toError } from '../index.ts'
import type { Decider } from './face.ts'

/** What a route needs. `R` is the request of the framework. */
export interface Requirement<R> {
  readonly action: string | ((request: R) => string)
  readonly resource: string | ((request: R) => string)
  /** What conditions of the policy ask about. */
  readonly args?: ((request: R) => Readonly<Record<string, unknown>>) | undefined
  /** USD, what the call is expected to cost. */
  readonly cost?: number | ((request: R) => number) | undefined
  /** Address of the caller, for `ip` conditions. Default: the address of the connection, where the adapter knows it. */
  readonly ip?: ((request: R) => string | undefined) | undefined
  /** Told when the outcome of a call could not be recorded; what was reserved for it then counts as spent. */
  readonly onUnrecorded?: ((error: unknown) => void) | undefined
}

/** What the adapter takes from the request of its framework. */
export interface Asked {
  readonly authorization: string | undefined
  readonly idempotencyKey: string | undefined
  readonly ip: string | undefined
  /** `POST /pay`, for limits of endpoints. */
  readonly endpoint: string
}

/** Decides, charges and records. */
export function decide<R>(
  { authorizeByToken }: Decider,
  needed: Requirement<R>,
  request: R,
  { authorization, idempotencyKey, ip, endpoint }: Asked,
): Promise<AuthorizeResult> {
  const of = <T>(value: T | ((request: R) => T)): T => (value instanceof Function ? value(request) : value)
  const from = needed.ip === undefined ? ip : needed.ip(request)
  const ask: AuthorizeRequest = {
    action: of(needed.action),
    resource: of(needed.resource),
    endpoint,
    ...(needed.args !== undefined && { args: needed.args(request) }),
    ...(needed.cost !== undefined && { cost: of(needed.cost) }),
    ...(from !== undefined && { ip: from }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  }
  return authorizeByToken(tokenOf(authorization), ask)
}

/** The answer to a denial: the documented envelope, with the status and `Retry-After` of its code. */
export function refusal(result: AuthorizeResult): Response {
  const error = toError(result)
  const headers = new Headers({ 'cache-control': 'no-store' })
  if (error.retryAfter !== undefined) headers.set('retry-after', String(error.retryAfter))
  // RFC 9110 section 11.6.1: a 401 says how to authenticate.
  if (error.status === 401) headers.set('www-authenticate', 'Bearer')
  return Response.json({ error: error.toJSON() }, { status: error.status, headers })
}

/** Says what came of a call that was allowed. It never rejects: the answer of the route is not withheld for it. */
export async function settle(
  { complete }: Decider,
  { onUnrecorded }: Pick<Requirement<never>, 'onUnrecorded'>,
  { auditId }: AuthorizeResult,
  status: number,
): Promise<void> {
  if (auditId === undefined) return
  try {
    await complete(auditId, { outcome: status < 400 ? 'success' : 'failure' })
  } catch (error) {
    onUnrecorded?.(error)
  }
}

/** Empty when there is none, which is a failed authentication like any other. RFC 6750 section 2.1 */
function tokenOf(authorization: string | undefined): string {
  return /^bearer +([^\s]+) *$/i.exec(authorization ?? '')?.[1] ?? ''
}

/** The path of a URL that begins with it, as it is encoded. */
export function pathOf(url: string): string {
  const end = url.indexOf('?')
  return end < 0 ? url : url.slice(0, end)
}
