import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createClients } from '../../../../runtime/mcp/clients/index.ts'
import { NOW, openPlace } from '../place.ts'
import { REDIRECT, type Registered, registered, registration } from './requests.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

async function open(options: Parameters<typeof openPlace>[0] = {}) {
  const place = await openPlace(options)
  return { place, clients: createClients(place) }
}

/** Status and body of a registration. */
async function answer(body: unknown, headers: Readonly<Record<string, string>> = {}) {
  const { clients } = await open()
  const response = await clients.register(registration(body, headers), {})
  return { status: response.status, body: await response.json() }
}

const refusal = (why: string, error = 'invalid_client_metadata') => ({
  status: 400,
  body: { error, error_description: why },
})

const publicJwk = {
  ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }),
  kid: 'k',
}

describe('AS-R14: a registration', () => {
  test('of a public client is answered with all that was registered, and no secret', async () => {
    const { clients } = await open()
    const response = await clients.register(
      registration({
        client_name: 'Editor',
        redirect_uris: ['http://localhost:3000/cb'],
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        scope: 'mcp:tools',
      }),
      {},
    )
    expect([response.status, response.headers.get('cache-control'), response.headers.get('content-type')]).toEqual([
      201,
      'no-store',
      'application/json',
    ])
    const body = (await response.json()) as Registered
    expect(body).toEqual({
      client_id: expect.stringMatching(/^mcp_[0-9A-HJKMNP-TV-Z]{26}$/),
      client_id_issued_at: NOW / 1000,
      client_name: 'Editor',
      redirect_uris: ['http://localhost:3000/cb'],
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      application_type: 'native',
      scope: 'mcp:tools',
      dpop_bound_access_tokens: false,
    })
    expect(await clients.find(body.client_id)).toEqual({
      id: body.client_id,
      origin: 'registered',
      name: 'Editor',
      redirectUris: ['http://localhost:3000/cb'],
      grantTypes: ['authorization_code', 'refresh_token'],
      authMethod: 'none',
      scopes: ['mcp:tools'],
      applicationType: 'native',
      isDpopBound: false,
      mayIntrospect: false,
    })
  })

  test.each(['client_secret_basic', 'client_secret_post', undefined])(
    'by %s gives a secret once, and the store has its hash alone',
    async (method) => {
      const { clients, place } = await open()
      const body = await registered(clients, { token_endpoint_auth_method: method })
      expect(body).toMatchObject({
        client_secret: expect.stringMatching(/^kvs_[0-9A-Za-z]{49}$/),
        client_secret_expires_at: 0,
        token_endpoint_auth_method: method ?? 'client_secret_basic',
      })
      const stored = await place.site.read(async (reader) => JSON.stringify(await reader.find('oauthClients', 'key')))
      const log = JSON.stringify(await place.log())
      expect([stored.includes('kvs_'), log.includes('kvs_')]).toEqual([false, false])
    },
  )

  test('by private_key_jwt has keys, and no secret', async () => {
    const { clients } = await open()
    const jwks = { keys: [publicJwk] }
    expect(await registered(clients, { token_endpoint_auth_method: 'private_key_jwt', jwks })).toEqual({
      client_id: expect.any(String),
      client_id_issued_at: NOW / 1000,
      redirect_uris: [REDIRECT],
      token_endpoint_auth_method: 'private_key_jwt',
      grant_types: ['authorization_code'],
      response_types: ['code'],
      application_type: 'web',
      jwks,
      dpop_bound_access_tokens: false,
    })
  })

  test('is a row of the log, which names the source beside it', async () => {
    const { clients, place } = await open()
    const { client_id } = await registered(clients, { client_name: 'Editor', token_endpoint_auth_method: 'none' })
    expect((await place.log()).at(-1)).toMatchObject({
      kind: 'oauth.client.register',
      actor: 'host',
      client: client_id,
      name: 'Editor',
      method: 'none',
      redirect_uris: [REDIRECT],
      personal: expect.any(String),
    })
  })

  test('where it is closed is refused', async () => {
    const { clients } = await open({ options: { registration: false } })
    const response = await clients.register(registration({ redirect_uris: [REDIRECT] }), {})
    expect([response.status, await response.json()]).toEqual([
      403,
      { error: 'invalid_request', error_description: 'clients cannot register here' },
    ])
  })
})

