import {
  base64url,
  calculateJwkThumbprint,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  importJWK,
  type JWTHeaderParameters,
  type JWTPayload,
  jwtVerify,
  SignJWT,
} from 'jose'
import { describe, expect, test } from 'vitest'
import { deriveKeys } from '../../../../runtime/keys/index.ts'
import { createSigningKeys, type SigningKeys } from '../../../../runtime/mcp/keys/index.ts'
import { resolveMcp } from '../../../../runtime/mcp/settings.ts'
import type { Store } from '../../../../runtime/store.ts'
import { createMemoryStore } from '../../../../storage/index.ts'
import { hostAt, NOW, siteOf, type TestSite } from '../../site.ts'
import { ISSUER, OPTIONS } from '../place.ts'

const SECRET = 's'.repeat(32)
const OLD_SECRET = 'o'.repeat(32)
const SECONDS = NOW / 1000
const CLAIMS: JWTPayload = {
  iss: ISSUER,
  aud: 'https://tools.example.com/mcp',
  sub: 'alice',
  client_id: 'mcp_1',
  scope: 'mcp:tools',
  jti: 'tok_1',
  iat: SECONDS,
  exp: SECONDS + 300,
  kvch_grant: 'grt_1',
}

interface Place {
  readonly site: TestSite
  readonly keys: SigningKeys
}

function setUp({ site = siteOf(), secrets = [SECRET] }: { site?: TestSite; secrets?: readonly string[] } = {}): Place {
  const kept = deriveKeys(site, secrets)
  return {
    site,
    keys: createSigningKeys({
      site,
      settings: resolveMcp(OPTIONS, { isProduction: false }),
      secretKeys: async () => kept,
    }),
  }
}

/** Another process on the same store, with the same clock. */
function besides({ site }: Place, secrets?: readonly string[]): Place {
  return setUp({ site: siteOf({ store: site.store, host: site.host }), ...(secrets && { secrets }) })
}

function headerOf(jwt: string): unknown {
  return JSON.parse(new TextDecoder().decode(base64url.decode(jwt.split('.')[0] ?? '')))
}

