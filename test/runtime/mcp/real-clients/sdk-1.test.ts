/** The client of the MCP SDK 1.x, with its own OAuth client: it knows the address of a server, and has somebody to ask. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { OAuthClientInformationMixed, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Deployment, deploy, type Visitor } from '../deployment.ts'
import { agreedTo, recorded, textOf, Wallet } from './wallet.ts'

type OldWallet = Wallet<OAuthClientInformationMixed, OAuthTokens>

const UNAUTHORIZED = { name: 'Error', message: 'Unauthorized' }
const HOUR = 3_600_000

describe('the client of the SDK 1.x', () => {
  test('gets from a 401 to the answer of a tool, and the user is asked once', async () => {
    const server = await deploy()
    const { client, steps } = await signIn(server)
    expect(await whoami(client)).toEqual({ user: 'ann', scopes: ['mcp:tools'] })
    expect(steps()).toEqual([
      'POST tools/mcp 401',
      'GET tools/.well-known/oauth-protected-resource/mcp 200',
      'GET issuer/.well-known/oauth-authorization-server 200',
      'POST issuer/.well-known/oauth/register 201',
      'GET tools/.well-known/oauth-protected-resource/mcp 200',
      'GET issuer/.well-known/oauth-authorization-server 200',
      'POST issuer/oauth/token 200',
      'POST tools/mcp 200',
      'POST tools/mcp 202',
      'POST tools/mcp 200',
    ])
    expect(server.calls).toEqual(['whoami'])
  })

  test('sees the tools that it may call, and no others', async () => {
    const { client } = await signIn(await deploy())
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toEqual(['whoami', 'add'])
  })

  test('asks for another scope when a tool needs one, and then has both', async () => {
    const server = await deploy()
    // With a refresh token it would refresh first, which gives nothing new, and give up.
    const { client, transport, wallet, visitor, steps } = await signIn(server, ['authorization_code'])
    steps()
    await expect(client.callTool({ name: 'wipe' })).rejects.toMatchObject(UNAUTHORIZED)
    expect(wallet.asked.at(-1)?.searchParams.get('scope')).toBe('mcp:admin')
    await transport.finishAuth(codeIn(await agreedTo(wallet, visitor)))
    expect(textOf(await client.callTool({ name: 'wipe' }))).toBe('wiped')
    expect(await whoami(client)).toEqual({ user: 'ann', scopes: ['mcp:admin', 'mcp:tools'] })
    expect(steps().filter((step) => !step.includes('/.well-known/'))).toEqual([
      'POST tools/mcp 403',
      'POST issuer/oauth/token 200',
      'POST tools/mcp 200',
      'POST tools/mcp 200',
    ])
    expect(server.calls).toEqual(['wipe', 'whoami'])
  })

  test('refreshes when its token has expired, without asking anybody', async () => {
    const server = await deploy()
    const { client, wallet, steps } = await signIn(server)
    const before = wallet.kept
    await server.host.advance(HOUR)
    steps()
    expect(await whoami(client)).toEqual({ user: 'ann', scopes: ['mcp:tools'] })
    expect(steps().filter((step) => !step.startsWith('GET'))).toEqual([
      'POST tools/mcp 401',
      'POST issuer/oauth/token 200',
      'POST tools/mcp 200',
    ])
    expect(wallet.asked).toHaveLength(1)
    expect(wallet.kept?.refresh_token).not.toBe(before?.refresh_token)
    expect(await server.mcp.verify(before?.access_token ?? '')).toBeUndefined()
  })

  test('has to ask again after its refresh token was revoked, at once', async () => {
    const server = await deploy()
    const { client, wallet, visitor, transport } = await signIn(server)
    expect(await revoke(server, wallet)).toBe(200)
    await expect(whoami(client)).rejects.toMatchObject(UNAUTHORIZED)
    expect({ asked: wallet.asked.length, kept: wallet.kept, calls: server.calls }).toEqual({
      asked: 2,
      kept: undefined,
      calls: [],
    })
    await transport.finishAuth(codeIn(await agreedTo(wallet, visitor)))
    expect(await whoami(client)).toEqual({ user: 'ann', scopes: ['mcp:tools'] })
  })

  test('AS-T4: registers anew after it was forgotten', async () => {
    const server = await deploy()
    const { client, wallet, visitor, transport } = await signIn(server)
    const first = wallet.information?.client_id ?? ''
    expect(await server.mcp.clients.revoke(first)).toEqual({ revokedGrants: 1 })
    await expect(whoami(client)).rejects.toMatchObject(UNAUTHORIZED)
    expect(wallet.information?.client_id).toMatch(/^mcp_/)
    expect(wallet.information?.client_id).not.toBe(first)
    await transport.finishAuth(codeIn(await agreedTo(wallet, visitor)))
    // It is another client now, and the session is not its own.
    await expect(whoami(client)).rejects.toMatchObject({ code: 404 })
    const again = await connect(server, wallet, fetch)
    expect(await whoami(again.client)).toEqual({ user: 'ann', scopes: ['mcp:tools'] })
  })

  test('AS-F4: two that share their tokens refresh at the same time, and both go on', async () => {
    const server = await deploy()
    const { client, wallet } = await signIn(server)
    const { fetch, streams } = recorded(server)
    const other = await connect(server, wallet, fetch)
    await streams
    await server.host.advance(HOUR)
    const both = await Promise.all([whoami(client), whoami(other.client)])
    expect(both).toEqual([
      { user: 'ann', scopes: ['mcp:tools'] },
      { user: 'ann', scopes: ['mcp:tools'] },
    ])
    expect(wallet.asked).toHaveLength(1)
  })

  test('is told when the user refuses', async () => {
    const server = await deploy()
    const wallet: OldWallet = new Wallet()
    await refused(server, wallet)
    const led = await server.visit('ann').answer(wallet.asked[0] ?? '', 'deny')
    expect(Object.fromEntries(led.searchParams)).toEqual({
      error: 'access_denied',
      error_description: 'the user has refused',
      state: 'a state',
      iss: server.issuer,
    })
  })

  test('RS-7: cannot use the token of one server at another', async () => {
    const server = await deploy()
    const { wallet } = await signIn(server)
    const response = await fetch(server.files, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${wallet.kept?.access_token}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
    })
    expect({ status: response.status, body: await response.json() }).toEqual({
      status: 401,
      body: {
        error: 'invalid_token',
        error_description: 'the access token is for another server',
        kvch_code: 'KVCH_E_MCP_TOOL_AUTH_REQUIRED',
      },
    })
  })
})

interface Connected {
  readonly client: Client
  readonly transport: StreamableHTTPClientTransport
}

interface Signed extends Connected {
  readonly wallet: OldWallet
  readonly visitor: Visitor
  /** What was sent and answered since the last time. */
  readonly steps: () => readonly string[]
}

