/**
 * The revocation endpoint.
 *
 * Revoking a refresh token, superseded or not, revokes its grant: all tokens, and all that was exchanged from any of them.
 * Revoking an access token kills that token and leaves the refresh token. What was exchanged for that very token cannot be told
 * from what was exchanged for its siblings, so everything that was exchanged under the grant goes with it; whoever still has an
 * access token can exchange it again. A token that was itself exchanged for is all that its grant has, and takes it along, so
 * that the delegation ends.
 *
 * @see RFC 7009
 */
import { type Change, checkToken, hashToken, REFRESH_TOKEN } from '../../index.ts'
import type { Client } from '../client.ts'
import { readForm } from '../form.ts'
import { OAuthError } from '../oauth-error.ts'
import type { McpPlace } from '../place.ts'
import { isLive, revokeChildren, revokeGrant } from './grants.ts'
import { recordAccessRevoked } from './issue.ts'
import { required } from './parameters.ts'
import { answering, neverStored } from './responses.ts'
import type { TokenPorts, Tokens } from './tokens.ts'
import { shownBy } from './verify.ts'

export function createRevocation(
  place: Pick<McpPlace, 'site' | 'admitFailure'>,
  { clients, keys }: Pick<TokenPorts, 'clients' | 'keys'>,
): Tokens['revoke'] {
  const { site } = place
  return answering(place, async (request, context, known) => {
    const form = await readForm(request)
    const client = await clients.authenticate(request, form, context)
    known(client)
    const token = required(form, 'token')
    // The form of a token says what it is, whatever `token_type_hint` says.
    const hash = checkToken(token, REFRESH_TOKEN)
      ? hashToken(token, site.sha256)
      : (await shownBy(token, site, keys))?.hash
    const fault = hash === undefined ? undefined : await site.change((change) => end(change, hash, client))
    if (fault !== undefined) throw fault
    // What is unknown or dead already is as revoked as the client wants it.
    return neverStored(null)
  })
}

async function end(change: Change, hash: string, { id: actor }: Client): Promise<OAuthError | undefined> {
  const row = await change.get('oauthTokens', { hash })
  const grant = row && (await change.get('oauthGrants', { id: row.grant }))
  if (row === undefined || grant === undefined) return undefined
  // The definition of this error has a token that was issued to another client. @see RFC 6749 section 5.2
  if (grant.client !== actor) return new OAuthError('invalid_grant', 'the token was issued to another client')
  // An access token that has expired may be swept at any time, and says nothing until then.
  if (!isLive(grant, change.now) || (row.kind === 'access' && row.expiresAt <= change.now)) return undefined
  if (row.kind === 'refresh' || grant.parent !== null) {
    await revokeGrant(change, grant.id, { reason: 'the client revoked its token', actor })
    return undefined
  }
  await change.remove('oauthTokens', { hash })
  recordAccessRevoked(change, grant)
  await revokeChildren(change, grant.id, { reason: 'the client revoked an access token of the grant above', actor })
  return undefined
}
