/** @see OAuth 2.1 section 4.1.3, RFC 7636, RFC 8707, RFC 9449 section 10 */
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { OTHER_RESOURCE, RESOURCE } from '../place.ts'
import {
  basic,
  CHALLENGE,
  DAY,
  given,
  HOUR,
  jktOf,
  openScene,
  proof,
  REDIRECT,
  refusal,
  SCOPES,
  VERIFIER,
} from './scene.ts'

const MISMATCH = refusal(
  'invalid_grant',
  'the code verifier does not match the challenge',
  'KVCH_E_MCP_PKCE_VERIFY_FAILED',
)
const USED = refusal('invalid_grant', 'the code was presented before')

test('AS-T2: a code is exchanged for tokens, with their scope and their life', async () => {
  const { agree, exchange, tokens, agentId, place } = await openScene()
  const answer = given(await exchange(await agree()))
  expect(answer).toEqual({
    access_token: expect.stringMatching(/^kva_[0-9A-Za-z]{49}$/),
    token_type: 'Bearer',
    expires_in: 3600,
    scope: 'mcp:tools mcp:files',
    refresh_token: expect.stringMatching(/^kvr_[0-9A-Za-z]{49}$/),
  })
  const grantId = (await tokens.grants.list()).grants[0]?.id
  expect(await tokens.verify(answer.access_token)).toEqual({
    agentId,
    grantId,
    clientId: 'app',
    userId: 'ann',
    scopes: SCOPES,
    resource: RESOURCE,
    issuedAt: place.host.now(),
    expiresAt: place.host.now() + HOUR,
  })
})

test('AS-F6: a client that did not register refresh_token gets none', async () => {
  const { agree, exchange } = await openScene()
  const answer = given(await exchange(await agree({ clientId: 'once' }), { client_id: 'once' }))
  expect(Object.keys(answer)).toEqual(['access_token', 'token_type', 'expires_in', 'scope'])
})

test('AS-T10: no token outlives its grant', async () => {
  const { agree, exchange, refresh, place, isGood, later } = await openScene()
  const expiresAt = place.host.now() + 10_000
  const answer = given(await exchange(await agree({ expiresAt })))
  expect(answer.expires_in).toBe(10)
  later(10_000)
  expect(await isGood(answer.access_token)).toBe(false)
  expect(await refresh(answer.refresh_token ?? '')).toEqual(
    refusal('invalid_grant', 'what was agreed to is revoked or over', 'KVCH_E_OAUTH_TOKEN_REVOKED'),
  )
})

describe('AS-T5, RFC 7636', () => {
  test('a missing verifier is told before the code is looked at, which stays good', async () => {
    const { agree, exchange } = await openScene()
    const code = await agree()
    const missing = refusal('invalid_request', 'the parameter code_verifier is missing', 'KVCH_E_MCP_PKCE_MISSING')
    expect(await exchange(code, { code_verifier: undefined })).toEqual(missing)
    expect(await exchange(code, { code_verifier: '' })).toEqual(missing)
    expect((await exchange(code)).status).toBe(200)
  })

  test.each([
    ['another one', `${VERIFIER}x`],
    ['the challenge itself (the method `plain`)', CHALLENGE],
    ['one in another case', VERIFIER.toUpperCase()],
    ['one with a blank behind it', `${VERIFIER} `],
  ])('section 4.6: a verifier that does not match is refused: %s', async (_, code_verifier) => {
    const { agree, exchange } = await openScene()
    expect(await exchange(await agree(), { code_verifier })).toEqual(MISMATCH)
  })

  test.each([
    ['42 characters', 'a'.repeat(42), false],
    ['43 characters', 'a'.repeat(43), true],
    ['128 characters', 'a'.repeat(128), true],
    ['129 characters', 'a'.repeat(129), false],
    ['all that may be', `${'-._~'.repeat(11)}aZ09`, true],
    ['a character of base64', `${'a'.repeat(43)}+`, false],
    ['padding', `${'a'.repeat(43)}=`, false],
    ['a letter that is none of ASCII', `${'a'.repeat(43)}é`, false],
    ['a line break', `${'a'.repeat(43)}\n`, false],
    ['a NUL', `${'a'.repeat(43)}\0`, false],
  ])('section 4.1: a verifier has 43 to 128 unreserved characters: %s', async (_, code_verifier, isOne) => {
    const { agree, exchange } = await openScene()
    const challenge = createHash('sha256').update(code_verifier).digest('base64url')
    const answer = await exchange(await agree({ challenge }), { code_verifier })
    expect(isOne ? answer.status : answer).toEqual(isOne ? 200 : MISMATCH)
  })

  test('RFC 9700 section 4.5: a code that was injected into the session of another user is worth nothing there', async () => {
    const { agree, exchange } = await openScene()
    const stolen = await agree({ challenge: createHash('sha256').update('v'.repeat(43)).digest('base64url') })
    expect(await exchange(stolen)).toEqual(MISMATCH)
  })
})

