/** The authorization server, and an MCP server behind its guard, as subjects for made-up requests. */
import {
  basic,
  CHALLENGE,
  encode,
  enter,
  INITIALIZE,
  type Parameters,
  type Scene,
  tokensOf,
} from '../runtime/mcp/clauses/attack.ts'
import { deploy, SECRET } from '../runtime/mcp/deployment.ts'
import type { Exchanged } from './http-exchange.ts'
import type { HttpSeed } from './http-request.ts'
import type { HttpSubject } from './http-subjects.ts'

const ROBOT_SECRET = 'a secret of the robot, long enough'
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'

async function openScene(): Promise<{ readonly scene: Scene; readonly close: () => Promise<void> }> {
  const closers: (() => Promise<void>)[] = []
  const deployment = await deploy(
    {
      optionsAt: () => ({
        clients: [
          { id: 'server', secret: SECRET, mayIntrospect: true, grantTypes: [] },
          {
            id: 'robot',
            secret: ROBOT_SECRET,
            agent: 'robot',
            grantTypes: ['client_credentials', EXCHANGE],
            scopes: ['mcp:tools'],
          },
        ],
      }),
    },
    (close) => closers.unshift(close),
  )
  const scene = await enter(deployment)
  return {
    scene,
    async close() {
      for (const close of closers) await close()
    },
  }
}

export async function openOAuthSubject(): Promise<HttpSubject> {
  const { scene, close } = await openScene()
  const { issuer, tools, client, ann } = scene
  const tokens = await tokensOf(scene)
  const cookie = ['cookie', [...ann.cookies].map(([name, value]) => `${name}=${value}`).join('; ')] as const
  const FORM = ['content-type', 'application/x-www-form-urlencoded'] as const
  const robot = ['authorization', basic('robot', ROBOT_SECRET).authorization] as const
  const get = (name: string, target: string, headers: HttpSeed['headers'] = []): HttpSeed => {
    return { name, method: 'GET', target, headers, isRepeatable: true }
  }
  const form = (name: string, target: string, fields: Parameters, headers: HttpSeed['headers'] = []): HttpSeed => {
    const body = encode(fields)
    return { name, method: 'POST', target, headers: [FORM, ...headers], body, type: 'form', isRepeatable: true }
  }
  const asked = {
    response_type: 'code',
    client_id: client,
    redirect_uri: 'https://client.example.com/callback',
    state: 'a state',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    scope: 'mcp:tools',
    resource: tools,
  }
  const registration = {
    client_name: 'A client',
    redirect_uris: ['https://client.example.com/callback', 'http://127.0.0.1/callback'],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  }
  return {
    port: Number(new URL(issuer).port),
    faultOf: faultOfOAuth,
    seeds: [
      get('metadata', '/.well-known/oauth-authorization-server'),
      get('openid metadata', '/.well-known/openid-configuration'),
      get('keys', '/oauth/jwks'),
      // What was asked for stands in the answer as it was said.
      { ...get('authorize', `/oauth/authorize?${encode(asked)}`), isRepeatable: false },
      { ...get('consent', `/oauth/authorize?${encode(asked)}`, [cookie]), isRepeatable: false },
      { ...form('authorize by form', '/oauth/authorize', asked), isRepeatable: false },
      { ...get('login', `/oauth/login?${encode({ return_to: `${issuer}/oauth/authorize?a` })}`), isRepeatable: false },
      form('sign in without a form', '/oauth/login', { username: 'ann', password: 'guess', csrf: 'x' }),
      form('answer without a question', '/oauth/consent', { request: 'a.b', csrf: 'x', decision: 'allow' }, [cookie]),
      {
        name: 'register',
        method: 'POST',
        target: '/.well-known/oauth/register',
        headers: [['content-type', 'application/json']],
        body: JSON.stringify(registration),
        type: 'json',
        isRepeatable: true,
      },
      form('a code', '/oauth/token', {
        grant_type: 'authorization_code',
        code: 'kvc_unknown',
        client_id: client,
        redirect_uri: asked.redirect_uri,
        code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
      }),
      {
        ...form('refresh', '/oauth/token', {
          grant_type: 'refresh_token',
          refresh_token: tokens.refresh_token,
          client_id: client,
        }),
        isRepeatable: false,
      },
      form('client credentials', '/oauth/token', { grant_type: 'client_credentials', resource: tools }, [robot]),
      {
        ...form(
          'exchange',
          '/oauth/token',
          {
            grant_type: EXCHANGE,
            subject_token: tokens.access_token,
            subject_token_type: ACCESS_TOKEN,
            scope: 'mcp:tools',
            authorization_details: JSON.stringify([
              { type: 'urn:kavachos:permission', resource: 'mcp:tools:add', actions: ['execute'] },
            ]),
          },
          [robot],
        ),
        isRepeatable: false,
      },
      form('revoke', '/oauth/revoke', { token: 'kvr_unknown', token_type_hint: 'refresh_token', client_id: client }),
      form('introspect', '/oauth/introspect', { token: 'kva_unknown' }, [
        ['authorization', basic('server', SECRET).authorization],
      ]),
    ],
    close,
  }
}

