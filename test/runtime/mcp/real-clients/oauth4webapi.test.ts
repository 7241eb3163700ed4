/** oauth4webapi, which checks what it is told to the letter: a server that is wrong about anything is an error of this client. */
import * as oauth from 'oauth4webapi'
import { describe, expect, test } from 'vitest'
import { hostAt } from '../../site.ts'
import { type Deployment, deploy, SECRET } from '../deployment.ts'

const REDIRECT = 'http://127.0.0.1:33418/callback'
const HOUR = 3_600_000
/** On loopback there is no certificate; everything else is checked. */
const HTTP = { [oauth.allowInsecureRequests]: true } as const

describe('oauth4webapi', () => {
  test('RFC 9728, RFC 8414: finds the server of a resource, and both are who they say', async () => {
    const server = await deploy()
    const { as, resource } = await discover(server)
    expect(resource).toMatchObject({ resource: server.tools, authorization_servers: [server.issuer] })
    expect(as.issuer).toBe(server.issuer)
    const openid = await oauth.processDiscoveryResponse(
      new URL(server.issuer),
      await oauth.discoveryRequest(new URL(server.issuer), { algorithm: 'oidc', ...HTTP }),
    )
    expect(openid).toMatchObject({ issuer: as.issuer, token_endpoint: as.token_endpoint })
  })

  test('RFC 7591: registers clients with and without a secret', async () => {
    const server = await deploy()
    const { as } = await discover(server)
    const open = await register(as, { token_endpoint_auth_method: 'none' })
    expect(open).toMatchObject({ token_endpoint_auth_method: 'none', redirect_uris: [REDIRECT] })
    expect(open.client_secret).toBeUndefined()
    const closed = await register(as, { token_endpoint_auth_method: 'client_secret_basic' })
    expect(closed).toMatchObject({ client_secret: expect.stringMatching(/^kvs_/), client_secret_expires_at: 0 })
  })

  test.each(['client_secret_basic', 'client_secret_post', 'none'] as const)(
    'RFC 6749, RFC 7636, RFC 9207: takes code and tokens as a client with the method %s, and refreshes',
    async (method) => {
      const server = await deploy()
      const { as } = await discover(server)
      const client = await register(as, { token_endpoint_auth_method: method })
      const authentication = authenticationOf(client, method)
      const tokens = await signIn(server, as, client, authentication)
      expect(tokens).toEqual({
        access_token: expect.stringMatching(/^kva_/),
        token_type: 'bearer',
        expires_in: 3600,
        scope: 'mcp:tools',
        refresh_token: expect.stringMatching(/^kvr_/),
      })
      const renewed = await oauth.processRefreshTokenResponse(
        as,
        client,
        await oauth.refreshTokenGrantRequest(as, client, authentication, tokens.refresh_token ?? '', HTTP),
      )
      expect(renewed).toMatchObject({ token_type: 'bearer', scope: 'mcp:tools' })
      expect(await call(server, `Bearer ${renewed.access_token}`)).toBe(200)
    },
  )

  test('RFC 7662, RFC 7009: is told of a token until it is revoked', async () => {
    const server = await deploy()
    const { as } = await discover(server)
    const client = await register(as, { token_endpoint_auth_method: 'none' })
    const { access_token: token } = await signIn(server, as, client, oauth.None())
    const expected = {
      active: true,
      scope: 'mcp:tools',
      client_id: client.client_id,
      sub: 'ann',
      aud: server.tools,
      iss: server.issuer,
      exp: expect.any(Number),
      iat: expect.any(Number),
      token_type: 'Bearer',
    }
    expect(await introspect(as, token)).toEqual(expected)
    await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, oauth.None(), token, HTTP))
    expect(await introspect(as, token)).toEqual({ active: false })
    expect(await call(server, `Bearer ${token}`)).toBe(401)
  })

  test('RFC 7662: is refused as a client that registered itself', async () => {
    const server = await deploy()
    const { as } = await discover(server)
    const client = await register(as, { token_endpoint_auth_method: 'client_secret_basic' })
    const authentication = authenticationOf(client, 'client_secret_basic')
    const { access_token: token } = await signIn(server, as, client, authentication)
    const response = await oauth.introspectionRequest(as, client, authentication, token, HTTP)
    expect({ status: response.status, body: await response.json() }).toEqual({
      status: 403,
      body: { error: 'unauthorized_client', error_description: 'this client may not introspect' },
    })
  })

  test('RFC 9449: binds code and tokens to a key, and comes again with a nonce when it is told to', async () => {
    const server = await deploy({ host: hostAt(Date.now()) })
    const { as } = await discover(server)
    const client = await register(as, { token_endpoint_auth_method: 'none', dpop_bound_access_tokens: true })
    const nonces: unknown[] = []
    const keys = await oauth.generateKeyPair('ES256')
    const key = oauth.DPoP(client, keys, {
      [oauth.modifyAssertion](_, payload) {
        // One that nobody gave, so that the server gives one.
        payload.nonce ??= '1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
        nonces.push(payload.nonce)
      },
    })
    const tokens = await signIn(server, as, client, oauth.None(), { DPoP: key, jkt: await key.calculateThumbprint() })
    expect(tokens.token_type).toBe('dpop')
    expect(nonces).toEqual([nonces[0], expect.stringMatching(/^[1-9]\d+\.[\w-]{43}$/)])
    const { access_token: token } = tokens
    const ask = () =>
      oauth.protectedResourceRequest(token, 'POST', new URL(server.tools), new Headers(JSON_RPC), PING, {
        DPoP: key,
        ...HTTP,
      })
    const response = await ask().catch((error: unknown) => (oauth.isDPoPNonceError(error) ? ask() : expect.fail()))
    expect(response.status).toBe(200)
    expect(await call(server, `Bearer ${token}`)).toBe(401)
    const other = oauth.DPoP(client, await oauth.generateKeyPair('ES256'))
    await expect(
      oauth.protectedResourceRequest(token, 'POST', new URL(server.tools), new Headers(JSON_RPC), PING, {
        DPoP: other,
        ...HTTP,
      }),
    ).rejects.toMatchObject({ cause: [{ scheme: 'dpop', parameters: { error: 'invalid_dpop_proof' } }] })
  })

  test('RFC 7523: a client that speaks for itself signs who it is, and has no refresh token', async () => {
    const { server, as, client, keys } = await robot()
    const tokens = await oauth.processClientCredentialsResponse(
      as,
      client,
      await oauth.clientCredentialsGrantRequest(
        as,
        client,
        oauth.PrivateKeyJwt({ key: keys.privateKey, kid: 'one' }),
        { scope: 'mcp:tools', resource: server.tools },
        HTTP,
      ),
    )
    expect(tokens).toEqual({
      access_token: expect.stringMatching(/^kva_/),
      token_type: 'bearer',
      expires_in: 3600,
      scope: 'mcp:tools',
    })
    expect(await call(server, `Bearer ${tokens.access_token}`)).toBe(200)
  })

  test('RFC 7523: an assertion that somebody else signed is refused', async () => {
    const { server, as, client } = await robot()
    const { privateKey } = await oauth.generateKeyPair('ES256')
    const asked = oauth.clientCredentialsGrantRequest(
      as,
      client,
      oauth.PrivateKeyJwt({ key: privateKey, kid: 'one' }),
      { resource: server.tools },
      HTTP,
    )
    await expect(
      asked.then((response) => oauth.processClientCredentialsResponse(as, client, response)),
    ).rejects.toMatchObject({ error: 'invalid_client', status: 401 })
  })

  test('RFC 8693: another agent acts with less, is named, and is cut off together with the user', async () => {
    const server = await deploy({
      options: {
        clients: [
          { id: 'server', secret: SECRET, mayIntrospect: true, grantTypes: [] },
          { id: 'deputy', secret: SECRET, agent: 'robot', grantTypes: [EXCHANGE] },
        ],
      },
    })
    const { as } = await discover(server)
    const client = await register(as, { token_endpoint_auth_method: 'none' })
    const { access_token: subject } = await signIn(server, as, client, oauth.None(), { scope: 'mcp:admin' })
    const exchange = async (parameters: Record<string, string>) => {
      const deputy = { client_id: 'deputy' }
      const asked = { subject_token: subject, subject_token_type: ACCESS_TOKEN, resource: server.tools, ...parameters }
      return oauth.processGenericTokenEndpointResponse(
        as,
        deputy,
        await oauth.genericTokenEndpointRequest(as, deputy, oauth.ClientSecretPost(SECRET), EXCHANGE, asked, HTTP),
      )
    }
    const given = await exchange({ scope: 'mcp:tools' })
    expect(given).toEqual({
      access_token: expect.stringMatching(/^kva_/),
      issued_token_type: ACCESS_TOKEN,
      token_type: 'bearer',
      expires_in: 3600,
      scope: 'mcp:tools',
    })
    expect(await introspect(as, given.access_token)).toMatchObject({
      active: true,
      sub: 'ann',
      client_id: 'deputy',
      scope: 'mcp:tools',
      act: { sub: 'robot' },
    })
    expect(await call(server, `Bearer ${given.access_token}`)).toBe(200)
    await expect(exchange({ scope: 'mcp:files' })).rejects.toMatchObject({ error: 'invalid_scope' })
    await expect(exchange({ resource: server.files })).rejects.toMatchObject({ error: 'invalid_target' })
    await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, oauth.None(), subject, HTTP))
    expect(await introspect(as, given.access_token)).toEqual({ active: false })
    expect(await call(server, `Bearer ${given.access_token}`)).toBe(401)
  })

  test('RFC 9068: reads the JWT that the server signed, under its own keys', async () => {
    const server = await deploy({ host: hostAt(Date.now()), options: { tokens: { format: 'jwt' } } })
    const { as } = await discover(server)
    const client = await register(as, { token_endpoint_auth_method: 'none' })
    const { access_token: token } = await signIn(server, as, client, oauth.None())
    const request = new Request(server.tools, { headers: { authorization: `Bearer ${token}` } })
    expect(await oauth.validateJwtAccessToken(as, request, server.tools, HTTP)).toMatchObject({
      iss: server.issuer,
      aud: server.tools,
      sub: 'ann',
      client_id: client.client_id,
      scope: 'mcp:tools',
    })
    const elsewhere = oauth.validateJwtAccessToken(as, request, server.files, HTTP)
    await expect(elsewhere).rejects.toMatchObject({ name: 'OperationProcessingError' })
    expect(await call(server, `Bearer ${token}`)).toBe(200)
    await server.host.advance(HOUR / 12)
    expect(await call(server, `Bearer ${token}`)).toBe(401)
  })
})

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
const JSON_RPC = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
const PING = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'a client', version: '1' } },
})

