/**
 * The introspection endpoint, for resource servers that the options name. It tells them of access tokens for every server of the
 * project: whoever may ask is trusted with that, and has to compare `aud` with itself.
 *
 * A refresh token is never active here: the endpoint is asked whether to serve a request, and none is made with it. Neither is
 * the token of an agent that is suspended, revoked or expired, because whoever asks here cannot ask the policy.
 *
 * @see RFC 7662
 */
import type { Reader } from '../../index.ts'
import { readForm } from '../form.ts'
import { OAuthError } from '../oauth-error.ts'
import type { McpPlace } from '../place.ts'
import type { Principal } from '../principal.ts'
import { required } from './parameters.ts'
import { answering, neverStored } from './responses.ts'
import type { TokenPorts, Tokens } from './tokens.ts'

export function createIntrospection(
  place: Pick<McpPlace, 'site' | 'settings' | 'admitFailure'>,
  { clients, verify }: Pick<TokenPorts, 'clients'> & Pick<Tokens, 'verify'>,
): Tokens['introspect'] {
  const { site, settings } = place
  return answering(place, async (request, context, known) => {
    const form = await readForm(request)
    const client = await clients.authenticate(request, form, context)
    known(client)
    // A client without a secret is whoever says its name.
    if (!client.mayIntrospect || client.authMethod === 'none') {
      throw new OAuthError('unauthorized_client', 'this client may not introspect', { status: 403 })
    }
    const principal = await verify(required(form, 'token'))
    const now = site.host.now()
    const isActive = principal && (await site.read((reader) => isAgentActive(reader, principal.agentId, now)))
    return neverStored(principal && isActive ? describe(principal, settings.issuer) : { active: false })
  })
}

async function isAgentActive(reader: Reader, id: string, now: number): Promise<boolean> {
  const agent = await reader.get('agents', { id })
  return agent?.status === 'active' && (agent.expiresAt === null || agent.expiresAt > now)
}

/** @see RFC 7662 section 2.2; RFC 9449 section 6.2 for `cnf`; RFC 8693 section 4.1 for `act` */
function describe(principal: Principal, iss: string): object {
  const { clientId, userId, scopes, resource, expiresAt, issuedAt, actor, jkt } = principal
  return {
    active: true,
    scope: scopes.join(' '),
    client_id: clientId,
    sub: userId ?? clientId,
    aud: resource,
    iss,
    exp: Math.floor(expiresAt / 1000),
    iat: Math.floor(issuedAt / 1000),
    token_type: jkt === undefined ? 'Bearer' : 'DPoP',
    ...(jkt !== undefined && { cnf: { jkt } }),
    ...(actor !== undefined && { act: actor }),
  }
}
