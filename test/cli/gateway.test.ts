/** `kavach gateway` in a process of its own, in front of servers in others. */
import { type ChildProcess, spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { describe, expect, onTestFinished, test } from 'vitest'
import { policyImage } from '../fixtures/policy-image.ts'
import { signIn } from '../fixtures/sign-in.ts'
import { finished, folderOf, kavach, MAIN } from './command.ts'

const SERVER = resolve('test/cli/gateway/mcp-server.mjs')
const POLICY = `
boundary runtime {
  allow execute on mcp:files:{read,who,slow,pay}
}

forbid execute on mcp:files:read when args.path matches /.*secret.*/
require approval by "role:approver" within 15m for execute on mcp:files:pay
`
const PASSWORD = 'a password for tests'

interface Gateway {
  readonly child: ChildProcess
  readonly url: string
  readonly folder: string
  /** Connects as alice, and gives the access token that it did it with. */
  readonly connect: () => Promise<{ readonly client: Client; readonly token: string }>
}

let port = 21_000 + (process.pid % 20_000)

/** Starts a gateway; it is ended with the test. */
async function open(args: readonly string[], files: Readonly<Record<string, string>> = {}): Promise<Gateway> {
  const folder = folderOf({ 'policy.img': policyImage(POLICY, { generation: 1 }), ...files })
  const url = `http://127.0.0.1:${++port}/mcp`
  const common = ['--policy', 'policy.img', '--server', 'files', '--listen', `127.0.0.1:${port}`]
  const login = ['--dev-user', 'alice', '--password-env', 'PASSWORD']
  const child = spawn(process.execPath, [MAIN, 'gateway', ...common, ...login, ...args], {
    cwd: folder,
    env: { ...process.env, PASSWORD, SECRET_OF_SERVER: 'handed on', TOKEN: 'own-credential', NODE_ENV: 'test' },
  })
  onTestFinished(async () => {
    child.kill('SIGKILL')
  })
  await printed(child, 'authorization server:')
  return {
    child,
    url,
    folder,
    async connect() {
      const { accessToken } = await signIn({ resource: url, user: 'alice', password: PASSWORD })
      const client = new Client({ name: 'test', version: '1' })
      const headers = { authorization: `Bearer ${accessToken}` }
      await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }) as Transport)
      onTestFinished(() => client.close())
      return { client, token: accessToken }
    },
  }
}

/** Starts an upstream over HTTP and gives its origin. */
async function openUpstream(): Promise<string> {
  const child = spawn(process.execPath, [SERVER, '0'])
  onTestFinished(() => void child.kill('SIGKILL'))
  return (await printed(child, 'http://')).trim()
}

/** What a process printed, once it has printed `part`. */
function printed(child: ChildProcess, part: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const hear = (chunk: Buffer) => {
      text += chunk.toString()
      if (text.includes(part)) resolve(text)
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    child.once('exit', (code) => reject(new Error(`it ended with ${code}: ${text}`)))
  })
}

function textOf(result: unknown): unknown {
  const [content] = (result as { readonly content: readonly { readonly text: string }[] }).content // As the SDK has checked.
  return JSON.parse(content?.text ?? 'null')
}

const UPSTREAMS = [
  ['over stdio', async () => ['--env', 'SECRET_OF_SERVER', '--', process.execPath, SERVER]],
  ['over HTTP', async () => ['--upstream', `${await openUpstream()}/mcp`, '--upstream-token-env', 'TOKEN']],
] as const

