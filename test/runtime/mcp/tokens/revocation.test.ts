/** @see RFC 7009 */
import { describe, expect, test } from 'vitest'
import { ISSUER, RESOURCE } from '../place.ts'
import { basic, given, HOUR, IP, openScene, refusal, SCOPES, type Scene } from './scene.ts'

const DONE = { status: 200, body: undefined }

/** A grant that was exchanged from the one of this token, with a delegation, and an access token of it. */
async function exchangedFrom(scene: Scene, accessToken: string) {
  const { tokens, place, agentId } = scene
  const helper = await place.kavach.agents.create({
    ownerId: 'ann',
    name: 'helper',
    type: 'delegated',
    permissions: [],
  })
  const delegation = await place.kavach.delegate({
    fromAgent: agentId,
    toAgent: helper.id,
    permissions: [{ resource: 'mcp:tools:read', actions: ['execute'] }],
    expiresAt: new Date(place.host.now() + HOUR),
  })
  const parent = (await tokens.verify(accessToken))?.grantId
  const answer = await place.site.change(async (change) => {
    const grant = await tokens.openGrant(change, {
      client: { id: 'server' },
      user: { id: 'ann' },
      agentId: helper.id,
      scopes: ['mcp:tools'],
      resource: RESOURCE,
      parent,
      delegation: delegation.id,
      actor: { sub: 'server' },
      expiresAt: change.now + HOUR,
    })
    return tokens.issue(change, grant, { scopes: ['mcp:tools'], resource: RESOURCE, jkt: undefined, hasRefresh: false })
  })
  const isDelegationLive = async () => (await place.kavach.delegation.get(delegation.id)).revokedAt === null
  return { token: answer.access_token, isDelegationLive, delegationId: delegation.id }
}

describe('AS-V3, RFC 7009 section 2.1', () => {
  test('revoking a refresh token kills all tokens of its grant, and all that was exchanged from it with its delegation', async () => {
    const scene = await openScene()
    const { signIn, refresh, revoke, isGood, kinds, place } = scene
    const first = await signIn()
    const second = given(await refresh(first.refresh_token))
    const child = await exchangedFrom(scene, first.access_token)
    expect([await isGood(child.token), await child.isDelegationLive()]).toEqual([true, true])
    expect(await revoke(second.refresh_token ?? '')).toEqual(DONE)
    for (const token of [first.access_token, second.access_token, child.token]) expect(await isGood(token)).toBe(false)
    expect(await child.isDelegationLive()).toBe(false)
    expect((await refresh(second.refresh_token ?? '')).status).toBe(400)
    expect((await kinds()).slice(-4)).toEqual(['oauth.token', 'oauth.revoke', 'oauth.revoke', 'oauth.refuse'])
    const rows = (await place.log()).filter(({ kind }) => kind === 'oauth.revoke' || kind === 'delegation.revoke')
    expect(rows).toMatchObject([
      { kind: 'oauth.revoke', client: 'app', actor: 'app', reason: 'the client revoked its token' },
      { kind: 'delegation.revoke', delegation: child.delegationId },
      { kind: 'oauth.revoke', client: 'server', actor: 'app', delegation: child.delegationId },
    ])
  })

  test('so does revoking a superseded one', async () => {
    const { signIn, refresh, revoke, isGood } = await openScene()
    const first = await signIn()
    const second = given(await refresh(first.refresh_token))
    expect(await revoke(first.refresh_token)).toEqual(DONE)
    expect(await isGood(second.access_token)).toBe(false)
  })

  test('revoking an access token kills it and what was exchanged under its grant, and the refresh token lives on', async () => {
    const scene = await openScene()
    const { signIn, refresh, revoke, isGood, place } = scene
    const first = await signIn()
    const child = await exchangedFrom(scene, first.access_token)
    expect(await revoke(first.access_token)).toEqual(DONE)
    expect([await isGood(first.access_token), await isGood(child.token)]).toEqual([false, false])
    expect(await child.isDelegationLive()).toBe(false)
    const second = given(await refresh(first.refresh_token))
    expect(await isGood(second.access_token)).toBe(true)
    const [row] = (await place.log()).filter(({ kind }) => kind === 'oauth.revoke')
    expect(row).toMatchObject({ what: 'access_token', client: 'app', reason: 'the client revoked its token' })
  })

  test('revoking a token that was exchanged for ends its grant and delegation, and nothing above', async () => {
    const scene = await openScene()
    const { signIn, send, isGood } = scene
    const first = await signIn()
    const child = await exchangedFrom(scene, first.access_token)
    const response = await send('revoke', { token: child.token }, basic('server'))
    expect(response.status).toBe(200)
    expect([await isGood(child.token), await child.isDelegationLive(), await isGood(first.access_token)]).toEqual([
      false,
      false,
      true,
    ])
  })

  test('a JWT is dead at once where the store is at hand', async () => {
    const { signIn, revoke, isGood } = await openScene({ options: { tokens: { format: 'jwt' } } })
    const first = await signIn()
    expect(first.access_token).toMatch(/^eyJ/)
    expect(await isGood(first.access_token)).toBe(true)
    expect(await revoke(first.access_token)).toEqual(DONE)
    expect(await isGood(first.access_token)).toBe(false)
  })
})

