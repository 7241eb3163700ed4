/** What clients discover: the documents about the authorization server, and about the servers that it guards. */
import { PROOF_ALGORITHMS } from './algorithms.ts'
import { PERMISSION_DETAIL } from './exchange/index.ts'
import { type McpSettings, wellKnownUrl } from './settings.ts'

/** A document, as JSON says it. */
export type MetadataDocument = { readonly [member: string]: string | boolean | readonly string[] }

/**
 * Of the authorization server. Nothing in it comes from a request.
 *
 * @param hasFetcher documents of clients can be fetched
 * @see RFC 8414 section 2, RFC 9207 section 3, RFC 9449 section 5.1
 */
export function serverMetadata(
  settings: McpSettings,
  { hasFetcher }: { readonly hasFetcher: boolean },
): MetadataDocument {
  const { options, issuer, urls, scopes } = settings
  return {
    issuer,
    authorization_endpoint: urls.authorize,
    token_endpoint: urls.token,
    ...(options.registration !== false && { registration_endpoint: urls.register }),
    revocation_endpoint: urls.revoke,
    introspection_endpoint: urls.introspect,
    jwks_uri: urls.jwks,
    scopes_supported: Object.keys(scopes),
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: [
      'authorization_code',
      'refresh_token',
      'client_credentials',
      'urn:ietf:params:oauth:grant-type:token-exchange',
    ],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['none', ...CONFIDENTIAL_METHODS],
    token_endpoint_auth_signing_alg_values_supported: PROOF_ALGORITHMS,
    revocation_endpoint_auth_methods_supported: ['none', ...CONFIDENTIAL_METHODS],
    revocation_endpoint_auth_signing_alg_values_supported: PROOF_ALGORITHMS,
    introspection_endpoint_auth_methods_supported: CONFIDENTIAL_METHODS,
    introspection_endpoint_auth_signing_alg_values_supported: PROOF_ALGORITHMS,
    authorization_response_iss_parameter_supported: true,
    authorization_details_types_supported: [PERMISSION_DETAIL],
    ...(options.clientMetadata !== false && hasFetcher && { client_id_metadata_document_supported: true }),
    dpop_signing_alg_values_supported: PROOF_ALGORITHMS,
    protected_resources: settings.resources.map(({ url }) => url),
  }
}

/**
 * The same for clients that look for OpenID Connect only. Subjects and algorithms are there because they refuse a document without; no ID
 * tokens are made.
 */
export function openidMetadata(settings: McpSettings, parts: { readonly hasFetcher: boolean }): MetadataDocument {
  return {
    ...serverMetadata(settings, parts),
    subject_types_supported: ['public'],
    // Where it is not said, they may be sent by reference.
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
    id_token_signing_alg_values_supported: ['ES256'],
  }
}

/** Where the document about a server is. */
export function resourceMetadataUrl(resourceUrl: string): string {
  return wellKnownUrl(resourceUrl, 'oauth-protected-resource')
}

/**
 * Of a server that is guarded. The scopes are those without which nothing can be done there, not all that there are.
 *
 * @see RFC 9728 section 2
 */
export function resourceMetadata(
  { issuer, resources }: Pick<McpSettings, 'issuer' | 'resources'>,
  url: string,
): MetadataDocument | undefined {
  const resource = resources.find((one) => one.url === url)
  return (
    resource && {
      resource: resource.url,
      authorization_servers: [issuer],
      scopes_supported: baselineScopes(resource),
      bearer_methods_supported: ['header'],
      resource_name: resource.title,
      dpop_signing_alg_values_supported: PROOF_ALGORITHMS,
      dpop_bound_access_tokens_required: false,
    }
  )
}

/** What a challenge of a server names too. Whether there is a refresh token is no matter of the server. */
export function baselineScopes({ scopes }: { readonly scopes: readonly string[] }): readonly string[] {
  return scopes.filter((scope) => scope !== 'offline_access')
}

const CONFIDENTIAL_METHODS = ['client_secret_basic', 'client_secret_post', 'private_key_jwt'] as const
