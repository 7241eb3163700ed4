import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { deriveKeys } from '../../../../runtime/keys/index.ts'
import { seal } from '../../../../runtime/mcp/authorize/sealed.ts'
import type { ConsentQuestion } from '../../../../runtime/mcp/options.ts'
import { ISSUER, LOOPBACK, RESOURCE } from '../place.ts'
import { CHALLENGE, formOf, openServer, REDIRECT, redirectOf, type TestServer, unescapeHtml } from '../server.ts'

const CONSENT = `${ISSUER}/oauth/consent`
const MINUTE = 60_000

describe('the page', () => {
  test('MCP Best Practices, confused deputy: says who asks for what, of which server, and where the answer goes', async () => {
    const server = await openServer()
    const url = server.authorizeUrl(await server.register({ client_name: 'Notes' }), { scope: 'mcp:tools mcp:files' })
    expect(textOf(await pageOf(server, url))).toEqual([
      'Allow access?',
      'Notes wants to act for you at Tools.',
      'What it will be able to do',
      'Use the tools mcp:tools',
      'Read your files mcp:files',
      'Who is asking',
      'Application, as it calls itself',
      'Notes',
      'Your answer goes to',
      'client.example.com https://client.example.com/callback',
      'Server',
      RESOURCE,
      'You are signed in as',
      'User ann',
      'Allow this only if you have just started it yourself.',
      'Allow',
      'Refuse',
    ])
  })

  test('CIMD section 6.4: warns of clients that are on loopback alone, and shows their port', async () => {
    const server = await openServer()
    const native = await server.register({ redirect_uris: ['http://127.0.0.1/cb', 'http://localhost/cb'] })
    const page = textOf(await pageOf(server, server.authorizeUrl(native, { redirect_uri: 'http://127.0.0.1:4711/cb' })))
    expect(page).toContain('127.0.0.1:4711 http://127.0.0.1:4711/cb')
    const warning =
      'This application runs on your own computer, so its name cannot be checked. Any program there could ask like this.'
    expect(page).toContain(warning)
    const both = await server.register({ redirect_uris: ['http://127.0.0.1/cb', REDIRECT] })
    expect(textOf(await pageOf(server, server.authorizeUrl(both)))).not.toContain(warning)
  })

  test('CIMD section 6.4: shows the host that published the client', async () => {
    const id = 'https://publisher.example.com/client.json'
    const document = {
      client_id: id,
      client_name: 'Published',
      redirect_uris: [REDIRECT],
      token_endpoint_auth_method: 'none',
    }
    const bytes = new TextEncoder().encode(JSON.stringify(document))
    const headers = { 'content-type': 'application/json' }
    const server = await openServer({ fetchDocument: async () => ({ status: 200, headers, bytes }) })
    const page = textOf(await pageOf(server, server.authorizeUrl(id)))
    expect(page.slice(page.indexOf('Published by'), page.indexOf('Published by') + 2)).toEqual([
      'Published by',
      'publisher.example.com',
    ])
  })

  test('RFC 7591 section 5: escapes what clients say of themselves', async () => {
    const names = ['<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', "' onclick='x", '&lt;b&gt;', '`x`']
    for (const client_name of names) {
      const server = await openServer()
      const page = await pageOf(
        server,
        server.authorizeUrl(await server.register({ client_name }), { state: client_name }),
      )
      expect(page).not.toContain('<script')
      expect(page).not.toContain('<img')
      expect([...page.matchAll(/<[^>]*\son\w+=/g)]).toEqual([])
      expect(textOf(page)).toContain(client_name)
    }
  })

  test('has no scripts and needs none, and names what it is made of', async () => {
    const server = await openServer()
    const page = await pageOf(server, server.authorizeUrl(await server.register()))
    expect(page).toMatch(/^<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="viewport"/)
    expect(page).not.toMatch(/<script|<link|<img|<iframe|javascript:|\sstyle=|https?:[^<"]*\.(?:js|css)/)
    expect(page.match(/<h1>/g)).toHaveLength(1)
    expect([...page.matchAll(/<button[^>]*>/g)].map(([button]) => button)).toEqual([
      '<button class="main" type="submit" name="decision" value="allow">',
      '<button type="submit" name="decision" value="deny">',
    ])
  })

  test('OAuth 2.1 section 7.9: cannot be framed, and is never stored', async () => {
    const server = await openServer()
    const response = await server.newBrowser('ann').get(server.authorizeUrl(await server.register()))
    const { 'set-cookie': _, ...headers } = Object.fromEntries(response.headers)
    const style = /<style>(.*?)<\/style>/s.exec(await response.text())?.[1] ?? ''
    const digest = createHash('sha256').update(style).digest('base64')
    expect(headers).toEqual({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': `default-src 'none'; style-src 'sha256-${digest}'; form-action 'self' https:; frame-ancestors 'none'; base-uri 'none'`,
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      pragma: 'no-cache',
      'referrer-policy': 'no-referrer',
    })
  })

  test.each([
    ['https://client.example.com/callback', "form-action 'self' https:"],
    ['http://[::1]:5000/cb', "form-action 'self' https: http:"],
    ['com.example.app:/cb', "form-action 'self' https: com.example.app:"],
    ['cursor://anysphere.cursor-mcp/oauth/callback', "form-action 'self' https: cursor:"],
  ])('CSP: lets a browser go on to %s', async (redirect_uri, directive) => {
    const server = await openServer()
    const client = await server.register({ redirect_uris: [redirect_uri] })
    const response = await server.newBrowser('ann').get(server.authorizeUrl(client, { redirect_uri }))
    expect(response.headers.get('content-security-policy')?.split('; ')).toContain(directive)
  })

  test('MCP Best Practices: keeps its browser in a cookie of this host alone', async () => {
    const server = await openServer()
    const url = server.authorizeUrl(await server.register())
    const browser = server.newBrowser('ann')
    const cookies = (await browser.get(url)).headers.getSetCookie()
    expect(cookies.map((cookie) => cookie.replace(/=[\w.-]+/, '=V'))).toEqual([
      '__Host-kavach_browser=V; Path=/; HttpOnly; SameSite=Lax; Secure',
    ])
    expect((await browser.get(url)).headers.getSetCookie()).toEqual([])
  })

  test('has a cookie without prefix on loopback, where browsers refuse it', async () => {
    const server = await openServer({ options: LOOPBACK })
    const url = server.authorizeUrl(await server.register(), { resource: 'http://127.0.0.1:4001/mcp' })
    const cookies = (await server.newBrowser('ann').get(url)).headers.getSetCookie()
    expect(cookies.map((cookie) => cookie.replace(/=[\w.-]+/, '=V'))).toEqual([
      'kavach_browser=V; Path=/; HttpOnly; SameSite=Lax',
    ])
  })

  test('is shown each time, whatever was agreed to before', async () => {
    const { browser, url } = await asked()
    await browser.submit(await (await browser.get(url)).text(), { decision: 'allow' })
    expect(textOf(await (await browser.get(url)).text())[0]).toBe('Allow access?')
  })

  test('writes nothing', async () => {
    const { server, browser, url } = await asked()
    const before = await everything(server)
    await browser.get(url)
    await server.newBrowser().get(url)
    expect(await everything(server)).toEqual(before)
  })
})

describe('an answer is refused', () => {
  test.each([
    ['without the form token', { csrf: '' }],
    ['with another form token', { csrf: CHALLENGE }],
    ['with a form token that is none', { csrf: 'x' }],
    ['without the question', { request: '' }],
    ['with a question that is none', { request: 'e30.e30' }],
    ['with a question of nobody', { request: `e30.${CHALLENGE}` }],
  ])('%s', async (_, fields) => {
    const { server, browser, page } = await asked()
    await expectRefused(server, await browser.submit(page, { decision: 'allow', ...fields }))
  })

  test('without a decision, or with one that is none', async () => {
    const { server, browser, page } = await asked()
    for (const decision of ['', 'yes', 'Allow', 'allow ']) {
      await expectRefused(server, await browser.submit(page, { decision }), 400)
    }
  })

  test('with the form token of another question', async () => {
    const { server, browser, page, url } = await asked()
    const { csrf = '' } = formOf(await (await browser.get(url)).text()).hidden
    await expectRefused(server, await browser.submit(page, { decision: 'allow', csrf }))
  })

  test('from another browser, with or without a cookie of its own', async () => {
    const { server, page, url } = await asked()
    const other = server.newBrowser('ann')
    await expectRefused(server, await other.submit(page, { decision: 'allow' }))
    await other.get(url)
    await expectRefused(server, await other.submit(page, { decision: 'allow' }))
  })

  test('when the cookie was planted a second time', async () => {
    const { server, browser, page } = await asked()
    const { action, hidden } = formOf(page)
    const [name = '', value = ''] = [...browser.cookies][0] ?? []
    const response = await server.send(action, {
      method: 'POST',
      headers: { cookie: `${name}=${value}; ${name}=${value}`, 'x-user': 'ann' },
      body: new URLSearchParams({ ...hidden, decision: 'allow' }),
    })
    await expectRefused(server, response)
  })

  test('from another user, and when nobody is signed in any more', async () => {
    const { server, browser, page } = await asked()
    for (const user of ['eve', undefined]) {
      browser.user = user
      await expectRefused(server, await browser.submit(page, { decision: 'allow' }))
    }
  })

  test('ten minutes after it was asked', async () => {
    const { server, browser, page, url } = await asked()
    await server.host.advance(10 * MINUTE)
    await expectRefused(server, await browser.submit(page, { decision: 'allow' }))
    const late = await (await browser.get(url)).text()
    await server.host.advance(10 * MINUTE - 1)
    expect((await browser.submit(late, { decision: 'allow' })).status).toBe(303)
  })

  test('when anything in the question was changed', async () => {
    const { server, browser, page } = await asked()
    const { request = '' } = formOf(page).hidden
    const [body = '', mac = ''] = request.split('.')
    const question = JSON.parse(Buffer.from(body, 'base64url').toString())
    const wider = { ...question, request: { ...question.request, scopes: ['mcp:admin'] } }
    const forged = `${Buffer.from(JSON.stringify(wider)).toString('base64url')}.${mac}`
    await expectRefused(server, await browser.submit(page, { decision: 'allow', request: forged }))
  })

  test('when the question was sealed with another secret, or is something else that was sealed here', async () => {
    const { server, browser, page } = await asked()
    const question = {
      kind: 'consent',
      exp: server.host.now() + MINUTE,
      id: 'a',
      browser: 'b',
      user: 'ann',
      request: {},
    }
    const foreign = deriveKeys(server.site, ['another secret that is 32 bytes long'])
    const texts = [
      await seal(foreign, 'page-tokens', question),
      await seal(await server.secretKeys(), 'cookies', question),
      await seal(await server.secretKeys(), 'page-tokens', { ...question, kind: 'session' }),
      [...browser.cookies.values()][0] ?? '',
    ]
    for (const request of texts) await expectRefused(server, await browser.submit(page, { decision: 'allow', request }))
  })

  test('when the secret is another one since, and not when it is one of two', async () => {
    const { server, browser, page } = await asked()
    const { store, host } = server
    const secrets = ['a newer secret, which is 32 bytes long', 'a secret that is used by tests alone']
    for (const [hostOptions, status] of [
      [{ secret: undefined, secrets: secrets.slice(0, 1) }, 403],
      [{ secret: undefined, secrets }, 303],
    ] as const) {
      const later = await openServer({ store, host, hostOptions })
      const visitor = later.newBrowser('ann')
      for (const [name, value] of browser.cookies) visitor.cookies.set(name, value)
      expect((await visitor.submit(page, { decision: 'allow' })).status).toBe(status)
    }
  })

  test('when the client was revoked, or a scope taken away, meanwhile', async () => {
    const { server, browser, page, client } = await asked()
    const { store, host } = server
    const scopes = { 'mcp:files': { description: 'Files', permissions: [{ resource: 'mcp:**', actions: ['read'] }] } }
    const later = await openServer({ store, host, options: { scopes } })
    const visitor = later.newBrowser('ann')
    for (const [name, value] of browser.cookies) visitor.cookies.set(name, value)
    await expectRefused(later, await visitor.submit(page, { decision: 'allow' }))
    await server.site.change((change) => change.remove('oauthClients', { id: client }))
    await expectRefused(server, await browser.submit(page, { decision: 'allow' }))
  })

  test('to GET, and with parameters in the URL', async () => {
    const { server, browser, page } = await asked()
    const { hidden } = formOf(page)
    const query = new URLSearchParams({ ...hidden, decision: 'allow' })
    const got = await browser.get(`${CONSENT}?${query}`)
    expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST'])
    await expectRefused(server, await browser.post(`${CONSENT}?${query}`, { ...hidden, decision: 'allow' }), 400)
  })

  test('OAuth 2.1 section 3.1: when a field is there twice', async () => {
    const { server, browser, page } = await asked()
    const { action, hidden } = formOf(page)
    const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const body = `${new URLSearchParams(hidden)}&decision=deny&decision=allow`
    const headers = { cookie, 'x-user': 'ann', 'content-type': 'application/x-www-form-urlencoded' }
    await expectRefused(server, await server.send(action, { method: 'POST', headers, body }), 400)
  })
})

describe('a question is answered once', () => {
  test('whatever the answers are', async () => {
    for (const decisions of [
      ['allow', 'allow'],
      ['allow', 'deny'],
      ['deny', 'allow'],
      ['deny', 'deny'],
    ] as const) {
      const { server, browser, page } = await asked()
      const [first, second] = decisions
      expect((await browser.submit(page, { decision: first })).status).toBe(303)
      const before = await everything(server)
      const again = await browser.submit(page, { decision: second })
      expect([again.status, await again.text()]).toEqual([
        403,
        expect.stringContaining('This question was answered already.'),
      ])
      expect(await everything(server)).toEqual(before)
    }
  })

  test('however fast somebody clicks', async () => {
    const { server, browser, page } = await asked()
    const clicks = await Promise.all(Array.from({ length: 5 }, () => browser.submit(page, { decision: 'allow' })))
    expect(clicks.map(({ status }) => status).sort()).toEqual([303, 403, 403, 403, 403])
    const { agents, codes, grants } = await everything(server)
    expect([agents.length, codes.length, grants.length]).toEqual([1, 1, 1])
  })

  test('whichever process is asked', async () => {
    const { server, browser, page } = await asked()
    const other = await openServer({ store: server.store, host: server.host })
    const visitor = other.newBrowser('ann')
    for (const [name, value] of browser.cookies) visitor.cookies.set(name, value)
    const both = await Promise.all([browser, visitor].map((one) => one.submit(page, { decision: 'allow' })))
    expect(both.map(({ status }) => status).sort()).toEqual([303, 403])
    expect((await everything(server)).codes).toHaveLength(1)
  })
})

describe('what is kept', () => {
  test('of an agreement: a grant that names an agent, a code, and rows of the log', async () => {
    const { server, browser, page, client } = await asked()
    await browser.submit(page, { decision: 'allow' })
    const { grants } = await server.mcp.grants.list({ user: 'ann' })
    const [grant = expect.fail()] = grants
    const { agents } = await server.kavach.agents.list({ ownerId: 'ann' })
    const [agent = expect.fail()] = agents
    expect(grant).toEqual({
      id: grant.id,
      clientId: client,
      userId: 'ann',
      agentId: agent.id,
      scopes: ['mcp:tools'],
      resource: RESOURCE,
      createdAt: new Date(server.host.now()),
      expiresAt: new Date(server.host.now() + 365 * 24 * 60 * MINUTE),
    })
    const rows = (await server.log()).filter(
      ({ kind }) => kind.startsWith('oauth.') && kind !== 'oauth.client.register',
    )
    expect(rows.map(({ kind }) => kind)).toEqual(['oauth.grant', 'oauth.consent', 'oauth.code'])
    const { personal, seq: _, time: __, ...row } = rows[1] ?? expect.fail()
    expect(personal).toMatch(/^[0-9a-f]{64}$/)
    expect(row).toEqual({
      kind: 'oauth.consent',
      agent: agent.id,
      actor: 'host',
      result: 'allowed',
      client,
      grant: grant.id,
      scopes: ['mcp:tools'],
      resource: RESOURCE,
    })
  })

  test('of a refusal: a row of the log, and nothing else', async () => {
    const { server, browser, page, client } = await asked()
    await browser.submit(page, { decision: 'deny' })
    const { agents, codes, grants } = await everything(server)
    expect({ agents, codes, grants }).toEqual({ agents: [], codes: [], grants: [] })
    const { personal: _, seq: __, time: ___, ...row } = (await server.log()).at(-1) ?? expect.fail()
    expect(row).toEqual({
      kind: 'oauth.consent',
      actor: 'host',
      result: 'denied',
      client,
      scopes: ['mcp:tools'],
      resource: RESOURCE,
    })
  })

  test('of an agreement that no agent can be made for: nothing, and the client is told', async () => {
    const warnings: string[] = []
    const hostOptions = { agents: { maxPerUser: 1 }, warn: (message: string) => void warnings.push(message) }
    const { server, browser, page } = await asked(await openServer({ hostOptions }))
    await server.kavach.agents.create({ ownerId: 'ann', name: 'other', type: 'service' })
    expect(redirectOf(await browser.submit(page, { decision: 'allow' })).fields).toEqual({
      error: 'access_denied',
      error_description: 'the user has as many agents as it may have',
      kvch_code: 'KVCH_E_AGENT_LIMIT_EXCEEDED',
      state: 'xyz',
      iss: ISSUER,
    })
    expect((await everything(server)).grants).toEqual([])
    expect(warnings.at(-1)).toMatch(/^no agent can act for a user through the client `mcp_/)
  })
})

describe('the page of an application', () => {
  test('is given all that it shows, and the fields of the answer', async () => {
    const questions: ConsentQuestion[] = []
    const consent = (question: ConsentQuestion) => {
      questions.push(question)
      return new Response('<h1>Really?</h1>', { headers: { 'content-type': 'text/html', 'cache-control': 'public' } })
    }
    const server = await openServer({ options: { consent } })
    const { browser, client, url } = await asked(server)
    const response = await server.newBrowser('ann').get(url)
    const { 'set-cookie': cookie, ...headers } = Object.fromEntries(response.headers)
    expect(cookie).toMatch(/^__Host-kavach_browser=/)
    expect({ status: response.status, headers, text: await response.text() }).toEqual({
      status: 200,
      text: '<h1>Really?</h1>',
      headers: {
        'content-type': 'text/html',
        'content-security-policy': "frame-ancestors 'none'",
        'x-frame-options': 'DENY',
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
        pragma: 'no-cache',
        'referrer-policy': 'no-referrer',
      },
    })
    const [{ fields, ...question } = expect.fail()] = questions
    expect(question).toEqual({
      user: { id: 'ann', name: 'User ann' },
      client: {
        id: client,
        name: 'A client',
        host: undefined,
        redirectUri: REDIRECT,
        redirectHost: 'client.example.com',
        isLoopbackOnly: false,
      },
      scopes: [{ name: 'mcp:tools', description: 'Use the tools' }],
      resource: { url: RESOURCE, title: 'Tools' },
      action: CONSENT,
    })
    expect(Object.keys(fields)).toEqual(['request', 'csrf'])
    const answer = await browser.post(CONSENT, { ...fields, decision: 'allow' })
    expect(Object.keys(redirectOf(answer).fields)).toEqual(['code', 'state', 'iss'])
  })

  test('keeps its own policy beside ours', async () => {
    const headers = { 'content-type': 'text/html', 'content-security-policy': "default-src 'self'" }
    const server = await openServer({ options: { consent: () => new Response('', { headers }) } })
    const response = await server.newBrowser('ann').get(server.authorizeUrl(await server.register()))
    expect(response.headers.get('content-security-policy')).toBe("default-src 'self', frame-ancestors 'none'")
  })
})

/** A browser in which `ann` is asked, and the page that asks. */
async function asked(given?: TestServer) {
  const server = given ?? (await openServer())
  const client = await server.register()
  const url = server.authorizeUrl(client)
  const browser = server.newBrowser('ann')
  const page = await (await browser.get(url)).text()
  return { server, client, url, browser, page }
}

async function pageOf(server: TestServer, url: string): Promise<string> {
  return (await server.newBrowser('ann').get(url)).text()
}

/** What a person reads, element by element. */
function textOf(page: string): readonly string[] {
  const body = page.slice(page.indexOf('<main>'))
  return [...body.matchAll(/<(h1|h2|p|li|dt|dd|button)\b[^>]*>(.*?)<\/\1>/gs)].map(([, , text = '']) =>
    unescapeHtml(text.replace(/<br>/g, ' ').replace(/<[^>]+>/g, '')).trim(),
  )
}

async function everything({ site }: TestServer) {
  return site.read(async (reader) => ({
    agents: await reader.find('agents', 'key'),
    grants: await reader.find('oauthGrants', 'key'),
    codes: await reader.find('oauthCodes', 'key'),
    replays: await reader.find('oauthReplays', 'key'),
    meters: await reader.find('meters', 'key'),
    audit: (await reader.find('audit', 'key')).length,
  }))
}

async function expectRefused(server: TestServer, response: Response, status = 403): Promise<void> {
  expect({ status: response.status, location: response.headers.get('location') }).toEqual({ status, location: null })
  expect(response.headers.get('x-frame-options')).toBe('DENY')
  const { agents, grants, codes } = await everything(server)
  expect({ agents, grants, codes }).toEqual({ agents: [], grants: [], codes: [] })
}