describe('signing keys', () => {
  test('a key is made when it is needed, and named by its thumbprint (RFC 7638)', async () => {
    const { site, keys } = setUp()
    const jwt = await keys.sign(CLAIMS, 'at+jwt')
    const { keys: published } = await keys.jwks()
    const [key] = published
    if (key === undefined) throw new Error('there is a key')
    const kid = await calculateJwkThumbprint(key)
    expect(published).toEqual([
      { kty: 'EC', crv: 'P-256', x: expect.any(String), y: expect.any(String), kid, alg: 'ES256', use: 'sig' },
    ])
    expect(headerOf(jwt)).toEqual({ alg: 'ES256', typ: 'at+jwt', kid })
    const verified = await jwtVerify(jwt, await importJWK(key), { currentDate: new Date(NOW) })
    expect(verified.payload).toEqual(CLAIMS)
    expect(await keys.verify(jwt)).toEqual(CLAIMS)
    expect(await site.log()).toEqual([
      { seq: 0, time: new Date(NOW).toISOString(), kind: 'oauth.key', actor: 'host', kid, alg: 'ES256' },
    ])
  })

  test('processes that need one at the same time have the same one', async () => {
    const one = setUp()
    const other = besides(one)
    const [a, b] = await Promise.all([one.keys.sign(CLAIMS, 'at+jwt'), other.keys.sign(CLAIMS, 'at+jwt')])
    expect(headerOf(a)).toEqual(headerOf(b))
    expect(await one.keys.verify(b)).toEqual(CLAIMS)
    expect(await other.keys.verify(a)).toEqual(CLAIMS)
    expect(await one.keys.jwks()).toEqual(await other.keys.jwks())
  })

  test('the private half is in the store sealed only, and in no row of the log', async () => {
    const { site, keys } = setUp()
    await keys.sign(CLAIMS, 'at+jwt')
    const [row] = await site.read((reader) => reader.find('oauthKeys', 'key'))
    const bytes = Uint8Array.from(row?.privateKey ?? [])
    const imported = crypto.subtle.importKey('pkcs8', bytes, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
    await expect(imported).rejects.toThrow()
    expect(JSON.parse(row?.publicJwk ?? '{}')).not.toHaveProperty('d')
    expect(JSON.stringify(await site.log())).not.toContain('"d"')
  })

  test('a sealed key in the place of another one opens nothing', async () => {
    const place = setUp()
    await place.keys.rotate()
    await place.keys.rotate()
    const rows = await place.site.read((reader) => reader.find('oauthKeys', 'key'))
    const signing = rows.find(({ retiredAt }) => retiredAt === null)
    const retired = rows.find(({ retiredAt }) => retiredAt !== null)
    if (signing === undefined || retired === undefined) throw new Error('there are two keys')
    await place.site.change((change) => change.put('oauthKeys', [{ ...signing, privateKey: retired.privateKey }]))
    const other = besides(place)
    const jwt = await other.keys.sign(CLAIMS, 'at+jwt')
    expect(headerOf(jwt)).not.toMatchObject({ kid: signing.kid })
  })

  test('an older secret still opens what it sealed', async () => {
    const before = setUp({ secrets: [OLD_SECRET] })
    const jwt = await before.keys.sign(CLAIMS, 'at+jwt')
    const after = besides(before, [SECRET, OLD_SECRET])
    expect(headerOf(await after.keys.sign(CLAIMS, 'at+jwt'))).toEqual(headerOf(jwt))
    expect(after.site.warnings).toEqual([])
  })

  test('when no secret opens it another key signs, and what was signed still verifies', async () => {
    const before = setUp({ secrets: [OLD_SECRET] })
    const jwt = await before.keys.sign(CLAIMS, 'at+jwt')
    const after = besides(before, [SECRET])
    const next = await after.keys.sign(CLAIMS, 'at+jwt')
    expect(headerOf(next)).not.toEqual(headerOf(jwt))
    expect(await after.keys.verify(jwt)).toEqual(CLAIMS)
    expect(after.site.warnings).toEqual([expect.stringContaining('cannot be read with the secrets')])
  })
})

describe('rotation', () => {
  test('the new key signs at once, and the old one verifies until all that it signed is dead', async () => {
    const { site, keys } = setUp()
    const old = await keys.sign(CLAIMS, 'at+jwt')
    const { kid } = await keys.rotate({ actor: 'ops' })
    const late = { ...CLAIMS, exp: SECONDS + 10_000 }
    expect(headerOf(await keys.sign(CLAIMS, 'at+jwt'))).toMatchObject({ kid })
    expect((await keys.jwks()).keys.map((key) => key.kid)).toHaveLength(2)
    expect(await keys.verify(old)).toEqual(CLAIMS)
    await site.host.advance(299_000)
    expect(await keys.verify(old)).toEqual(CLAIMS)
    const stale = await keys.sign(late, 'at+jwt')
    await keys.rotate()
    await site.host.advance(359_999)
    expect(await keys.verify(stale)).toEqual(late)
    await site.host.advance(1)
    expect(await keys.verify(stale)).toBeUndefined()
    expect((await keys.jwks()).keys.map((key) => key.kid)).toHaveLength(1)
    expect((await site.log()).map(({ kind, actor, replaces }) => [kind, actor, typeof replaces])).toEqual([
      ['oauth.key', 'host', 'undefined'],
      ['oauth.key', 'ops', 'string'],
      ['oauth.key', 'host', 'string'],
    ])
  })

  test('keys that verify nothing any more are removed by the next one', async () => {
    const { site, keys } = setUp()
    for (let turn = 0; turn < 4; turn++) {
      await keys.rotate()
      await site.host.advance(400_000)
    }
    expect(await site.read((reader) => reader.find('oauthKeys', 'key'))).toHaveLength(2)
  })

  test('other processes sign with the new key and verify what it signed', async () => {
    const one = setUp()
    const other = besides(one)
    await other.keys.sign(CLAIMS, 'at+jwt')
    const { kid } = await one.keys.rotate()
    await one.site.host.advance(1000)
    expect(await other.keys.verify(await one.keys.sign(CLAIMS, 'at+jwt'))).toEqual(CLAIMS)
    expect(headerOf(await other.keys.sign(CLAIMS, 'at+jwt'))).toMatchObject({ kid })
  })

  test('an actor that is none is refused', async () => {
    const { keys } = setUp()
    await expect(keys.rotate({ actor: '' })).rejects.toMatchObject({ code: 'KVCH_E_REQUEST_INVALID' })
  })
})

/** A JWT that is made, and not by us. */
interface Forgery {
  readonly kid: string
  readonly keys: SigningKeys
  readonly ours: CryptoKey
}

type Forge = (forgery: Forgery) => Promise<string> | string

function encode(header: object, payload: object, signature = ''): string {
  const part = (value: object) => base64url.encode(JSON.stringify(value))
  return `${part(header)}.${part(payload)}.${signature}`
}

/** Another key of ours would be as good a signature; only the header is wrong. */
function signed(key: CryptoKey, header: JWTHeaderParameters, claims: JWTPayload = CLAIMS): Promise<string> {
  const made = new SignJWT(claims).setProtectedHeader(header)
  return made.sign(key, { crit: Object.fromEntries((header.crit ?? []).map((name) => [name, false])) })
}

const FORGERIES: readonly (readonly [string, Forge])[] = [
  ['RFC 8725 3.1: alg none', ({ kid }) => encode({ alg: 'none', typ: 'at+jwt', kid }, CLAIMS)],
  ['RFC 8725 3.1: alg None', ({ kid }) => encode({ alg: 'None', typ: 'at+jwt', kid }, CLAIMS)],
  ['RFC 8725 3.1: no alg', ({ kid }) => encode({ typ: 'at+jwt', kid }, CLAIMS, 'AAAA')],
  [
    'RFC 8725 2.1: HS256 with the public JWK as the secret',
    async ({ kid, keys }) => {
      const secret = new TextEncoder().encode(JSON.stringify((await keys.jwks()).keys[0]))
      return new SignJWT(CLAIMS).setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid }).sign(secret)
    },
  ],
  [
    'RFC 8725 2.1: HS256 with the public PEM as the secret',
    async ({ kid, keys }) => {
      const jwk = (await keys.jwks()).keys[0]
      const key = await crypto.subtle.importKey(
        'jwk',
        jwk as JsonWebKey,
        { name: 'ECDSA', namedCurve: 'P-256' },
        true,
        ['verify'],
      )
      const secret = new TextEncoder().encode(await exportSPKI(key))
      return new SignJWT(CLAIMS).setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid }).sign(secret)
    },
  ],
  [
    'RFC 8725 3.1: RS256 under our kid',
    async ({ kid }) => {
      const { privateKey } = await generateKeyPair('RS256')
      return signed(privateKey, { alg: 'RS256', typ: 'at+jwt', kid })
    },
  ],
  [
    'RFC 8725 3.1: ES384 under our kid',
    async ({ kid }) => {
      const { privateKey } = await generateKeyPair('ES384')
      return signed(privateKey, { alg: 'ES384', typ: 'at+jwt', kid })
    },
  ],
  [
    'RFC 8725 3.1: the header says RS256, the signature is ES256',
    async ({ kid, ours }) => {
      const [, payload, signature] = (await signed(ours, { alg: 'ES256', typ: 'at+jwt', kid })).split('.')
      return `${base64url.encode(JSON.stringify({ alg: 'RS256', typ: 'at+jwt', kid }))}.${payload}.${signature}`
    },
  ],
  [
    'RFC 7515 4.1.3: a key of their own in jwk, with our kid',
    async ({ kid }) => {
      const { privateKey, publicKey } = await generateKeyPair('ES256')
      return signed(privateKey, { alg: 'ES256', typ: 'at+jwt', kid, jwk: await exportJWK(publicKey) })
    },
  ],
  [
    'RFC 7515 4.1.3: a key of their own in jwk, without kid',
    async () => {
      const { privateKey, publicKey } = await generateKeyPair('ES256')
      return signed(privateKey, { alg: 'ES256', typ: 'at+jwt', jwk: await exportJWK(publicKey) })
    },
  ],
  [
    'RFC 8725 3.10: jku, though we signed it',
    ({ kid, ours }) => signed(ours, { ...header(kid), jku: 'https://evil.example/jwks' }),
  ],
  [
    'RFC 8725 3.10: x5u, though we signed it',
    ({ kid, ours }) => signed(ours, { ...header(kid), x5u: 'https://evil.example/c.pem' }),
  ],
  ['RFC 7515 4.1.6: x5c, though we signed it', ({ kid, ours }) => signed(ours, { ...header(kid), x5c: ['AAAA'] })],
  [
    'RFC 7515 4.1.11: crit, though we signed it',
    ({ kid, ours }) => signed(ours, { ...header(kid), crit: ['exp'], exp: 1 }),
  ],
  ['RFC 7797: b64, though we signed it', ({ kid, ours }) => signed(ours, { ...header(kid), b64: true, crit: ['b64'] })],
  ['RFC 8725 3.10: kid is a path', ({ ours }) => signed(ours, header('../../dev/null'))],
  ['RFC 8725 3.10: kid is a statement', ({ ours }) => signed(ours, header("x' UNION SELECT 1 --"))],
  ['kid of a prototype', ({ ours }) => signed(ours, header('__proto__'))],
  ['no kid, though we signed it', ({ ours }) => signed(ours, { alg: 'ES256', typ: 'at+jwt' })],
  [
    'a key of their own under our kid',
    async ({ kid }) => signed((await generateKeyPair('ES256')).privateKey, header(kid)),
  ],
  ['RFC 9068 4: typ JWT', ({ kid, ours }) => signed(ours, { ...header(kid), typ: 'JWT' })],
  ['RFC 9068 4: no typ', ({ kid, ours }) => signed(ours, { alg: 'ES256', kid })],
  ['RFC 9068 4: typ dpop+jwt', ({ kid, ours }) => signed(ours, { ...header(kid), typ: 'dpop+jwt' })],
  [
    'RFC 9068 4: another issuer',
    ({ kid, ours }) => signed(ours, header(kid), { ...CLAIMS, iss: 'https://evil.example' }),
  ],
  [
    'RFC 9068 4: the issuer with a slash',
    ({ kid, ours }) => signed(ours, header(kid), { ...CLAIMS, iss: `${CLAIMS.iss}/` }),
  ],
  ['RFC 9068 4: expired', ({ kid, ours }) => signed(ours, header(kid), { ...CLAIMS, exp: SECONDS })],
  ['RFC 7519 4.1.5: not yet good', ({ kid, ours }) => signed(ours, header(kid), { ...CLAIMS, nbf: SECONDS + 60 })],
  ...['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti'].map((name): readonly [string, Forge] => [
    `RFC 9068 2.2: without ${name}`,
    ({ kid, ours }) => signed(ours, header(kid), without(name)),
  ]),
  [
    'RFC 7519 4.1.4: exp is a text',
    ({ kid, ours }) => signed(ours, header(kid), { ...CLAIMS, ...Object.fromEntries([['exp', '9999999999']]) }),
  ],
  ['a claim that was changed', changed(1)],
  ['a signature that was changed', changed(2)],
  ['no signature', async ({ kid, ours }) => `${(await signed(ours, header(kid))).split('.').slice(0, 2).join('.')}.`],
  ['four parts', async ({ kid, ours }) => `${await signed(ours, header(kid))}.AAAA`],
  ['five parts, as of a JWE', async ({ kid, ours }) => `${await signed(ours, header(kid))}.AAAA.AAAA`],
  ['a header that is no JSON', ({ kid }) => `${base64url.encode('{')}.${kid}.AAAA`],
  ['a header that is a list', () => `${base64url.encode('[]')}.AAAA.AAAA`],
  ['an empty text', () => ''],
  ['dots', () => '..'],
  [
    'a text longer than any of ours',
    ({ kid, ours }) => signed(ours, header(kid), { ...CLAIMS, pad: 'x'.repeat(9000) }),
  ],
]