describe('AS-V2, RFC 7009 section 2.2', () => {
  test.each([
    ['a text', 'x'],
    ['an access token that nobody has', 'kva_0000000000000000000000000000000000000000000'],
    ['a JWT of somebody else', 'eyJhbGciOiJub25lIn0.eyJqdGkiOiJ4In0.eA'],
    ['`__proto__`', '__proto__'],
    ['60 kB', 'x'.repeat(60_000)],
  ])('what is unknown is as revoked as it can be: %s', async (_, token) => {
    const { revoke, kinds } = await openScene()
    expect(await revoke(token)).toEqual(DONE)
    expect(await kinds()).toEqual([])
  })

  test('what is revoked already is so, and leaves no other row', async () => {
    const { signIn, revoke, kinds } = await openScene()
    const first = await signIn()
    await revoke(first.refresh_token)
    const before = await kinds()
    for (const token of [first.refresh_token, first.access_token]) expect(await revoke(token)).toEqual(DONE)
    expect(await kinds()).toEqual(before)
  })

  test('the token of an agent is not revoked here', async () => {
    const { revoke, place } = await openScene()
    const agent = await place.kavach.agents.create({ ownerId: 'ann', name: 'x', type: 'service', permissions: [] })
    expect(await revoke(agent.token)).toEqual(DONE)
    expect((await place.kavach.authorizeByToken(agent.token, { action: 'read', resource: 'x:y' })).code).toBe(
      'KVCH_E_AGENT_PERMISSION_DENIED',
    )
  })

  test.each(['access_token', 'refresh_token', 'pct', '__proto__'])(
    'section 2.1: a wrong hint (%s) does not keep a token from being found',
    async (token_type_hint) => {
      const { signIn, revoke, isGood } = await openScene()
      const [one, other] = [await signIn(), await signIn()]
      expect(await revoke(one.access_token, { token_type_hint })).toEqual(DONE)
      expect(await revoke(other.refresh_token, { token_type_hint })).toEqual(DONE)
      expect([await isGood(one.access_token), await isGood(other.access_token)]).toEqual([false, false])
    },
  )
})

describe('AS-V1, RFC 7009 section 2.1', () => {
  test('the token of another client is not revoked, and the client is told', async () => {
    const { signIn, revoke, isGood } = await openScene()
    const first = await signIn()
    const elsewhose = refusal('invalid_grant', 'the token was issued to another client')
    for (const token of [first.access_token, first.refresh_token]) {
      expect(await revoke(token, { client_id: 'other' })).toEqual(elsewhose)
      expect(await revoke(token, { client_id: undefined }, basic('web'))).toEqual(elsewhose)
    }
    expect(await isGood(first.access_token)).toBe(true)
  })

  test.each([
    ['no client', { client_id: undefined }, {}],
    ['an unknown client', { client_id: 'nobody' }, {}],
    ['a confidential client without its secret', { client_id: 'web' }, {}],
    ['a wrong secret', { client_id: undefined }, basic('web', 'q'.repeat(32))],
  ])('%s is not accepted', async (_, others, headers) => {
    const { signIn, revoke, isGood } = await openScene()
    const first = await signIn()
    const answer = await revoke(first.access_token, others, headers)
    expect([answer.status, answer.body]).toEqual([401, expect.objectContaining({ error: 'invalid_client' })])
    expect(await isGood(first.access_token)).toBe(true)
  })

  test('the token is needed, once', async () => {
    const { revoke } = await openScene()
    expect(await revoke('')).toEqual(refusal('invalid_request', 'the parameter token is missing'))
    expect(await revoke('x', { token: ['x', 'y'] })).toEqual(
      refusal('invalid_request', 'the parameter token is repeated'),
    )
  })

  test.each(['GET', 'DELETE'])('the method is POST, not %s', async (method) => {
    const { signIn, tokens, isGood } = await openScene()
    const first = await signIn()
    const url = `${ISSUER}/oauth/revoke?client_id=app&token=${first.access_token}`
    expect((await tokens.revoke(new Request(url, { method }), { ip: IP })).status).toBe(405)
    expect(await isGood(first.access_token)).toBe(true)
  })

  test('the answer is stored nowhere', async () => {
    const { send } = await openScene()
    const { headers } = await send('revoke', { client_id: 'app', token: 'x' })
    expect([headers.get('cache-control'), headers.get('pragma')]).toEqual(['no-store', 'no-cache'])
  })
})

test('scopes of a child are no more than what it was opened with', async () => {
  const scene = await openScene()
  const first = await scene.signIn()
  const child = await exchangedFrom(scene, first.access_token)
  expect((await scene.tokens.verify(child.token))?.scopes).toEqual(['mcp:tools'])
  expect((await scene.tokens.verify(first.access_token))?.scopes).toEqual(SCOPES)
})