describe('AS-R16: a member that nobody knows', () => {
  test('is ignored, and is not in the answer', async () => {
    const { body } = await answer({
      redirect_uris: [REDIRECT],
      software_id: 'x',
      logo_uri: 'javascript:alert(1)',
      'client_name#ja': 'x',
    })
    expect(Object.keys(body as object)).not.toContain('software_id')
    expect(JSON.stringify(body)).not.toContain('javascript:')
  })

  test('may be named as an object has its own', async () => {
    const text = `{"redirect_uris":["${REDIRECT}"],"__proto__":{"client_name":"x"},"constructor":1,"hasOwnProperty":2}`
    const { status, body } = await answer(text)
    expect([status, Object.keys(body as object).includes('client_name')]).toEqual([201, false])
    expect(({} as Record<string, unknown>).client_name).toBeUndefined()
  })

  test('and null is as good as absent', async () => {
    const { status, body } = await answer({
      redirect_uris: [REDIRECT],
      client_name: null,
      scope: null,
      jwks: null,
      jwks_uri: null,
    })
    expect([status, Object.keys(body as object).toSorted()]).toEqual([
      201,
      [
        'application_type',
        'client_id',
        'client_id_issued_at',
        'client_secret',
        'client_secret_expires_at',
        'dpop_bound_access_tokens',
        'grant_types',
        'redirect_uris',
        'response_types',
        'token_endpoint_auth_method',
      ],
    ])
  })
})

test('AS-R20: a caller chooses neither its id nor its secret, and no id looks like a URL', async () => {
  const { clients } = await open()
  const { client_id, client_secret, client_id_issued_at } = await registered(clients, {
    client_id: 'https://app.example.com/client.json',
    client_secret: 'mine',
    client_id_issued_at: 1,
    client_secret_expires_at: 1,
  })
  expect([client_id, client_secret, client_id_issued_at]).toEqual([
    expect.stringMatching(/^mcp_/),
    expect.stringMatching(/^kvs_/),
    NOW / 1000,
  ])
  const again = await registered(clients, { client_id })
  expect(again.client_id).not.toBe(client_id)
})

describe('AS-R17, AS-R18: redirect URIs', () => {
  test.each([
    [undefined, 'redirect_uris: give at least one'],
    [[], 'redirect_uris: give at least one'],
    ['https://app.example.com/cb', 'redirect_uris: must be a list'],
    [[1], 'redirect_uris: must be a list of texts'],
    [Array.from({ length: 17 }, (_, at) => `${REDIRECT}/${at}`), 'redirect_uris: there are more than 16'],
    [
      [REDIRECT, 'http://app.example.com/cb'],
      'redirect_uris: http://app.example.com/cb has the scheme http: on another host than localhost, 127.0.0.1 or [::1]',
    ],
    [
      [REDIRECT, 'javascript:alert(1)'],
      'redirect_uris: javascript:alert(1) has the scheme javascript: that no answer may be sent to',
    ],
    [[REDIRECT, `${REDIRECT}#x`], `redirect_uris: ${REDIRECT}#x has a fragment`],
    [['myapp://cb'], 'redirect_uris: myapp://cb has the scheme myapp: that has no period and is not on the list'],
  ])('%j is refused', async (redirect_uris, why) => {
    expect(await answer({ redirect_uris })).toEqual(refusal(why, 'invalid_redirect_uri'))
  })

  test('an odd one beside good ones is left out, and the answer says so', async () => {
    const { status, body } = await answer({ redirect_uris: ['myapp://cb', REDIRECT, REDIRECT] })
    expect([status, body]).toMatchObject([201, { redirect_uris: [REDIRECT] }])
  })

  test('that of Cursor is registered byte by byte, and can be closed', async () => {
    const cursor = 'cursor://anysphere.cursor-mcp/oauth/callback'
    const { clients } = await open()
    expect(await registered(clients, { redirect_uris: [cursor, 'http://localhost/cb'] })).toMatchObject({
      redirect_uris: [cursor, 'http://localhost/cb'],
      application_type: 'native',
    })
    const closed = await open({ options: { registration: { privateSchemes: [] } } })
    expect(await registered(closed.clients, { redirect_uris: [cursor, 'http://localhost/cb'] })).toMatchObject({
      redirect_uris: ['http://localhost/cb'],
    })
  })
})

describe('AS-R13b: the type of an application', () => {
  test.each([
    [['http://localhost/cb'], undefined, 'native'],
    [['http://127.0.0.1:1/cb', 'com.example.app:/cb'], undefined, 'native'],
    [[REDIRECT], undefined, 'web'],
    [[REDIRECT, 'http://localhost/cb'], undefined, 'web'],
    [['http://localhost/cb'], 'web', 'web'],
    [[REDIRECT], 'native', 'native'],
  ])('with %j and %s is %s', async (redirect_uris, application_type, expected) => {
    expect(await answer({ redirect_uris, application_type })).toMatchObject({
      status: 201,
      body: { application_type: expected },
    })
  })
})

