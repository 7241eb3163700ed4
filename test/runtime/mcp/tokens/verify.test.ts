/** What is accepted as an access token. @see RFC 9068 section 4, MCP Token Handling */
import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { base64url, decodeJwt, decodeProtectedHeader, generateKeyPair, SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { ACCESS_TOKEN, createToken } from '../../../../runtime/index.ts'
import { sha256 } from '../../site.ts'
import { ISSUER, OTHER_RESOURCE, RESOURCE } from '../place.ts'
import { given, HOUR, jktOf, openScene, proof, SCOPES } from './scene.ts'

const JWT = { options: { tokens: { format: 'jwt' } } } as const

describe('an opaque token', () => {
  test('speaks for user, client and agent until it expires', async () => {
    const { signIn, tokens, agentId, grantOf, place, later } = await openScene()
    const { access_token } = await signIn({}, proof('mine'))
    const issuedAt = place.host.now()
    expect(await tokens.verify(access_token)).toEqual({
      agentId,
      grantId: (await grantOf(access_token))?.id,
      clientId: 'app',
      userId: 'ann',
      scopes: SCOPES,
      resource: RESOURCE,
      issuedAt,
      expiresAt: issuedAt + HOUR,
      jkt: jktOf('mine'),
    })
    later(HOUR - 1)
    expect(await tokens.verify(access_token)).toBeDefined()
    later(1)
    expect(await tokens.verify(access_token)).toBeUndefined()
  })

  test('is dead from the call on that follows the revocation of its grant, at every process', async () => {
    const { signIn, tokens, grantOf } = await openScene()
    const { access_token } = await signIn()
    await tokens.grants.revoke((await grantOf(access_token))?.id ?? '')
    expect(await tokens.verify(access_token)).toBeUndefined()
  })

  test('is dead with its grant, which is swept', async () => {
    const { signIn, tokens, grantOf, place } = await openScene()
    const { access_token } = await signIn()
    const grant = await grantOf(access_token)
    await place.site.change((change) => change.remove('oauthGrants', { id: grant?.id ?? '' }))
    expect(await tokens.verify(access_token)).toBeUndefined()
  })
})

describe('RS-16: what is no access token', () => {
  test('refresh tokens, codes, tokens of agents and ids are none', async () => {
    const { signIn, agree, tokens, place, grantOf } = await openScene()
    const first = await signIn()
    const agent = await place.kavach.agents.create({ ownerId: 'ann', name: 'x', type: 'service', permissions: [] })
    const hash = (await place.site.read((reader) => reader.find('oauthTokens', 'key')))[0]?.hash ?? ''
    const texts = [
      first.refresh_token,
      first.code,
      await agree(),
      agent.token,
      (await grantOf(first.access_token))?.id ?? '',
      'app',
      hash,
      `jwt:${hash}`,
      '',
      ` ${first.access_token}`,
      `${first.access_token} `,
      first.access_token.toUpperCase(),
      first.access_token.replace('kva_', 'kvr_'),
      first.access_token.replace('kva_', 'kv_'),
      `Bearer ${first.access_token}`,
      'x'.repeat(1_000_000),
      `eyJ${'x'.repeat(1_000_000)}.x.x`,
    ]
    expect(await Promise.all(texts.map((text) => tokens.verify(text)))).toEqual(texts.map(() => undefined))
  })

  test('neither is what is no text', async () => {
    const { tokens } = await openScene()
    // A header is a text, but who calls from JavaScript may be wrong.
    const odd: readonly unknown[] = [undefined, null, 1, {}, [], Symbol.iterator, { toString: () => 'kva_' }]
    for (const one of odd) expect(await tokens.verify(one as string)).toBeUndefined()
  })

  test('10,000 random tokens with the right checksum are none', async () => {
    const { signIn, tokens, place } = await openScene()
    await signIn()
    const made = Array.from({ length: 10_000 }, () => createToken(randomBytes, sha256, ACCESS_TOKEN).token)
    expect(new Set(made).size).toBe(10_000)
    const found = await Promise.all(made.map((token) => tokens.verify(token)))
    expect(found.filter((one) => one !== undefined)).toEqual([])
    expect((await place.log()).filter(({ kind }) => kind === 'decision')).toEqual([])
  })

  test('no text of other characters is', async () => {
    const { tokens } = await openScene()
    const texts = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom('__proto__', 'constructor'))
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        expect(await tokens.verify(text)).toBeUndefined()
        expect(await tokens.verify(`kva_${text}`)).toBeUndefined()
        expect(await tokens.verify(`eyJ.${text}.x`)).toBeUndefined()
      }),
    )
  })
})

