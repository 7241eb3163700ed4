/** The client of the split packages of the MCP SDK, which holds servers to the revision 2026-07-28: `iss`, and `application_type`. */
import {
  Client,
  DpopSession,
  type OAuthDiscoveryState,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client'
import { describe, expect, onTestFinished, test } from 'vitest'
import { hostAt } from '../../site.ts'
import { type Deployment, deploy, type Visitor } from '../deployment.ts'
import { agreedTo, recorded, textOf, Wallet } from './wallet.ts'

const UNAUTHORIZED = { name: 'UnauthorizedError' }
const HOUR = 3_600_000

describe('the client of the split packages', () => {
  test('gets from a 401 to the answer of a tool of the revision 2026-07-28, and the user is asked once', async () => {
    const server = await deploy()
    const { client, steps, wallet } = await signIn(server, server.files)
    expect(client.getNegotiatedProtocolVersion()).toBe('2026-07-28')
    expect(JSON.parse(textOf(await client.callTool({ name: 'list' })))).toEqual({ user: 'ann', files: ['a', 'b'] })
    expect(steps()).toEqual([
      'POST files/mcp 401',
      'GET files/.well-known/oauth-protected-resource/mcp 200',
      'GET issuer/.well-known/oauth-authorization-server 200',
      'POST issuer/.well-known/oauth/register 201',
      'POST issuer/oauth/token 200',
      'POST files/mcp 200',
      'POST files/mcp 200',
    ])
    expect(wallet.information).toMatchObject({ application_type: 'native', issuer: server.issuer })
    expect(wallet.kept).toMatchObject({ token_type: 'Bearer', scope: 'mcp:files', issuer: server.issuer })
  })

  test('is answered by a server of an older revision too', async () => {
    const server = await deploy()
    const { client } = await signIn(server, server.tools)
    expect(client.getNegotiatedProtocolVersion()).toBe('2025-11-25')
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['whoami', 'add'])
  })

  test('RFC 9207: takes no answer that another issuer gives, or that nobody gives', async () => {
    const server = await deploy()
    for (const iss of ['https://evil.example.com', undefined]) {
      const { wallet, visitor, transport } = await refused(server, server.files)
      const answer = await agreedTo(wallet, visitor)
      expect(answer.get('iss')).toBe(server.issuer)
      if (iss === undefined) answer.delete('iss')
      else answer.set('iss', iss)
      await expect(transport.finishAuth(answer)).rejects.toMatchObject({ name: 'IssuerMismatchError' })
      expect(wallet.kept).toBeUndefined()
    }
  })

  test('asks for what it has and what it lacks when a tool needs another scope', async () => {
    const server = await deploy()
    const { client, transport, wallet, visitor, steps } = await signIn(server, server.tools)
    steps()
    await expect(client.callTool({ name: 'wipe' })).rejects.toMatchObject(UNAUTHORIZED)
    expect(wallet.asked.at(-1)?.searchParams.get('scope')).toBe('mcp:tools mcp:admin')
    await transport.finishAuth(await agreedTo(wallet, visitor))
    expect(textOf(await client.callTool({ name: 'wipe' }))).toBe('wiped')
    expect(steps().filter((step) => !step.includes('/.well-known/'))).toEqual([
      'POST tools/mcp 403',
      'POST issuer/oauth/token 200',
      'POST tools/mcp 200',
    ])
    expect(server.calls).toEqual(['wipe'])
  })

  test('refreshes when its token has expired, and is asked anew when the grant was revoked', async () => {
    const server = await deploy()
    const { client, wallet, steps } = await signIn(server, server.files)
    await server.host.advance(HOUR)
    steps()
    await client.callTool({ name: 'list' })
    expect(steps().filter((step) => step.startsWith('POST'))).toEqual([
      'POST files/mcp 401',
      'POST issuer/oauth/token 200',
      'POST files/mcp 200',
    ])
    const { grants } = await server.mcp.grants.list({ user: 'ann', isLive: true })
    for (const { id } of grants) await server.mcp.grants.revoke(id)
    await expect(client.callTool({ name: 'list' })).rejects.toMatchObject(UNAUTHORIZED)
    expect({ calls: server.calls, asked: wallet.asked.length, kept: wallet.kept }).toEqual({
      calls: ['list'],
      asked: 2,
      kept: undefined,
    })
  })

  test('RFC 9449: binds its tokens to a key, and whoever has the token alone has nothing', async () => {
    // It tells the time by itself.
    const server = await deploy({ host: hostAt(Date.now()) })
    const { client, wallet, steps } = await signIn(server, server.files, await DpopSession.create())
    expect(wallet.kept).toMatchObject({ token_type: 'DPoP' })
    steps()
    expect(textOf(await client.callTool({ name: 'list' }))).toContain('"ann"')
    expect(steps()).toEqual(['POST files/mcp 200'])
    const stolen = await fetch(server.files, {
      method: 'POST',
      headers: { ...JSON_RPC, authorization: `Bearer ${wallet.kept?.access_token}` },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'list' } }),
    })
    expect(stolen.status).toBe(401)
    expect(await stolen.json()).toEqual({
      error: 'invalid_token',
      error_description: 'the access token is bound to a key: send it as DPoP, with a proof',
      kvch_code: 'KVCH_E_MCP_TOOL_AUTH_REQUIRED',
    })
  })
})

const JSON_RPC = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }

/** It remembers where it was sent from, so that another server cannot answer. */
class NewWallet extends Wallet<StoredOAuthClientInformation, StoredOAuthTokens> {
  private discovered: OAuthDiscoveryState | undefined
  readonly dpop?: () => DpopSession

  constructor(dpop: DpopSession | undefined) {
    super()
    if (dpop !== undefined) this.dpop = () => dpop
  }

  discoveryState = () => this.discovered
  saveDiscoveryState = (state: OAuthDiscoveryState) => {
    this.discovered = state
  }
}

interface Refused {
  readonly transport: StreamableHTTPClientTransport
  readonly wallet: NewWallet
  readonly visitor: Visitor
  readonly fetch: typeof fetch
  /** What was sent and answered since the last time. */
  readonly steps: () => readonly string[]
}

async function refused(server: Deployment, url: string, dpop?: DpopSession): Promise<Refused> {
  const wallet = new NewWallet(dpop)
  const { fetch, steps } = recorded(server)
  const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: wallet, fetch })
  await expect(newClient().connect(transport)).rejects.toMatchObject(UNAUTHORIZED)
  return { transport, wallet, visitor: server.visit('ann'), fetch, steps }
}

/** Connects, is refused, asks the user, who agrees, and connects again. */
async function signIn(server: Deployment, url: string, dpop?: DpopSession) {
  const { transport: first, ...others } = await refused(server, url, dpop)
  const { wallet, visitor, fetch } = others
  await first.finishAuth(await agreedTo(wallet, visitor))
  const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: wallet, fetch })
  const client = newClient()
  await client.connect(transport)
  onTestFinished(() => client.close())
  return { ...others, client, transport }
}

function newClient(): Client {
  return new Client({ name: 'a client', version: '1' }, { versionNegotiation: { mode: 'auto' } })
}