function header(kid: string): JWTHeaderParameters {
  return { alg: 'ES256', typ: 'at+jwt', kid }
}

function without(name: string): JWTPayload {
  return Object.fromEntries(Object.entries(CLAIMS).filter(([claim]) => claim !== name))
}

/** One bit of a part. */
function changed(part: number): Forge {
  return async ({ kid, ours }) => {
    const parts = (await signed(ours, header(kid))).split('.')
    const bytes = base64url.decode(parts[part] ?? '')
    bytes[0] = (bytes[0] ?? 0) ^ 1
    return parts.map((text, at) => (at === part ? base64url.encode(bytes) : text)).join('.')
  }
}

describe('RS-15, what is no access token of this server', () => {
  test.each(FORGERIES)('%s', async (_what, forge) => {
    const { site } = setUp()
    const { publicKey, privateKey: ours } = await generateKeyPair('ES256', { extractable: true })
    const { kty, crv, x, y } = await exportJWK(publicKey)
    const kid = await calculateJwkThumbprint({ kty, crv, x, y } as Parameters<typeof calculateJwkThumbprint>[0])
    await site.change((change) =>
      change.insert('oauthKeys', [
        {
          kid,
          publicJwk: JSON.stringify({ kty, crv, x, y }),
          privateKey: new Uint8Array(0),
          createdAt: NOW - 1,
          retiredAt: NOW,
          expiresAt: NOW + 1000,
        },
      ]),
    )
    const { keys } = setUp({ site })
    expect(await keys.verify(await signed(ours, header(kid)))).toEqual(CLAIMS)
    expect(await keys.verify(await forge({ kid, keys, ours }))).toBeUndefined()
  })

  test.each([undefined, null, 7, {}, ['a.b.c']])('%j, which is no text', async (odd) => {
    const { keys } = setUp()
    expect(await keys.verify(odd as unknown as string)).toBeUndefined()
  })
})

test('a flood of ids that nobody knows asks the store once a second', async () => {
  const store = createMemoryStore()
  let reads = 0
  const counting: Store = {
    ...store,
    read(project, work) {
      reads++
      return store.read(project, work)
    },
  }
  const host = hostAt(NOW)
  const { keys } = setUp({ site: siteOf({ store: counting, host }) })
  const { privateKey } = await generateKeyPair('ES256')
  for (let turn = 0; turn < 50; turn++) await keys.verify(await signed(privateKey, header(`kid-${turn}`)))
  expect(reads).toBe(1)
  await host.advance(1000)
  await keys.verify(await signed(privateKey, header('kid-x')))
  expect(reads).toBe(2)
})
