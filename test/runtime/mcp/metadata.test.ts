import { expect, test } from 'vitest'
import { PROOF_ALGORITHMS } from '../../../runtime/mcp/algorithms.ts'
import { openidMetadata, resourceMetadata, resourceMetadataUrl, serverMetadata } from '../../../runtime/mcp/metadata.ts'
import type { McpOptions } from '../../../runtime/mcp/options.ts'
import { resolveMcp } from '../../../runtime/mcp/settings.ts'
import { ISSUER, OPTIONS, OTHER_RESOURCE, RESOURCE } from './place.ts'

const resolve = (options: Partial<McpOptions> = {}) => resolveMcp({ ...OPTIONS, ...options }, { isProduction: true })
const METHODS = ['client_secret_basic', 'client_secret_post', 'private_key_jwt']

test('RFC 8414 section 2: the document says what the server does, and nothing that OAuth 2.1 left out', () => {
  expect(serverMetadata(resolve(), { hasFetcher: true })).toEqual({
    issuer: ISSUER,
    authorization_endpoint: `${ISSUER}/oauth/authorize`,
    token_endpoint: `${ISSUER}/oauth/token`,
    registration_endpoint: `${ISSUER}/.well-known/oauth/register`,
    revocation_endpoint: `${ISSUER}/oauth/revoke`,
    introspection_endpoint: `${ISSUER}/oauth/introspect`,
    jwks_uri: `${ISSUER}/oauth/jwks`,
    scopes_supported: ['mcp:tools', 'mcp:files', 'mcp:admin'],
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: [
      'authorization_code',
      'refresh_token',
      'client_credentials',
      'urn:ietf:params:oauth:grant-type:token-exchange',
    ],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['none', ...METHODS],
    token_endpoint_auth_signing_alg_values_supported: PROOF_ALGORITHMS,
    revocation_endpoint_auth_methods_supported: ['none', ...METHODS],
    revocation_endpoint_auth_signing_alg_values_supported: PROOF_ALGORITHMS,
    introspection_endpoint_auth_methods_supported: METHODS,
    introspection_endpoint_auth_signing_alg_values_supported: PROOF_ALGORITHMS,
    authorization_response_iss_parameter_supported: true,
    authorization_details_types_supported: ['urn:kavachos:permission'],
    client_id_metadata_document_supported: true,
    dpop_signing_alg_values_supported: PROOF_ALGORITHMS,
    protected_resources: [RESOURCE, OTHER_RESOURCE],
  })
})

test('CIMD section 5: documents are announced only where they can be fetched', () => {
  const isAnnounced = (options: Partial<McpOptions>, hasFetcher: boolean) =>
    serverMetadata(resolve(options), { hasFetcher }).client_id_metadata_document_supported
  expect([isAnnounced({}, true), isAnnounced({}, false), isAnnounced({ clientMetadata: false }, true)]).toEqual([
    true,
    undefined,
    undefined,
  ])
})

test('a registration that is closed is not announced', () => {
  const document = serverMetadata(resolve({ registration: false }), { hasFetcher: false })
  expect(Object.keys(document)).not.toContain('registration_endpoint')
})

test('RFC 9449 section 5.1: proofs are signed with private keys only', () => {
  expect(PROOF_ALGORITHMS.filter((algorithm) => algorithm === 'none' || algorithm.startsWith('HS'))).toEqual([])
})

test('OpenID Connect Discovery section 3: its document has the members that its clients insist on', () => {
  const settings = resolve()
  expect(openidMetadata(settings, { hasFetcher: true })).toEqual({
    ...serverMetadata(settings, { hasFetcher: true }),
    subject_types_supported: ['public'],
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
    id_token_signing_alg_values_supported: ['ES256'],
  })
})

test('RFC 9728 section 2: a server is named as it is configured, with the scopes that are its baseline', () => {
  const permissions = [{ resource: 'mcp:**', actions: ['read'] }]
  const settings = resolve({
    scopes: { ...OPTIONS.scopes, offline_access: { description: 'Stay signed in', permissions } },
    resources: [{ url: RESOURCE, server: 'tools', title: 'Tools', scopes: ['mcp:tools', 'offline_access'] }],
  })
  expect(resourceMetadata(settings, RESOURCE)).toEqual({
    resource: RESOURCE,
    authorization_servers: [ISSUER],
    scopes_supported: ['mcp:tools'],
    bearer_methods_supported: ['header'],
    resource_name: 'Tools',
    dpop_signing_alg_values_supported: PROOF_ALGORITHMS,
    dpop_bound_access_tokens_required: false,
  })
  expect(resourceMetadata(settings, OTHER_RESOURCE)).toBe(undefined)
})

test('RFC 9728 section 3.1: the document of a server is found from its URL', () => {
  expect(resourceMetadataUrl(RESOURCE)).toBe('https://tools.example.com/.well-known/oauth-protected-resource/mcp')
  expect(resourceMetadataUrl('https://tools.example.com')).toBe(
    'https://tools.example.com/.well-known/oauth-protected-resource',
  )
})
