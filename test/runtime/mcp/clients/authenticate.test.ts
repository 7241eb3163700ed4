import { createHmac } from 'node:crypto'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { type Clients, createClients } from '../../../../runtime/mcp/clients/index.ts'
import type { McpOptions } from '../../../../runtime/mcp/options.ts'
import { createMemoryStore } from '../../../../storage/memory.ts'
import { ISSUER, NOW, openPlace, type PlaceParts, type TestPlace } from '../place.ts'
import { basic, REDIRECT, registered, tokenRequest, webOf } from './requests.ts'

const SECRET = 'a secret: with + % and ä in it, thirty-two'
const TOKEN_URL = `${ISSUER}/oauth/token`
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

async function open(parts: PlaceParts = {}) {
  const place = await openPlace(parts)
  return { place, clients: createClients(place) }
}

const formOf = (members: Readonly<Record<string, string>>) => new Map(Object.entries(members))
const refusal = (why: string, more: object = {}) => ({
  name: 'OAuthError',
  error: 'invalid_client',
  status: 401,
  message: why,
  ...more,
})
const malformed = (why: string) => ({ name: 'OAuthError', error: 'invalid_request', status: 400, message: why })
const challenge = { headers: { 'www-authenticate': `Basic realm="${ISSUER}", charset="UTF-8"` } }

describe('AS-T4: a client that there is not', () => {
  const unknown = refusal('the client is not registered here', { code: 'KVCH_E_MCP_CLIENT_UNREGISTERED' })

  test.each([
    'mcp_01ARZ3NDEKTSV4RRFFQ69G5FAV',
    'mcp_x',
    'other',
    '__proto__',
    'https://client.example/x',
    `${'x'.repeat(5000)}`,
    'a\u0000b',
  ])('is refused with 401: %s', async (client_id) => {
    const { clients } = await open()
    await expect(clients.authenticate(tokenRequest(), formOf({ client_id }))).rejects.toMatchObject({
      ...unknown,
      headers: {},
    })
  })

  test('AS-T3: with a challenge where it sent the header', async () => {
    const { clients } = await open()
    await expect(clients.authenticate(tokenRequest(basic('other', 'x')), formOf({}))).rejects.toMatchObject({
      ...unknown,
      ...challenge,
    })
  })

  test('and one that does not say who it is', async () => {
    const { clients } = await open()
    await expect(clients.authenticate(tokenRequest(), formOf({}))).rejects.toMatchObject(
      refusal('client_id is missing'),
    )
  })
})

describe('AS-T7: a client authenticates by the method that it registered', () => {
  const METHODS = ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'] as const

  test.each(METHODS.flatMap((registeredMethod) => METHODS.map((used) => [registeredMethod, used] as const)))(
    '%s by %s',
    async (method, used) => {
      const { clients } = await open()
      const { sign, jwk } = await keyPair()
      const keys = method === 'private_key_jwt' && { jwks: { keys: [jwk] } }
      const { client_id, client_secret = 'x' } = await registered(clients, {
        token_endpoint_auth_method: method,
        ...keys,
      })
      const asked = {
        none: () => clients.authenticate(tokenRequest(), formOf({ client_id })),
        client_secret_basic: () => clients.authenticate(tokenRequest(basic(client_id, client_secret)), formOf({})),
        client_secret_post: () => clients.authenticate(tokenRequest(), formOf({ client_id, client_secret })),
        private_key_jwt: async () => clients.authenticate(tokenRequest(), asserted(await sign(client_id))),
      }[used]
      if (method === used) expect(await asked()).toMatchObject({ id: client_id, authMethod: method })
      else await expect(asked()).rejects.toMatchObject(refusal(`the client authenticates by ${method}`))
    },
  )
})

