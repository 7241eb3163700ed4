/** openid-client, as an application would use it: everything that it checks, it checks here. */
import * as client from 'openid-client'
import { describe, expect, test } from 'vitest'
import { hostAt } from '../../site.ts'
import { type Deployment, deploy, SECRET } from '../deployment.ts'

const REDIRECT = 'http://127.0.0.1:33418/callback'
/** On loopback there is no certificate; everything else is checked. */
const INSECURE = { execute: [client.allowInsecureRequests] }

describe('openid-client', () => {
  test.each(['oauth2', 'oidc'] as const)('finds the server by the algorithm %s, and registers', async (algorithm) => {
    const server = await deploy()
    const config = await registered(server, algorithm)
    expect(config.serverMetadata()).toMatchObject({
      issuer: server.issuer,
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
    })
    expect(config.serverMetadata().supportsPKCE()).toBe(true)
    expect(config.clientMetadata().client_id).toMatch(/^mcp_/)
  })

  test('takes code and tokens with state, PKCE and `iss`, refreshes, and revokes', async () => {
    const server = await deploy()
    const config = await registered(server)
    const tokens = await signIn(server, config)
    expect(tokens).toMatchObject({ token_type: 'bearer', scope: 'mcp:tools', expires_in: 3600 })
    const renewed = await client.refreshTokenGrant(config, tokens.refresh_token ?? '', { resource: server.tools })
    expect(await call(server, config, renewed.access_token)).toBe(200)
    const resourceServer = new client.Configuration(config.serverMetadata(), 'server', SECRET)
    client.allowInsecureRequests(resourceServer)
    expect(await client.tokenIntrospection(resourceServer, renewed.access_token)).toMatchObject({
      active: true,
      aud: server.tools,
    })
    await client.tokenRevocation(config, renewed.refresh_token ?? '')
    expect(await client.tokenIntrospection(resourceServer, renewed.access_token)).toEqual({ active: false })
    await expect(client.refreshTokenGrant(config, renewed.refresh_token ?? '')).rejects.toMatchObject({
      error: 'invalid_grant',
    })
  })

  test('RFC 9207: refuses an answer in the name of another issuer', async () => {
    const server = await deploy()
    const config = await registered(server)
    const mixUp = (led: URL) => led.searchParams.set('iss', 'https://evil.example.com')
    await expect(signIn(server, config, { change: mixUp })).rejects.toMatchObject({ code: 'OAUTH_INVALID_RESPONSE' })
  })

  test('RFC 7636: a code is worth nothing with the verifier of another request', async () => {
    const server = await deploy()
    const config = await registered(server)
    const asked = signIn(server, config, { verifier: client.randomPKCECodeVerifier() })
    await expect(asked).rejects.toMatchObject({ error: 'invalid_grant', status: 400 })
  })

  test('RFC 9449: uses tokens that are bound to its key', async () => {
    const server = await deploy({ host: hostAt(Date.now()) })
    const config = await registered(server)
    const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'))
    const tokens = await signIn(server, config, { DPoP })
    expect(tokens.token_type).toBe('dpop')
    expect(await call(server, config, tokens.access_token, { DPoP })).toBe(200)
    const renewed = await client.refreshTokenGrant(config, tokens.refresh_token ?? '', undefined, { DPoP })
    expect(renewed.token_type).toBe('dpop')
    await expect(client.refreshTokenGrant(config, renewed.refresh_token ?? '')).rejects.toMatchObject({
      error: 'invalid_grant',
      error_description: 'the refresh token is bound to another key',
    })
  })

  test('RFC 6749 section 4.4: speaks for itself with a secret', async () => {
    const server = await deploy({
      options: { clients: [{ id: 'robot', secret: SECRET, agent: 'robot', grantTypes: ['client_credentials'] }] },
    })
    const config = await client.discovery(new URL(server.issuer), 'robot', SECRET, client.ClientSecretBasic(SECRET), {
      algorithm: 'oauth2',
      ...INSECURE,
    })
    const tokens = await client.clientCredentialsGrant(config, { scope: 'mcp:tools', resource: server.tools })
    expect(await call(server, config, tokens.access_token)).toBe(200)
    const wider = client.clientCredentialsGrant(config, { scope: 'mcp:admin', resource: server.tools })
    await expect(wider).rejects.toMatchObject({ error: 'invalid_scope' })
  })
})

async function registered(
  { issuer }: Deployment,
  algorithm: 'oauth2' | 'oidc' = 'oauth2',
): Promise<client.Configuration> {
  const metadata = {
    client_name: 'An application',
    redirect_uris: [REDIRECT],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'none',
  }
  return client.dynamicClientRegistration(new URL(issuer), metadata, client.None(), { algorithm, ...INSECURE })
}

interface Wanted {
  /** What happens to the answer on its way. */
  readonly change?: (led: URL) => void
  /** Another one than that of the request. */
  readonly verifier?: string
  readonly DPoP?: client.DPoPHandle
}

async function signIn(server: Deployment, config: client.Configuration, wanted: Wanted = {}) {
  const verifier = client.randomPKCECodeVerifier()
  const state = client.randomState()
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: REDIRECT,
    scope: 'mcp:tools',
    resource: server.tools,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
  })
  const led = await server.visit('ann').answer(url)
  wanted.change?.(led)
  const { DPoP } = wanted
  return client.authorizationCodeGrant(
    config,
    led,
    { pkceCodeVerifier: wanted.verifier ?? verifier, expectedState: state },
    { resource: server.tools },
    DPoP === undefined ? {} : { DPoP },
  )
}

const PING = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'a client', version: '1' } },
})

/** The status of a first message of MCP. */
async function call(
  { tools }: Deployment,
  config: client.Configuration,
  token: string,
  options?: client.DPoPOptions,
): Promise<number> {
  const headers = new Headers({ 'content-type': 'application/json', accept: 'application/json, text/event-stream' })
  const response = await client.fetchProtectedResource(config, token, new URL(tools), 'POST', PING, headers, options)
  await response.body?.cancel()
  return response.status
}
