import { describe, expect, test } from 'vitest'
import { KavachError, type Store } from '../../../runtime/index.ts'
import { openidMetadata, resourceMetadata, serverMetadata } from '../../../runtime/mcp/metadata.ts'
import { ownedPaths } from '../../../runtime/mcp/router.ts'
import { createMemoryStore } from '../../../storage/memory.ts'
import { ISSUER, OTHER_RESOURCE, RESOURCE } from './place.ts'
import { openServer, REDIRECT } from './server.ts'

const PROGRAMS = ['/oauth/token', '/oauth/revoke', '/oauth/introspect', '/.well-known/oauth/register']
const DOCUMENTS = [
  '/.well-known/oauth-authorization-server',
  '/.well-known/openid-configuration',
  '/.well-known/oauth-protected-resource/mcp',
  '/oauth/jwks',
]
const PEOPLE = ['/oauth/authorize', '/oauth/consent', '/oauth/login']
const DEVELOPMENT = { login: undefined, development: { users: { alice: 'wonderland' } } }

describe('RFC 8414 section 3: metadata', () => {
  test('is where the issuer says, and where others look', async () => {
    const issuer = 'https://example.com/tenant/1'
    const server = await openServer({ options: { issuer } })
    const parts = { hasFetcher: false }
    const documents: readonly (readonly [string, object])[] = [
      ['https://example.com/.well-known/oauth-authorization-server/tenant/1', serverMetadata(server.settings, parts)],
      [`${issuer}/.well-known/oauth-authorization-server`, serverMetadata(server.settings, parts)],
      ['https://example.com/.well-known/openid-configuration/tenant/1', openidMetadata(server.settings, parts)],
      [`${issuer}/.well-known/openid-configuration`, openidMetadata(server.settings, parts)],
    ]
    for (const [url, document] of documents) {
      const response = await server.send(url)
      expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json'])
      expect(await response.json()).toEqual(document)
    }
    await expect(server.send('https://example.com/.well-known/oauth-authorization-server')).rejects.toThrow('nobody')
  })

  test('RFC 8414 section 3.3: never depends on what a request says of its host', async () => {
    const server = await openServer()
    const headers = { host: 'evil.example.com', 'x-forwarded-host': 'evil.example.com', 'x-forwarded-proto': 'http' }
    for (const path of DOCUMENTS) {
      const good = await (await server.send(path)).text()
      const evil = await server.send(`http://evil.example.com:8080${path}?host=evil`, {
        headers: { ...headers, forwarded: 'host=evil' },
      })
      expect(await evil.text()).toBe(good)
    }
  })

  test('RFC 9728 section 3.3: says of a server what is configured, also where two have one path', async () => {
    const server = await openServer()
    const at = async (origin: string) =>
      (await server.send(`${origin}/.well-known/oauth-protected-resource/mcp`)).json()
    expect(await at('https://tools.example.com')).toEqual(resourceMetadata(server.settings, RESOURCE))
    expect(await at('https://files.example.com')).toEqual(resourceMetadata(server.settings, OTHER_RESOURCE))
    expect(await at('http://files.example.com')).toEqual(resourceMetadata(server.settings, OTHER_RESOURCE))
    expect(await at('https://elsewhere.example.com')).toEqual(resourceMetadata(server.settings, RESOURCE))
  })
})

