/** The token endpoint: who asks, what for, and the answer. @see OAuth 2.1 section 3.2 */
import type { JWTPayload } from 'jose'
import type { Client } from '../client.ts'
import { readForm } from '../form.ts'
import { OAuthError } from '../oauth-error.ts'
import type { McpPlace, RequestContext } from '../place.ts'
import { required } from './parameters.ts'
import { answering, neverStored } from './responses.ts'
import type { GrantHandler, TokenAnswer, TokenPorts, Tokens } from './tokens.ts'

export interface EndpointPorts extends TokenPorts {
  /** The tokens of one request. What it issues with a placeholder, because it is a JWT to be signed, is noted by that. */
  readonly tokensFor: (unsigned: Map<string, JWTPayload>) => Tokens
}

export function createTokenEndpoint(
  place: Pick<McpPlace, 'site' | 'settings' | 'admitFailure'>,
  { clients, dpop, keys, grants, tokensFor }: EndpointPorts,
): Tokens['token'] {
  const { settings } = place
  // A name of `Object.prototype` is no grant type.
  const handlers = new Map<string, GrantHandler>(Object.entries(grants))

  async function answer(request: Request, context: RequestContext, known: (client: Client) => void): Promise<Response> {
    const form = await readForm(request)
    const client = await clients.authenticate(request, form, context)
    known(client)
    const grantType = required(form, 'grant_type')
    const handler = handlers.get(grantType)
    if (handler === undefined) throw new OAuthError('unsupported_grant_type', 'this grant type is not offered')
    if (!client.grantTypes.some((one) => one === grantType)) {
      throw new OAuthError('unauthorized_client', 'the client has not registered this grant type')
    }
    const jkt = await dpop.check(request, { method: 'POST', url: settings.urls.token })
    if (client.isDpopBound && jkt === undefined) {
      throw new OAuthError('invalid_dpop_proof', 'this client has to send a DPoP proof')
    }
    const unsigned = new Map<string, JWTPayload>()
    const given = await handler({ client, form, jkt, context, tokens: tokensFor(unsigned) })
    const claims = unsigned.get(given.access_token)
    const signed: TokenAnswer =
      claims === undefined ? given : { ...given, access_token: await keys.sign(claims, 'at+jwt') }
    return neverStored(signed)
  }

  return answering(place, answer)
}
