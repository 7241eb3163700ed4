/** @see OAuth 2.1 section 4.3, RFC 9700 section 4.14 */
import { describe, expect, test } from 'vitest'
import { createMemoryStore } from '../../../../storage/memory.ts'
import { openMigrated } from '../../../storage/stores.ts'
import { hostAt } from '../../site.ts'
import { slowly } from '../../slow-store.ts'
import { NOW, OTHER_RESOURCE, RESOURCE } from '../place.ts'
import { basic, DAY, given, HOUR, jktOf, openScene, proof, refusal, SCOPES } from './scene.ts'

const REVOKED = refusal('invalid_grant', 'what was agreed to is revoked or over', 'KVCH_E_OAUTH_TOKEN_REVOKED')
const STOLEN = refusal('invalid_grant', 'the refresh token was used before', 'KVCH_E_OAUTH_TOKEN_REVOKED')
const ELSEWHOSE = refusal('invalid_grant', 'the refresh token was given to another client')
const WIDER = refusal('invalid_scope', 'a refresh gives no scope that was not granted')

describe('AS-F1: refresh tokens rotate', () => {
  test.each([
    ['a public client', 'app', {}],
    ['a confidential client', 'web', basic('web')],
  ])(
    'OAuth 2.1 section 4.3.1: %s gets new tokens, and the access token before lives on',
    async (_, clientId, headers) => {
      const { signIn, refresh, isGood, tokens } = await openScene()
      // Credentials stand in the header where there are any.
      const id = clientId === 'web' ? undefined : clientId
      const first = await signIn({ clientId }, headers)
      const next = given(await refresh(first.refresh_token, { client_id: id }, headers))
      expect(next).toEqual({
        access_token: expect.stringMatching(/^kva_/),
        token_type: 'Bearer',
        expires_in: 3600,
        scope: SCOPES.join(' '),
        refresh_token: expect.stringMatching(/^kvr_/),
      })
      expect(new Set([first.access_token, next.access_token]).size).toBe(2)
      expect(new Set([first.refresh_token, next.refresh_token]).size).toBe(2)
      expect([await isGood(first.access_token), await isGood(next.access_token)]).toEqual([true, true])
      expect((await tokens.verify(next.access_token))?.userId).toBe('ann')
    },
  )
})

describe('AS-F2: reuse of a superseded token', () => {
  test('OAuth 2.1 section 4.3.1: 30 seconds later it revokes the whole family and leaves a row', async () => {
    const { signIn, refresh, isGood, later, place } = await openScene()
    const first = await signIn()
    const second = given(await refresh(first.refresh_token))
    later(30_000)
    expect(await refresh(first.refresh_token)).toEqual(STOLEN)
    expect([await isGood(first.access_token), await isGood(second.access_token)]).toEqual([false, false])
    expect(await refresh(second.refresh_token ?? '')).toEqual(REVOKED)
    expect(await refresh(first.refresh_token)).toEqual(REVOKED)
    const rows = (await place.log()).filter(({ kind }) => kind === 'oauth.replay' || kind === 'oauth.revoke')
    expect(rows).toMatchObject([
      { kind: 'oauth.replay', what: 'refresh_token', client: 'app', actor: 'app', result: 'denied' },
      { kind: 'oauth.revoke', reason: 'a superseded refresh token was presented' },
    ])
  })

  test('RFC 9700 section 4.14.2: it is noticed when the thief came first and the client after a year less a day', async () => {
    const { signIn, refresh, later, isGood, place, tokens } = await openScene()
    const { refresh_token: stolen } = await signIn()
    let kept = given(await refresh(stolen))
    for (let day = 0; day < 360; day += 20) {
      later(20 * DAY)
      kept = given(await refresh(kept.refresh_token ?? ''))
      await place.site.change((change) => tokens.sweep(change, 1000))
    }
    expect(await isGood(kept.access_token)).toBe(true)
    expect(await refresh(stolen)).toEqual(STOLEN)
    expect(await isGood(kept.access_token)).toBe(false)
  })

  test('any token of the family reveals it, not the last one alone', async () => {
    const { signIn, refresh, later, isGood } = await openScene()
    const first = await signIn()
    const second = given(await refresh(first.refresh_token))
    const third = given(await refresh(second.refresh_token ?? ''))
    later(30_000)
    expect(await refresh(second.refresh_token ?? '')).toEqual(STOLEN)
    expect(await isGood(third.access_token)).toBe(false)
  })

  test('it revokes after 30 seconds whoever presents it', async () => {
    const { signIn, refresh, later, isGood } = await openScene()
    const first = await signIn()
    const second = given(await refresh(first.refresh_token))
    later(30_000)
    expect(await refresh(first.refresh_token, { client_id: 'other' })).toEqual(STOLEN)
    expect(await isGood(second.access_token)).toBe(false)
  })

  test('the other grants of the same user and client live on', async () => {
    const { signIn, refresh, later, isGood } = await openScene()
    const [one, other] = [await signIn(), await signIn()]
    await refresh(one.refresh_token)
    later(30_000)
    await refresh(one.refresh_token)
    expect([await isGood(one.access_token), await isGood(other.access_token)]).toEqual([false, true])
  })
})

