/**
 * Clients that register themselves. Anybody may, so nothing in it is trusted, and what one of them can use up is bounded.
 *
 * The bounds are made for clients that live in one data centre and register anew for each of their users: one address has half
 * of what the project takes in an hour. Only beyond that half is an address stopped at a small share, so that one that does
 * nothing but register leaves the other half to all others.
 *
 * @see RFC 7591
 */
import { createToken, entryOf, type Row, SECRET_TOKEN, ulid } from '../../index.ts'
import { readText } from '../body.ts'
import { OAuthError } from '../oauth-error.ts'
import type { McpPlace, RequestContext } from '../place.ts'
import { sourceOf } from '../source.ts'
import { isObject, isShallow, type Members, type Metadata, readMetadata } from './metadata.ts'
import { addClient } from './room.ts'
import { Shares, takeOne } from './window.ts'

/** Answers a registration: 201 with all that was registered, or an error as RFC 7591 section 3.2.2 has it. */
export type Register = (request: Request, context: RequestContext) => Promise<Response>

/** Days until a registration that nobody uses is forgotten, in milliseconds. */
export function unusedMs({ options }: McpPlace['settings']): number {
  const { registration } = options
  return (typeof registration === 'object' ? (registration.unusedDays ?? UNUSED_DAYS) : UNUSED_DAYS) * DAY_MS
}

export function createRegistration({ site, settings }: Pick<McpPlace, 'site' | 'settings'>): Register {
  const { registration } = settings.options
  const most = (typeof registration === 'object' ? registration.maxClients : undefined) ?? MAX_CLIENTS
  const keptMs = unusedMs(settings)
  // A registration lives for ten hours at least before others can push it out: long enough to sign in.
  const mostAnHour = Math.max(MIN_AN_HOUR, Math.ceil(most / 10))
  const isBounded = Number.isFinite(settings.ratePerMinute)
  const shares = new Shares(HOUR_MS)

  async function register(request: Request, { ip }: RequestContext): Promise<Response> {
    if (registration === false) throw new OAuthError('invalid_request', 'clients cannot register here', { status: 403 })
    const metadata = readMetadata(await readBody(request), settings, 'client_secret_basic')
    const hasSecret = metadata.token_endpoint_auth_method.startsWith('client_secret_')
    const made = hasSecret ? createToken(site.host.random, site.sha256, SECRET_TOKEN) : undefined
    const source = sourceOf(ip)
    const share = source === undefined ? 0 : shares.take(source, site.host.now())

    const outcome = await site.change(async (change): Promise<Row<'oauthClients'> | number> => {
      if (isBounded) {
        const isShareUsed = share > Math.ceil(mostAnHour / 20)
        const bound = { name: 'registrations', most: mostAnHour, windowMs: HOUR_MS }
        const retryAfter = await takeOne(change, bound, isShareUsed ? Math.ceil(mostAnHour / 2) : mostAnHour)
        if (retryAfter !== undefined) return retryAfter
      }
      const row: Row<'oauthClients'> = {
        id: `mcp_${ulid(site.host, change.now)}`,
        origin: 'registered',
        secretHash: made?.hash ?? null,
        metadata: JSON.stringify(metadata),
        createdAt: change.now,
        expiresAt: change.now + keptMs,
      }
      if (!(await addClient(change, row, { most, keptMs }))) return HOUR_MS / 1000
      const { client_name: name, token_endpoint_auth_method: method, redirect_uris } = metadata
      change.record(
        entryOf({
          kind: 'oauth.client.register',
          actor: 'host',
          personal: { source: ip },
          members: { client: row.id, name, method, redirect_uris },
        }),
      )
      return row
    })
    if (typeof outcome === 'number') {
      throw new OAuthError('temporarily_unavailable', 'too many clients have registered', {
        status: 429,
        code: 'KVCH_E_RATE_ENDPOINT_EXCEEDED',
        headers: { 'retry-after': String(outcome) },
      })
    }
    return answer(outcome, metadata, made?.token)
  }

  return async (request, context) => {
    try {
      return await register(request, context)
    } catch (error) {
      if (error instanceof OAuthError) return error.toResponse()
      throw error
    }
  }
}

const MAX_CLIENTS = 10_000
const UNUSED_DAYS = 90
const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const MIN_AN_HOUR = 100
const MAX_BYTES = 16 * 1024
const MAX_DEPTH = 8

async function readBody(request: Request): Promise<Members> {
  const error = 'invalid_client_metadata'
  const text = await readText(request, { maxBytes: MAX_BYTES, mediaType: 'application/json', error })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new OAuthError(error, 'the body is no JSON', { cause })
  }
  if (!isObject(value)) throw new OAuthError(error, 'the body must be a JSON object')
  if (!isShallow(value, MAX_DEPTH)) throw new OAuthError(error, `the body is nested more than ${MAX_DEPTH} levels deep`)
  return value
}

/** @see RFC 7591 section 3.2.1 */
function answer({ id, createdAt }: Row<'oauthClients'>, metadata: Metadata, secret: string | undefined): Response {
  const body = {
    client_id: id,
    client_id_issued_at: Math.floor(createdAt / 1000),
    ...(secret !== undefined && { client_secret: secret, client_secret_expires_at: 0 }),
    ...metadata,
  }
  return Response.json(body, { status: 201, headers: { 'cache-control': 'no-store', pragma: 'no-cache' } })
}
