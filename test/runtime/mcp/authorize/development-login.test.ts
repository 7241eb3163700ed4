import { describe, expect, test } from 'vitest'
import { seal } from '../../../../runtime/mcp/authorize/sealed.ts'
import type { PlaceParts } from '../place.ts'
import { ISSUER, LOOPBACK } from '../place.ts'
import { CHALLENGE, formOf, openServer, REDIRECT, redirectOf } from '../server.ts'

const LOGIN = `${ISSUER}/oauth/login`
const USERS = { alice: 'wonderland', bob: 'builder' }
const GOOD = { username: 'alice', password: 'wonderland' }
const HOUR = 3_600_000

describe('the form', () => {
  test('stands between a request and its question, and leads back', async () => {
    const { server, browser } = await open()
    const url = server.authorizeUrl(await server.register())
    const first = redirectOf(await browser.get(url))
    expect(first).toEqual({ status: 303, to: LOGIN, fields: { return_to: url } })
    const form = await browser.get(`${LOGIN}?return_to=${encodeURIComponent(url)}`)
    const entered = await browser.submit(await form.text(), GOOD)
    expect({ status: entered.status, location: entered.headers.get('location') }).toEqual({
      status: 303,
      location: url,
    })
    const page = await (await browser.get(url)).text()
    expect(page).toContain('<dd><bdi>alice</bdi></dd>')
    const { fields } = redirectOf(await browser.submit(page, { decision: 'allow' }))
    expect(Object.keys(fields)).toEqual(['code', 'state', 'iss'])
  })

  test('has labels, one heading and no scripts', async () => {
    const { page } = await open()
    expect(page).toMatch(/<title>Sign in<\/title>/)
    expect(page.match(/<h1>Sign in<\/h1>/g)).toHaveLength(1)
    expect([...page.matchAll(/<label for="(\w+)">([^<]+)<\/label>/g)].map(([, name, text]) => [name, text])).toEqual([
      ['username', 'User name'],
      ['password', 'Password'],
    ])
    expect(page).toMatch(/<input id="username" name="username" type="text" autocomplete="username"/)
    expect(page).toMatch(/<input id="password" name="password" type="password" autocomplete="current-password"/)
    expect(page).not.toMatch(/<script|href|src=/)
  })

  test('OAuth 2.1 section 7.9: cannot be framed, and is never stored', async () => {
    const { server } = await open()
    const { headers } = await server.send(LOGIN)
    expect(headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/]+='; form-action 'self' https:; frame-ancestors 'none'; base-uri 'none'$/,
    )
    expect([headers.get('x-frame-options'), headers.get('cache-control'), headers.get('referrer-policy')]).toEqual([
      'DENY',
      'no-store',
      'no-referrer',
    ])
  })

  test('CSP: lets a browser go on to a client with a scheme of its own', async () => {
    const { server } = await open()
    const returnTo = `${ISSUER}/oauth/authorize?redirect_uri=${encodeURIComponent('cursor://a.b/cb')}`
    const { headers } = await server.send(`${LOGIN}?return_to=${encodeURIComponent(returnTo)}`)
    expect(headers.get('content-security-policy')).toContain("form-action 'self' https: cursor:;")
  })

  test('OAuth 2.1 section 7.12.2: leads nowhere else', async () => {
    const { server, browser, page } = await open()
    for (const target of [
      'https://evil.example.com',
      `${ISSUER}/oauth/authorize`,
      `${ISSUER}/oauth/authorize@evil.example.com/?`,
      `${ISSUER}.evil.example.com/oauth/authorize?`,
      '//evil.example.com/oauth/authorize?',
      '/oauth/authorize?',
      'javascript:alert(1)',
    ]) {
      const form = await (await server.send(`${LOGIN}?return_to=${encodeURIComponent(target)}`)).text()
      expect(formOf(form).hidden.return_to).toBe(undefined)
      const entered = await browser.submit(page, { ...GOOD, return_to: target })
      expect([entered.status, entered.headers.get('location')]).toEqual([303, LOGIN])
    }
  })

  test('is there in development alone', async () => {
    const server = await openServer()
    await expect(server.send(LOGIN)).rejects.toThrow('nobody answers')
  })
})

