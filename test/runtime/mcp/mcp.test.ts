import { describe, expect, test } from 'vitest'
import { KavachError } from '../../../runtime/index.ts'
import { createMcp } from '../../../runtime/mcp/mcp.ts'
import { OTHER_RESOURCE } from './place.ts'
import { openServer, REDIRECT, redirectOf, type TestServer, VERIFIER } from './server.ts'

test('a request for another path is nobody of ours', async () => {
  const { mcp, settings } = await openServer()
  for (const path of ['/', '/mcp', '/v1/agents', '/.well-known/security.txt']) {
    expect(await mcp.fetch(new Request(`${settings.issuer}${path}`))).toBe(undefined)
  }
})

test('whoever is asked for consent gets tokens for it, which speak for an agent of the user', async () => {
  const server = await openServer()
  const client = await server.register()
  const { token } = await signIn(server, client)
  const principal = await server.mcp.verify(token)
  const { grants } = await server.mcp.grants.list({ user: 'ann' })
  expect(principal).toMatchObject({ userId: 'ann', clientId: client, scopes: ['mcp:tools'], grantId: grants[0]?.id })
  const decided = await server.kavach.authorize(principal?.agentId ?? '', {
    action: 'execute',
    resource: 'mcp:tools:a',
  })
  expect(decided.allowed).toBe(true)
  expect(await server.mcp.verify(`${token}x`)).toBe(undefined)
})

describe('managing clients', () => {
  test('revoking one ends its grants and tokens at once, and those of nobody else', async () => {
    const server = await openServer()
    const [client, other] = [await server.register(), await server.register()]
    const mine = await signIn(server, client)
    const again = await signIn(server, client, { resource: OTHER_RESOURCE, scope: 'mcp:files' })
    const theirs = await signIn(server, other)
    expect(await server.mcp.clients.revoke(client, { actor: 'ops' })).toEqual({ revokedGrants: 2 })
    const live = await Promise.all(
      [mine, again, theirs].map(async ({ token }) => (await server.mcp.verify(token)) !== undefined),
    )
    expect(live).toEqual([false, false, true])
    expect((await server.mcp.clients.list()).map(({ id }) => id)).toEqual([other])
    expect(await server.mcp.clients.get(client)).toBe(undefined)
    expect((await server.newBrowser('ann').get(server.authorizeUrl(client))).status).toBe(400)
    const rows = (await server.log()).filter(({ kind }) => kind === 'oauth.client.revoke')
    expect(rows.map(({ actor, client, grants }) => ({ actor, client, grants }))).toEqual([
      { actor: 'ops', client, grants: 2 },
    ])
  })

  test('one that there is not cannot be revoked', async () => {
    const { mcp } = await openServer()
    await expect(mcp.clients.revoke('mcp_nobody')).rejects.toMatchObject({ code: 'KVCH_E_MCP_CLIENT_UNREGISTERED' })
    await expect(mcp.clients.revoke('mcp_nobody', { actor: '' })).rejects.toMatchObject({
      code: 'KVCH_E_REQUEST_INVALID',
    })
  })
})

test('keys are made by being rotated, and published', async () => {
  const { mcp, send } = await openServer()
  const { kid } = await mcp.keys.rotate()
  const { keys } = await mcp.keys.jwks()
  expect(keys.map((key) => key.kid)).toContain(kid)
  expect(await (await send('/oauth/jwks')).json()).toEqual(JSON.parse(JSON.stringify({ keys })))
})

test('what is over is swept', async () => {
  const server = await openServer()
  await signIn(server, await server.register())
  const rows = async () =>
    server.site.read(async (reader) =>
      Promise.all(
        (['oauthCodes', 'oauthTokens', 'oauthGrants', 'oauthReplays'] as const).map(
          async (table) => (await reader.find(table, 'key')).length,
        ),
      ),
    )
  expect((await rows()).every((count) => count > 0)).toBe(true)
  server.host.setNow(server.host.now() + 400 * 86_400_000)
  expect(server.mcp.tasks.map(({ name }) => name)).toEqual(['sweeping codes and tokens', 'sweeping clients'])
  for (let round = 0; round < 3; round++) for (const { run } of server.mcp.tasks) await run()
  expect(await rows()).toEqual([0, 0, 0, 0])
  expect(await server.mcp.clients.list()).toEqual([])
})

test('a client of the options that cannot be one is told of at once', async () => {
  const place = await openServer({ options: { clients: [{ id: 'good', redirectUris: [REDIRECT] }] } })
  const clients = [{ id: 'bad', redirectUris: ['http://elsewhere.example.com/cb'] }]
  const settings = { ...place.settings, options: { ...place.settings.options, clients } }
  expect(() => createMcp({ ...place, settings })).toThrow(KavachError)
})

/** `ann` agrees, and the client gets its token. */
async function signIn(server: TestServer, client: string, asked: { readonly [name: string]: string } = {}) {
  const browser = server.newBrowser('ann')
  const page = await (await browser.get(server.authorizeUrl(client, asked))).text()
  const { code = '' } = redirectOf(await browser.submit(page, { decision: 'allow' })).fields
  const fields = { grant_type: 'authorization_code', client_id: client, code, code_verifier: VERIFIER }
  const response = await server.send('/oauth/token', { method: 'POST', body: new URLSearchParams(fields) })
  const { access_token: token } = await response.json()
  return { token: String(token) }
}