describe('AS-T7: a secret', () => {
  const configured: Partial<McpOptions> = { clients: [{ id: 'desk', secret: SECRET, mayIntrospect: true }] }
  const encoded = (text: string) => new URLSearchParams({ x: text }).toString().slice(2)

  test('of a client in the options may come in the header, where both halves are encoded, or in the body', async () => {
    const { clients } = await open({ options: configured })
    const found = { id: 'desk', origin: 'configured', mayIntrospect: true }
    expect(await clients.authenticate(tokenRequest(basic('desk', encoded(SECRET))), formOf({}))).toMatchObject(found)
    expect(
      await clients.authenticate(tokenRequest(), formOf({ client_id: 'desk', client_secret: SECRET })),
    ).toMatchObject(found)
    expect(
      await clients.authenticate(tokenRequest(basic('d%65sk', encoded(SECRET))), formOf({ client_id: 'desk' })),
    ).toMatchObject(found)
  })

  test.each([SECRET.slice(1), `${SECRET} `, SECRET.toUpperCase(), 'x', encoded(SECRET)])(
    'that is wrong is refused: %s',
    async (client_secret) => {
      const { clients } = await open({ options: configured })
      const form = formOf({ client_id: 'desk', client_secret })
      await expect(clients.authenticate(tokenRequest(), form)).rejects.toMatchObject(
        refusal('the secret of the client is wrong'),
      )
    },
  )

  test('of another client is refused', async () => {
    const { clients } = await open()
    const method = { token_endpoint_auth_method: 'client_secret_post' }
    const [a, b] = [await registered(clients, method), await registered(clients, method)]
    const form = formOf({ client_id: a.client_id, client_secret: b.client_secret ?? '' })
    await expect(clients.authenticate(tokenRequest(), form)).rejects.toMatchObject(
      refusal('the secret of the client is wrong'),
    )
  })

  test('its hash is not the secret', async () => {
    const { clients } = await open()
    const { client_id } = await registered(clients, { token_endpoint_auth_method: 'client_secret_post' })
    const { secretHash = '' } = (await clients.find(client_id)) ?? {}
    const form = formOf({ client_id, client_secret: secretHash })
    await expect(clients.authenticate(tokenRequest(), form)).rejects.toMatchObject(
      refusal('the secret of the client is wrong'),
    )
  })

  test.each([
    'Basic',
    'Basic ',
    'Basic !',
    'Basic ZGVzaw==',
    'Basic OnNlY3JldA==',
    'Basic /zp4',
    `Basic ${Buffer.from('desk:%').toString('base64')}`,
    'Bearer kva_x',
    'DPoP kva_x',
    'Basic ZGVzazp4 ZGVzazp4',
    'Digest username="desk"',
  ])('AS-T3: a header that is none is refused with a challenge: %s', async (authorization) => {
    const { clients } = await open({ options: configured })
    await expect(clients.authenticate(tokenRequest({ authorization }), formOf({}))).rejects.toMatchObject({
      ...refusal('the authorization header is not that of a client'),
      ...challenge,
    })
  })

  test('AS-T3: that is wrong in the header is refused with a challenge, in the body without', async () => {
    const { clients } = await open({ options: configured })
    const wrong = refusal('the secret of the client is wrong')
    await expect(clients.authenticate(tokenRequest(basic('desk', 'x')), formOf({}))).rejects.toMatchObject({
      ...wrong,
      ...challenge,
    })
    await expect(
      clients.authenticate(tokenRequest(), formOf({ client_id: 'desk', client_secret: 'x' })),
    ).rejects.toMatchObject({ ...wrong, headers: {} })
  })
})

describe('AS-T11: a request with two methods is refused', () => {
  const two = malformed('a client authenticates in one way, not in several')

  test.each<[string, Readonly<Record<string, string>>, Readonly<Record<string, string>>]>([
    ['the header and a secret', basic('desk', 'x'), { client_secret: 'x' }],
    [
      'the header and an assertion',
      basic('desk', 'x'),
      { client_assertion: 'x', client_assertion_type: ASSERTION_TYPE },
    ],
    ['a secret and an assertion', {}, { client_id: 'desk', client_secret: 'x', client_assertion: 'x' }],
    [
      'a secret and the type of an assertion',
      {},
      { client_id: 'desk', client_secret: 'x', client_assertion_type: ASSERTION_TYPE },
    ],
    ['another scheme and a secret', { authorization: 'Bearer x' }, { client_id: 'desk', client_secret: 'x' }],
  ])('%s', async (_, headers, form) => {
    const { clients } = await open()
    await expect(clients.authenticate(tokenRequest(headers), formOf(form))).rejects.toMatchObject(two)
  })

  test('and so is one that names two clients', async () => {
    const { clients } = await open()
    const why = malformed('client_id names another client than the one that authenticates')
    await expect(clients.authenticate(tokenRequest(basic('a', 'x')), formOf({ client_id: 'b' }))).rejects.toMatchObject(
      why,
    )
    const { sign } = await keyPair()
    const form = new Map([...asserted(await sign('a')), ['client_id', 'b']])
    await expect(clients.authenticate(tokenRequest(), form)).rejects.toMatchObject(why)
  })
})

