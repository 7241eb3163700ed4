import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { policyImage } from '../../fixtures/policy-image.ts'
import { signIn } from '../../fixtures/sign-in.ts'
import { startPair, startWorker, type Worker } from './worker.ts'

/** Without `nodejs_compat`, and with D1 as workerd has it. */
let worker: Worker
beforeAll(async () => {
  worker = await startWorker()
})
afterAll(() => worker.miniflare.dispose())

const imageOf = (action: string, generation: number) => {
  const text = `autonomous agent clerk {\n  owner "ann"\n  allow ${action} on doc:**\n}\n`
  return Buffer.from(policyImage(text, { name: 'office', generation })).toString('base64')
}

describe('a host on workerd', () => {
  test('decides by id, by token, through delegations, within budgets and after approvals, and its log verifies', async () => {
    expect(await worker.run('agents')).toEqual({
      decisions: {
        byId: 'true allowed',
        byToken: 'true allowed',
        foreign: 'false no-grant',
        nobody: 'false token-invalid',
        lent: 'true allowed',
        beyond: 'false no-grant',
        paid: 'true allowed',
        tooMuch: 'false budget-exhausted',
        asked: 'false approval-required',
        agreed: 'true allowed',
        old: 'false token-invalid',
        fresh: 'true allowed',
        revoked: 'false token-invalid',
        orphan: 'false agent-revoked',
      },
      isIntact: true,
      rows: 24,
      lines: 26,
      hasProof: true,
    })
  })

  test('enforces an image, replaces it, and keeps the newest for whoever starts with an older one', async () => {
    const given = { first: imageOf('read', 1), second: imageOf('write', 2), project: 'office' }
    expect(await worker.run('policy', given)).toEqual({
      before: 'true allowed',
      loaded: { name: 'office', generation: 1, digest: expect.any(String) },
      after: 'false no-grant',
      later: 'false no-grant',
      kept: { name: 'office', generation: 2, digest: expect.any(String) },
    })
  })

  test('loads images into the engine that is imported, through both doors', async () => {
    expect(await worker.run('engine', { image: imageOf('read', 1) })).toEqual([true, true])
  })

  test('says that there are no files', async () => {
    expect(await worker.run('open', { options: { database: { provider: 'sqlite', url: 'kavach.db' } } })).toEqual({
      code: 'KVCH_E_CONFIG_INVALID',
      message:
        'database: here only `{ provider: "d1", binding }` and `{ provider: "memory" }` are known; files need Node, Bun or Deno',
    })
  })

  test('goes to the database a few times to open, and twice for a decision', async () => {
    const trips = await worker.run('trips', { skipMigrations: true, project: 'trips' })
    expect(trips).toEqual({ open: 3, first: 5, second: 2, hundred: 2, other: 3, list: 2 })
  })
})

describe('two Workers over one database', () => {
  test('allow as many calls as the cap says, and write one log', async () => {
    const { miniflare, runs } = await startPair()
    onTestFinished(() => miniflare.dispose())
    const [one] = runs
    const agentId = await one?.('setUp', { cap: 50 })
    // Eight requests at once, each with a host of its own that decides in batches.
    const requests = Array.from({ length: 8 }, (_, at) => runs[at % 2]?.('calls', { agentId, calls: 20 }))
    const results = (await Promise.all(requests)).flat().map(String)
    const counts = Object.fromEntries(
      [...new Set(results)].map((kind) => [kind, results.filter((one) => one === kind).length]),
    )
    expect(counts).toEqual({ 'true allowed': 50, 'false rate-limited': 110 })
    expect(await one?.('verify')).toMatchObject({ report: { isIntact: true, size: 161 } })
  })

  test('make the tables once, whichever comes first', async () => {
    const { miniflare, runs } = await startPair()
    onTestFinished(() => miniflare.dispose())
    const opened = await Promise.all([...runs, ...runs].map((run) => run('open', { options: { database: 'd1' } })))
    expect(opened).toEqual(['opened', 'opened', 'opened', 'opened'])
  })
})

describe('the faces of a host on workerd', () => {
  test('the HTTP API decides for an agent that shows its token', async () => {
    const base = (await worker.miniflare.ready).href.replace(/\/$/, '')
    expect(await (await fetch(`${base}/health`)).json()).toEqual({ status: 'alive' })
    const { token } = (await worker.run('newcomer')) as { readonly token: string }
    const ask = (bearer: string) =>
      fetch(`${base}/v1/authorize`, {
        method: 'POST',
        headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
        body: JSON.stringify({ action: 'read', resource: 'doc:1' }),
      })
    const response = await ask(token)
    expect({ status: response.status, body: await response.json() }).toMatchObject({
      status: 200,
      body: { allowed: true, reason: 'allowed' },
    })
    expect((await ask(`${token}x`)).status).toBe(401)
  })

  test('the authorization server takes a client from the address of an MCP server to a tool, and no further', async () => {
    const base = (await worker.miniflare.ready).href.replace(/\/$/, '')
    const resource = `${base}/mcp`
    const { accessToken, refreshToken, clientId, issuer, scope } = await signIn({
      resource,
      user: 'ann',
      password: 'none is asked for here',
      scope: 'mcp:tools',
    })
    expect({ issuer, scope }).toEqual({ issuer: base, scope: 'mcp:tools' })
    const call = async (bearer: string, tool: string) => {
      const response = await fetch(resource, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${bearer}`,
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
        },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: tool, arguments: {} } }),
      })
      return { status: response.status, text: await response.text() }
    }
    expect(await call(accessToken, 'greet')).toMatchObject({ status: 200, text: expect.stringContaining('hello') })
    expect((await call(accessToken, 'leave')).text).not.toContain('goodbye')
    expect((await call('kva_nobody', 'greet')).status).toBe(401)
    const metadata = await (await fetch(`${issuer}/.well-known/oauth-authorization-server`)).json()
    const { token_endpoint: endpoint } = metadata as { readonly token_endpoint: string }
    const renewed = await fetch(endpoint, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: refreshToken ?? '',
        client_id: clientId,
        resource,
      }),
    })
    const { access_token: next } = (await renewed.json()) as { readonly access_token: string }
    expect(renewed.status).toBe(200)
    expect(await call(next, 'greet')).toMatchObject({ status: 200 })
  })
})