describe('the session', () => {
  test('is in a cookie of this host alone, for eight hours', async () => {
    const { server, browser, page } = await open()
    const entered = await browser.submit(page, GOOD)
    expect(entered.headers.getSetCookie().map((cookie) => cookie.replace(/=[\w.-]+/, '=V'))).toEqual([
      '__Host-kavach_session=V; Path=/; HttpOnly; SameSite=Lax; Secure',
    ])
    const url = server.authorizeUrl(await server.register())
    await server.host.advance(8 * HOUR - 1)
    expect((await browser.get(url)).status).toBe(200)
    await server.host.advance(1)
    expect((await browser.get(url)).status).toBe(303)
  })

  test('has a cookie without prefix on loopback', async () => {
    const { browser, page } = await open({ options: LOOPBACK })
    await browser.submit(page, GOOD)
    expect([...browser.cookies.keys()]).toEqual(['kavach_browser', 'kavach_session'])
  })

  test('ends when the user signs out', async () => {
    const { server, browser, page } = await open()
    await browser.submit(page, GOOD)
    const signedIn = await (await browser.get(LOGIN)).text()
    expect(signedIn).toContain('You are signed in as <strong><bdi>alice</bdi></strong>.')
    const left = await browser.submit(signedIn, { action: 'logout' })
    expect([left.status, [...browser.cookies.keys()]]).toEqual([200, ['__Host-kavach_browser']])
    expect((await browser.get(server.authorizeUrl(await server.register()))).status).toBe(303)
  })

  test('is worth nothing when it was made up, is of somebody who is gone, or is another cookie', async () => {
    const { server, browser } = await open()
    const url = server.authorizeUrl(await server.register())
    const keys = await server.secretKeys()
    const exp = server.host.now() + HOUR
    const good = await seal(keys, 'cookies', { kind: 'session', exp, user: 'alice' })
    const cases: readonly (readonly [string, number])[] = [
      [good, 200],
      [`${good.slice(0, -2)}AA`, 303],
      [`e30.${CHALLENGE}`, 303],
      ['', 303],
      [await seal(keys, 'cookies', { kind: 'session', exp, user: 'carol' }), 303],
      [await seal(keys, 'cookies', { kind: 'session', exp, user: 'constructor' }), 303],
      [await seal(keys, 'cookies', { kind: 'session', exp, user: 7 }), 303],
      [await seal(keys, 'cookies', { kind: 'session', exp: server.host.now(), user: 'alice' }), 303],
      [await seal(keys, 'cookies', { kind: 'browser', exp, user: 'alice' }), 303],
      [await seal(keys, 'page-tokens', { kind: 'session', exp, user: 'alice' }), 303],
    ]
    for (const [cookie, status] of cases) {
      browser.cookies.set('__Host-kavach_session', cookie)
      expect([cookie, (await browser.get(url)).status]).toEqual([cookie, status])
    }
  })
})

