/** Tokens as they are issued: rows to keep, and the answer to give. Only hashes are kept. */
import type { JWTPayload } from 'jose'
import {
  ACCESS_TOKEN,
  type Change,
  createToken,
  entryOf,
  hashToken,
  REFRESH_TOKEN,
  type Row,
  ulid,
} from '../../index.ts'
import type { McpPlace } from '../place.ts'
import { actorIn } from './grants.ts'
import type { NewTokens, TokenAnswer } from './tokens.ts'

export interface Minted {
  readonly rows: readonly Row<'oauthTokens'>[]
  readonly answer: TokenAnswer
  /** Of an access token that has to be signed yet: the JWT then takes the place of the text in the answer. */
  readonly claims?: JWTPayload | undefined
}

export interface MintOptions extends NewTokens {
  /** Of the refresh token, where it keeps more than the access token is given. */
  readonly refreshScopes?: readonly string[]
  readonly isJwt: boolean
}

type IssuePlace = Pick<McpPlace, 'site' | 'settings'>

/** Makes tokens and keeps nothing. */
export function mint(
  { site: { host, sha256 }, settings }: IssuePlace,
  grant: Row<'oauthGrants'>,
  { scopes, resource, jkt, refreshJkt, hasRefresh, expiresAt, refreshScopes = scopes, isJwt }: MintOptions,
  now: number,
): Minted {
  const end = Math.min(grant.expiresAt ?? Number.POSITIVE_INFINITY, expiresAt ?? Number.POSITIVE_INFINITY)
  const accessEnd = Math.min(now + settings.accessMs, end)
  const shared = { grant: grant.id, resource, issuedAt: now, usedAt: null, successor: null }
  const jti = ulid(host, now)
  const access = isJwt
    ? { token: idOfJwt(jti), hash: hashToken(idOfJwt(jti), sha256) }
    : createToken(host.random, sha256, ACCESS_TOKEN)
  const refresh = hasRefresh ? createToken(host.random, sha256, REFRESH_TOKEN) : undefined
  const accessRow: Row<'oauthTokens'> = {
    ...shared,
    hash: access.hash,
    kind: 'access',
    scopes: JSON.stringify(scopes),
    jkt: jkt ?? null,
    expiresAt: accessEnd,
  }
  const refreshRow: Row<'oauthTokens'> | undefined = refresh && {
    ...shared,
    hash: refresh.hash,
    kind: 'refresh',
    scopes: JSON.stringify(refreshScopes),
    jkt: refreshJkt ?? null,
    expiresAt: Math.min(now + settings.refreshIdleMs, grant.expiresAt ?? Number.POSITIVE_INFINITY),
  }
  return {
    rows: refreshRow === undefined ? [accessRow] : [accessRow, refreshRow],
    answer: {
      access_token: access.token,
      token_type: jkt === undefined ? 'Bearer' : 'DPoP',
      expires_in: Math.max(0, Math.floor((accessEnd - now) / 1000)),
      scope: scopes.join(' '),
      ...(refresh !== undefined && { refresh_token: refresh.token }),
    },
    claims: isJwt ? { ...claimsOf(settings.issuer, grant, accessRow, scopes), jti } : undefined,
  }
}

/** Keeps what was minted. */
export async function keep(
  change: Change,
  kind: 'oauth.token' | 'oauth.refresh',
  grant: Row<'oauthGrants'>,
  { rows, answer }: Minted,
): Promise<void> {
  await change.insert('oauthTokens', rows)
  change.record(
    entryOf({
      kind,
      agent: grant.agent,
      actor: grant.client,
      personal: { user: grant.user ?? undefined },
      members: {
        grant: grant.id,
        client: grant.client,
        scope: answer.scope,
        resource: rows[0]?.resource,
        token_type: answer.token_type,
        has_refresh: answer.refresh_token !== undefined,
        expires_in: answer.expires_in,
      },
    }),
  )
}

/** The client has given up one access token. */
export function recordAccessRevoked(change: Change, { id, agent, client, user }: Row<'oauthGrants'>): void {
  const members = { grant: id, client, what: 'access_token', reason: 'the client revoked its token' }
  change.record(entryOf({ kind: 'oauth.revoke', agent, actor: client, personal: { user: user ?? undefined }, members }))
}

/** What stands for a JWT where tokens are kept by their hash. It is no token: its form is that of none. */
export function idOfJwt(jti: string): string {
  return `jwt:${jti}`
}

/** @see RFC 9068 section 2.2; RFC 9449 section 6.1 for `cnf`; RFC 8693 section 4.1 for `act` */
function claimsOf(
  iss: string,
  { id, client, user, actor }: Row<'oauthGrants'>,
  { resource, jkt, issuedAt, expiresAt }: Row<'oauthTokens'>,
  scopes: readonly string[],
): JWTPayload {
  return {
    iss,
    aud: resource,
    // A client that speaks for itself is its own subject.
    sub: user ?? client,
    client_id: client,
    scope: scopes.join(' '),
    iat: Math.floor(issuedAt / 1000),
    exp: Math.floor(expiresAt / 1000),
    kvch_grant: id,
    ...(jkt !== null && { cnf: { jkt } }),
    ...(actor !== null && { act: actorIn(actor) }),
  }
}