/** From the address of the tools alone. */
async function discover({ tools }: Deployment) {
  const resource = await oauth.processResourceDiscoveryResponse(
    new URL(tools),
    await oauth.resourceDiscoveryRequest(new URL(tools), HTTP),
  )
  const issuer = new URL(resource.authorization_servers?.[0] ?? expect.fail('there is no authorization server'))
  const response = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...HTTP })
  return { resource, as: await oauth.processDiscoveryResponse(issuer, response) }
}

async function register(as: oauth.AuthorizationServer, metadata: Partial<oauth.Client>): Promise<oauth.Client> {
  const asked = {
    client_name: 'A strict client',
    redirect_uris: [REDIRECT],
    grant_types: ['authorization_code', 'refresh_token'],
    ...metadata,
  }
  return oauth.processDynamicClientRegistrationResponse(await oauth.dynamicClientRegistrationRequest(as, asked, HTTP))
}

function authenticationOf({ client_secret: secret }: oauth.Client, method: string): oauth.ClientAuth {
  if (method === 'none') return oauth.None()
  const text = typeof secret === 'string' ? secret : expect.fail('there is no secret')
  return method === 'client_secret_basic' ? oauth.ClientSecretBasic(text) : oauth.ClientSecretPost(text)
}

interface Wanted {
  readonly scope?: string
  readonly DPoP?: oauth.DPoPHandle
  readonly jkt?: string
}

