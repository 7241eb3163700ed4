import {
  base64url,
  calculateJwkThumbprint,
  exportJWK,
  type GenerateKeyPairResult,
  generateKeyPair,
  type JWK,
  SignJWT,
} from 'jose'
import { describe, expect, test } from 'vitest'
import { deriveKeys } from '../../../../runtime/keys/index.ts'
import { PROOF_ALGORITHMS } from '../../../../runtime/mcp/algorithms.ts'
import { createDpop, type Dpop, type DpopExpected, type DpopOptions } from '../../../../runtime/mcp/dpop/index.ts'
import type { OAuthError } from '../../../../runtime/mcp/oauth-error.ts'
import { NOW, sha256, siteOf, type TestSite } from '../../site.ts'

const URL = 'https://as.example.com/oauth/token'
const EXPECTED: DpopExpected = { method: 'POST', url: URL }
const TOKEN = 'kva_token'
const SECONDS = NOW / 1000
const SECRET = 's'.repeat(32)

interface Prover {
  readonly pair: GenerateKeyPairResult
  readonly jwk: JWK
  readonly alg: string
}

async function proverOf(alg = 'ES256'): Promise<Prover> {
  const pair = await generateKeyPair(alg, { extractable: true })
  return { pair, jwk: await exportJWK(pair.publicKey), alg }
}

const ES256 = await proverOf()

interface Parts {
  readonly prover?: Prover
  /** What is not as it should be; `undefined` leaves a member out. */
  readonly header?: { readonly [name: string]: unknown }
  readonly claims?: { readonly [name: string]: unknown } | undefined
  readonly key?: CryptoKey | Uint8Array
}

let made = 0

async function proofOf({ prover = ES256, header = {}, claims = {}, key }: Parts = {}): Promise<string> {
  made++
  const payload = { jti: `proof-${made}`, htm: 'POST', htu: URL, iat: SECONDS, ...claims }
  const whole = { typ: 'dpop+jwt', alg: prover.alg, jwk: prover.jwk, ...header }
  const present = (members: object) =>
    Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
  return new SignJWT(present(payload))
    .setProtectedHeader({ alg: prover.alg, ...present(whole) })
    .sign(key ?? prover.pair.privateKey, { crit: { odd: false } })
}

function requestWith(...proofs: readonly string[]): Request {
  const headers = new Headers()
  for (const proof of proofs) headers.append('dpop', proof)
  return new Request('https://whatever.example/any?thing=1', { method: 'PUT', headers })
}

interface Place {
  readonly site: TestSite
  readonly dpop: Dpop
}

function setUp(options?: DpopOptions, site = siteOf()): Place {
  const secrets = deriveKeys(site, [SECRET])
  return { site, dpop: createDpop({ site, secretKeys: async () => secrets }, options) }
}

/** What a request is refused with; `good` when it is not. */
async function refusalOf(dpop: Dpop, proof: string, expected = EXPECTED): Promise<string> {
  return dpop.check(requestWith(proof), expected).then(
    () => 'good',
    (error: OAuthError) => `${error.status} ${error.error}: ${error.message}`,
  )
}