describe('AS-T6: a code is good for one presentation', () => {
  test('OAuth 2.1 section 4.1.3: presented again, it revokes all that was issued for it', async () => {
    const { agree, exchange, refresh, isGood, kinds, place } = await openScene()
    const code = await agree()
    const { access_token, refresh_token = '' } = given(await exchange(code))
    expect(await isGood(access_token)).toBe(true)
    expect(await exchange(code)).toEqual(USED)
    expect(await isGood(access_token)).toBe(false)
    expect((await refresh(refresh_token)).status).toBe(400)
    expect(await kinds()).toEqual([
      'oauth.grant',
      'oauth.code',
      'oauth.token',
      'oauth.replay',
      'oauth.revoke',
      'oauth.refuse',
      'oauth.refuse',
    ])
    const [replay] = (await place.log()).filter(({ kind }) => kind === 'oauth.replay')
    expect(replay).toMatchObject({ what: 'code', actor: 'app', client: 'app', result: 'denied' })
  })

  test.each([
    ['another client', { client_id: 'other' }],
    ['a wrong verifier', { code_verifier: 'b'.repeat(43) }],
    ['another redirect URI', { redirect_uri: 'https://evil.example/' }],
    ['another resource', { resource: OTHER_RESOURCE }],
  ])('a replay by %s revokes as well', async (_, others) => {
    const { agree, exchange, isGood } = await openScene()
    const code = await agree()
    const { access_token } = given(await exchange(code))
    expect(await exchange(code, others)).toEqual(USED)
    expect(await isGood(access_token)).toBe(false)
  })

  test('a replay is noticed after the code has expired, and after everything was swept', async () => {
    const { agree, exchange, place, tokens, refresh, later } = await openScene()
    const code = await agree()
    let { refresh_token = '' } = given(await exchange(code))
    for (let day = 0; day < 40; day += 20) {
      later(20 * DAY)
      refresh_token = given(await refresh(refresh_token)).refresh_token ?? ''
      await place.site.change((change) => tokens.sweep(change, 1000))
    }
    expect(await exchange(code)).toEqual(USED)
    expect((await refresh(refresh_token)).status).toBe(400)
  })

  test('a replay of what is revoked already changes nothing and is a refusal like others', async () => {
    const { agree, exchange, kinds } = await openScene()
    const code = await agree()
    for (let time = 0; time < 4; time++) await exchange(code)
    const count = (kind: string, all: readonly string[]) => all.filter((one) => one === kind).length
    const all = await kinds()
    expect([count('oauth.replay', all), count('oauth.revoke', all), count('oauth.refuse', all)]).toEqual([1, 1, 3])
  })

  test.each([
    ['a wrong verifier', { code_verifier: 'b'.repeat(43) }, {}],
    ['a verifier that cannot be one', { code_verifier: 'b' }, {}],
    ['another client', { client_id: 'other' }, {}],
    ['another redirect URI', { redirect_uri: `${REDIRECT}/` }, {}],
    ['another resource', { resource: OTHER_RESOURCE }, {}],
    ['another key', {}, proof('thief')],
  ])('it is used up by %s, so nobody has a second guess', async (_, others, headers) => {
    const { agree, exchange, tokens } = await openScene()
    const code = await agree({ jkt: jktOf('mine') })
    expect((await exchange(code, others, headers)).status).toBe(400)
    expect(await exchange(code, {}, proof('mine'))).toEqual(USED)
    expect((await tokens.grants.list({ isLive: true })).grants).toEqual([])
  })

  test.each([
    ['no client', { client_id: undefined }, 'invalid_client'],
    ['an unknown client', { client_id: 'mcp_nobody' }, 'invalid_client'],
    ['a confidential client without its secret', { client_id: 'web' }, 'invalid_client'],
    ['no verifier', { code_verifier: undefined }, 'invalid_request'],
    ['a repeated parameter', { resource: [RESOURCE, RESOURCE] }, 'invalid_request'],
    ['a DPoP proof that wants a nonce', {}, 'use_dpop_nonce'],
  ])('a request with %s says nothing about the code, which stays good', async (_, others, error) => {
    const { agree, exchange } = await openScene()
    const code = await agree()
    const headers = error === 'use_dpop_nonce' ? proof('mine', 'a nonce of somebody else') : {}
    expect((await exchange(code, others, headers)).body).toMatchObject({ error })
    expect((await exchange(code)).status).toBe(200)
  })

  test.each(['memory', 'a store that has to be waited for'])(
    'of 20 requests at once one is answered, and then nothing is left of it: %s',
    async (kind) => {
      const { agree, exchange, isGood, kinds, tokens } = await openScene(kind === 'memory' ? {} : await slowParts())
      const code = await agree()
      const answers = await Promise.all(Array.from({ length: 20 }, () => exchange(code)))
      const good = answers.filter(({ status }) => status === 200)
      expect(good).toHaveLength(1)
      expect(answers.filter(({ status }) => status === 400)).toEqual(Array.from({ length: 19 }, () => USED))
      expect(await Promise.all(good.map((answer) => isGood(given(answer).access_token)))).toEqual([false])
      expect((await kinds()).filter((one) => one === 'oauth.token')).toHaveLength(1)
      expect((await tokens.grants.list({ isLive: true })).grants).toEqual([])
    },
  )
})

