/** What the policies of the pages let through in a real browser, and whether they fit. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { serveNode } from '../../runtime/adapters/node/index.ts'
import { createMcp } from '../../runtime/mcp/mcp.ts'
import type { McpOptions } from '../../runtime/mcp/options.ts'
import { openPlace } from '../runtime/mcp/place.ts'
import { CHALLENGE } from '../runtime/mcp/server.ts'

let browser: Browser

beforeAll(async () => {
  const executablePath = process.env.CHROMIUM ?? expect.fail('`npm run test:services` says where Chromium is')
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
})
afterAll(() => browser.close())

test.each(['Allow', 'Refuse'])(
  'CSP: %s leads to a client on loopback, and on to wherever that one leads',
  async (name) => {
    const { page, faults, client, authorizeUrl } = await open()
    await signIn(page, authorizeUrl)
    await page.getByRole('button', { name }).click()
    await page.waitForURL(`http://localhost:${client.port}/done`)
    expect([client.requests.length, faults]).toEqual([1, []])
  },
)

test('CSP: an error leads from the login to the client', async () => {
  const { page, faults, client, authorizeUrl } = await open()
  const bad = authorizeUrl.replace('code_challenge_method=S256', 'code_challenge_method=plain')
  await page.goto(bad)
  await fillIn(page)
  await page.waitForURL(`http://localhost:${client.port}/done`)
  expect([client.requests.length, faults]).toEqual([1, []])
})

test('CSP: a client with a scheme of its own is reached', async () => {
  const { page, faults, authorizeUrl } = await open(['cursor://anysphere.cursor-mcp/oauth/callback'])
  await signIn(page, authorizeUrl)
  const answered = page.waitForResponse(/\/oauth\/consent$/)
  await page.getByRole('button', { name: 'Allow' }).click()
  expect((await answered).headers().location).toMatch(/^cursor:\/\/anysphere.cursor-mcp\/oauth\/callback\?code=/)
  // Nobody has registered the scheme with this browser, so it stays where it is.
  expect(await page.title()).toBe('Allow access?')
  expect(faults).toEqual([])
})

test('pages fit into 320 pixels, in light and in dark', async () => {
  const { page, issuer, authorizeUrl } = await open()
  await page.setViewportSize({ width: 320, height: 640 })
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    for (const url of [`${issuer}/oauth/login`, authorizeUrl, `${issuer}/oauth/authorize`]) {
      await page.goto(url)
      const width = await page.evaluate(() => document.documentElement.scrollWidth)
      expect([url, width]).toEqual([url, 320])
    }
    await signIn(page, authorizeUrl)
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320)
    const [text, background] = await page.evaluate(() => {
      const { color, backgroundColor } = getComputedStyle(document.body)
      return [color, backgroundColor]
    })
    expect([text, background]).toEqual(
      colorScheme === 'light' ? ['rgb(0, 0, 0)', 'rgb(255, 255, 255)'] : ['rgb(255, 255, 255)', 'rgb(18, 18, 18)'],
    )
    await page.context().clearCookies()
  }
})

/** A server, a client that sends its answers on to another origin, and an empty browser. */
async function open(redirectUris?: readonly string[]) {
  const client = await listen()
  const probe = await listen()
  const issuer = probe.url
  await probe.close()
  const options: Partial<McpOptions> = {
    issuer,
    login: undefined,
    development: { users: { alice: 'wonderland' } },
  }
  const place = await openPlace({ options })
  const mcp = createMcp(place)
  const served = await serveNode((request, context) => mcp.fetch(request, context), {
    host: '127.0.0.1',
    port: probe.port,
  })
  const redirect_uris = redirectUris ?? [`${client.url}/callback`]
  const registered = await fetch(place.settings.urls.register, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: 'A client with a long name',
      redirect_uris,
      token_endpoint_auth_method: 'none',
    }),
  })
  const { client_id } = await registered.json()
  const context = await browser.newContext()
  const page = await context.newPage()
  const faults: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' && /polic|refused|blocked|violat/i.test(message.text())) faults.push(message.text())
  })
  page.on('pageerror', (error) => faults.push(error.message))
  onTestFinished(async () => {
    await context.close()
    await served.close(0)
    await client.close()
  })
  const query = new URLSearchParams({
    response_type: 'code',
    client_id,
    redirect_uri: redirect_uris[0] ?? '',
    state: 'xyz',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    resource: 'https://tools.example.com/mcp',
  })
  return { page, faults, client, issuer, authorizeUrl: `${issuer}/oauth/authorize?${query}` }
}

async function signIn(page: Page, url: string): Promise<void> {
  await page.goto(url)
  await fillIn(page)
  await page.waitForURL(/\/oauth\/authorize\?/)
}

async function fillIn(page: Page): Promise<void> {
  await page.getByLabel('User name').fill('alice')
  await page.getByLabel('Password').fill('wonderland')
  await page.getByRole('button', { name: 'Sign in' }).click()
}

/** A client: what comes to `/callback` is led on to another origin, as clients do. */
async function listen() {
  const requests: string[] = []
  const server: Server = createServer((request, response) => {
    const { port } = server.address() as AddressInfo
    if (request.url?.startsWith('/callback')) {
      requests.push(request.url)
      response.writeHead(302, { location: `http://localhost:${port}/done` }).end()
    } else response.end('done')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = () => new Promise<void>((resolve) => void server.close(() => resolve()))
  return { port, url: `http://127.0.0.1:${port}`, requests, close }
}