describe.each(UPSTREAMS)('a server %s', (what, argumentsOf) => {
  test('is called with the arguments that the policy allows, and lists what may be called', {
    timeout: 60_000,
  }, async () => {
    const { connect } = await open(await argumentsOf())
    const { client } = await connect()
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['read', 'who', 'slow', 'pay'])
    expect(textOf(await client.callTool({ name: 'read', arguments: { path: '/a' } }))).toEqual({ path: '/a' })
    expect(await client.callTool({ name: 'read', arguments: { path: '/secret' } })).toMatchObject({ isError: true })
    expect(await client.callTool({ name: 'wipe' })).toMatchObject({ isError: true })
    const seen: unknown[] = []
    const slow = await client.callTool({ name: 'slow' }, undefined, {
      onprogress: ({ progress }) => seen.push(progress),
    })
    expect([textOf(slow), seen]).toEqual(['done', [1]])
  })

  test('RS-8: never sees the token of the client', { timeout: 60_000 }, async () => {
    const { connect } = await open(await argumentsOf())
    const { client, token } = await connect()
    const who = textOf(await client.callTool({ name: 'who' }))
    expect(JSON.stringify(who)).not.toContain(token)
    expect(who).toMatchObject(
      what === 'over HTTP'
        ? { headers: { authorization: 'Bearer own-credential' } }
        : { env: 'handed on', headers: {} },
    )
  })

  test('RS-3, RS-13: nobody comes in without a token, and no page of others', { timeout: 60_000 }, async () => {
    const { url } = await open(await argumentsOf())
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
    const headers = { 'content-type': 'application/json' }
    const bare = await fetch(url, { method: 'POST', headers, body })
    expect([bare.status, bare.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringContaining('resource_metadata='),
    ])
    const foreign = await fetch(url, { method: 'POST', headers: { ...headers, origin: 'https://evil.example' }, body })
    expect(foreign.status).toBe(403)
  })

  test('ends with the gateway, on Ctrl-C', { timeout: 60_000 }, async () => {
    const { child, connect } = await open(await argumentsOf())
    const { client } = await connect()
    const who = textOf(await client.callTool({ name: 'who' })) as { readonly pid: number } // It says so itself.
    const ended = finished(child)
    child.kill('SIGINT')
    expect((await ended).code).toBe(130)
    if (what === 'over stdio') expect(() => process.kill(who.pid, 0)).toThrow(/ESRCH/)
  })
})

test('each session over stdio has a process of its own', { timeout: 60_000 }, async () => {
  const { connect } = await open(['--', process.execPath, SERVER])
  const pids = await Promise.all(
    [0, 1].map(async () => {
      const { client } = await connect()
      const { pid } = textOf(await client.callTool({ name: 'who' })) as { readonly pid: number } // It says so itself.
      return pid
    }),
  )
  expect(new Set(pids).size).toBe(2)
})

test('a configuration in a file gives scopes, and maps tools', { timeout: 60_000 }, async () => {
  const config = {
    scopes: {
      read: { description: 'Read', permissions: [{ resource: 'doc:**', actions: ['read'] }] },
      who: { description: 'Ask', permissions: [{ resource: 'mcp:files:who', actions: ['execute'] }] },
    },
    defaultScopes: ['who'],
    resources: [
      { url: 'http://127.0.0.1/mcp', server: 'files', tools: { read: { action: 'read', resource: 'doc:any' } } },
    ],
  }
  const { connect } = await open(
    ['--config', 'gateway.json', '--url', `http://127.0.0.1:${port + 1}/mcp`, '--', process.execPath, SERVER],
    {
      'gateway.json': JSON.stringify(config),
    },
  )
  const { client } = await connect()
  expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['who'])
  await expect(client.callTool({ name: 'read', arguments: { path: '/a' } })).rejects.toThrow()
})

test('an approver of the configuration approves over HTTP, and the call is then done once', {
  timeout: 60_000,
}, async () => {
  const approvers = [{ id: 'eve', roles: ['role:approver'], secretEnv: 'PASSWORD' }]
  const { connect, url, folder } = await open(['--config', 'gateway.json', '--', process.execPath, SERVER], {
    'gateway.json': JSON.stringify({ approvers }),
  })
  const made = await kavach(folder, ['keys', 'create', '--db', 'kavach.db', '--name', 'desk', '--scope', 'approve'])
  const { client } = await connect()
  const pay = () => client.callTool({ name: 'pay' })
  const id = /apr_\w+/.exec(JSON.stringify(await pay()))?.[0] ?? ''
  const vote = async (approver: string) => {
    const headers = { authorization: `Bearer ${made.out.trim()}`, 'x-kavach-approver': approver }
    const path = `/v1/approvals/${id}/approve`
    return (await fetch(new URL(path, url), { method: 'POST', headers })).status
  }
  expect([await vote('somebody'), await vote(PASSWORD)]).toEqual([403, 200])
  expect([textOf(await pay()), await pay()]).toEqual(['paid', expect.objectContaining({ isError: true })])
})