async function slowParts() {
  const { slowly } = await import('../../slow-store.ts')
  const { createMemoryStore } = await import('../../../../storage/memory.ts')
  return { store: slowly(createMemoryStore()) }
}

describe('AS-A11: a code lives 60 seconds', () => {
  test('at 59.999 seconds it is good, at 60 it has expired', async () => {
    const { agree, exchange, later } = await openScene()
    const [early, late] = [await agree(), await agree()]
    later(59_999)
    expect((await exchange(early)).status).toBe(200)
    later(1)
    expect(await exchange(late)).toEqual(refusal('invalid_grant', 'the code has expired', 'KVCH_E_OAUTH_CODE_EXPIRED'))
  })
})

describe('AS-T7: a code is bound to its client', () => {
  test.each([
    ['a public client', 'other', {}],
    ['a confidential one', undefined, basic('web')],
  ])('the code of one client is worth nothing to %s', async (_, client_id, headers) => {
    const { agree, exchange } = await openScene()
    expect(await exchange(await agree(), { client_id }, headers)).toEqual(
      refusal('invalid_grant', 'the code was given to another client'),
    )
  })

  test('a confidential client authenticates, in the header or in the body', async () => {
    const { agree, exchange } = await openScene()
    const inHeader = await exchange(await agree({ clientId: 'web' }), { client_id: undefined }, basic('web'))
    expect(inHeader.status).toBe(200)
    const wrong = await exchange(
      await agree({ clientId: 'web' }),
      { client_id: undefined },
      basic('web', 'x'.repeat(32)),
    )
    expect([wrong.status, wrong.body]).toEqual([401, expect.objectContaining({ error: 'invalid_client' })])
  })
})

describe('AS-T8: the redirect URI', () => {
  test('OAuth 2.1 section 10.2: it may be left out', async () => {
    const { agree, exchange } = await openScene()
    expect((await exchange(await agree(), { redirect_uri: undefined })).status).toBe(200)
  })

  test.each([
    'http://127.0.0.1:5001/callback',
    'http://127.0.0.1:5000/callback/',
    'http://127.0.0.1:5000/callback?a=1',
    'http://localhost:5000/callback',
    'HTTP://127.0.0.1:5000/callback',
    'https://evil.example/callback',
    'x',
  ])('RFC 6749 section 4.1.3: sent, it is the one of the authorization request: %s is not', async (redirect_uri) => {
    const { agree, exchange } = await openScene()
    expect(await exchange(await agree(), { redirect_uri })).toEqual(
      refusal(
        'invalid_grant',
        'the redirect URI is not the one of the authorization request',
        'KVCH_E_OAUTH_REDIRECT_MISMATCH',
      ),
    )
  })
})

