/** The HTTP example, asked over a socket as its callers do. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'

let server: ChildProcess
let base = ''
let token = ''
const ADMIN = { 'x-admin-key': 'let-me-in' }

beforeAll(async () => {
  server = spawn(process.execPath, [resolve('examples/hono-app/main.mjs')], {
    env: { ...process.env, ADMIN_KEY: ADMIN['x-admin-key'], PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (server.stdout === null) throw new Error('the server has no output')
  for await (const line of createInterface(server.stdout)) {
    base ||= /^http:\S+$/.exec(line)?.[0] ?? ''
    token ||= /Bearer (kv_\w+)/.exec(line)?.[1] ?? ''
    if (line.includes('X-Admin-Key')) break
  }
})

afterAll(async () => {
  server.kill('SIGTERM')
  const [code] = await once(server, 'exit')
  expect(code).toBe(0)
})

function ask(method: string, path: string, headers: Readonly<Record<string, string>>, body?: unknown) {
  return fetch(base + path, {
    method,
    headers: { ...headers, connection: 'close', 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
}

const asAgent = () => ({ authorization: `Bearer ${token}` })

async function errorOf(response: Response) {
  const { error }: { readonly error: { readonly code: string; readonly docs_url: string } } = JSON.parse(
    await response.text(),
  )
  expect(error.docs_url).toBe(`https://docs.kavachos.com/errors#${error.code}`)
  return { status: response.status, code: error.code }
}

test('an agent may what it was granted', async () => {
  const response = await ask('GET', '/notes/1', asAgent())
  expect({ status: response.status, body: await response.json() }).toEqual({
    status: 200,
    body: { id: '1', text: 'buy milk' },
  })
})

test('who presents no token, or one that nobody issued, is not known', async () => {
  const none = await ask('GET', '/notes/1', {})
  expect(none.headers.get('www-authenticate')).toBe('Bearer')
  expect(await errorOf(none)).toEqual({ status: 401, code: 'KVCH_E_AGENT_TOKEN_INVALID' })
  expect(await errorOf(await ask('GET', '/notes/1', { authorization: 'Bearer kv_nobody' }))).toEqual({
    status: 401,
    code: 'KVCH_E_AGENT_TOKEN_INVALID',
  })
})

test('an agent may not what it was not granted', async () => {
  expect(await errorOf(await ask('POST', '/notes/1', asAgent(), { text: 'x' }))).toEqual({
    status: 403,
    code: 'KVCH_E_AGENT_PERMISSION_DENIED',
  })
})

test('a payment waits for an operator, and is then made once, as it was asked for', async () => {
  const pay = (usd: number) => ask('POST', '/payments', asAgent(), { to: 'acme', usd })
  expect(await errorOf(await pay(12))).toEqual({ status: 403, code: 'KVCH_E_APPROVAL_REQUIRED' })

  expect(await errorOf(await ask('GET', '/approvals', {}))).toEqual({ status: 401, code: 'KVCH_E_KEY_INVALID' })
  const listed = await ask('GET', '/approvals', ADMIN)
  const { approvals }: { readonly approvals: readonly { readonly id: string; readonly args: unknown }[] } = JSON.parse(
    await listed.text(),
  )
  expect(approvals.map(({ args }) => args)).toEqual([{ to: 'acme', usd: 12 }])

  const approved = await ask('POST', `/approvals/${approvals[0]?.id}/approve`, ADMIN)
  expect(approved.status).toBe(200)
  expect(await errorOf(await pay(13))).toEqual({ status: 403, code: 'KVCH_E_APPROVAL_REQUIRED' })
  expect((await pay(12)).status).toBe(200)
  expect(await errorOf(await pay(12))).toEqual({ status: 403, code: 'KVCH_E_APPROVAL_REQUIRED' })
})

test('what is asked too often is told when to come again', async () => {
  // A minute may begin meanwhile, so there may be two full ones.
  for (let i = 0; i < 122; i++) {
    const response = await ask('GET', '/notes/2', asAgent())
    if (response.status === 200) continue
    const seconds = Number(response.headers.get('retry-after'))
    expect([seconds >= 1, seconds <= 60]).toEqual([true, true])
    expect(await errorOf(response)).toEqual({ status: 429, code: 'KVCH_E_RATE_AGENT_EXCEEDED' })
    return
  }
  expect.unreachable()
})

test('the operator reads the log', async () => {
  const response = await ask('GET', '/audit', ADMIN)
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/csv; charset=utf-8'])
  expect((await response.text()).split('\n').length).toBeGreaterThan(5)
})
