/**
 * Refresh tokens: each is used once, and its successor keeps all that the user agreed to.
 *
 * Hosts share one store of credentials, requests are sent twice and answers get lost, so within 30 seconds whoever presents a
 * superseded token gets the answer that it was superseded by, to the letter. Later it is a theft, of which nobody can say who
 * the thief is: the grant is revoked with everything that was issued and exchanged under it. A superseded token is therefore
 * remembered as long as its grant.
 *
 * Another client that presents a token is refused, and nothing happens to the token: clients that register themselves anew, and
 * go on with what they kept, do this without any theft.
 *
 * @see OAuth 2.1 section 4.3, RFC 9700 section 4.14.2
 */
import {
  type Change,
  checkToken,
  entryOf,
  hashToken,
  type KavachErrorCode,
  REFRESH_TOKEN,
  type Reader,
  type Row,
} from '../../index.ts'
import type { SigningKeys } from '../keys/index.ts'
import { OAuthError } from '../oauth-error.ts'
import type { McpPlace } from '../place.ts'
import { faultOfResource, refreshKey, refusal } from './codes.ts'
import { isLive, revokeGrant, scopesOf } from './grants.ts'
import { keep, type Minted, mint } from './issue.ts'
import { required } from './parameters.ts'
import { openSuccessor, sealSuccessor } from './successor.ts'
import type { GrantHandler, TokenAnswer, TokenRequest } from './tokens.ts'

/** A superseded token gets its successor for so long. */
export const RETRY_MS = 30_000

type RefreshPlace = Pick<McpPlace, 'site' | 'settings' | 'secretKeys'>

/** Grant type `refresh_token`. @see OAuth 2.1 section 4.3 */
export function createRefreshHandler(place: RefreshPlace, keys: Pick<SigningKeys, 'sign'>): GrantHandler {
  const { site } = place
  return async (asked) => {
    const token = required(asked.form, 'refresh_token')
    if (!checkToken(token, REFRESH_TOKEN)) throw refusal('the refresh token is none of this server')
    const presented: Presented = { ...asked, token, hash: hashToken(token, site.sha256) }
    const successor = await prepare(place, keys, presented)
    const outcome = await site.change((change) => supersede(place, change, presented, successor))
    if (outcome instanceof OAuthError) throw outcome
    return outcome instanceof Uint8Array ? retry(place, presented, outcome) : outcome
  }
}

interface Presented extends TokenRequest {
  readonly token: string
  readonly hash: string
}

interface Successor extends Minted {
  readonly sealed: Uint8Array
}

type Verdict =
  | { readonly kind: 'refused'; readonly error: OAuthError }
  | {
      readonly kind: 'superseded'
      readonly row: Row<'oauthTokens'>
      readonly usedAt: number
      readonly grant: Row<'oauthGrants'>
    }
  | {
      readonly kind: 'good'
      readonly row: Row<'oauthTokens'>
      readonly grant: Row<'oauthGrants'>
      /** What the access token may be given. */
      readonly scopes: readonly string[]
    }

async function judge(
  { settings }: RefreshPlace,
  reader: Reader,
  { hash, client, form, jkt }: Presented,
  now: number,
): Promise<Verdict> {
  const row = await reader.get('oauthTokens', { hash })
  if (row?.kind !== 'refresh') return refused('the refresh token is unknown')
  const grant = await reader.get('oauthGrants', { id: row.grant })
  if (grant === undefined || !isLive(grant, now)) {
    return refused('what was agreed to is revoked or over', 'KVCH_E_OAUTH_TOKEN_REVOKED')
  }
  if (row.usedAt !== null) return { kind: 'superseded', row, usedAt: row.usedAt, grant }
  if (grant.client !== client.id) return refused('the refresh token was given to another client')
  if (row.expiresAt <= now) return refused('the refresh token has expired')
  if (row.jkt !== null && row.jkt !== jkt) return refused('the refresh token is bound to another key')
  const fault = faultOfResource(form, row.resource)
  if (fault !== undefined) return { kind: 'refused', error: fault }
  const scopes = narrowed(form.get('scope'), scopesOf(row), settings)
  if (scopes === undefined) {
    const error = new OAuthError('invalid_scope', 'a refresh gives no scope that was not granted')
    return { kind: 'refused', error }
  }
  return { kind: 'good', row, grant, scopes }
}