describe('a failure', () => {
  test('is a row with the client, where there is one, and the source beside it', async () => {
    const { clients, place } = await open({ options: { clients: [{ id: 'desk', secret: SECRET }] } })
    await clients.authenticate(tokenRequest(basic('desk', 'x')), formOf({}), { ip: '192.0.2.7' }).catch(() => undefined)
    await clients.authenticate(tokenRequest(), formOf({ client_id: 'never' })).catch(() => undefined)
    const rows = (await place.log()).filter(({ kind }) => kind === 'oauth.refuse')
    expect(rows).toMatchObject([
      { result: 'denied', client: 'desk', error: 'invalid_client', why: 'the secret of the client is wrong' },
      { result: 'denied', error: 'invalid_client', why: 'the client is not registered here' },
    ])
    expect(JSON.stringify(rows)).not.toContain('never')
  })

  test('is counted and has no row, when its source fails all the time', async () => {
    const { clients, place } = await open()
    for (let at = 0; at < 70; at++)
      await clients.authenticate(tokenRequest(), formOf({ client_id: 'x' })).catch(() => undefined)
    expect((await place.log()).filter(({ kind }) => kind === 'oauth.refuse')).toHaveLength(60)
  })
})

describe('AS-R12: private_key_jwt', () => {
  test.each(['ES256', 'ES384', 'ES512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'EdDSA'])(
    'by %s',
    async (alg) => {
      const { clients, sign, id } = await openSigned(alg)
      expect(await clients.authenticate(tokenRequest(), asserted(await sign(id)))).toMatchObject({ id })
    },
  )

  test.each<[string, JWTPayload]>([
    ['the token endpoint', { aud: TOKEN_URL }],
    ['the issuer', { aud: ISSUER }],
    ['a list of one', { aud: [ISSUER] }],
    ['five minutes, and half a minute for clocks', { exp: NOW / 1000 + 330 }],
    ['a time that is just over', { exp: NOW / 1000 - 29 }],
    ['no time of its making', { iat: undefined } as unknown as JWTPayload],
  ])('for %s', async (_, claims) => {
    const { clients, sign, id } = await openSigned()
    expect(await clients.authenticate(tokenRequest(), asserted(await sign(id, claims)))).toMatchObject({ id })
  })

  test.each<[string, Readonly<Record<string, unknown>>, string]>([
    ['for another server', { aud: 'https://other.example.com' }, 'has a claim aud that is missing or wrong'],
    ['for the issuer with a slash', { aud: `${ISSUER}/` }, 'has a claim aud that is missing or wrong'],
    ['for another endpoint', { aud: `${ISSUER}/oauth/revoke` }, 'has a claim aud that is missing or wrong'],
    ['for this server and another', { aud: [ISSUER, 'https://other.example.com'] }, 'has several audiences'],
    ['for this server twice', { aud: [ISSUER, TOKEN_URL] }, 'has several audiences'],
    ['for nobody', { aud: undefined }, 'has a claim aud that is missing or wrong'],
    ['for an empty list', { aud: [] }, 'has a claim aud that is missing or wrong'],
    ['by another issuer', { iss: 'other' }, 'has a claim iss that is missing or wrong'],
    ['by nobody', { iss: undefined }, 'has a claim iss that is missing or wrong'],
    ['without an end', { exp: undefined }, 'has a claim exp that is missing or wrong'],
    ['with a text for an end', { exp: '9999999999' }, 'has a claim exp that is missing or wrong'],
    ['that has expired', { exp: NOW / 1000 - 30 }, 'has expired'],
    ['that is good for too long', { exp: NOW / 1000 + 331 }, 'is good for more than 300 seconds'],
    ['that is good for ever', { exp: 1e300 }, 'is good for more than 300 seconds'],
    ['that is not good yet', { nbf: NOW / 1000 + 31 }, 'has a claim nbf that is missing or wrong'],
    ['without a jti', { jti: undefined }, 'has a claim jti that is missing or wrong'],
    ['with an empty jti', { jti: '' }, 'has no jti that can be kept'],
    ['with a number for a jti', { jti: 1 }, 'has no jti that can be kept'],
    ['with a jti that is too long', { jti: 'x'.repeat(257) }, 'has no jti that can be kept'],
  ])('%s is refused', async (_, claims, why) => {
    const { clients, sign, id } = await openSigned()
    // Claims of every kind are signed.
    const assertion = await sign(id, claims as JWTPayload)
    await expect(clients.authenticate(tokenRequest(), asserted(assertion))).rejects.toMatchObject(
      refusal(`client_assertion ${why}`),
    )
  })

  test('is good once, in every process, and another one is good again', async () => {
    const store = createMemoryStore()
    const { clients, sign, id } = await openSigned('ES256', { store })
    const again = createClients(await openPlace({ store }))
    const assertion = asserted(await sign(id, { jti: 'one' }))
    const results = await Promise.allSettled([
      clients.authenticate(tokenRequest(), assertion),
      clients.authenticate(tokenRequest(), assertion),
      again.authenticate(tokenRequest(), assertion),
    ])
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected', 'rejected'])
    const other = asserted(await sign(id, { jti: 'one', exp: NOW / 1000 + 100 }))
    await expect(clients.authenticate(tokenRequest(), other)).rejects.toMatchObject(
      refusal('client_assertion was used before'),
    )
    expect(await clients.authenticate(tokenRequest(), asserted(await sign(id, { jti: 'two' })))).toMatchObject({ id })
  })

  test('its jti is remembered until it could be used no more', async () => {
    const { clients, place, sign, id } = await openSigned()
    await clients.authenticate(tokenRequest(), asserted(await sign(id, { exp: NOW / 1000 + 60 })))
    expect(await place.site.read((reader) => reader.find('oauthReplays', 'key'))).toEqual([
      { id: expect.stringMatching(/^assertion=[0-9a-f]{64}$/), expiresAt: NOW + 91_000 },
    ])
  })

  test('a failure uses nothing up', async () => {
    const { clients, sign, id } = await openSigned()
    const { sign: forge } = await keyPair()
    const forged = asserted(await forge(id, { jti: 'one' }))
    await expect(clients.authenticate(tokenRequest(), forged)).rejects.toMatchObject(
      refusal('client_assertion has a signature that is wrong'),
    )
    expect(await clients.authenticate(tokenRequest(), asserted(await sign(id, { jti: 'one' })))).toMatchObject({ id })
  })

  test('by the key of another client is refused', async () => {
    const { clients, id } = await openSigned()
    const other = await keyPair()
    const { client_id } = await registered(clients, {
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [other.jwk] },
    })
    await expect(clients.authenticate(tokenRequest(), asserted(await other.sign(id)))).rejects.toMatchObject(
      refusal('client_assertion has a signature that is wrong'),
    )
    expect(await clients.authenticate(tokenRequest(), asserted(await other.sign(client_id)))).toMatchObject({
      id: client_id,
    })
  })

  test('RFC 8725: unsigned, or with a key that everybody knows, is refused', async () => {
    const { clients, id, jwk } = await openSigned()
    const unsigned = new UnsecuredJWT({ jti: 'x' })
      .setIssuer(id)
      .setSubject(id)
      .setAudience(ISSUER)
      .setExpirationTime(NOW / 1000 + 60)
      .encode()
    const hmac = hmacJwt(id, JSON.stringify(jwk))
    const refused = []
    for (const assertion of [unsigned, `${unsigned}x`, hmac]) {
      refused.push(
        await clients.authenticate(tokenRequest(), asserted(assertion)).catch(({ error, message }) => [error, message]),
      )
    }
    expect(refused).toEqual([
      ['invalid_client', 'client_assertion is no JWT that names a client'],
      ['invalid_client', 'client_assertion is signed with an algorithm that is not accepted'],
      ['invalid_client', 'client_assertion is signed with an algorithm that is not accepted'],
    ])
  })

  test('RFC 8725: keys in the header, and where they are, are not looked at', async () => {
    const web = webOf(() => ({ json: {} }))
    const { clients, id } = await openSigned('ES256', { fetchDocument: web.fetchDocument })
    const { privateKey, jwk } = await keyPair()
    const header = { alg: 'ES256', jwk, jku: 'https://evil.example/jwks.json', x5u: 'https://evil.example/x' }
    const assertion = await claimsOf(id).setProtectedHeader(header).sign(privateKey)
    await expect(clients.authenticate(tokenRequest(), asserted(assertion))).rejects.toMatchObject(
      refusal('client_assertion has a signature that is wrong'),
    )
    expect(web.asked).toEqual([])
  })

  test('RFC 8725: what must be understood and is not is refused', async () => {
    const { clients, id, privateKey } = await openSigned()
    const header = { alg: 'ES256', crit: ['x'], x: 1 }
    const assertion = await claimsOf(id)
      .setProtectedHeader(header)
      .sign(privateKey, { crit: { x: true } })
    await expect(clients.authenticate(tokenRequest(), asserted(assertion))).rejects.toMatchObject(
      refusal('client_assertion is not a JWT that can be verified'),
    )
  })

  test('among several keys the one that kid names is taken, and without it any that fits', async () => {
    const { clients } = await open()
    const [a, b] = [await keyPair('ES256', 'a'), await keyPair('ES256', 'b')]
    const method = { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [a.jwk, b.jwk] } }
    const { client_id } = await registered(clients, method)
    const signedBy = async (key: CryptoKey, kid: string | undefined) => {
      const assertion = await claimsOf(client_id)
        .setProtectedHeader({ alg: 'ES256', ...(kid && { kid }) })
        .sign(key)
      return clients.authenticate(tokenRequest(), asserted(assertion)).then(
        ({ id }) => id,
        ({ message }) => message,
      )
    }
    expect([
      await signedBy(a.privateKey, 'a'),
      await signedBy(b.privateKey, 'b'),
      await signedBy(b.privateKey, undefined),
      await signedBy(b.privateKey, 'a'),
      await signedBy(b.privateKey, '../../dev/null'),
    ]).toEqual([
      client_id,
      client_id,
      client_id,
      'client_assertion has a signature that is wrong',
      'client_assertion is signed with a key that the client did not register',
    ])
  })

  test.each<[string, Readonly<Record<string, string>>, object]>([
    ['without its type', { client_assertion: 'a.b.c' }, malformed(`client_assertion_type must be ${ASSERTION_TYPE}`)],
    [
      'of another type',
      { client_assertion: 'a.b.c', client_assertion_type: 'x' },
      malformed(`client_assertion_type must be ${ASSERTION_TYPE}`),
    ],
    ['that is missing', { client_assertion_type: ASSERTION_TYPE }, malformed('client_assertion is missing')],
    [
      'that is no JWT',
      { client_assertion: 'x', client_assertion_type: ASSERTION_TYPE },
      refusal('client_assertion is no JWT that names a client'),
    ],
    [
      'without a subject',
      { client_assertion: `e30.${btoa('{"iss":"x"}')}.x`, client_assertion_type: ASSERTION_TYPE },
      refusal('client_assertion is no JWT that names a client'),
    ],
  ])('an assertion %s is refused', async (_, form, error) => {
    const { clients } = await open()
    await expect(clients.authenticate(tokenRequest(), formOf(form))).rejects.toMatchObject(error)
  })

  test('an assertion that is too long is refused', async () => {
    const { clients, sign, id } = await openSigned()
    const assertion = await sign(id, { x: 'x'.repeat(8192) })
    await expect(clients.authenticate(tokenRequest(), asserted(assertion))).rejects.toMatchObject(
      refusal('client_assertion is longer than 8192 characters'),
    )
  })
})

