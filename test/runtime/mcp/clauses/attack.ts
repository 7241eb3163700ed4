/** What an attacker does to a whole server over HTTP, and what it says to that. */
import { connect } from 'node:net'
import type { OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js'
import { expect } from 'vitest'
import { type Deployment, type DeploymentParts, deployOnce, SECRET, type Visitor } from '../deployment.ts'
import { CHALLENGE, VERIFIER } from '../server.ts'

export { CHALLENGE, VERIFIER } from '../server.ts'

export const REDIRECT = 'https://client.example.com/callback'
export const LOOPBACK_REDIRECT = 'http://127.0.0.1:33418/callback'

/** A parameter that is undefined is left out, and one with a list is sent several times. */
export type Parameters = { readonly [name: string]: string | readonly string[] | undefined }

export interface Scene extends Deployment {
  /** Ann, who is signed in. */
  readonly ann: Visitor
  /** A public client that registered itself. */
  readonly client: string
  /** Another one. */
  readonly other: string
}

/** A server with users and clients, for all tests of a file. */
export function sceneOnce(parts: DeploymentParts = {}): () => Promise<Scene> {
  const deployed = deployOnce(parts)
  let scene: Promise<Scene> | undefined
  return () => {
    scene ??= enter(deployed())
    return scene
  }
}

export async function enter(server: Deployment): Promise<Scene> {
  const client = (await register(server)).client_id
  const other = (await register(server)).client_id
  return { ...server, ann: server.visit('ann'), client, other }
}

export interface Registered {
  readonly client_id: string
  readonly client_secret?: string
}

export async function register({ settings }: Deployment, metadata: object = {}): Promise<Registered> {
  const body = {
    client_name: 'A client',
    redirect_uris: [REDIRECT, LOOPBACK_REDIRECT],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'none',
    ...metadata,
  }
  const response = await post(settings.urls.register, JSON.stringify(body), { 'content-type': 'application/json' })
  if (response.status !== 201) throw new Error(await response.text())
  return response.json()
}

/** The authorization request of a client, good unless it is changed. */
export function authorizationUrl(scene: Scene, changes: Parameters = {}): string {
  const parameters = {
    response_type: 'code',
    client_id: scene.client,
    redirect_uri: REDIRECT,
    state: 'a state',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    scope: 'mcp:tools',
    resource: scene.tools,
    ...changes,
  }
  return `${scene.settings.urls.authorize}?${encode(parameters)}`
}

/** Ann agrees to a request; the code that the client is sent. */
export async function codeOf(scene: Scene, changes: Parameters = {}): Promise<string> {
  const led = await scene.ann.answer(authorizationUrl(scene, changes))
  return led.searchParams.get('code') ?? expect.fail(led.href)
}

/** The request for tokens for a code, good unless it is changed. */
export function codeRequest(scene: Scene, code: string | undefined, changes: Parameters = {}): Parameters {
  return {
    grant_type: 'authorization_code',
    code,
    client_id: scene.client,
    redirect_uri: REDIRECT,
    code_verifier: VERIFIER,
    resource: scene.tools,
    ...changes,
  }
}

export interface Tokens extends OAuthTokens {
  readonly refresh_token: string
}

/** Ann agrees, and the client has its tokens. */
export async function tokensOf(
  scene: Scene,
  changes: Parameters = {},
  tokenChanges: Parameters = {},
  headers: HeadersInit = {},
): Promise<Tokens> {
  const client = typeof changes.client_id === 'string' ? { client_id: changes.client_id } : {}
  const form = codeRequest(scene, await codeOf(scene, changes), { ...client, ...tokenChanges })
  const response = await post(scene.settings.urls.token, form, headers)
  if (response.status !== 200) throw new Error(await response.text())
  return response.json()
}

/** A form, or a body as it stands. */
export function post(url: string, body: Parameters | string, headers: HeadersInit = {}): Promise<Response> {
  const isForm = typeof body !== 'string'
  const all = new Headers(isForm ? { 'content-type': 'application/x-www-form-urlencoded' } : {})
  for (const [name, value] of new Headers(headers)) all.set(name, value)
  return fetch(url, { method: 'POST', redirect: 'manual', headers: all, body: isForm ? encode(body) : body })
}

export function encode(parameters: Parameters): string {
  const pairs = Object.entries(parameters).flatMap(([name, value = []]) =>
    (typeof value === 'string' ? [value] : value).map((one) => [name, one]),
  )
  return new URLSearchParams(pairs).toString()
}

export function basic(id: string, secret: string): { readonly authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` }
}

/** What an endpoint for programs says: status, `error`, and our code where there is one. */
export async function said(response: Response | Promise<Response>): Promise<string> {
  const { status, headers, text } = await read(response)
  if (!headers.get('content-type')?.startsWith('application/json')) return `${status} ${text}`.trim()
  const { error, kvch_code: code } = JSON.parse(text)
  if (status >= 400 && status !== 503) {
    expect({ cache: headers.get('cache-control'), secrets: SECRETS.exec(text)?.[0] }).toEqual({
      cache: 'no-store',
      secrets: undefined,
    })
  }
  const what = typeof error === 'object' ? `${error?.code}: ${error?.message}` : error
  return [status, what, code].filter((part) => part !== undefined).join(' ')
}

/** No refusal says any of it. */
const SECRETS = /kv[arcs]_[0-9A-Za-z]{40}/

/** What the user sees or where the user is led: `400 page KVCH_...`, `303 client invalid_scope`, `303 login`. */
export async function shown(scene: Scene, response: Response | Promise<Response>): Promise<string> {
  const { status, headers, text } = await read(response)
  const location = headers.get('location')
  if (location === null) {
    const code = /KVCH_E_[A-Z_]+/.exec(text)?.[0]
    return [status, 'page', ...(code === undefined ? [] : [code])].join(' ')
  }
  if (location.startsWith(scene.settings.urls.login)) return `${status} login`
  const [to = '', query = ''] = location.split(/\?(.*)/s)
  const parameters = new URLSearchParams(query)
  const isClient = [REDIRECT, LOOPBACK_REDIRECT].includes(to)
  const error = parameters.get('error') ?? [...parameters.keys()].join(',')
  return `${status} ${isClient ? 'client' : location} ${error}`
}

async function read(response: Response | Promise<Response>) {
  const { status, headers, ...rest } = await Promise.resolve(response).then(async (one) => ({
    status: one.status,
    headers: one.headers,
    text: await one.text(),
  }))
  return { status, headers, text: rest.text }
}

/** Whether an access token is good at the server of the tools, as it says by itself. */
export async function isGood(scene: Scene, token: string, scheme = 'Bearer'): Promise<boolean> {
  const response = await callTool(scene, { authorization: `${scheme} ${token}` })
  await response.body?.cancel()
  return response.status === 200
}

export const JSON_RPC = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }

export const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'a client', version: '1' } },
}

/** A message to the server of the tools, `initialize` unless it is another one. */
export function callTool(
  { tools }: Pick<Scene, 'tools'>,
  headers: { readonly [name: string]: string },
  message: unknown = INITIALIZE,
): Promise<Response> {
  const body = typeof message === 'string' ? message : JSON.stringify(message)
  return fetch(tools, { method: 'POST', headers: { ...JSON_RPC, ...headers }, body })
}

/** What the resource server `server` is told of a token. */
export async function introspected({ settings }: Scene, token: string): Promise<unknown> {
  const response = await post(settings.urls.introspect, { token }, basic('server', SECRET))
  return response.json()
}

/** Sends bytes as they are, for what no client would send; gives all that comes back. */
export function raw(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(text, 'latin1'))
    let answer = ''
    socket.setEncoding('latin1')
    socket.on('data', (part) => {
      answer += part
    })
    socket.on('end', () => resolve(answer))
    socket.on('error', reject)
  })
}