describe('AS-F4: a retry', () => {
  test('within 30 seconds gets the same answer to the letter, and revokes nothing', async () => {
    const { signIn, refresh, later, isGood, kinds } = await openScene()
    const first = await signIn()
    const second = given(await refresh(first.refresh_token))
    later(29_999)
    expect(given(await refresh(first.refresh_token))).toEqual(second)
    expect(await isGood(second.access_token)).toBe(true)
    expect((await refresh(second.refresh_token ?? '')).status).toBe(200)
    expect((await kinds()).filter((kind) => kind === 'oauth.refresh')).toHaveLength(3)
  })

  test('gets the same answer when it asks for another scope or resource', async () => {
    const { signIn, refresh } = await openScene()
    const first = await signIn()
    const second = given(await refresh(first.refresh_token, { scope: 'mcp:tools' }))
    expect(given(await refresh(first.refresh_token, { scope: 'mcp:admin' }))).toEqual(second)
    expect(given(await refresh(first.refresh_token, { resource: OTHER_RESOURCE }))).toEqual(second)
  })

  test('of a chain of retries each gets its own successor', async () => {
    const { signIn, refresh } = await openScene()
    const first = await signIn()
    const second = given(await refresh(first.refresh_token))
    const third = given(await refresh(second.refresh_token ?? ''))
    expect(given(await refresh(first.refresh_token))).toEqual(second)
    expect(given(await refresh(second.refresh_token ?? ''))).toEqual(third)
  })

  test('by another client is refused, and revokes nothing', async () => {
    const { signIn, refresh, isGood } = await openScene()
    const first = await signIn()
    const second = given(await refresh(first.refresh_token))
    expect(await refresh(first.refresh_token, { client_id: 'other' })).toEqual(ELSEWHOSE)
    expect(await isGood(second.access_token)).toBe(true)
  })

  test.each([
    ['another key', proof('thief')],
    ['no proof', {}],
  ])('with %s is refused, and revokes nothing', async (_, headers) => {
    const { signIn, refresh, isGood } = await openScene()
    const first = await signIn({}, proof('mine'))
    const second = given(await refresh(first.refresh_token, {}, proof('mine')))
    expect(await refresh(first.refresh_token, {}, headers)).toEqual(
      refusal('invalid_grant', 'the refresh token was used with another key'),
    )
    expect(given(await refresh(first.refresh_token, {}, proof('mine')))).toEqual(second)
    expect(await isGood(second.access_token)).toBe(true)
  })

  test('with a proof, of a refresh that had none, is refused', async () => {
    const { signIn, refresh } = await openScene()
    const first = await signIn()
    await refresh(first.refresh_token)
    expect(await refresh(first.refresh_token, {}, proof('thief'))).toEqual(
      refusal('invalid_grant', 'the refresh token was used with another key'),
    )
  })

  test('after the grant was revoked gets nothing', async () => {
    const { signIn, refresh, grantOf, tokens } = await openScene()
    const first = await signIn()
    await refresh(first.refresh_token)
    await tokens.grants.revoke((await grantOf(first.access_token))?.id ?? '')
    expect(await refresh(first.refresh_token)).toEqual(REVOKED)
  })

  test('at another process gets the same answer', async () => {
    const store = createMemoryStore()
    const host = hostAt(NOW)
    // Another process draws other numbers.
    host.random(10_000)
    const [one, other] = [await openScene({ store }), await openScene({ store, host })]
    const first = await one.signIn()
    const second = given(await one.refresh(first.refresh_token))
    expect(given(await other.refresh(first.refresh_token))).toEqual(second)
  })

  test.each([
    ['in memory', async () => createMemoryStore()],
    ['in a store that has to be waited for', async () => slowly(createMemoryStore())],
    ['in SQLite', () => openMigrated({ url: ':memory:' })],
  ])('of 20 at once all get one successor: %s', async (_, open) => {
    const { signIn, refresh, isGood, place } = await openScene({ store: await open() })
    const first = await signIn()
    const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(first.refresh_token)))
    const [one] = answers
    expect(answers).toEqual(Array.from({ length: 20 }, () => ({ status: 200, body: one?.body })))
    expect(await isGood(given(answers[0] ?? { status: 0, body: '' }).access_token)).toBe(true)
    const kept = await place.site.read((reader) => reader.find('oauthTokens', 'key'))
    expect(kept.map(({ kind }) => kind).sort()).toEqual(['access', 'access', 'refresh', 'refresh'])
    const issued = (await place.log()).filter(({ kind, is_retry }) => kind === 'oauth.refresh' && is_retry !== true)
    expect(issued).toHaveLength(1)
  })
})