describe('AS-R22: a jwks_uri', () => {
  const JWKS_URI = 'https://app.example.com/jwks.json'

  async function openPublished(keysOf: () => readonly JWK[], parts: PlaceParts = {}) {
    const web = webOf(() => ({ json: { keys: keysOf() } }))
    const { clients, place } = await open({ fetchDocument: web.fetchDocument, ...parts })
    const method = { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: JWKS_URI }
    return { web, clients, place, id: (await registered(clients, method)).client_id }
  }

  test('is not fetched at registration, but when the client authenticates, and kept for five minutes', async () => {
    const { sign, jwk } = await keyPair()
    const { web, clients, place, id } = await openPublished(() => [jwk])
    expect(web.asked).toEqual([])
    const authenticate = async () =>
      clients.authenticate(tokenRequest(), asserted(await sign(id, { exp: place.host.now() / 1000 + 60 })))
    await Promise.all([authenticate(), authenticate()])
    place.host.setNow(NOW + 299_000)
    await authenticate()
    expect(web.asked).toEqual([{ url: JWKS_URI, options: { maxBytes: 32_768, timeoutMs: 5000, allowLoopback: false } }])
    place.host.setNow(NOW + 300_000)
    await authenticate()
    expect(web.asked.length).toBe(2)
  })

  test('is fetched anew for a key that it did not have, but not all the time', async () => {
    const [a, b, c] = [await keyPair('ES256', 'a'), await keyPair('ES256', 'b'), await keyPair('ES256', 'c')]
    let keys = [a.jwk]
    const { web, clients, place, id } = await openPublished(() => keys)
    const by = async ({ sign }: typeof a) => {
      const assertion = asserted(await sign(id, { exp: place.host.now() / 1000 + 60 }))
      return clients.authenticate(tokenRequest(), assertion).then(
        () => 'ok',
        ({ message }) => message,
      )
    }
    const unknown = 'client_assertion is signed with a key that the client did not register'
    expect([await by(a), await by(b), web.asked.length]).toEqual(['ok', unknown, 1])
    keys = [b.jwk]
    place.host.setNow(NOW + 30_000)
    expect([await by(b), await by(c), await by(a), web.asked.length]).toEqual(['ok', unknown, unknown, 2])
  })

  test.each<[string, () => readonly JWK[]]>([
    ['private keys', () => [{ kty: 'EC', d: 'x' }]],
    ['no keys', () => []],
    [
      'nothing',
      () => {
        throw new Error('down')
      },
    ],
  ])('with %s is refused', async (_, keysOf) => {
    const { sign } = await keyPair()
    const { clients, id } = await openPublished(keysOf)
    await expect(clients.authenticate(tokenRequest(), asserted(await sign(id)))).rejects.toMatchObject(
      refusal('the keys of the client could not be fetched from its jwks_uri', {
        code: 'KVCH_E_MCP_METADATA_FETCH_FAILED',
      }),
    )
  })
})