describe('OAuth 2.1 section 3.2: programs in browsers', () => {
  test.each([...PROGRAMS, ...DOCUMENTS])('may ask %s from any origin', async (path) => {
    const server = await openServer()
    const isDocument = DOCUMENTS.includes(path)
    const headers = { origin: 'https://app.example.com', 'access-control-request-headers': 'authorization' }
    const preflight = await server.send(path, { method: 'OPTIONS', headers })
    expect({ status: preflight.status, headers: Object.fromEntries(preflight.headers) }).toEqual({
      status: 204,
      headers: {
        'access-control-allow-origin': '*',
        'access-control-allow-methods': isDocument ? 'GET, HEAD, OPTIONS' : 'POST, OPTIONS',
        'access-control-allow-headers': 'authorization, content-type, mcp-protocol-version, dpop',
        'access-control-expose-headers': 'WWW-Authenticate, DPoP-Nonce, Retry-After',
        'access-control-max-age': '7200',
      },
    })
    for (const method of ['GET', 'POST', 'PUT']) {
      const answer = await server.send(path, { method, headers })
      expect([
        answer.headers.get('access-control-allow-origin'),
        answer.headers.get('access-control-allow-credentials'),
        answer.headers.get('access-control-expose-headers'),
      ]).toEqual(['*', null, 'WWW-Authenticate, DPoP-Nonce, Retry-After'])
    }
  })

  test.each(PEOPLE)('OAuth 2.1 section 3.1: may not ask %s', async (path) => {
    const server = await openServer({ options: DEVELOPMENT })
    for (const method of ['GET', 'POST', 'OPTIONS', 'DELETE']) {
      const { headers } = await server.send(path, { method, headers: { origin: 'https://app.example.com' } })
      expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
    }
  })
})

describe('methods', () => {
  const methods = (path: string) => {
    if (DOCUMENTS.includes(path)) return 'GET, HEAD, OPTIONS'
    if (PROGRAMS.includes(path)) return 'POST, OPTIONS'
    return path === '/oauth/consent' ? 'POST' : 'GET, HEAD, POST'
  }

  test.each([...PROGRAMS, ...DOCUMENTS, ...PEOPLE])('of %s are those that it says', async (path) => {
    const server = await openServer({ options: DEVELOPMENT })
    const allow = methods(path)
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND']) {
      const response = await server.send(path, { method })
      if (allow.split(', ').includes(method)) expect([method, response.status]).not.toEqual([method, 405])
      else expect([method, response.status, response.headers.get('allow')]).toEqual([method, 405, allow])
    }
  })

  test('that are refused are an error of OAuth to programs, and a page to people', async () => {
    const server = await openServer()
    const refused = await server.send('/oauth/token')
    expect(await refused.json()).toEqual({ error: 'invalid_request', error_description: 'the method must be POST' })
    expect(refused.headers.get('cache-control')).toBe('no-store')
    const page = await server.send('/oauth/authorize', { method: 'DELETE' })
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
  })

  test('RFC 9110 section 9.3.2: HEAD is GET without a body', async () => {
    const server = await openServer()
    for (const path of ['/oauth/authorize', ...DOCUMENTS]) {
      const [head, get] = [await server.send(path, { method: 'HEAD' }), await server.send(path)]
      expect([head.status, await head.text()]).toEqual([get.status, ''])
      expect(Object.fromEntries(head.headers)).toEqual(Object.fromEntries(get.headers))
    }
  })
})

describe('paths', () => {
  test('are compared as they are', async () => {
    const server = await openServer()
    for (const path of [
      '/oauth/token/',
      '/oauth/Token',
      '/oauth/%74oken',
      '//oauth/token',
      '/oauth/token;a',
      '/oauth',
      '/',
    ]) {
      await expect(server.send(path, { method: 'POST' })).rejects.toThrow('nobody answers')
    }
  })

  test('that are owned are those that are answered', async () => {
    for (const [options, isOwned] of [
      [{}, false],
      [DEVELOPMENT, true],
    ] as const) {
      const owns = ownedPaths((await openServer({ options })).settings)
      for (const path of [...PROGRAMS, ...DOCUMENTS, '/oauth/authorize', '/oauth/consent']) {
        expect([path, owns(path)]).toEqual([path, true])
      }
      expect([owns('/oauth/login'), owns('/'), owns('/oauth/token/')]).toEqual([isOwned, false, false])
    }
    const issuer = 'https://example.com/a'
    const owns = ownedPaths((await openServer({ options: { issuer } })).settings)
    const paths = [
      '/.well-known/openid-configuration/a',
      '/a/.well-known/openid-configuration',
      '/.well-known/openid-configuration',
    ]
    expect(paths.map(owns)).toEqual([true, true, false])
  })
})