async function signIn(
  server: Deployment,
  as: oauth.AuthorizationServer,
  client: oauth.Client,
  authentication: oauth.ClientAuth,
  { scope = 'mcp:tools', DPoP, jkt }: Wanted = {},
): Promise<oauth.TokenEndpointResponse> {
  const verifier = oauth.generateRandomCodeVerifier()
  const state = oauth.generateRandomState()
  const url = new URL(as.authorization_endpoint ?? '')
  const parameters = {
    client_id: client.client_id,
    redirect_uri: REDIRECT,
    response_type: 'code',
    scope,
    resource: server.tools,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    ...(jkt !== undefined && { dpop_jkt: jkt }),
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  const answer = oauth.validateAuthResponse(as, client, await server.visit('ann').answer(url), state)
  const ask = async () =>
    oauth.processAuthorizationCodeResponse(
      as,
      client,
      await oauth.authorizationCodeGrantRequest(as, client, authentication, answer, REDIRECT, verifier, {
        additionalParameters: { resource: server.tools },
        ...(DPoP !== undefined && { DPoP }),
        ...HTTP,
      }),
    )
  return ask().catch((error: unknown) => {
    if (oauth.isDPoPNonceError(error)) return ask()
    throw error
  })
}

async function introspect(as: oauth.AuthorizationServer, token: string): Promise<oauth.IntrospectionResponse> {
  const client = { client_id: 'server' }
  const response = await oauth.introspectionRequest(as, client, oauth.ClientSecretBasic(SECRET), token, HTTP)
  return oauth.processIntrospectionResponse(as, client, response)
}

/** The status of a first message of MCP. */
async function call({ tools }: Deployment, authorization: string): Promise<number> {
  const headers = { ...JSON_RPC, authorization }
  const response = await fetch(tools, { method: 'POST', headers, body: PING })
  await response.body?.cancel()
  return response.status
}

/** A client that the options know by its key, and the agent that it speaks for. */
async function robot() {
  const keys = await oauth.generateKeyPair('ES256', { extractable: true })
  const jwk = { ...(await crypto.subtle.exportKey('jwk', keys.publicKey)), kid: 'one', alg: 'ES256' }
  const server = await deploy({
    host: hostAt(Date.now()),
    options: {
      clients: [{ id: 'robot', jwks: { keys: [jwk] }, agent: 'robot', grantTypes: ['client_credentials'] }],
    },
  })
  const { as } = await discover(server)
  return { server, as, keys, client: { client_id: 'robot' } satisfies oauth.Client }
}