describe('a good proof', () => {
  test('gives the thumbprint of its key', async () => {
    const { dpop } = setUp()
    expect(await dpop.check(requestWith(await proofOf()), EXPECTED)).toBe(await calculateJwkThumbprint(ES256.jwk))
  })

  test.each(PROOF_ALGORITHMS)('may be made with %s, which the metadata names', async (alg) => {
    const { dpop } = setUp()
    const prover = await proverOf(alg)
    const jkt = await calculateJwkThumbprint(prover.jwk)
    expect(await dpop.check(requestWith(await proofOf({ prover })), EXPECTED)).toBe(jkt)
  })

  test('is held against the URL that is configured, and not against that of the request', async () => {
    const { dpop } = setUp()
    const claims = { htu: 'https://whatever.example/any' }
    expect(await refusalOf(dpop, await proofOf({ claims }))).toBe(
      '400 invalid_dpop_proof: the proof is for another URL',
    )
    expect(await refusalOf(dpop, await proofOf({ claims: { htu: `${URL}?a=1#b` } }))).toBe('good')
  })

  test('may be five minutes old, or as far ahead', async () => {
    const { dpop } = setUp()
    for (const iat of [SECONDS - 300, SECONDS + 300]) {
      expect(await refusalOf(dpop, await proofOf({ claims: { iat } }))).toBe('good')
    }
  })

  test('may say more than is asked for', async () => {
    const { dpop } = setUp()
    const more = {
      header: { kid: 'mine', jku: 'https://evil.example' },
      claims: { ath: 'of a token that is not sent' },
    }
    expect(await refusalOf(dpop, await proofOf(more))).toBe('good')
  })

  test('names the access token and is of the key that is expected', async () => {
    const { dpop } = setUp()
    const ath = base64url.encode(sha256(new TextEncoder().encode(TOKEN)))
    const expectedJkt = await calculateJwkThumbprint(ES256.jwk)
    const expected = { ...EXPECTED, accessToken: TOKEN, expectedJkt }
    expect(await dpop.check(requestWith(await proofOf({ claims: { ath } })), expected)).toBe(expectedJkt)
  })
})

test('a request without a proof has no key, and is refused where one is expected', async () => {
  const { dpop } = setUp()
  expect(await dpop.check(requestWith(), EXPECTED)).toBeUndefined()
  await expect(dpop.check(requestWith(), { ...EXPECTED, expectedJkt: 'x' })).rejects.toMatchObject({
    error: 'invalid_dpop_proof',
  })
})

const NOT_ONE = 'the DPoP header is not one JWT'
const NO_PROOF = 'the proof is no dpop+jwt that its own public key signed'
const SECRET_KEY = new TextEncoder().encode('a secret that both sides know, of 64 bytes or more for HS512 too.')

const MALFORMED: readonly (readonly [string, string, () => Promise<string> | string])[] = [
  ['1: two proofs in one header', NOT_ONE, async () => `${await proofOf()}, ${await proofOf()}`],
  ['2: no JWT', NOT_ONE, () => 'not a jwt'],
  ['2: an empty header', NOT_ONE, () => ''],
  ['2: a JWE', NOT_ONE, async () => `${await proofOf()}.AAAA.AAAA`],
  ['2: no signature', NOT_ONE, async () => `${(await proofOf()).split('.').slice(0, 2).join('.')}.`],
  ['2: longer than any proof', NOT_ONE, () => proofOf({ claims: { pad: 'x'.repeat(9000) } })],
  ['2: a header that is no JSON', NO_PROOF, () => `${base64url.encode('{')}.AAAA.AAAA`],
  ['2: a payload that is no object', NO_PROOF, () => unsigned({ typ: 'dpop+jwt', alg: 'ES256', jwk: ES256.jwk }, '[]')],
  ['4: no typ', NO_PROOF, () => proofOf({ header: { typ: undefined } })],
  ['4: typ JWT', NO_PROOF, () => proofOf({ header: { typ: 'JWT' } })],
  ['4: typ at+jwt', NO_PROOF, () => proofOf({ header: { typ: 'at+jwt' } })],
  ['5: alg none', NO_PROOF, () => unsigned({ typ: 'dpop+jwt', alg: 'none', jwk: ES256.jwk })],
  ['5: HS256 with the public key as the secret', NO_PROOF, () => hmac({ jwk: ES256.jwk })],
  [
    '5: HS256 with a symmetric key in jwk',
    NO_PROOF,
    () => hmac({ jwk: { kty: 'oct', k: base64url.encode(SECRET_KEY) } }),
  ],
  ['5: ES256 with a symmetric key in jwk', NO_PROOF, () => proofOf({ header: { jwk: { kty: 'oct', k: 'AAAA' } } })],
  [
    '5: an algorithm that is not of the key',
    NO_PROOF,
    () => unsigned({ typ: 'dpop+jwt', alg: 'RS256', jwk: ES256.jwk }),
  ],
  ['5: an algorithm that nobody knows', NO_PROOF, () => unsigned({ typ: 'dpop+jwt', alg: 'XS256', jwk: ES256.jwk })],
  ['6: the signature of another key', NO_PROOF, async () => proofOf({ key: (await proverOf()).pair.privateKey })],
  ['6: a payload that was changed', NO_PROOF, changed],
  ['7: no jwk', NO_PROOF, () => proofOf({ header: { jwk: undefined } })],
  ['7: a jwk that is a text', NO_PROOF, () => proofOf({ header: { jwk: JSON.stringify(ES256.jwk) } })],
  ['7: a jwk of no type', NO_PROOF, () => proofOf({ header: { jwk: { ...ES256.jwk, kty: undefined } } })],
  [
    '7: a jwk whose type is a name of every object',
    NO_PROOF,
    () => proofOf({ header: { jwk: { ...ES256.jwk, kty: 'constructor' } } }),
  ],
  ['7: a jwk that lacks y', NO_PROOF, () => proofOf({ header: { jwk: { ...ES256.jwk, y: undefined } } })],
  ['7: a jwk off the curve', NO_PROOF, () => proofOf({ header: { jwk: { ...ES256.jwk, y: ES256.jwk.x } } })],
  [
    '7: the private key in jwk',
    NO_PROOF,
    async () => proofOf({ header: { jwk: await exportJWK(ES256.pair.privateKey) } }),
  ],
  ...['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'].map((name): readonly [string, string, () => Promise<string>] => [
    `7: ${name} beside the public key`,
    NO_PROOF,
    () => proofOf({ header: { jwk: { ...ES256.jwk, [name]: 'AAAA' } } }),
  ]),
  ['7: an RSA key of 1,024 bits', NO_PROOF, () => unsigned({ typ: 'dpop+jwt', alg: 'RS256', jwk: rsaOf(128) })],
  ['7: an RSA key of 8,192 bits', NO_PROOF, () => unsigned({ typ: 'dpop+jwt', alg: 'RS256', jwk: rsaOf(1024) })],
  ['RFC 7515 4.1.11: crit that nobody understands', NO_PROOF, () => proofOf({ header: { crit: ['odd'], odd: 1 } })],
]