test('a client that is forgotten is gone, and its grants that live are given to be revoked', async () => {
  const { clients, place } = await open({ options: { clients: [{ id: 'desk', secret: SECRET }] } })
  const { client_id } = await registered(clients)
  await place.site.change((change) =>
    change.insert('oauthGrants', [
      grant('a', client_id),
      { ...grant('b', client_id), revokedAt: NOW },
      grant('c', 'desk'),
    ]),
  )
  const forget = (id: string) => place.site.change((change) => clients.forget(change, id, 'ann'))
  expect([await forget(client_id), await forget('desk')]).toEqual([['a'], ['c']])
  expect([await clients.find(client_id), (await clients.find('desk'))?.id]).toEqual([undefined, 'desk'])
  await expect(forget('other')).rejects.toMatchObject({
    code: 'KVCH_E_MCP_CLIENT_UNREGISTERED',
    message: 'there is no client `other`',
  })
  expect((await place.log()).filter(({ kind }) => kind === 'oauth.client.revoke')).toMatchObject([
    { actor: 'ann', client: client_id, grants: 1 },
    { actor: 'ann', client: 'desk', grants: 1 },
  ])
})

test('clients are listed page by page, and none shows its secret', async () => {
  const { clients } = await open({ options: { clients: [{ id: 'desk', secret: SECRET }] } })
  const ids = [(await registered(clients)).client_id, (await registered(clients)).client_id]
  expect((await clients.list({ limit: 1 })).map(({ id }) => id)).toEqual(ids.slice(0, 1))
  expect((await clients.list({ after: ids[0] })).map(({ id }) => id)).toEqual(ids.slice(1))
  const views = [await clients.get(ids[0] ?? ''), await clients.get('desk')]
  expect(views).toMatchObject([
    { id: ids[0], createdAt: new Date(NOW), expiresAt: new Date(NOW + 90 * 86_400_000) },
    { id: 'desk' },
  ])
  expect(views.map((view) => Object.hasOwn(view ?? {}, 'secretHash'))).toEqual([false, false])
  expect(await clients.get('other')).toBeUndefined()
  await expect(clients.list({ limit: 0 })).rejects.toMatchObject({ code: 'KVCH_E_REQUEST_INVALID' })
})