test('tokens of another authorization server are introspected, one by one', { timeout: 60_000 }, async () => {
  const first = await open(['--config', 'gateway.json', '--', process.execPath, SERVER], {
    'gateway.json': JSON.stringify({
      clients: [
        { id: 'other-gateway', secret: 'a secret of 32 characters or more', mayIntrospect: true, grantTypes: [] },
      ],
    }),
  })
  const { accessToken } = await signIn({ resource: first.url, user: 'alice', password: PASSWORD })
  const folder = folderOf({
    'policy.img': policyImage(`autonomous agent desk {\n  allow execute on mcp:files:who\n}`, { generation: 1 }),
  })
  const listen = `127.0.0.1:${++port}`
  const args = [
    '--policy',
    'policy.img',
    '--server',
    'files',
    '--listen',
    listen,
    '--url',
    first.url,
    '--agent',
    'desk',
  ]
  const { origin } = new URL(first.url)
  const asking = [
    '--issuer',
    origin,
    '--introspect',
    `${origin}/oauth/introspect`,
    '--introspect-client',
    'other-gateway',
  ]
  const child = spawn(
    process.execPath,
    [MAIN, 'gateway', ...args, ...asking, '--introspect-secret-env', 'SECRET', '--', process.execPath, SERVER],
    { cwd: folder, env: { ...process.env, SECRET: 'a secret of 32 characters or more' } },
  )
  onTestFinished(() => void child.kill('SIGKILL'))
  await printed(child, 'authorization server:')
  const client = new Client({ name: 'test', version: '1' })
  const headers = { authorization: `Bearer ${accessToken}` }
  const transport = new StreamableHTTPClientTransport(new URL(`http://${listen}/mcp`), { requestInit: { headers } })
  await client.connect(transport as Transport)
  onTestFinished(() => client.close())
  expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['who'])
  expect(await client.callTool({ name: 'read', arguments: { path: '/a' } })).toMatchObject({ isError: true })
  const unknown = await fetch(`http://${listen}/mcp`, { headers: { authorization: 'Bearer kva_unknown' } })
  expect(unknown.status).toBe(401)
  first.child.kill('SIGKILL')
  await finished(first.child)
  const headersOnly = { authorization: `Bearer ${accessToken}` }
  expect((await fetch(`http://${listen}/mcp`, { headers: headersOnly })).status).toBe(503)
})

describe('what cannot work is said', () => {
  const run = (args: readonly string[]) => {
    const folder = folderOf({
      'policy.img': policyImage(POLICY, { generation: 1 }),
      'odd.json': '{"scope":{}}',
      'no.json': '{',
    })
    return kavach(folder, ['gateway', '--policy', 'policy.img', ...args])
  }
  test.each([
    [['--listen', 'here', '--', 'server'], 64, 'kavach: --listen wants an address and a port, not `here`'],
    [[], 64, 'kavach: there is no upstream to guard'],
    [
      ['--upstream', 'http://127.0.0.1/mcp', '--', 'server'],
      64,
      'kavach: give --upstream or a command after `--`, not both',
    ],
    [['--', 'server'], 64, 'kavach: mcp.login: is missing'],
    [['--dev-user', 'alice', '--', 'server'], 64, 'kavach: --dev-user and --password-env go together'],
    [
      ['--dev-user', 'alice', '--password-env', 'NO_SUCH_VARIABLE', '--', 'server'],
      64,
      'kavach: --password-env names the variable `NO_SUCH_VARIABLE`, which is not set',
    ],
    [['--config', 'none.json', '--', 'server'], 66, 'kavach: there is no `none.json`'],
    [['--config', 'no.json', '--', 'server'], 64, 'kavach: `no.json` is no JSON'],
    [['--config', 'odd.json', '--', 'server'], 64, 'kavach: `odd.json` has an unknown member `scope`'],
    [['--introspect', 'http://example.com', '--', 'server'], 64, 'kavach: --introspect needs'],
    [['--url', 'tools', '--', 'server'], 64, 'kavach: --url wants an absolute URL, not `tools`'],
    [['--upstream', `"unfinished`], 64, 'kavach: there is no upstream to guard'],
  ])('%j', { timeout: 30_000 }, async (args, code, message) => {
    const { code: ended, err } = await run(args)
    expect([ended, err]).toEqual([code, expect.stringContaining(message)])
  })

  test('a policy that is not there', { timeout: 30_000 }, async () => {
    const { code, err } = await kavach(folderOf(), ['gateway', '--policy', 'none.img', '--agent', 'a', '--', 'server'])
    expect([code, err]).toEqual([expect.any(Number), expect.stringContaining('kavach: ')])
    expect(code).not.toBe(0)
  })
})

test.each([
  ['/closed', 'the upstream refuses the gateway with 401'],
  ['/moved', 'the upstream leads elsewhere, with 307'],
])('an upstream at %s is a 502 to the client, and told to the operator', { timeout: 60_000 }, async (path, message) => {
  const origin = await openUpstream()
  const { child, url } = await open(['--upstream', `${origin}${path}`])
  const { accessToken } = await signIn({ resource: url, user: 'alice', password: PASSWORD })
  const told = printed(child, message)
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${accessToken}` },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
  })
  expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([502, null])
  await told
})
