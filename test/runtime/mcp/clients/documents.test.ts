import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createPinnedFetch } from '../../../../runtime/adapters/node/index.ts'
import { isHttpsUrl } from '../../../../runtime/mcp/clients/https-url.ts'
import { createClients } from '../../../../runtime/mcp/clients/index.ts'
import type { FetchedDocument } from '../../../../runtime/mcp/index.ts'
import { selfSigned } from '../../../fixtures/self-signed.ts'
import { LOOPBACK, NOW, openPlace, type PlaceParts } from '../place.ts'
import { REDIRECT, tokenRequest, type Web, webOf } from './requests.ts'

const URL_ID = 'https://client.example/oauth/client.json'
const DOCUMENT = { client_id: URL_ID, client_name: 'Editor', redirect_uris: [REDIRECT] }
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

async function open(web: Web, parts: PlaceParts = {}) {
  const place = await openPlace({ fetchDocument: web.fetchDocument, ...parts })
  return { place, clients: createClients(place) }
}

const failure = (why: string) => ({
  name: 'OAuthError',
  error: 'invalid_client',
  code: 'KVCH_E_MCP_METADATA_FETCH_FAILED',
  status: 401,
  message: `the client metadata document ${why}`,
})

describe('AS-R1: a client with a URL for an id', () => {
  test('is what its document says', async () => {
    const web = webOf(() => ({
      json: { ...DOCUMENT, grant_types: ['authorization_code', 'refresh_token'], scope: 'mcp:tools' },
    }))
    const { clients, place } = await open(web)
    expect(await clients.find(URL_ID)).toEqual({
      id: URL_ID,
      origin: 'document',
      name: 'Editor',
      redirectUris: [REDIRECT],
      grantTypes: ['authorization_code', 'refresh_token'],
      authMethod: 'none',
      scopes: ['mcp:tools'],
      applicationType: 'web',
      isDpopBound: false,
      mayIntrospect: false,
    })
    expect(web.asked).toEqual([{ url: URL_ID, options: { maxBytes: 5120, timeoutMs: 5000, allowLoopback: false } }])
    expect((await place.log()).filter(({ kind }) => kind.startsWith('oauth.'))).toMatchObject([
      { kind: 'oauth.client.document', client: URL_ID, changed: false },
    ])
  })

  test('is unknown where nothing can be fetched, or nothing shall be', async () => {
    const web = webOf(() => ({ json: DOCUMENT }))
    const closed = await open(web, { options: { clientMetadata: false } })
    const place = await openPlace()
    expect([await closed.clients.find(URL_ID), await createClients(place).find(URL_ID), web.asked]).toEqual([
      undefined,
      undefined,
      [],
    ])
  })

  test('is read through the real fetch from https://localhost, where that is allowed', async () => {
    const server = createServer(selfSigned(), ({ url }, response) => {
      const client_id = `https://localhost:${port}${url}`
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ ...DOCUMENT, client_id }))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    // It listens on a port.
    const { port } = server.address() as AddressInfo
    const id = `https://localhost:${port}/client.json`
    const fetchDocument = createPinnedFetch()
    const allowed = createClients(await openPlace({ options: LOOPBACK, fetchDocument }))
    expect(await allowed.find(id)).toMatchObject({ id, origin: 'document', name: 'Editor' })
    const place = await openPlace({ fetchDocument })
    await expect(createClients(place).find(id)).rejects.toMatchObject(failure('could not be fetched'))
    expect((await place.log()).at(-1)).toMatchObject({
      kind: 'oauth.refuse',
      result: 'denied',
      error: 'invalid_client',
      why: '`localhost` leads to an address that is not public',
    })
  })
})