export async function openGuardSubject(): Promise<HttpSubject> {
  const { scene, close } = await openScene()
  const { files } = scene
  const { access_token: token } = await tokensOf(scene, { scope: 'mcp:files', resource: files }, { resource: files })
  const headers: HttpSeed['headers'] = [
    ['authorization', `Bearer ${token}`],
    ['content-type', 'application/json'],
    ['accept', 'application/json, text/event-stream'],
  ]
  const rpc = (name: string, message: object, isRepeatable = true): HttpSeed => {
    return { name, method: 'POST', target: '/mcp', headers, body: JSON.stringify(message), type: 'json', isRepeatable }
  }
  const call = { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'list', arguments: {} } }
  return {
    port: Number(new URL(files).port),
    faultOf: faultOfGuard,
    seeds: [
      {
        name: 'document',
        method: 'GET',
        target: '/.well-known/oauth-protected-resource/mcp',
        headers: [],
        isRepeatable: true,
      },
      {
        name: 'no token',
        method: 'POST',
        target: '/mcp',
        headers: headers.slice(1),
        body: JSON.stringify(call),
        type: 'json',
        isRepeatable: true,
      },
      rpc('initialize', INITIALIZE),
      rpc('list tools', { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }),
      rpc('call', call),
      rpc('call what is not there', { ...call, params: { name: 'wipe', arguments: { a: [1, { b: null }] } } }),
      rpc('read', { jsonrpc: '2.0', id: 'x', method: 'resources/read', params: { uri: 'file:///a' } }),
      rpc('notify', { jsonrpc: '2.0', method: 'notifications/initialized' }),
    ],
    close,
  }
}

/** Errors for programs name their kind; pages say how they may be shown. */
function faultOfOAuth({ status, headers, body }: Exchanged): string | undefined {
  if (status >= 500 && status !== 503) return 'it is no failure of the host'
  if (status === 503 && headers['retry-after'] === undefined) return 'it does not say when to come again'
  const type = headers['content-type'] ?? ''
  if (type.startsWith('text/html') && !headers['content-security-policy']?.includes("frame-ancestors 'none'")) {
    return 'a page can be framed'
  }
  if (status < 400 || !type.startsWith('application/json') || body === '') return undefined
  return typeof JSON.parse(body).error === 'string' ? undefined : 'its error has no name'
}

function faultOfGuard({ status, headers }: Exchanged): string | undefined {
  if (status >= 500 && status !== 503) return 'it is no failure of the host'
  return status === 401 && headers['www-authenticate'] === undefined ? 'it does not say how to authenticate' : undefined
}