const CLAIMS: readonly (readonly [string, string, Parts['claims']])[] = [
  ['3: no jti', 'the proof has no usable jti', { jti: undefined }],
  ['3: an empty jti', 'the proof has no usable jti', { jti: '' }],
  ['3: a jti that is a number', 'the proof has no usable jti', { jti: 7 }],
  ['3: a jti without end', 'the proof has no usable jti', { jti: 'x'.repeat(257) }],
  ['8: no htm', 'the proof is for another method', { htm: undefined }],
  ['8: another method', 'the proof is for another method', { htm: 'GET' }],
  ['8: the method in lower case', 'the proof is for another method', { htm: 'post' }],
  ['9: no htu', 'the proof is for another URL', { htu: undefined }],
  ['9: another path', 'the proof is for another URL', { htu: 'https://as.example.com/oauth/revoke' }],
  ['9: another host', 'the proof is for another URL', { htu: 'https://evil.example/oauth/token' }],
  ['9: http', 'the proof is for another URL', { htu: 'http://as.example.com/oauth/token' }],
  ['9: a list of URLs', 'the proof is for another URL', { htu: [URL] }],
  ['9: no URL', 'the proof is for another URL', { htu: 'token' }],
  ['11: no iat', 'the proof was not made within five minutes of now', { iat: undefined }],
  ['11: older than five minutes', 'the proof was not made within five minutes of now', { iat: SECONDS - 301 }],
  ['11: more than five minutes ahead', 'the proof was not made within five minutes of now', { iat: SECONDS + 301 }],
  ['11: iat in milliseconds', 'the proof was not made within five minutes of now', { iat: NOW }],
]

