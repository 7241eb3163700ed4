/** Tokens of clients that speak for themselves, which is for their agents. @see OAuth 2.1 section 4.2 */
import { OAuthError } from '../oauth-error.ts'
import type { McpPlace } from '../place.ts'
import type { GrantHandler } from '../tokens/index.ts'
import { resourceAsked, scopesAsked } from './narrow.ts'
import { assertActive } from './parties.ts'

/** Only for clients that are configured with an agent; its scopes are the most that it gets. There is no user and no refresh token. */
export function createClientCredentials({ site, settings }: Pick<McpPlace, 'site' | 'settings'>): GrantHandler {
  return async ({ client, form, jkt, tokens }) => {
    const { agent: agentId } = client
    if (client.origin !== 'configured' || client.authMethod === 'none' || agentId === undefined) {
      throw new OAuthError('unauthorized_client', 'the client has no agent that it could speak for')
    }
    const scopes = scopesAsked(form, settings, { ceiling: client.scopes ?? settings.defaultScopes })
    const resource = resourceAsked(form, settings)
    return site.change(async (change) => {
      await assertActive(change, agentId)
      const expiresAt = change.now + settings.accessMs
      const grant = await tokens.openGrant(change, { client, user: undefined, agentId, scopes, resource, expiresAt })
      return tokens.issue(change, grant, { scopes, resource, jkt, hasRefresh: false, expiresAt })
    })
  }
}