describe('AS-T9: the resource', () => {
  const ELSEWHERE = refusal(
    'invalid_target',
    'the resource is not the one that was granted',
    'KVCH_E_MCP_RESOURCE_INDICATOR_INVALID',
  )

  test.each([undefined, RESOURCE, 'HTTPS://TOOLS.example.com/mcp'])('is that of the grant: %s', async (resource) => {
    const { agree, exchange, tokens } = await openScene()
    const { access_token } = given(await exchange(await agree(), { resource }))
    expect((await tokens.verify(access_token))?.resource).toBe(RESOURCE)
  })

  test.each([
    OTHER_RESOURCE,
    `${RESOURCE}/`,
    `${RESOURCE}#`,
    `${RESOURCE}?x=1`,
    'https://tools.example.com/x/../mcp',
    'https://tools.example.com:443/mcp',
    'https://tools.example.com',
    'mcp',
  ])('RFC 8707 section 2.2: is never switched or widened: %s', async (resource) => {
    const { agree, exchange } = await openScene()
    expect(await exchange(await agree(), { resource })).toEqual(ELSEWHERE)
  })

  test('RFC 8707 section 2.2: two of them are refused', async () => {
    const { agree, exchange } = await openScene()
    const answer = await exchange(await agree(), { resource: [RESOURCE, OTHER_RESOURCE] })
    expect(answer.body).toMatchObject({ error: 'invalid_request' })
  })
})

describe('AS-P1, RFC 9449', () => {
  test('section 5: a proof binds the access token, and the refresh token of a public client', async () => {
    const { agree, exchange, refresh, tokens } = await openScene()
    const answer = given(await exchange(await agree(), {}, proof('mine')))
    expect(answer.token_type).toBe('DPoP')
    expect((await tokens.verify(answer.access_token))?.jkt).toBe(jktOf('mine'))
    expect(await refresh(answer.refresh_token ?? '')).toEqual(
      refusal('invalid_grant', 'the refresh token is bound to another key'),
    )
  })

  test.each([
    ['without a proof', {}],
    ['with the proof of another key', proof('thief')],
  ])('section 10: a code that is bound to a key is worth nothing %s', async (_, headers) => {
    const { agree, exchange } = await openScene()
    expect(await exchange(await agree({ jkt: jktOf('mine') }), {}, headers)).toEqual(
      refusal('invalid_grant', 'the code is bound to another key'),
    )
  })

  test('AS-P2: a client whose tokens are to be bound gets none without a proof', async () => {
    const { agree, exchange } = await openScene()
    const code = await agree({ clientId: 'bound' })
    expect(await exchange(code, { client_id: 'bound' })).toEqual(
      refusal('invalid_dpop_proof', 'this client has to send a DPoP proof'),
    )
    expect((await exchange(code, { client_id: 'bound' }, proof('mine'))).status).toBe(200)
  })
})

test('a code of a grant that was revoked meanwhile is worth nothing', async () => {
  const { agree, exchange, tokens } = await openScene()
  const code = await agree()
  const [grant] = (await tokens.grants.list()).grants
  await tokens.grants.revoke(grant?.id ?? '')
  expect(await exchange(code)).toEqual(
    refusal('invalid_grant', 'what was agreed to is revoked or over', 'KVCH_E_OAUTH_TOKEN_REVOKED'),
  )
})

test.each([
  ['a text', 'code'],
  ['one that was mistyped', 'kvc_'.padEnd(53, '0')],
  ['a code with a blank behind it', 'CODE '],
  ['64 kB less a little', 'k'.repeat(60_000)],
  ['an access token', 'ACCESS'],
  ['a refresh token', 'REFRESH'],
  ['`__proto__`', '__proto__'],
])('what is no code is none: %s', async (_, text) => {
  const { exchange, signIn, agree } = await openScene()
  const { access_token, refresh_token } = await signIn()
  const fresh = await agree()
  const code = text.replace('CODE', fresh).replace('ACCESS', access_token).replace('REFRESH', refresh_token)
  expect(await exchange(code)).toEqual(refusal('invalid_grant', 'the code is none of this server'))
})

test('a code that nobody was given is unknown', async () => {
  const one = await openScene()
  const other = await openScene()
  // The random numbers of both hosts are the same, so the second code of one is none of the other.
  await one.agree()
  const code = await one.agree()
  await other.agree()
  expect(await other.exchange(code)).toEqual(refusal('invalid_grant', 'the code is unknown'))
})