describe('RFC 9449 4.3, a proof that is none:', () => {
  test.each(MALFORMED)('%s', async (_what, why, make) => {
    const { dpop, site } = setUp()
    expect(await refusalOf(dpop, await make())).toBe(`400 invalid_dpop_proof: ${why}`)
    expect(await site.read((reader) => reader.find('oauthReplays', 'key'))).toEqual([])
  })

  test.each(CLAIMS)('%s', async (_what, why, claims) => {
    const { dpop, site } = setUp()
    expect(await refusalOf(dpop, await proofOf({ claims }))).toBe(`400 invalid_dpop_proof: ${why}`)
    expect(await site.read((reader) => reader.find('oauthReplays', 'key'))).toEqual([])
  })

  test.each([
    ['11: iat that is a text', { iat: `${SECONDS}` }],
    ['expired by its own word', { exp: SECONDS }],
    ['not yet good by its own word', { nbf: SECONDS + 1 }],
  ])('%s', async (_what, claims) => {
    const { dpop } = setUp()
    expect(await refusalOf(dpop, await proofOf({ claims }))).toMatch(/^400 invalid_dpop_proof/)
  })

  test('1: two headers', async () => {
    const { dpop } = setUp()
    const request = requestWith(await proofOf(), await proofOf())
    await expect(dpop.check(request, EXPECTED)).rejects.toMatchObject({ error: 'invalid_dpop_proof', message: NOT_ONE })
  })

  test.each([
    ['12: no ath', undefined],
    ['12: the hash of another token', base64url.encode(sha256(new TextEncoder().encode('kva_other')))],
    ['12: the token itself', TOKEN],
    ['12: the hash in hex', Buffer.from(sha256(new TextEncoder().encode(TOKEN))).toString('hex')],
  ])('%s', async (_what, ath) => {
    const { dpop } = setUp()
    const expected = { ...EXPECTED, accessToken: TOKEN }
    expect(await refusalOf(dpop, await proofOf({ claims: { ath } }), expected)).toBe(
      '400 invalid_dpop_proof: the proof is for another access token',
    )
  })

  test('12: another key than the one that the token is bound to', async () => {
    const { dpop } = setUp()
    const expected = { ...EXPECTED, expectedJkt: await calculateJwkThumbprint((await proverOf()).jwk) }
    expect(await refusalOf(dpop, await proofOf(), expected)).toBe('400 invalid_dpop_proof: the proof is of another key')
  })
})

describe('RFC 9449 11.1, a proof is good once:', () => {
  const USED = '400 invalid_dpop_proof: the proof was used before'

  test('the same one again', async () => {
    const { dpop } = setUp()
    const proof = await proofOf()
    expect([await refusalOf(dpop, proof), await refusalOf(dpop, proof)]).toEqual(['good', USED])
  })

  test('at the same time, in two processes', async () => {
    const { dpop, site } = setUp()
    const other = setUp({}, siteOf({ store: site.store, host: site.host }))
    const proof = await proofOf()
    const answers = await Promise.all([refusalOf(dpop, proof), refusalOf(other.dpop, proof)])
    expect(answers.sort()).toEqual([USED, 'good'])
  })

  test('another proof with its jti', async () => {
    const { dpop } = setUp()
    const claims = { jti: 'once' }
    expect(await refusalOf(dpop, await proofOf({ claims }))).toBe('good')
    expect(await refusalOf(dpop, await proofOf({ claims: { ...claims, iat: SECONDS + 1 } }))).toBe(USED)
  })

  test('nobody uses up the jti of another key', async () => {
    const { dpop } = setUp()
    const claims = { jti: 'once' }
    expect(await refusalOf(dpop, await proofOf({ claims, prover: await proverOf() }))).toBe('good')
    expect(await refusalOf(dpop, await proofOf({ claims }))).toBe('good')
  })

  test('it is remembered for as long as it would be accepted', async () => {
    const { dpop, site } = setUp()
    const proof = await proofOf({ claims: { iat: SECONDS + 300 } })
    expect(await refusalOf(dpop, proof)).toBe('good')
    const [row] = await site.read((reader) => reader.find('oauthReplays', 'key'))
    expect(row).toEqual({ id: expect.stringMatching(/^dpop:[0-9a-f]{64}$/), expiresAt: NOW + 660_000 })
    await site.host.advance(600_000)
    expect(await refusalOf(dpop, proof)).toBe(USED)
    await site.host.advance(1)
    expect(await refusalOf(dpop, proof)).toContain('within five minutes')
  })
})