describe('AS-R2: the URL of a client', () => {
  test.each([
    'https://client.example/client.json',
    'https://client.example:8443/client.json',
    'https://client.example/a/b?c=d',
    'https://client.example/.well-known/client',
    'https://client.example/a..b/...',
    'https://[2606:4700::1]/client.json',
  ])('may be %s', (url) => expect(isHttpsUrl(url)).toBe(true))

  const BAD = [
    'http://client.example/client.json',
    'HTTPS://client.example/client.json',
    'https:client.example/client.json',
    'https:/client.example/client.json',
    'https://client.example',
    'https://client.example/',
    'https://client.example?x',
    'https://client.example/client.json#',
    'https://client.example/client.json#x',
    'https://user@client.example/client.json',
    'https://user:pw@client.example/client.json',
    'https://@client.example/client.json',
    'https://client.example/a/../client.json',
    'https://client.example/./client.json',
    'https://client.example/a/..',
    'https://client.example/a/%2e%2e/client.json',
    'https://client.example/%2E/client.json',
    'https://client.example/a/.%2e/client.json',
    'https://client.example:443/client.json',
    'https://client.example:/client.json',
    'https://client.example:99999/client.json',
    'https://CLIENT.example/client.json',
    'https://ex%61mple.com/client.json',
    'https://bücher.example/client.json',
    'https://client.example\\client.json',
    'https://client.example/a\\b',
    'https://client.example/a b',
    'https://client.example/client.json\n',
    '\thttps://client.example/client.json',
    'https://2130706433/client.json',
    'https://0x7f.0.0.1/client.json',
    `https://client.example/${'x'.repeat(1002)}`,
  ]

  test.each(BAD)('may not be %j, and nobody is asked', async (url) => {
    const web = webOf(() => ({ json: { ...DOCUMENT, client_id: url } }))
    const { clients } = await open(web)
    expect([await clients.find(url), web.asked]).toEqual([undefined, []])
  })
})