describe('a client in the options', () => {
  test('has the grant types that it can use, when it does not say', async () => {
    const { jwk } = await keyPair()
    const { clients } = await open({
      options: {
        clients: [
          { id: 'web', redirectUris: [REDIRECT] },
          { id: 'worker', jwks: { keys: [jwk as Record<string, unknown>] }, agent: 'agt_1' },
          { id: 'server', secret: SECRET, mayIntrospect: true },
        ],
      },
    })
    const found = await Promise.all(['web', 'worker', 'server'].map(clients.find))
    expect(found.map((client) => [client?.grantTypes, client?.authMethod])).toEqual([
      [['authorization_code', 'refresh_token'], 'none'],
      [['client_credentials', 'urn:ietf:params:oauth:grant-type:token-exchange'], 'private_key_jwt'],
      [[], 'client_secret_basic'],
    ])
  })

  test.each<[NonNullable<McpOptions['clients']>[number], string]>([
    [
      { id: 'a', redirectUris: ['javascript:x'] },
      'mcp.clients[0].redirectUris[0]: `javascript:x` has the scheme javascript: that no answer may be sent to',
    ],
    [{ id: 'a', jwks: { keys: [{ kty: 'oct', k: 'x' }] } }, 'mcp.clients[0].jwks: must hold public keys, and no other'],
  ])('that cannot be one is refused: %j', async (client, message) => {
    const place = await openPlace({ options: { clients: [client] } })
    expect(() => createClients(place)).toThrow(expect.objectContaining({ code: 'KVCH_E_CONFIG_INVALID', message }))
  })
})