describe('RFC 9449 8, nonces:', () => {
  /** The nonce that a refusal offers. */
  async function offered(dpop: Dpop, claims: Parts['claims'] = {}): Promise<string> {
    const refused = await dpop.check(requestWith(await proofOf({ claims })), EXPECTED).then(
      () => undefined,
      (error: OAuthError) => error,
    )
    expect(refused).toMatchObject({ status: 400, error: 'use_dpop_nonce' })
    return refused?.headers['dpop-nonce'] ?? ''
  }

  test('none is needed, unless it is configured', async () => {
    expect(await refusalOf(setUp().dpop, await proofOf())).toBe('good')
    expect(await refusalOf(setUp({ isNonceRequired: true }).dpop, await proofOf())).toMatch(/^400 use_dpop_nonce/)
  })

  test.each([
    ['a guess', 'guess'],
    ['an empty one', ''],
    ['a number', 7],
    ['the span without what only the server can make', `${Math.floor(NOW / 300_000)}.${'A'.repeat(43)}`],
  ])('%s is refused, and a fresh one offered that is good', async (_what, nonce) => {
    const { dpop } = setUp()
    const fresh = await offered(dpop, { nonce })
    expect(await refusalOf(dpop, await proofOf({ claims: { nonce: fresh } }))).toBe('good')
  })

  test('one is good in its span of five minutes and the next, for every process with the secret', async () => {
    const { dpop, site } = setUp({ isNonceRequired: true })
    const nonce = await offered(dpop)
    const other = setUp({ isNonceRequired: true }, siteOf({ store: site.store, host: site.host }))
    const at = async (seconds: number) => {
      site.host.setNow(NOW + seconds * 1000)
      return refusalOf(other.dpop, await proofOf({ claims: { nonce, iat: SECONDS + seconds } }))
    }
    expect([await at(0), await at(299), await at(599)]).toEqual(['good', 'good', 'good'])
    expect(await at(600)).toMatch(/^400 use_dpop_nonce/)
  })

  test('one of another server is none', async () => {
    const { dpop } = setUp({ isNonceRequired: true })
    const site = siteOf()
    const secrets = deriveKeys(site, ['another secret of thirty-two bytes'])
    const foreign = createDpop({ site, secretKeys: async () => secrets }, { isNonceRequired: true })
    const nonce = await offered(foreign)
    expect(await refusalOf(dpop, await proofOf({ claims: { nonce } }))).toMatch(/^400 use_dpop_nonce/)
  })

  test('a proof that is refused for its nonce may be used with the right one under the same jti', async () => {
    const { dpop } = setUp({ isNonceRequired: true })
    const nonce = await offered(dpop, { jti: 'kept' })
    expect(await refusalOf(dpop, await proofOf({ claims: { jti: 'kept', nonce } }))).toBe('good')
  })
})

function unsigned(header: object, payload = JSON.stringify({ jti: 'x', htm: 'POST', htu: URL, iat: SECONDS })): string {
  return `${base64url.encode(JSON.stringify(header))}.${base64url.encode(payload)}.AAAA`
}

function hmac(header: object): Promise<string> {
  return new SignJWT({ jti: 'x', htm: 'POST', htu: URL, iat: SECONDS })
    .setProtectedHeader({ typ: 'dpop+jwt', alg: 'HS256', ...header })
    .sign(SECRET_KEY)
}

async function changed(): Promise<string> {
  const [header, , signature] = (await proofOf()).split('.')
  const claims = { jti: 'y', htm: 'POST', htu: URL, iat: SECONDS }
  return `${header}.${base64url.encode(JSON.stringify(claims))}.${signature}`
}

function rsaOf(bytes: number): JWK {
  return { kty: 'RSA', n: base64url.encode(new Uint8Array(bytes).fill(255)), e: 'AQAB' }
}