describe('who is not let in', () => {
  test('never learns which of name and password was wrong', async () => {
    const { browser, page } = await open()
    const answers = []
    for (const [username, password] of [
      ['alice', 'builder'],
      ['alice', ''],
      ['alice', 'wonderland '],
      ['Alice', 'wonderland'],
      ['carol', 'wonderland'],
      ['constructor', 'wonderland'],
      ['__proto__', '[object Object]'],
      ['', ''],
      ['x'.repeat(1000), 'x'],
    ] as const) {
      const answer = await browser.submit(page, { username, password })
      answers.push([answer.status, answer.headers.getSetCookie(), await answer.text()])
    }
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
    const [[status, cookies, text] = expect.fail()] = answers
    expect({ status, cookies }).toEqual({ status: 401, cookies: [] })
    expect(text).toContain('<p id="refused" class="note" role="alert">The user name or the password is not right.</p>')
    expect(text).toContain('aria-invalid="true" aria-describedby="refused"')
  })

  test('may try ten times a minute, as whoever it is', async () => {
    const { server, browser, page } = await open()
    for (let attempt = 0; attempt < 10; attempt++) {
      expect((await browser.submit(page, { username: 'alice', password: `${attempt}` })).status).toBe(401)
    }
    const refused = await browser.submit(page, GOOD)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '60'])
    expect(await refused.text()).toContain('<code>KVCH_E_RATE_USER_EXCEEDED</code>')
    expect((await browser.submit(page, { username: 'bob', password: 'builder' })).status).toBe(303)
    await server.host.advance(60_000)
    expect((await browser.submit(page, GOOD)).status).toBe(303)
  })

  test('may try for ever where there is no limit, which is on loopback alone', async () => {
    const { browser, page } = await open({ options: { ...LOOPBACK, ratePerMinute: false } })
    for (let attempt = 0; attempt < 12; attempt++) {
      expect((await browser.submit(page, GOOD)).status).toBe(303)
    }
  })

  test('is in the log, as is who was let in', async () => {
    const { server, browser, page } = await open()
    await browser.submit(page, { ...GOOD, password: 'x' })
    await browser.submit(page, GOOD)
    const rows = (await server.log()).filter(({ kind }) => kind === 'oauth.login')
    expect(rows.map(({ actor, result }) => [actor, result])).toEqual([
      ['host', 'denied'],
      ['host', 'allowed'],
    ])
  })

  test('RFC 6749 section 10.12: is whoever has no form of this browser', async () => {
    const { server, browser, page } = await open()
    const { csrf = '' } = formOf(page).hidden
    const stranger = server.newBrowser()
    const other = await open({ store: server.store, host: server.host })
    for (const [visitor, token] of [
      [browser, ''],
      [browser, 'x'],
      [browser, CHALLENGE],
      [stranger, csrf],
      [other.browser, csrf],
    ] as const) {
      const answer = await visitor.post(LOGIN, { ...GOOD, csrf: token })
      expect([answer.status, answer.headers.getSetCookie()]).toEqual([403, []])
    }
    await browser.submit(page, GOOD)
    const left = await browser.post(LOGIN, { action: 'logout', csrf: CHALLENGE })
    expect([left.status, [...browser.cookies.keys()]]).toEqual([
      403,
      ['__Host-kavach_browser', '__Host-kavach_session'],
    ])
  })

  test('OAuth 2.1 section 3.1: is whoever sends a field twice', async () => {
    const { browser, page, server } = await open()
    const { csrf = '' } = formOf(page).hidden
    const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { cookie, 'content-type': 'application/x-www-form-urlencoded' }
    const body = `${new URLSearchParams({ csrf, ...GOOD })}&username=bob`
    expect((await server.send(LOGIN, { method: 'POST', headers, body })).status).toBe(400)
  })
})

test('RFC 9700 section 4.11.2: an error waits for the login too', async () => {
  const { server, browser, page } = await open()
  const url = server.authorizeUrl(await server.register(), { scope: 'unknown' })
  expect(redirectOf(await browser.get(url)).to).toBe(LOGIN)
  await browser.submit(page, GOOD)
  expect(redirectOf(await browser.get(url))).toMatchObject({ to: REDIRECT, fields: { error: 'invalid_scope' } })
})

/** A browser in front of the form. */
async function open(parts: PlaceParts = {}) {
  const options = { ...parts.options, login: undefined, development: { users: USERS } }
  const server = await openServer({ ...parts, options })
  const browser = server.newBrowser()
  const page = await (await browser.get(server.settings.urls.login)).text()
  return { server, browser, page }
}