describe('a document is refused', () => {
  const text = (body: string): Partial<FetchedDocument> => ({ bytes: new TextEncoder().encode(body) })
  const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`

  test.each<[string, Partial<FetchedDocument> & { readonly json?: unknown }, string]>([
    [
      'AS-R3: with the id of another',
      { json: { ...DOCUMENT, client_id: `${URL_ID}?` } },
      'has another client_id than its own URL',
    ],
    [
      'AS-R3: with an id that a parser would mend',
      { json: { ...DOCUMENT, client_id: 'HTTPS://client.example/oauth/client.json' } },
      'has another client_id than its own URL',
    ],
    ['AS-R3: with no id', { json: { ...DOCUMENT, client_id: undefined } }, 'has another client_id than its own URL'],
    ['AS-R4: with no name', { json: { ...DOCUMENT, client_name: undefined } }, 'has no client_name'],
    [
      'AS-R4: with no redirect URI',
      { json: { ...DOCUMENT, redirect_uris: [] } },
      'is not valid: redirect_uris: give at least one',
    ],
    ['AS-R4: that is cut off', text('{"client_id":'), 'is no JSON object of 8 levels at most'],
    ['AS-R4: that is a list', { json: [DOCUMENT] }, 'is no JSON object of 8 levels at most'],
    ['AS-R4: that is too deep', text(`{"x":${nested(8)}}`), 'is no JSON object of 8 levels at most'],
    ['AS-R4: that is no UTF-8', { bytes: Uint8Array.of(0x22, 0xff, 0x22) }, 'is no JSON object of 8 levels at most'],
    [
      'AS-R4: that is a page',
      { json: DOCUMENT, headers: { 'content-type': 'text/html' } },
      'has another type than JSON',
    ],
    ['AS-R4: of no type', { json: DOCUMENT, headers: { 'content-type': '' } }, 'has another type than JSON'],
    [
      'AS-R5: with a redirect URI that none may have',
      { json: { ...DOCUMENT, redirect_uris: ['javascript:x'] } },
      'is not valid: redirect_uris: javascript:x has the scheme javascript: that no answer may be sent to',
    ],
    [
      'AS-R6: with a secret',
      { json: { ...DOCUMENT, client_secret: 'x' } },
      'has client_secret, which is no secret when it is published',
    ],
    [
      'AS-R6: with the end of a secret',
      { json: { ...DOCUMENT, client_secret_expires_at: 0 } },
      'has client_secret_expires_at, which is no secret when it is published',
    ],
    [
      'AS-R6: that authenticates by client_secret_basic',
      { json: { ...DOCUMENT, token_endpoint_auth_method: 'client_secret_basic' } },
      'has the method client_secret_basic, which needs a secret',
    ],
    [
      'AS-R6: that authenticates by client_secret_post',
      { json: { ...DOCUMENT, token_endpoint_auth_method: 'client_secret_post' } },
      'has the method client_secret_post, which needs a secret',
    ],
    [
      'AS-R6: that authenticates by client_secret_jwt',
      { json: { ...DOCUMENT, token_endpoint_auth_method: 'client_secret_jwt' } },
      'is not valid: token_endpoint_auth_method: must be one of none, client_secret_basic, client_secret_post, private_key_jwt',
    ],
    [
      'AS-R6: with a private key',
      { json: { ...DOCUMENT, jwks: { keys: [{ kty: 'EC', d: 'x' }] } } },
      'is not valid: jwks: must hold 1 to 16 public keys',
    ],
    [
      'AS-R8: that is elsewhere',
      { status: 302, headers: { location: URL_ID }, json: DOCUMENT },
      'was answered with the status 302 and not with 200',
    ],
    ['AS-R8: that is gone', { status: 404, json: DOCUMENT }, 'was answered with the status 404 and not with 200'],
    ['AS-R8: that is not whole', { status: 206, json: DOCUMENT }, 'was answered with the status 206 and not with 200'],
  ])('%s', async (_, page, why) => {
    const { clients, place } = await open(webOf(() => page))
    await expect(clients.find(URL_ID)).rejects.toMatchObject(failure(why))
    expect(await place.site.read((reader) => reader.find('oauthClients', 'key'))).toEqual([])
  })

  test('and of another type than plain JSON it is good', async () => {
    for (const type of ['application/json; charset=utf-8', 'application/cimd+json', 'APPLICATION/JSON']) {
      const { clients } = await open(webOf(() => ({ json: DOCUMENT, headers: { 'content-type': type } })))
      expect(await clients.find(URL_ID)).toMatchObject({ id: URL_ID })
    }
  })

  test('AS-R12: with private_key_jwt it is good', async () => {
    const method = { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: 'https://client.example/jwks.json' }
    const { clients } = await open(webOf(() => ({ json: { ...DOCUMENT, ...method } })))
    expect(await clients.find(URL_ID)).toMatchObject({
      authMethod: 'private_key_jwt',
      jwksUri: 'https://client.example/jwks.json',
    })
  })
})

describe('AS-R7: a document is kept', () => {
  test.each<[string, Readonly<Record<string, string>>, number]>([
    ['an hour, when it does not say', {}, HOUR_MS],
    ['as long as it says', { 'cache-control': 'public, max-age=1800' }, 30 * MINUTE_MS],
    ['less what it was kept before', { 'cache-control': 'max-age="1800"', age: '600' }, 20 * MINUTE_MS],
    ['not for less than five minutes', { 'cache-control': 'max-age=1' }, 5 * MINUTE_MS],
    ['five minutes, when it shall not be', { 'cache-control': 'no-store, max-age=3600' }, 5 * MINUTE_MS],
    ['not for more than a day', { 'cache-control': 'max-age=9999999999' }, 24 * HOUR_MS],
    [
      'by its date',
      { date: new Date(NOW).toUTCString(), expires: new Date(NOW + 2 * HOUR_MS).toUTCString() },
      2 * HOUR_MS,
    ],
    ['five minutes, when its date is none', { expires: '0' }, 5 * MINUTE_MS],
    ['as max-age says, whatever its date', { 'cache-control': 'max-age=1200', expires: '0' }, 20 * MINUTE_MS],
  ])('%s', async (_, headers, lifeMs) => {
    const web = webOf(() => ({ json: DOCUMENT, headers }))
    const { clients, place } = await open(web)
    await clients.find(URL_ID)
    place.host.setNow(NOW + lifeMs - 1)
    await clients.find(URL_ID)
    const before = web.asked.length
    place.host.setNow(NOW + lifeMs)
    await clients.find(URL_ID)
    expect([before, web.asked.length]).toEqual([1, 2])
  })

  test('and a fault is not: the next one asks anew, and a change is a row', async () => {
    const pages: object[] = [
      { ...DOCUMENT, client_name: undefined },
      DOCUMENT,
      DOCUMENT,
      { ...DOCUMENT, client_name: 'New' },
    ]
    const web = webOf(() => ({ json: pages[web.asked.length - 1] }))
    const { clients, place } = await open(web)
    await expect(clients.find(URL_ID)).rejects.toMatchObject(failure('has no client_name'))
    for (let at = 0; at < 3; at++) {
      place.host.setNow(NOW + at * 2 * HOUR_MS)
      await clients.find(URL_ID)
    }
    expect(await clients.find(URL_ID)).toMatchObject({ name: 'New' })
    expect((await place.log()).filter(({ kind }) => kind === 'oauth.client.document')).toMatchObject([
      { changed: false },
      { changed: true },
    ])
  })

  test('not beyond its time when its page has become bad', async () => {
    let page: object = { json: DOCUMENT }
    const { clients, place } = await open(webOf(() => page))
    await clients.find(URL_ID)
    page = { status: 404 }
    place.host.setNow(NOW + HOUR_MS)
    const form = new Map([['client_id', URL_ID]])
    await expect(clients.find(URL_ID)).rejects.toMatchObject({ error: 'invalid_client' })
    await expect(clients.authenticate(tokenRequest(), form)).rejects.toMatchObject({ error: 'invalid_client' })
  })

  test('a day beyond its time where nobody answers, for those who have tokens, and for no new consent', async () => {
    let isDown = false
    const web = webOf(() => {
      if (isDown) throw new Error('down')
      return { json: DOCUMENT }
    })
    const { clients, place } = await open(web)
    await clients.find(URL_ID)
    isDown = true
    place.host.setNow(NOW + 25 * HOUR_MS - 1)
    const form = new Map([['client_id', URL_ID]])
    expect(await clients.authenticate(tokenRequest(), form)).toMatchObject({ id: URL_ID })
    await expect(clients.find(URL_ID)).rejects.toMatchObject(failure('could not be fetched'))
    place.host.setNow(NOW + 25 * HOUR_MS)
    await expect(clients.authenticate(tokenRequest(), form)).rejects.toMatchObject(failure('could not be fetched'))
  })

  test('and removed a day after its time, which is when it is of no use', async () => {
    const { clients, place } = await open(webOf(() => ({ json: DOCUMENT })))
    await clients.find(URL_ID)
    const sweep = () => place.site.change((change) => clients.sweep(change, 100))
    place.host.setNow(NOW + 25 * HOUR_MS)
    expect(await sweep()).toBe(0)
    place.host.setNow(NOW + 25 * HOUR_MS + 1)
    expect([await sweep(), await clients.list()]).toEqual([1, []])
  })
})

describe('AS-R10: what strangers make this server fetch is bounded', () => {
  const own = (url: string) => ({ json: { ...DOCUMENT, client_id: url } })
  const busy = {
    error: 'temporarily_unavailable',
    code: 'KVCH_E_RATE_ENDPOINT_EXCEEDED',
    status: 429,
    headers: { 'retry-after': '60' },
  }

  test('who asks for a document that is on its way waits for it', async () => {
    const web = webOf(own)
    const { clients } = await open(web)
    const found = await Promise.all(Array.from({ length: 20 }, () => clients.find(URL_ID)))
    expect([found.length, new Set(found.map((client) => client?.id)), web.asked.length]).toEqual([
      20,
      new Set([URL_ID]),
      1,
    ])
  })

  test('to 20 a minute at one host', async () => {
    const web = webOf(own)
    const { clients, place } = await open(web)
    for (let at = 0; at < 20; at++) await clients.find(`https://client.example/${at}`)
    await expect(clients.find('https://client.example/20')).rejects.toMatchObject(busy)
    expect(await clients.find('https://client.example/3')).toMatchObject({ id: 'https://client.example/3' })
    expect(await clients.find('https://other.example/1')).toMatchObject({ id: 'https://other.example/1' })
    place.host.setNow(NOW + MINUTE_MS)
    expect(await clients.find('https://client.example/20')).toMatchObject({ id: 'https://client.example/20' })
    expect(web.asked.length).toBe(22)
  })

  test('to 60 a minute in all, but for those that were good before', async () => {
    const web = webOf(own)
    const { clients, place } = await open(web)
    await clients.find(URL_ID)
    place.host.setNow(NOW + HOUR_MS)
    for (let at = 0; at < 60; at++) await clients.find(`https://host${at}.example/client`)
    await expect(clients.find('https://host60.example/client')).rejects.toMatchObject(busy)
    expect(await clients.find(URL_ID)).toMatchObject({ id: URL_ID })
    expect((await place.log()).filter(({ kind }) => kind === 'rate.exceed')).toMatchObject([
      { rate: 'new-documents', count: 60, seconds: 60 },
    ])
  })

  test('and what is kept is: the one that is out of date first goes first', async () => {
    const { clients, place } = await open(webOf(own), {
      options: { issuer: 'http://127.0.0.1:4000', ratePerMinute: false },
    })
    for (let at = 0; at < 1001; at++) {
      place.host.setNow(NOW + at)
      await clients.find(`https://client.example/${at}`)
    }
    const kept = await clients.list({ limit: 1000 })
    expect([
      kept.length,
      kept.some(({ id }) => id.endsWith('/0')),
      kept.some(({ id }) => id.endsWith('/1000')),
    ]).toEqual([1000, false, true])
  })
})
