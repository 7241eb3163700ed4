import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { policyImage } from '../fixtures/policy-image.ts'
import { finished, folderOf, kavach, type Result, start } from './command.ts'

interface Serving {
  readonly url: string
  /** Sends a signal, and gives how it ended. */
  readonly end: (signal: NodeJS.Signals) => Promise<Result>
}

async function serve(folder: string, ...args: readonly string[]): Promise<Serving> {
  const child = start(folder, ['serve', ...args])
  onTestFinished(() => void child.kill('SIGKILL'))
  const ended = finished(child)
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()))
    void ended.then(({ err }) => reject(new Error(err)))
  })
  return {
    url,
    end(signal) {
      child.kill(signal)
      return ended
    },
  }
}

const ANYWHERE = ['--listen', '127.0.0.1:0']

async function makeKey(folder: string): Promise<string> {
  const args = ['keys', 'create', '--db', 'kavach.db', '--name', 'test', '--scope', 'agents', '--scope', 'policy']
  return (await kavach(folder, args)).out.trim()
}

async function ask(url: string, key: string, path: string, json?: object) {
  const answer = await fetch(url + path, {
    ...(json !== undefined && { method: 'POST', body: JSON.stringify(json) }),
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
  })
  return { status: answer.status, body: await answer.json() }
}

describe('a host that is served', () => {
  test('answers on loopback, says how to make the first key, and ends when it is asked to', async () => {
    const folder = folderOf()
    const { url, end } = await serve(folder, ...ANYWHERE)
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(await ask(url, '', '/health')).toEqual({ status: 200, body: { status: 'alive' } })
    const { code, out, err } = await end('SIGTERM')
    expect({ code, out }).toEqual({ code: 0, out: `${url}\n` })
    expect(err.split('\n').filter((line) => !line.includes('checkpoint'))).toEqual([
      'kavach: there is no project key yet, so nobody can manage anything over HTTP',
      '  = help: `kavach keys create --db kavach.db --name admin --scope agents --scope audit` makes one',
      'kavach: finishing what is under way',
      '',
    ])
  })

  test('knows a key that was made beside it, and decides about agents that were made by it', async () => {
    const folder = folderOf({ 'acme.img': policyImage('boundary runtime { allow read on doc:** }', { name: 'acme' }) })
    const { url, end } = await serve(folder, ...ANYWHERE, '--policy', 'acme.img')
    const key = await makeKey(folder)
    expect(await ask(url, key, '/v1/policies/current')).toMatchObject({ status: 200, body: { name: 'acme' } })
    const permissions = [{ resource: '**', actions: ['*'] }]
    const made = await ask(url, key, '/v1/agents', { ownerId: 'ann', name: 'bot', type: 'service', permissions })
    const { token } = made.body as { token: string }
    const asked = await ask(url, token, '/v1/authorize', { action: 'read', resource: 'doc:1' })
    expect(asked).toMatchObject({ status: 200, body: { allowed: true, policy: { name: 'acme' } } })
    const denied = await ask(url, token, '/v1/authorize', { action: 'write', resource: 'doc:1' })
    expect(denied).toMatchObject({ status: 200, body: { allowed: false } })
    expect((await end('SIGINT')).code).toBe(0)
    const verified = await kavach(folder, ['audit', 'verify', '--db', 'kavach.db'])
    expect(verified.code).toBe(0)
  })

  test('finishes what is under way', async () => {
    const folder = folderOf()
    const { url, end } = await serve(folder, ...ANYWHERE)
    const key = await makeKey(folder)
    const body = JSON.stringify({ ownerId: 'ann', name: 'bot', type: 'service' })
    let send = () => {}
    const halves = new ReadableStream({
      async start(controller) {
        controller.enqueue(new TextEncoder().encode(body.slice(0, 10)))
        await new Promise<void>((resolve) => {
          send = resolve
        })
        controller.enqueue(new TextEncoder().encode(body.slice(10)))
        controller.close()
      },
    })
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    const answering = fetch(`${url}/v1/agents`, {
      method: 'POST',
      headers,
      body: halves,
      duplex: 'half',
    } as RequestInit)
    // An answer to another request: the first one has arrived by then.
    await ask(url, key, '/v1/agents')
    const ending = end('SIGTERM')
    send()
    expect((await answering).status).toBe(201)
    expect((await ending).code).toBe(0)
  })

  test('takes options from a file, whose paths start from its folder, and the command line over it', async () => {
    const folder = folderOf({
      'etc/kavach.json': JSON.stringify({
        database: { provider: 'sqlite', url: '../data.db' },
        project: 'shop',
        docsBaseUrl: 'https://errors.example',
        agents: { maxPerUser: 1 },
      }),
    })
    const { url, end } = await serve(folder, ...ANYWHERE, '--config', 'etc/kavach.json', '--project', 'desk')
    const made = await kavach(folder, [
      'keys',
      'create',
      '--db',
      'data.db',
      '--project',
      'desk',
      '--name',
      'a',
      '--scope',
      'agents',
    ])
    const key = made.out.trim()
    const agent = { ownerId: 'ann', name: 'bot', type: 'service' }
    expect((await ask(url, key, '/v1/agents', agent)).status).toBe(201)
    expect(await ask(url, key, '/v1/agents', agent)).toMatchObject({
      status: 403,
      body: { error: { docs_url: 'https://errors.example#KVCH_E_AGENT_LIMIT_EXCEEDED' } },
    })
    await end('SIGTERM')
  })
})

describe('a host that cannot be served', () => {
  test.each([
    ['without its configuration', ['--config', 'no.json'], 66, '`no.json` cannot be read'],
    ['with what is no configuration', ['--config', 'list.json'], 64, '`list.json` is no JSON object'],
    ['with an option that there is not', ['--config', 'odd.json'], 64, 'polices: there is no such option'],
    ['without its policy', ['--policy', 'no.img'], 66, 'could not be read'],
    ['nowhere', ['--listen', 'here'], 64, 'option `--listen <address>` argument `here` is invalid'],
  ])('%s says why', async (_, args, code, message) => {
    const folder = folderOf({ 'list.json': '[]', 'odd.json': '{"polices":"a.img"}' })
    const result = await kavach(folder, ['serve', ...args])
    expect(result).toEqual({ code, out: '', err: expect.stringContaining(message) })
  })

  test('where another program listens says so', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : undefined
    const folder = folderOf()
    const { code, err } = await kavach(folder, [
      'serve',
      '--listen',
      `127.0.0.1:${port}`,
      '--database',
      join(folder, 'a.db'),
    ])
    expect({ code, says: err.includes(`cannot listen on 127.0.0.1:${port}: another program does`) }).toEqual({
      code: 64,
      says: true,
    })
  })
})
