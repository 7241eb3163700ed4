/**
 * Authorization codes.
 *
 * A code is good for one presentation, whoever presents it first and however badly: it is used up by a wrong client, key,
 * verifier, redirect URI or resource as well. What presents it with any of these is not whom it was made for, so it has leaked,
 * and nobody gets a second guess. The honest client then finds it used, which is a replay.
 *
 * A used code that anybody presents again is a replay: two parties have it, and which of them was the thief cannot be told. It
 * revokes the grant, with all that was issued and exchanged under it. That a client can lose its grant by sending one request
 * twice is the price, and the specification's choice.
 *
 * @see RFC 6749 section 4.1.2, OAuth 2.1 section 4.1.3 and 7.5.3, RFC 7636 section 4.6
 */
import { base64url } from 'jose'
import { type Change, CODE_TOKEN, checkToken, createToken, entryOf, hashToken, type Row } from '../../index.ts'
import type { Client } from '../client.ts'
import type { Form } from '../form.ts'
import { OAuthError } from '../oauth-error.ts'
import type { McpPlace } from '../place.ts'
import { canonicalResource } from '../resource-uri.ts'
import { isLive, revokeGrant, scopesOf } from './grants.ts'
import { required } from './parameters.ts'
import type { GrantHandler, NewCode, TokenAnswer, TokenRequest } from './tokens.ts'

const CODE_MS = 60_000

type CodePlace = Pick<McpPlace, 'site' | 'settings'>

export async function createCode(
  { site: { host, sha256 } }: CodePlace,
  change: Change,
  { grantId, client, redirectUri, challenge, scopes, resource, jkt }: NewCode,
): Promise<string> {
  const { token, hash } = createToken(host.random, sha256, CODE_TOKEN)
  const expiresAt = change.now + CODE_MS
  await change.insert('oauthCodes', [
    {
      hash,
      grant: grantId,
      client: client.id,
      redirectUri,
      challenge,
      scopes: JSON.stringify(scopes),
      resource,
      jkt: jkt ?? null,
      expiresAt,
      usedAt: null,
    },
  ])
  const grant = await change.get('oauthGrants', { id: grantId })
  change.record(
    entryOf({
      kind: 'oauth.code',
      agent: grant?.agent,
      actor: client.id,
      personal: { user: grant?.user ?? undefined },
      members: { grant: grantId, client: client.id, scopes, resource },
    }),
  )
  return token
}

/** Grant type `authorization_code`. @see OAuth 2.1 section 4.1.3 */
export function createCodeHandler(place: CodePlace): GrantHandler {
  const { sha256, change } = place.site
  return async (asked) => {
    const code = required(asked.form, 'code')
    // A request without it says nothing about the code, which is not looked at.
    const verifier = required(asked.form, 'code_verifier', 'KVCH_E_MCP_PKCE_MISSING')
    if (!checkToken(code, CODE_TOKEN)) throw refusal('the code is none of this server')
    const hash = hashToken(code, sha256)
    const challenge = VERIFIER.test(verifier) ? base64url.encode(sha256(UTF8.encode(verifier))) : undefined
    const outcome = await change((open) => present(place, open, { ...asked, hash, challenge }))
    if (outcome instanceof OAuthError) throw outcome
    return outcome
  }
}

/** @see RFC 7636 section 4.1 */
const VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/
const UTF8 = new TextEncoder()

interface Presented extends TokenRequest {
  readonly hash: string
  /** Of the verifier; nothing for a text that cannot be one. */
  readonly challenge: string | undefined
}

/** Reads, checks, uses up and issues, all in one change: of two requests with one code, one comes first. */
async function present({ settings }: CodePlace, change: Change, asked: Presented): Promise<TokenAnswer | OAuthError> {
  const { hash, client, jkt, tokens } = asked
  const row = await change.get('oauthCodes', { hash })
  if (row === undefined) return refusal('the code is unknown')
  const grant = await change.get('oauthGrants', { id: row.grant })
  if (row.usedAt !== null) return replay(change, row, grant, client)
  if (row.expiresAt <= change.now) return refusal('the code has expired', 'KVCH_E_OAUTH_CODE_EXPIRED')
  // A replay is noticed as long as there is something that it could revoke.
  const expiresAt = grant?.expiresAt ?? change.now + settings.grantMs
  await change.put('oauthCodes', [{ ...row, usedAt: change.now, expiresAt }])
  const fault = faultOf(row, asked)
  if (fault !== undefined) return fault
  if (grant === undefined || !isLive(grant, change.now)) {
    return refusal('what was agreed to is revoked or over', 'KVCH_E_OAUTH_TOKEN_REVOKED')
  }
  return tokens.issue(change, grant, {
    scopes: scopesOf(row),
    resource: row.resource,
    jkt,
    refreshJkt: refreshKey(client, jkt),
    hasRefresh: client.grantTypes.includes('refresh_token'),
  })
}

function faultOf(row: Row<'oauthCodes'>, { client, form, jkt, challenge }: Presented): OAuthError | undefined {
  if (row.client !== client.id) return refusal('the code was given to another client')
  if (row.jkt !== null && row.jkt !== jkt) return refusal('the code is bound to another key')
  const redirectUri = form.get('redirect_uri')
  if (redirectUri !== undefined && redirectUri !== row.redirectUri) {
    return refusal('the redirect URI is not the one of the authorization request', 'KVCH_E_OAUTH_REDIRECT_MISMATCH')
  }
  if (row.challenge !== challenge) {
    return refusal('the code verifier does not match the challenge', 'KVCH_E_MCP_PKCE_VERIFY_FAILED')
  }
  return faultOfResource(form, row.resource)
}

/** A token is for the server that was agreed to and no other. @see RFC 8707 section 2.2 */
export function faultOfResource(form: Form, granted: string): OAuthError | undefined {
  const resource = form.get('resource')
  if (resource === undefined || canonicalResource(resource) === granted) return undefined
  return new OAuthError('invalid_target', 'the resource is not the one that was granted', {
    code: 'KVCH_E_MCP_RESOURCE_INDICATOR_INVALID',
  })
}

/** The key that a refresh token is bound to: clients that show who they are do not need it. @see RFC 9449 section 5 */
export function refreshKey({ authMethod }: Client, jkt: string | undefined): string | undefined {
  return authMethod === 'none' ? jkt : undefined
}

async function replay(
  change: Change,
  { grant: id }: Row<'oauthCodes'>,
  grant: Row<'oauthGrants'> | undefined,
  client: Client,
): Promise<OAuthError> {
  if (grant !== undefined && isLive(grant, change.now)) {
    change.record(
      entryOf({
        kind: 'oauth.replay',
        agent: grant.agent,
        actor: client.id,
        result: 'denied',
        personal: { user: grant.user ?? undefined },
        members: { what: 'code', grant: id, client: grant.client },
      }),
    )
    await revokeGrant(change, id, { reason: 'its code was presented twice', actor: client.id })
  }
  return refusal('the code was presented before')
}

export function refusal(why: string, code?: OAuthError['code']): OAuthError {
  return new OAuthError('invalid_grant', why, { code })
}