describe('a JWT', () => {
  test('RFC 9068 section 2.2: says whom it is from and for, and with kvch_grant where to look whether it is good', async () => {
    const { signIn, tokens, place, agentId } = await openScene(JWT)
    const answer = await signIn({ actor: { sub: 'helper' } }, proof('mine'))
    expect(answer).toMatchObject({ token_type: 'DPoP', expires_in: 300, scope: SCOPES.join(' ') })
    expect(decodeProtectedHeader(answer.access_token)).toEqual({
      alg: 'ES256',
      typ: 'at+jwt',
      kid: expect.any(String),
    })
    const iat = Math.floor(place.host.now() / 1000)
    const grantId = (await tokens.grants.list()).grants[0]?.id
    expect(decodeJwt(answer.access_token)).toEqual({
      iss: ISSUER,
      aud: RESOURCE,
      sub: 'ann',
      client_id: 'app',
      scope: SCOPES.join(' '),
      jti: expect.stringMatching(/^[0-9A-Z]{26}$/),
      iat,
      exp: iat + 300,
      kvch_grant: grantId,
      cnf: { jkt: jktOf('mine') },
      act: { sub: 'helper' },
    })
    expect(await tokens.verify(answer.access_token)).toEqual({
      agentId,
      grantId,
      clientId: 'app',
      userId: 'ann',
      scopes: SCOPES,
      resource: RESOURCE,
      issuedAt: place.host.now(),
      expiresAt: place.host.now() + 300_000,
      actor: { sub: 'helper' },
      jkt: jktOf('mine'),
    })
  })

  test('is renewed, and a retry gets the same one', async () => {
    const { signIn, refresh, isGood } = await openScene(JWT)
    const first = await signIn()
    const answers = [await refresh(first.refresh_token), await refresh(first.refresh_token)]
    expect(answers[1]).toEqual(answers[0])
    const { access_token } = given(answers[0] ?? { status: 0, body: undefined })
    expect(access_token).toMatch(/^eyJ/)
    expect(access_token).not.toBe(first.access_token)
    expect([await isGood(access_token), await isGood(first.access_token)]).toEqual([true, true])
  })

  test('lives five minutes at most, and dies with its grant', async () => {
    const { signIn, isGood, later, tokens } = await openScene(JWT)
    const [one, other] = [await signIn(), await signIn()]
    await tokens.grants.revoke((await tokens.verify(other.access_token))?.grantId ?? '')
    later(299_999)
    expect([await isGood(one.access_token), await isGood(other.access_token)]).toEqual([true, false])
    later(1)
    expect(await isGood(one.access_token)).toBe(false)
  })

  test('its id alone is no token, in no form', async () => {
    const { signIn, isGood } = await openScene(JWT)
    const { jti = '' } = decodeJwt((await signIn()).access_token)
    expect([await isGood(jti), await isGood(`jwt:${jti}`), await isGood(`kva_${jti}`)]).toEqual([false, false, false])
  })

  test('RS-15: signed by somebody else, or by nobody, it is none', async () => {
    const { signIn, isGood } = await openScene(JWT)
    const { access_token } = await signIn()
    const claims = decodeJwt(access_token)
    const header = decodeProtectedHeader(access_token)
    const { privateKey } = await generateKeyPair('ES256')
    const forged = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', ...header }).sign(privateKey)
    const [, payload = '', signature = ''] = access_token.split('.')
    const unsigned = base64url.encode(JSON.stringify({ ...header, alg: 'none' }))
    for (const token of [forged, `${unsigned}.${payload}.`, `${unsigned}.${payload}.${signature}`]) {
      expect(await isGood(token)).toBe(false)
    }
    expect(await isGood(access_token)).toBe(true)
  })

  test.each([
    ['another grant', { kvch_grant: 'grt_x' }],
    ['another audience', { aud: OTHER_RESOURCE }],
    ['a second audience', { aud: [RESOURCE, OTHER_RESOURCE] }],
    ['another id', { jti: 'x' }],
    ['an empty id', { jti: '' }],
  ])('that says %s than what was issued is none, though we signed it', async (_, others) => {
    const { signIn, isGood, keys } = await openScene(JWT)
    const claims = decodeJwt((await signIn()).access_token)
    expect(await isGood(await keys.sign(claims, 'at+jwt'))).toBe(true)
    expect(await isGood(await keys.sign({ ...claims, ...others }, 'at+jwt'))).toBe(false)
  })
})

test('outside of the token endpoint a token is opaque, because nobody signs while a change is open', async () => {
  const { tokens, place, isGood, signIn } = await openScene(JWT)
  const grantId = (await tokens.verify((await signIn()).access_token))?.grantId ?? ''
  const answer = await place.site.change(async (change) => {
    const grant = await change.get('oauthGrants', { id: grantId })
    if (grant === undefined) throw new Error('no grant')
    return tokens.issue(change, grant, { scopes: SCOPES, resource: RESOURCE, jkt: undefined, hasRefresh: false })
  })
  expect(answer.access_token).toMatch(/^kva_/)
  expect(await isGood(answer.access_token)).toBe(true)
})