/** Connects, is refused, asks the user, who agrees, and connects again. */
async function signIn(server: Deployment, grantTypes?: string[]): Promise<Signed> {
  const wallet: OldWallet = new Wallet(grantTypes)
  const visitor = server.visit('ann')
  const { fetch, steps, streams } = recorded(server)
  const first = await refused(server, wallet, fetch)
  await first.finishAuth(codeIn(await agreedTo(wallet, visitor)))
  const connected = await connect(server, wallet, fetch)
  await streams
  return { ...connected, wallet, visitor, steps }
}

async function refused(server: Deployment, wallet: OldWallet, send = fetch): Promise<StreamableHTTPClientTransport> {
  const transport = transportOf(server, wallet, send)
  await expect(new Client({ name: 'a client', version: '1' }).connect(transport)).rejects.toMatchObject(UNAUTHORIZED)
  return transport
}

async function connect(server: Deployment, wallet: OldWallet, send: typeof fetch): Promise<Connected> {
  const client = new Client({ name: 'a client', version: '1' })
  const transport = transportOf(server, wallet, send)
  await client.connect(transport)
  onTestFinished(() => client.close())
  return { client, transport }
}

function transportOf({ tools }: Deployment, authProvider: OldWallet, send: typeof fetch) {
  return new StreamableHTTPClientTransport(new URL(tools), { authProvider, fetch: send })
}

function codeIn(answer: URLSearchParams): string {
  return answer.get('code') ?? expect.fail(answer.toString())
}

async function whoami(client: Client): Promise<unknown> {
  return JSON.parse(textOf(await client.callTool({ name: 'whoami' })))
}

/** The SDK has no way to do this. */
async function revoke({ issuer }: Deployment, { kept, information }: OldWallet): Promise<number> {
  const form = { token: kept?.refresh_token ?? '', client_id: information?.client_id ?? '' }
  return (await fetch(`${issuer}/oauth/revoke`, { method: 'POST', body: new URLSearchParams(form) })).status
}
