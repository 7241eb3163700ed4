/** @see RFC 7662 */
import { describe, expect, test } from 'vitest'
import { ISSUER, RESOURCE } from '../place.ts'
import { basic, HOUR, IP, jktOf, openScene, proof, refusal } from './scene.ts'

const INACTIVE = { status: 200, body: { active: false } }

describe('AS-I2, RFC 7662 section 2.2', () => {
  test('a good token is active, with what a server needs', async () => {
    const { signIn, introspect, place } = await openScene()
    const { access_token } = await signIn()
    const iat = Math.floor(place.host.now() / 1000)
    expect(await introspect(access_token)).toEqual({
      status: 200,
      body: {
        active: true,
        scope: 'mcp:tools mcp:files',
        client_id: 'app',
        sub: 'ann',
        aud: RESOURCE,
        iss: ISSUER,
        iat,
        exp: iat + 3600,
        token_type: 'Bearer',
      },
    })
  })

  test('RFC 9449 section 6.2: it says which key the token is bound to', async () => {
    const { signIn, introspect } = await openScene()
    const { access_token } = await signIn({}, proof('mine'))
    expect((await introspect(access_token)).body).toMatchObject({ token_type: 'DPoP', cnf: { jkt: jktOf('mine') } })
  })

  test('RFC 8693 section 4.1: it says who acts', async () => {
    const { signIn, introspect } = await openScene()
    const actor = { sub: 'helper', act: { sub: 'app' } }
    const { access_token } = await signIn({ actor })
    expect((await introspect(access_token)).body).toMatchObject({ sub: 'ann', act: actor })
  })

  test('a client that speaks for itself is its own subject', async () => {
    const { signIn, introspect } = await openScene()
    const { access_token } = await signIn({ user: undefined })
    expect((await introspect(access_token)).body).toMatchObject({ sub: 'app', client_id: 'app' })
  })

  test('a JWT is active too', async () => {
    const { signIn, introspect } = await openScene({ options: { tokens: { format: 'jwt' } } })
    expect((await introspect((await signIn()).access_token)).body).toMatchObject({ active: true, aud: RESOURCE })
  })

  test('one that expired is not', async () => {
    const { signIn, introspect, later } = await openScene()
    const { access_token } = await signIn()
    later(HOUR)
    expect(await introspect(access_token)).toEqual(INACTIVE)
  })

  test.each(['access_token', 'refresh_token'] as const)('one whose %s was revoked is not', async (which) => {
    const { signIn, introspect, revoke } = await openScene()
    const signed = await signIn()
    await revoke(signed[which])
    expect(await introspect(signed.access_token)).toEqual(INACTIVE)
  })

  test('RS-16: a refresh token, a code and a client id never are', async () => {
    const { signIn, introspect, agree } = await openScene()
    const { refresh_token } = await signIn()
    for (const token of [refresh_token, await agree(), 'app', 'x', '__proto__', 'x'.repeat(60_000)]) {
      expect(await introspect(token)).toEqual(INACTIVE)
      expect(await introspect(token, { token_type_hint: 'refresh_token' })).toEqual(INACTIVE)
    }
  })

  test('the token of an agent never is', async () => {
    const { introspect, place } = await openScene()
    const agent = await place.kavach.agents.create({ ownerId: 'ann', name: 'x', type: 'service', permissions: [] })
    expect(await introspect(agent.token)).toEqual(INACTIVE)
  })

  test('a token of an agent that is suspended is not active, until it is unsuspended', async () => {
    const { signIn, introspect, place, agentId } = await openScene()
    const { access_token } = await signIn()
    await place.kavach.agents.suspend(agentId)
    expect(await introspect(access_token)).toEqual(INACTIVE)
    await place.kavach.agents.unsuspend(agentId)
    expect((await introspect(access_token)).body).toMatchObject({ active: true })
    await place.kavach.agents.revoke(agentId)
    expect(await introspect(access_token)).toEqual(INACTIVE)
  })

  test('a wrong hint changes nothing', async () => {
    const { signIn, introspect } = await openScene()
    const { access_token } = await signIn()
    expect((await introspect(access_token, { token_type_hint: 'refresh_token' })).body).toMatchObject({ active: true })
  })
})

describe('AS-I1, RFC 7662 section 2.1 and 4', () => {
  test.each([
    ['nobody', {}, {}],
    ['an unknown client', { client_id: 'nobody' }, {}],
    ['a client without its secret', { client_id: 'server' }, {}],
    ['a wrong secret', {}, basic('server', 'r'.repeat(32))],
    ['the token itself', {}, { authorization: 'Bearer TOKEN' }],
  ])('%s learns nothing', async (_, others, headers) => {
    const { signIn, send } = await openScene()
    const { access_token } = await signIn()
    const said = JSON.stringify(headers).replace('TOKEN', access_token)
    const response = await send('introspect', { token: access_token, ...others }, JSON.parse(said))
    expect([response.status, await response.json()]).toEqual([
      401,
      expect.objectContaining({ error: 'invalid_client' }),
    ])
  })

  test.each([
    ['a public client', { client_id: 'app' }, {}],
    ['a confidential one', {}, basic('web')],
  ])('%s that the options do not name for it learns nothing of its own tokens either', async (_, others, headers) => {
    const { signIn, send, kinds } = await openScene()
    const { access_token } = await signIn()
    const response = await send('introspect', { token: access_token, ...others }, headers)
    expect({ status: response.status, body: await response.json() }).toEqual(
      refusal('unauthorized_client', 'this client may not introspect', undefined, 403),
    )
    expect((await kinds()).at(-1)).toBe('oauth.refuse')
  })

  test('the method is POST, not GET', async () => {
    const { signIn, tokens } = await openScene()
    const { access_token } = await signIn()
    const request = new Request(`${ISSUER}/oauth/introspect?token=${access_token}`, { headers: basic('server') })
    expect((await tokens.introspect(request, { ip: IP })).status).toBe(405)
  })

  test('the token is needed, once', async () => {
    const { introspect } = await openScene()
    expect(await introspect('')).toEqual(refusal('invalid_request', 'the parameter token is missing'))
    expect(await introspect('x', { token: ['x', 'x'] })).toEqual(
      refusal('invalid_request', 'the parameter token is repeated'),
    )
  })
})

test('AS-I3: the answer is stored nowhere', async () => {
  const { signIn, send } = await openScene()
  const { access_token } = await signIn()
  for (const token of [access_token, 'x']) {
    const { headers } = await send('introspect', { token }, basic('server'))
    expect([headers.get('cache-control'), headers.get('pragma')]).toEqual(['no-store', 'no-cache'])
  }
})