describe('DECISIONS 43: the store alone says nothing of a successor', () => {
  test('it is neither there in plain nor as its own hash, and is taken away when its time is over', async () => {
    const { signIn, refresh, later, place, tokens } = await openScene()
    const first = await signIn()
    const second = given(await refresh(first.refresh_token))
    const parked = () =>
      place.site.read(async (reader) =>
        (await reader.find('oauthTokens', 'key')).flatMap(({ successor }) => (successor === null ? [] : [successor])),
      )
    const [sealed] = await parked()
    const text = Buffer.from(sealed ?? []).toString('latin1')
    expect(text).not.toContain('kva_')
    expect(text).not.toContain((second.refresh_token ?? '').slice(4, 20))
    later(29_999)
    await place.site.change((change) => tokens.sweep(change, 100))
    expect(await parked()).toHaveLength(1)
    later(1)
    await place.site.change((change) => tokens.sweep(change, 100))
    expect(await parked()).toEqual([])
    expect(await refresh(first.refresh_token)).toEqual(STOLEN)
  })
})

describe('AS-F3: what was agreed to is the most', () => {
  test('OAuth 2.1 section 4.3.1: fewer scopes narrow the access token, and the refresh token keeps all', async () => {
    const { signIn, refresh, tokens } = await openScene()
    const first = await signIn()
    const narrow = given(await refresh(first.refresh_token, { scope: 'mcp:files' }))
    expect(narrow.scope).toBe('mcp:files')
    expect((await tokens.verify(narrow.access_token))?.scopes).toEqual(['mcp:files'])
    const wide = given(await refresh(narrow.refresh_token ?? ''))
    expect(wide.scope).toBe('mcp:tools mcp:files')
    const again = given(await refresh(wide.refresh_token ?? '', { scope: ' mcp:files  mcp:tools mcp:files ' }))
    expect(again.scope).toBe('mcp:files mcp:tools')
  })

  test('a scope that is contained in a granted one is granted', async () => {
    const { signIn, refresh } = await openScene()
    const first = await signIn({ scopes: ['mcp:admin'] })
    expect(given(await refresh(first.refresh_token, { scope: 'mcp:tools' })).scope).toBe('mcp:tools')
  })

  test.each([
    'mcp:admin',
    'mcp:tools mcp:admin',
    'mcp:tools mcp:nothing',
    'MCP:TOOLS',
    'mcp',
    'mcp:tools,mcp:files',
    '*',
    ' ',
    '__proto__',
  ])('OAuth 2.1 section 4.3.1: no refresh widens them: %j', async (scope) => {
    const { signIn, refresh } = await openScene()
    const first = await signIn()
    expect(await refresh(first.refresh_token, { scope })).toEqual(WIDER)
    // Nothing happened to the token.
    expect((await refresh(first.refresh_token)).status).toBe(200)
  })

  test.each([OTHER_RESOURCE, `${RESOURCE}/`, `${RESOURCE}#x`, 'x'])(
    'AS-T9, GHSA-p2fr-6hmx-4528: no refresh switches the resource: %s',
    async (resource) => {
      const { signIn, refresh, tokens } = await openScene()
      const first = await signIn()
      expect(await refresh(first.refresh_token, { resource })).toEqual(
        refusal(
          'invalid_target',
          'the resource is not the one that was granted',
          'KVCH_E_MCP_RESOURCE_INDICATOR_INVALID',
        ),
      )
      const next = given(await refresh(first.refresh_token, { resource: 'https://TOOLS.example.com/mcp' }))
      expect((await tokens.verify(next.access_token))?.resource).toBe(RESOURCE)
    },
  )

  test('AS-T7: another client is refused, and nothing happens to the token', async () => {
    const { signIn, refresh } = await openScene()
    const first = await signIn()
    expect(await refresh(first.refresh_token, { client_id: 'other' })).toEqual(ELSEWHOSE)
    expect(await refresh(first.refresh_token, { client_id: undefined }, basic('web'))).toEqual(ELSEWHOSE)
    expect((await refresh(first.refresh_token)).status).toBe(200)
  })

  test('AS-T7: a confidential client authenticates for it', async () => {
    const { signIn, refresh } = await openScene()
    const first = await signIn({ clientId: 'web' }, basic('web'))
    expect((await refresh(first.refresh_token, { client_id: 'web' })).status).toBe(401)
    expect((await refresh(first.refresh_token, { client_id: undefined }, basic('web', 'y'.repeat(32)))).status).toBe(
      401,
    )
    expect((await refresh(first.refresh_token, { client_id: undefined }, basic('web'))).status).toBe(200)
  })
})