describe('AS-R19: metadata that contradict themselves are refused', () => {
  const jwks = { keys: [publicJwk] }
  const jwks_uri = 'https://app.example.com/jwks.json'

  test.each([
    [{ jwks, jwks_uri }, 'jwks and jwks_uri exclude each other'],
    [{ token_endpoint_auth_method: 'private_key_jwt' }, 'private_key_jwt needs jwks or jwks_uri'],
    [{ response_types: ['token'] }, 'response_types: must have code in it'],
    [{ response_types: [] }, 'response_types: must have code in it'],
    [{ grant_types: ['refresh_token'] }, 'grant_types: must have authorization_code in it'],
    [{ grant_types: ['implicit'] }, 'grant_types: must have authorization_code in it'],
    [{ grant_types: ['client_credentials'] }, 'grant_types: must have authorization_code in it'],
    [{ grant_types: [] }, 'grant_types: must have authorization_code in it'],
  ])('%j', async (members, why) => {
    expect(await answer({ redirect_uris: [REDIRECT], ...members })).toEqual(refusal(why))
  })

  test('what the server does not do is left out beside what it does', async () => {
    const grant_types = ['implicit', 'authorization_code', 'client_credentials', 'password']
    expect(await answer({ redirect_uris: [REDIRECT], grant_types, response_types: ['code', 'token'] })).toMatchObject({
      status: 201,
      body: { grant_types: ['authorization_code'], response_types: ['code'] },
    })
  })

  test('AS-X1: tokens are exchanged by those who prove who they are, and ask for it', async () => {
    const grant_types = ['authorization_code', 'urn:ietf:params:oauth:grant-type:token-exchange']
    const typesOf = async (method: string) =>
      (await answer({ redirect_uris: [REDIRECT], grant_types, token_endpoint_auth_method: method })).body
    expect([await typesOf('client_secret_basic'), await typesOf('none')]).toMatchObject([
      { grant_types },
      { grant_types: ['authorization_code'] },
    ])
  })

  test('a refresh token is for those who ask for it', async () => {
    expect(await answer({ redirect_uris: [REDIRECT] })).toMatchObject({ body: { grant_types: ['authorization_code'] } })
  })
})

describe('AS-R15: metadata that are none are refused', () => {
  test.each([
    ['{', 'the body is no JSON'],
    ['', 'the body is no JSON'],
    ['[]', 'the body must be a JSON object'],
    ['null', 'the body must be a JSON object'],
    ['"x"', 'the body must be a JSON object'],
  ])('%s', async (body, why) => expect(await answer(body)).toEqual(refusal(why)))

  test.each([
    [{ client_name: 1 }, 'client_name: must be a text'],
    [{ client_name: 'x'.repeat(129) }, 'client_name: is longer than 128 characters'],
    [{ client_name: ' ' }, 'client_name: must be seen as a whole, without controls'],
    [{ client_name: '\u200d' }, 'client_name: must be seen as a whole, without controls'],
    [{ client_name: 'a\nb' }, 'client_name: must be seen as a whole, without controls'],
    [{ client_name: 'a\u0000' }, 'client_name: must be seen as a whole, without controls'],
    [{ client_name: '\u202eevil' }, 'client_name: must be seen as a whole, without controls'],
    [{ client_name: 'a\u2066b' }, 'client_name: must be seen as a whole, without controls'],
    [{ client_name: 'a\u200bb' }, 'client_name: must be seen as a whole, without controls'],
    [{ client_name: 'a\u2028b' }, 'client_name: must be seen as a whole, without controls'],
    [{ client_name: '\ud800' }, 'client_name: must be seen as a whole, without controls'],
    [{ scope: 'a  b' }, 'scope: must be names with one space between them'],
    [{ scope: 'a"b' }, 'scope: must be names with one space between them'],
    [{ scope: ['a'] }, 'scope: must be a text'],
    [
      { token_endpoint_auth_method: 'client_secret_jwt' },
      'token_endpoint_auth_method: must be one of none, client_secret_basic, client_secret_post, private_key_jwt',
    ],
    [{ application_type: 'other' }, 'application_type: must be one of web, native'],
    [{ grant_types: 'authorization_code' }, 'grant_types: must be a list'],
    [{ grant_types: new Array(33).fill('x') }, 'grant_types: has more than 32 entries'],
    [{ response_types: [{}] }, 'response_types: must be a list of texts'],
    [{ dpop_bound_access_tokens: 'true' }, 'dpop_bound_access_tokens: must be true or false'],
    [{ jwks: {} }, 'jwks: must hold 1 to 16 public keys'],
    [{ jwks: { keys: [] } }, 'jwks: must hold 1 to 16 public keys'],
    [{ jwks: { keys: [{ kty: 'oct' }] } }, 'jwks: must hold 1 to 16 public keys'],
    [{ jwks: { keys: [{ kty: 'oct', k: 'x' }] } }, 'jwks: must hold 1 to 16 public keys'],
    [{ jwks: { keys: [{ ...publicJwk, d: 'x' }] } }, 'jwks: must hold 1 to 16 public keys'],
    [{ jwks: { keys: new Array(17).fill(publicJwk) } }, 'jwks: must hold 1 to 16 public keys'],
    [{ jwks_uri: 'http://app.example.com/jwks.json' }, 'jwks_uri: must be an https URL with a path'],
    [{ jwks_uri: 'https://user@app.example.com/jwks.json' }, 'jwks_uri: must be an https URL with a path'],
    [{ jwks_uri: 'https://app.example.com/a/../jwks.json' }, 'jwks_uri: must be an https URL with a path'],
  ])('%j', async (members, why) => {
    expect(await answer({ redirect_uris: [REDIRECT], ...members })).toEqual(refusal(why))
  })

  test.each([
    [['text/plain'], 'the content type must be application/json'],
    [['application/x-www-form-urlencoded'], 'the content type must be application/json'],
    [['application/json; charset=utf-16'], 'the content type must be application/json'],
  ])('of the type %s', async ([type = ''], error_description) => {
    expect(await answer({ redirect_uris: [REDIRECT] }, { 'content-type': type })).toEqual({
      status: 415,
      body: { error: 'invalid_client_metadata', error_description },
    })
  })

  test('names of scripts that need joiners, and of many letters, are good ones', async () => {
    for (const client_name of ['نرم‌افزار', 'Éditeur №1', '编辑器', '👩‍💻']) {
      expect(await answer({ redirect_uris: [REDIRECT], client_name })).toMatchObject({ body: { client_name } })
    }
  })
})

