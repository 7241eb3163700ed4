/** Clients that the options name: somebody vouches for them. */
import { failOption, hashToken } from '../../index.ts'
import type { Client } from '../client.ts'
import type { ConfiguredClient, GrantType } from '../options.ts'
import type { McpPlace } from '../place.ts'
import { toJwkSet } from './metadata.ts'
import { isLoopbackRedirect, redirectFault } from './redirect-uri.ts'

/**
 * By id. `resolveMcp` has looked at all of them but for their redirect URIs and keys.
 *
 * @throws {KavachError} KVCH_E_CONFIG_INVALID, with the path of what is wrong
 */
export function configuredClients({
  site,
  settings,
}: Pick<McpPlace, 'site' | 'settings'>): ReadonlyMap<string, Client> {
  const { clients = [], registration } = settings.options
  const privateSchemes = typeof registration === 'object' ? registration.privateSchemes : undefined
  const found = new Map<string, Client>()
  for (const [at, given] of clients.entries()) {
    const { id, secret, jwks, redirectUris = [] } = given
    if (jwks !== undefined && toJwkSet(jwks) === undefined) {
      failOption(`mcp.clients[${at}].jwks`, 'must hold public keys, and no other')
    }
    for (const [index, uri] of redirectUris.entries()) {
      const fault = redirectFault(uri, privateSchemes)
      if (fault !== undefined) failOption(`mcp.clients[${at}].redirectUris[${index}]`, `\`${uri}\` ${fault.why}`)
    }
    found.set(id, clientOf(given, secret === undefined ? undefined : hashToken(secret, site.sha256)))
  }
  return found
}

function clientOf(given: ConfiguredClient, secretHash: string | undefined): Client {
  const { id, name = id, jwks, redirectUris = [], scopes, agent } = given
  const isPublic = secretHash === undefined && jwks === undefined
  return {
    id,
    origin: 'configured',
    name,
    redirectUris,
    grantTypes: given.grantTypes ?? standardGrantTypes(redirectUris.length > 0, agent !== undefined && !isPublic),
    // Who knows the secret may send it either way: nobody registered one.
    authMethod: jwks !== undefined ? 'private_key_jwt' : isPublic ? 'none' : 'client_secret_basic',
    secretHash,
    jwks,
    scopes,
    applicationType: redirectUris.every((uri) => isLoopbackRedirect(uri) || !uri.startsWith('https:'))
      ? 'native'
      : 'web',
    isDpopBound: given.dpopBoundAccessTokens ?? false,
    mayIntrospect: given.mayIntrospect ?? false,
    agent,
  }
}

function standardGrantTypes(hasRedirect: boolean, speaksForItself: boolean): readonly GrantType[] {
  return [
    ...(hasRedirect ? (['authorization_code', 'refresh_token'] as const) : []),
    ...(speaksForItself ? (['client_credentials', 'urn:ietf:params:oauth:grant-type:token-exchange'] as const) : []),
  ]
}