describe('AS-F5: a refresh token that is not used dies', () => {
  test('after 30 days by default', async () => {
    const { signIn, refresh, later } = await openScene()
    const [one, other] = [await signIn(), await signIn()]
    later(30 * DAY - 1)
    expect((await refresh(one.refresh_token)).status).toBe(200)
    later(1)
    expect(await refresh(other.refresh_token)).toEqual(refusal('invalid_grant', 'the refresh token has expired'))
  })

  test('with its grant, however often it is used', async () => {
    const { signIn, refresh, later, place, isGood } = await openScene()
    let token = (await signIn({ expiresAt: place.host.now() + 45 * DAY })).refresh_token
    later(25 * DAY)
    token = given(await refresh(token)).refresh_token ?? ''
    later(20 * DAY - HOUR / 2)
    const last = given(await refresh(token))
    expect(last.expires_in).toBe(1800)
    later(HOUR / 2)
    expect(await isGood(last.access_token)).toBe(false)
    expect(await refresh(last.refresh_token ?? '')).toEqual(REVOKED)
  })
})

describe('RFC 9449 section 5', () => {
  test('the refresh token of a public client is bound to its key, from the first proof on', async () => {
    const { signIn, refresh, tokens } = await openScene()
    const first = await signIn()
    const second = given(await refresh(first.refresh_token, {}, proof('mine')))
    expect([second.token_type, (await tokens.verify(second.access_token))?.jkt]).toEqual(['DPoP', jktOf('mine')])
    for (const headers of [{}, proof('thief')]) {
      expect(await refresh(second.refresh_token ?? '', {}, headers)).toEqual(
        refusal('invalid_grant', 'the refresh token is bound to another key'),
      )
    }
    expect((await refresh(second.refresh_token ?? '', {}, proof('mine'))).status).toBe(200)
  })

  test('a confidential client may change its key', async () => {
    const { signIn, refresh, tokens } = await openScene()
    const first = await signIn({ clientId: 'web' }, { ...basic('web'), ...proof('mine') })
    const second = given(
      await refresh(first.refresh_token, { client_id: undefined }, { ...basic('web'), ...proof('thief') }),
    )
    expect((await tokens.verify(second.access_token))?.jkt).toBe(jktOf('thief'))
  })
})

test.each([
  ['a text', 'token', 'the refresh token is none of this server'],
  ['one that was mistyped', 'kvr_'.padEnd(53, '0'), 'the refresh token is none of this server'],
  ['an access token', 'ACCESS', 'the refresh token is none of this server'],
  ['a code', 'CODE', 'the refresh token is none of this server'],
  ['the token of an agent', 'AGENT', 'the refresh token is none of this server'],
])('what is no refresh token is none: %s', async (_, text, why) => {
  const { signIn, refresh, place } = await openScene()
  const { access_token, code } = await signIn()
  const agent = await place.kavach.agents.create({ ownerId: 'ann', name: 'x', type: 'service', permissions: [] })
  const token = text.replace('CODE', code).replace('ACCESS', access_token).replace('AGENT', agent.token)
  expect(await refresh(token)).toEqual(refusal('invalid_grant', why))
})

test('AS-T12: a client that did not register refresh_token is not authorized to use it', async () => {
  const { signIn, refresh } = await openScene()
  const { refresh_token } = await signIn()
  expect(await refresh(refresh_token, { client_id: 'once' })).toEqual(
    refusal('unauthorized_client', 'the client has not registered this grant type'),
  )
})