describe('AS-R23: a registration is bounded', () => {
  const padded = (bytes: number) => {
    const text = JSON.stringify({ redirect_uris: [REDIRECT], x: '' })
    return text.replace('""', `"${'x'.repeat(bytes - text.length)}"`)
  }

  test('in its bytes', async () => {
    expect(await answer(padded(16_384))).toMatchObject({ status: 201 })
    expect(await answer(padded(16_385))).toEqual({
      status: 413,
      body: { error: 'invalid_client_metadata', error_description: 'the body must not be longer than 16384 bytes' },
    })
  })

  test('in its depth', async () => {
    const nested = (levels: number) =>
      `{"redirect_uris":["${REDIRECT}"],"x":${'['.repeat(levels)}${']'.repeat(levels)}}`
    expect(await answer(nested(7))).toMatchObject({ status: 201 })
    expect(await answer(nested(8))).toEqual(refusal('the body is nested more than 8 levels deep'))
    expect(await answer(nested(8000))).toEqual(refusal('the body is nested more than 8 levels deep'))
  })

  test('in the number of clients: the oldest that nobody used goes first', async () => {
    const { clients, place } = await open({ options: { registration: { maxClients: 2 } } })
    const ids: string[] = []
    for (let at = 0; at < 4; at++) {
      place.host.setNow(NOW + at)
      ids.push((await registered(clients)).client_id)
    }
    expect((await clients.list()).map(({ id }) => id)).toEqual(ids.slice(2))
    expect(await clients.find(ids[0] ?? '')).toBeUndefined()
  })

  test('but one with a grant that lives does not go, and when all have one, no other comes', async () => {
    const { clients, place } = await open({ options: { registration: { maxClients: 2 } } })
    const first = await registered(clients)
    const second = await registered(clients)
    await grant(place, first.client_id, {})
    place.host.setNow(NOW + 1)
    const next = await registered(clients)
    // The one that is in use is put off, so that it is not looked at each time.
    const expiresAt = new Date(NOW + 1 + 90 * DAY_MS)
    expect(await clients.list()).toMatchObject([
      { id: first.client_id, expiresAt },
      { id: next.client_id, expiresAt },
    ])
    expect(await clients.find(second.client_id)).toBeUndefined()
    await grant(place, next.client_id, {})
    const response = await clients.register(registration({ redirect_uris: [REDIRECT] }), {})
    expect([response.status, response.headers.get('retry-after'), await response.json()]).toEqual([
      429,
      '3600',
      {
        error: 'temporarily_unavailable',
        error_description: 'too many clients have registered',
        kvch_code: 'KVCH_E_RATE_ENDPOINT_EXCEEDED',
      },
    ])
  })

  test.each([
    ['revoked', { revokedAt: NOW }],
    ['over', { expiresAt: NOW }],
  ])('a grant that is %s keeps no client', async (_, state) => {
    const { clients, place } = await open({ options: { registration: { maxClients: 1 } } })
    const { client_id } = await registered(clients)
    await grant(place, client_id, state)
    const next = await registered(clients)
    expect((await clients.list()).map(({ id }) => id)).toEqual([next.client_id])
  })

  test('in an hour, for all: 100 at least, and the first refusal is a row', async () => {
    const { clients, place } = await open({ options: { registration: { maxClients: 500 } } })
    const statuses = new Map<number, number>()
    for (let at = 0; at < 103; at++) {
      const { status } = await clients.register(registration({ redirect_uris: [REDIRECT] }), { ip: `192.0.2.${at}` })
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
    expect([...statuses]).toEqual([
      [201, 100],
      [429, 3],
    ])
    expect((await place.log()).filter(({ kind }) => kind === 'rate.exceed')).toMatchObject([
      { rate: 'registrations', count: 100, seconds: 3600, code: 'KVCH_E_RATE_ENDPOINT_EXCEEDED' },
    ])
    place.host.setNow(NOW + HOUR_MS)
    expect(await registered(clients)).toMatchObject({ client_id: expect.any(String) })
  })

  test('in an hour, for one address: it has half of it, and leaves the other half to the others', async () => {
    const { clients } = await open({ options: { registration: { maxClients: 500 } } })
    const count = async (ip: string, times: number) => {
      let made = 0
      for (let at = 0; at < times; at++) {
        made += (await clients.register(registration({ redirect_uris: [REDIRECT] }), { ip })).status === 201 ? 1 : 0
      }
      return made
    }
    expect([await count('2001:db8::1', 60), await count('2001:db8::ffff', 5), await count('198.51.100.7', 5)]).toEqual([
      50, 0, 5,
    ])
  })

  test('not where there are no limits at all', async () => {
    const { clients } = await open({
      options: { issuer: 'http://127.0.0.1:4000', ratePerMinute: false, registration: { maxClients: 20 } },
    })
    for (let at = 0; at < 110; at++) expect(await registered(clients)).toMatchObject({ client_id: expect.any(String) })
    expect(await clients.list()).toHaveLength(20)
  })
})

describe('AS-R23: a registration that nobody used', () => {
  const sweep = (place: Awaited<ReturnType<typeof openPlace>>, clients: ReturnType<typeof createClients>) =>
    place.site.change((change) => clients.sweep(change, 100))

  test('is forgotten after its days, and one with a grant is kept on', async () => {
    const { clients, place } = await open({ options: { registration: { unusedDays: 7 } } })
    const used = await registered(clients)
    const unused = await registered(clients)
    await grant(place, used.client_id, {})
    place.host.setNow(NOW + 8 * DAY_MS)
    expect(await sweep(place, clients)).toBe(0)
    place.host.setNow(NOW + 8 * DAY_MS + 1)
    expect(await sweep(place, clients)).toBe(1)
    expect(await clients.list()).toMatchObject([{ id: used.client_id, expiresAt: new Date(NOW + 15 * DAY_MS + 1) }])
    expect(await clients.find(unused.client_id)).toBeUndefined()
  })

  test('makes room when it goes', async () => {
    const { clients, place } = await open({ options: { registration: { unusedDays: 1, maxClients: 2 } } })
    await registered(clients)
    await registered(clients)
    place.host.setNow(NOW + 2 * DAY_MS + 1)
    expect(await sweep(place, clients)).toBe(2)
    await registered(clients)
    await registered(clients)
    expect(await clients.list()).toHaveLength(2)
  })
})

async function grant(
  place: Awaited<ReturnType<typeof openPlace>>,
  client: string,
  state: { readonly revokedAt?: number; readonly expiresAt?: number },
): Promise<void> {
  await place.site.change((change) =>
    change.insert('oauthGrants', [
      {
        id: `grt_${client}`,
        client,
        user: 'ann',
        agent: 'agt_1',
        scopes: '[]',
        resource: 'https://tools.example.com/mcp',
        parent: null,
        delegation: null,
        actor: null,
        createdAt: NOW,
        expiresAt: null,
        revokedAt: null,
        ...state,
      },
    ]),
  )
}