interface Signer {
  readonly privateKey: CryptoKey
  readonly jwk: JWK
  readonly sign: (clientId: string, claims?: JWTPayload) => Promise<string>
}

async function keyPair(alg = 'ES256', kid?: string): Promise<Signer> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  const jwk = { ...(await exportJWK(publicKey)), ...(kid !== undefined && { kid }) }
  const header = { alg, ...(kid !== undefined && { kid }) }
  return {
    privateKey,
    jwk,
    sign: (clientId, claims) => claimsOf(clientId, claims).setProtectedHeader(header).sign(privateKey),
  }
}

let made = 0

function claimsOf(clientId: string, claims: JWTPayload = {}): SignJWT {
  const standard = {
    iss: clientId,
    sub: clientId,
    aud: ISSUER,
    iat: NOW / 1000,
    exp: NOW / 1000 + 60,
    jti: `jti-${made++}`,
  }
  return new SignJWT({ ...standard, ...claims })
}

async function openSigned(
  alg = 'ES256',
  parts: PlaceParts = {},
): Promise<Signer & { readonly clients: Clients; readonly place: TestPlace; readonly id: string }> {
  const { place, clients } = await open(parts)
  const signer = await keyPair(alg)
  const method = { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [signer.jwk] } }
  return { ...signer, clients, place, id: (await registered(clients, method)).client_id }
}

function asserted(assertion: string): ReadonlyMap<string, string> {
  return formOf({ client_assertion: assertion, client_assertion_type: ASSERTION_TYPE })
}

function hmacJwt(clientId: string, secret: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = { iss: clientId, sub: clientId, aud: ISSUER, exp: NOW / 1000 + 60, jti: 'hmac' }
  const signed = `${part({ alg: 'HS256' })}.${part(claims)}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}

function grant(id: string, client: string) {
  const nothing = { user: null, parent: null, delegation: null, actor: null, expiresAt: null, revokedAt: null }
  return {
    id,
    client,
    agent: 'agt_1',
    scopes: '[]',
    resource: 'https://tools.example.com/mcp',
    createdAt: NOW,
    ...nothing,
  }
}