describe('rates', () => {
  test('RFC 6585 section 4: a source that asks too often waits, and is told how long', async () => {
    const server = await openServer({ options: { ...DEVELOPMENT, ratePerMinute: 2 } })
    const ask = (path: string, ip: string) => server.send(path, { method: 'POST' }, { ip })
    for (const path of ['/oauth/token', '/.well-known/oauth/register', '/oauth/login']) {
      const statuses = []
      for (let at = 0; at < 3; at++) statuses.push((await ask(path, '192.0.2.1')).status)
      expect([path, statuses.at(-1), statuses.includes(429, 2)]).toEqual([path, 429, true])
      expect((await ask(path, '192.0.2.2')).status).not.toBe(429)
    }
    const refused = await ask('/oauth/token', '192.0.2.1')
    expect(refused.headers.get('retry-after')).toBe('60')
    expect(await refused.json()).toEqual({
      error: 'temporarily_unavailable',
      error_description: 'there were too many requests; try again later',
      kvch_code: 'KVCH_E_RATE_ENDPOINT_EXCEEDED',
    })
    expect((await ask('/oauth/login', '192.0.2.1')).headers.get('content-type')).toBe('text/html; charset=utf-8')
  })

  test('do not hold for documents and pages', async () => {
    const server = await openServer({ options: { ratePerMinute: 1 } })
    for (const path of [...DOCUMENTS, '/oauth/authorize']) {
      for (let at = 0; at < 3; at++) expect((await server.send(path, {}, { ip: '192.0.2.1' })).status).not.toBe(429)
    }
  })
})

describe('what breaks', () => {
  test('is a 503 with Retry-After while the store does not answer, and says nothing of why', async () => {
    let isLocked = false
    const memory = createMemoryStore()
    const failing = async () => {
      if (isLocked) throw new KavachError('KVCH_E_STORE_LOCKED', 'at /secret/path')
    }
    const store: Store = {
      ...memory,
      transaction: async (project, work) => failing().then(() => memory.transaction(project, work)),
      read: async (project, work) => failing().then(() => memory.read(project, work)),
    }
    const server = await openServer({ store })
    const id = await server.register()
    isLocked = true
    const fields = {
      grant_type: 'authorization_code',
      client_id: id,
      code: 'x',
      code_verifier: 'x'.repeat(43),
      redirect_uri: REDIRECT,
    }
    const token = await server.send('/oauth/token', { method: 'POST', body: new URLSearchParams(fields) })
    expect([token.status, token.headers.get('retry-after'), await token.json()]).toEqual([
      503,
      '1',
      {
        error: 'temporarily_unavailable',
        error_description: 'the server cannot answer now; try again later',
        kvch_code: 'KVCH_E_STORE_LOCKED',
      },
    ])
    const page = await server.send(server.authorizeUrl(id))
    expect([page.status, page.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await page.text()).not.toContain('secret')
    isLocked = false
    expect((await server.newBrowser('ann').get(server.authorizeUrl(id))).status).toBe(200)
  })

  test('is a 500 without details otherwise, and the operator is warned', async () => {
    const warnings: string[] = []
    const login = {
      user: () => {
        throw new Error('the session service said: password=hunter2')
      },
      loginUrl: () => 'https://app.example.com/login',
    }
    const warn = (message: string) => void warnings.push(message)
    const server = await openServer({ options: { login }, hostOptions: { warn } })
    const page = await server.send(server.authorizeUrl(await server.register()))
    const text = await page.text()
    expect([page.status, text.includes('hunter2'), text.includes('Error:')]).toEqual([500, false, false])
    expect(warnings.at(-1)).toBe('the authorization server failed: the session service said: password=hunter2')
  })
})

test('RFC 8414 section 2: whatever the document names is there', async () => {
  const server = await openServer()
  const document = serverMetadata(server.settings, { hasFetcher: false })
  const urls = Object.entries(document).filter(([name]) => /_endpoint$|_uri$/.test(name))
  expect(urls.map(([name]) => name)).toEqual([
    'authorization_endpoint',
    'token_endpoint',
    'registration_endpoint',
    'revocation_endpoint',
    'introspection_endpoint',
    'jwks_uri',
  ])
  for (const [, url] of urls) expect((await server.send(String(url), { method: 'PUT' })).status).toBe(405)
  expect(document.issuer).toBe(ISSUER)
})
