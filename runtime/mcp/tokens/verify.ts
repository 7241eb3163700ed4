/** Access tokens, as they are shown for every call: one look at the token and at its grant. */
import { ACCESS_TOKEN, type Awaitable, after, checkToken, hashToken, type Reader, type Row } from '../../index.ts'
import type { SigningKeys } from '../keys/index.ts'
import type { McpPlace } from '../place.ts'
import type { Principal } from '../principal.ts'
import { actorIn, isLive, scopesOf } from './grants.ts'
import { idOfJwt } from './issue.ts'
import type { Tokens } from './tokens.ts'

/** A JWT of ours has less; nobody reads the signature of a text that is longer. */
const MAX_JWT = 8192
const JWT = /^eyJ[\w-]*\.[\w-]+\.[\w-]+$/

export function createVerify({ site }: Pick<McpPlace, 'site'>, keys: Pick<SigningKeys, 'verify'>): Tokens['verify'] {
  return async (token) => {
    const shown = await shownBy(token, site, keys)
    if (shown === undefined) return undefined
    const now = site.host.now()
    return site.read((reader) => principalOf(reader, shown, now))
  }
}

export interface ShownToken {
  readonly hash: string
  /** What a JWT says; it must be what is kept. */
  readonly grant?: unknown
  readonly audience?: unknown
}

/** How a text is kept that has the form of an access token, or the right signature; nothing for every other text. */
export async function shownBy(
  token: unknown,
  { sha256 }: Pick<McpPlace['site'], 'sha256'>,
  keys: Pick<SigningKeys, 'verify'>,
): Promise<ShownToken | undefined> {
  if (typeof token !== 'string') return undefined
  if (checkToken(token, ACCESS_TOKEN)) return { hash: hashToken(token, sha256) }
  if (token.length > MAX_JWT || !JWT.test(token)) return undefined
  const claims = await keys.verify(token)
  if (typeof claims?.jti !== 'string') return undefined
  return { hash: hashToken(idOfJwt(claims.jti), sha256), grant: claims.kvch_grant, audience: claims.aud }
}

/** Answers at once where the store does. */
function principalOf(reader: Reader, shown: ShownToken, now: number): Awaitable<Principal | undefined> {
  return after(reader.get('oauthTokens', { hash: shown.hash }), (row) => {
    if (row === undefined || row.kind !== 'access' || row.expiresAt <= now || !isAsShown(row, shown)) return undefined
    return after(reader.get('oauthGrants', { id: row.grant }), (grant) =>
      grant === undefined || !isLive(grant, now) ? undefined : toPrincipal(row, grant),
    )
  })
}

function isAsShown({ grant, resource }: Row<'oauthTokens'>, shown: ShownToken): boolean {
  return !('grant' in shown) || (shown.grant === grant && shown.audience === resource)
}

function toPrincipal(row: Row<'oauthTokens'>, grant: Row<'oauthGrants'>): Principal {
  return {
    agentId: grant.agent,
    ...(grant.delegation !== null && { delegation: grant.delegation }),
    grantId: grant.id,
    clientId: grant.client,
    ...(grant.user !== null && { userId: grant.user }),
    scopes: scopesOf(row),
    resource: row.resource,
    expiresAt: row.expiresAt,
    issuedAt: row.issuedAt,
    ...(grant.actor !== null && { actor: actorIn(grant.actor) }),
    ...(row.jkt !== null && { jkt: row.jkt }),
  }
}