/** The scopes that are asked for; nothing when one was not granted, nor is contained in one that was. */
function narrowed(
  asked: string | undefined,
  granted: readonly string[],
  { closureOf }: RefreshPlace['settings'],
): readonly string[] | undefined {
  if (asked === undefined) return granted
  const names = [...new Set(asked.split(' ').filter((name) => name !== ''))]
  const most = new Set([...granted, ...closureOf(granted)])
  return names.length > 0 && names.every((name) => most.has(name)) ? names : undefined
}

/**
 * What would supersede a token that is good now, signed and sealed, so that nothing has to be waited for while the change is
 * open; nothing for a token that has been superseded.
 */
async function prepare(
  place: RefreshPlace,
  keys: Pick<SigningKeys, 'sign'>,
  presented: Presented,
): Promise<Successor | undefined> {
  const { site, settings } = place
  const now = site.host.now()
  const verdict = await site.read((reader) => judge(place, reader, presented, now))
  if (verdict.kind === 'refused') throw verdict.error
  if (verdict.kind === 'superseded') return undefined
  const { row, grant, scopes } = verdict
  const { client, jkt, token } = presented
  const what = {
    scopes,
    refreshScopes: scopesOf(row),
    resource: row.resource,
    jkt,
    refreshJkt: row.jkt ?? refreshKey(client, jkt),
    hasRefresh: true,
    isJwt: settings.isJwt,
  }
  const minted = mint(place, grant, what, now)
  const { claims } = minted
  const answer =
    claims === undefined ? minted.answer : { ...minted.answer, access_token: await keys.sign(claims, 'at+jwt') }
  const sealed = await sealSuccessor(place, { token, clientId: client.id, jkt }, answer)
  return { ...minted, answer, sealed }
}

/** Decides anew, in one change: of two requests with one token, the one that comes second gets what the first one made. */
async function supersede(
  place: RefreshPlace,
  change: Change,
  presented: Presented,
  successor: Successor | undefined,
): Promise<TokenAnswer | Uint8Array | OAuthError> {
  const verdict = await judge(place, change, presented, change.now)
  if (verdict.kind === 'refused') return verdict.error
  if (verdict.kind === 'superseded') return reuse(change, presented, verdict)
  // A token that was superseded stays so.
  if (successor === undefined) return new OAuthError('temporarily_unavailable', 'try again', { status: 503 })
  const { row, grant } = verdict
  // It is looked at when the time for retries is over, and then kept for the time for which a theft matters.
  const used = { ...row, usedAt: change.now, successor: successor.sealed, expiresAt: change.now + RETRY_MS }
  await change.put('oauthTokens', [used])
  await keep(change, 'oauth.refresh', grant, successor)
  return successor.answer
}

async function reuse(
  change: Change,
  { client }: Presented,
  { row, usedAt, grant }: Extract<Verdict, { kind: 'superseded' }>,
): Promise<Uint8Array | OAuthError> {
  if (row.successor !== null && change.now < usedAt + RETRY_MS) {
    return grant.client === client.id ? row.successor : refusal('the refresh token was given to another client')
  }
  change.record(
    entryOf({
      kind: 'oauth.replay',
      agent: grant.agent,
      actor: client.id,
      result: 'denied',
      personal: { user: grant.user ?? undefined },
      members: {
        what: 'refresh_token',
        grant: grant.id,
        client: grant.client,
        used_at: new Date(usedAt).toISOString(),
      },
    }),
  )
  await revokeGrant(change, grant.id, { reason: 'a superseded refresh token was presented', actor: client.id })
  return refusal('the refresh token was used before', 'KVCH_E_OAUTH_TOKEN_REVOKED')
}

async function retry(place: RefreshPlace, presented: Presented, sealed: Uint8Array): Promise<TokenAnswer> {
  const { client, jkt, token, hash } = presented
  const answer = await openSuccessor(place, { token, clientId: client.id, jkt }, sealed)
  if (answer === undefined) throw refusal('the refresh token was used with another key')
  await place.site.change(async (change) => {
    const row = await change.get('oauthTokens', { hash })
    const grant = row && (await change.get('oauthGrants', { id: row.grant }))
    change.record(
      entryOf({
        kind: 'oauth.refresh',
        agent: grant?.agent,
        actor: client.id,
        personal: { user: grant?.user ?? undefined },
        members: { grant: grant?.id, client: client.id, scope: answer.scope, is_retry: true },
      }),
    )
  })
  return answer
}

function refused(why: string, code?: KavachErrorCode): Verdict {
  return { kind: 'refused', error: refusal(why, code) }
}
