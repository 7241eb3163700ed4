/** What holds for the token endpoint whatever it is asked for. @see OAuth 2.1 section 3.2 */
import { describe, expect, test } from 'vitest'
import { KavachError } from '../../../../runtime/index.ts'
import { OAuthError } from '../../../../runtime/mcp/oauth-error.ts'
import type { GrantHandler } from '../../../../runtime/mcp/tokens/index.ts'
import { createMemoryStore } from '../../../../storage/memory.ts'
import { ISSUER, RESOURCE } from '../place.ts'
import { basic, IP, jktOf, openScene, proof, REDIRECT, refusal, type Scene, SECRET, VERIFIER } from './scene.ts'

const URL_ENCODED = { 'content-type': 'application/x-www-form-urlencoded' }

async function formOf({ agree }: Scene): Promise<Record<string, string>> {
  return {
    grant_type: 'authorization_code',
    client_id: 'app',
    code: await agree(),
    code_verifier: VERIFIER,
    redirect_uri: REDIRECT,
    resource: RESOURCE,
  }
}

async function bodyOf(response: Response): Promise<unknown> {
  return { status: response.status, body: await response.json() }
}

describe('AS-T2, OAuth 2.1 section 3.2.3: answers are JSON that nobody stores', () => {
  test.each([
    ['tokens', {}, 200],
    ['a refusal', { code: 'x' }, 400],
    ['an unknown client', { client_id: 'nobody' }, 401],
  ])('%s', async (_, others, status) => {
    const scene = await openScene()
    const response = await scene.send('token', { ...(await formOf(scene)), ...others })
    expect(response.status).toBe(status)
    const names = ['cache-control', 'pragma', 'content-type', 'location', 'set-cookie']
    expect(names.map((name) => response.headers.get(name))).toEqual([
      'no-store',
      'no-cache',
      'application/json',
      null,
      null,
    ])
  })
})

describe('AS-T1, OAuth 2.1 section 3.2', () => {
  test.each(['GET', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'])('the method is POST, not %s', async (method) => {
    const scene = await openScene()
    const query = new URLSearchParams(await formOf(scene))
    const response = await scene.tokens.token(new Request(`${ISSUER}/oauth/token?${query}`, { method }), { ip: IP })
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST'])
    expect(await scene.kinds()).toEqual(['oauth.grant', 'oauth.code'])
  })

  test('parameters in the URL are refused, beside a body and in place of one', async () => {
    const scene = await openScene()
    const form = new URLSearchParams(await formOf(scene))
    const wrong = refusal('invalid_request', 'parameters belong in the body, not in the URL')
    for (const [url, body] of [
      [`${ISSUER}/oauth/token?${form}`, undefined],
      [`${ISSUER}/oauth/token?${form}`, form],
      [`${ISSUER}/oauth/token?x=1`, form],
    ] as const) {
      const request = new Request(url, { method: 'POST', headers: URL_ENCODED, body: body?.toString() ?? '' })
      expect(await bodyOf(await scene.tokens.token(request, { ip: IP }))).toEqual(wrong)
    }
  })

  test.each([
    ['JSON', 'application/json', (form: Record<string, string>) => JSON.stringify(form)],
    ['plain text', 'text/plain', (form: Record<string, string>) => new URLSearchParams(form).toString()],
    ['a form of parts', 'multipart/form-data; boundary=x', () => '--x--'],
    ['a form in another character set', 'application/x-www-form-urlencoded; charset=utf-16', () => 'a=b'],
  ])('the body is a form, not %s', async (_, type, write) => {
    const scene = await openScene()
    const request = new Request(`${ISSUER}/oauth/token`, {
      method: 'POST',
      headers: { 'content-type': type },
      body: write(await formOf(scene)),
    })
    const { status, body } = (await bodyOf(await scene.tokens.token(request, { ip: IP }))) as {
      readonly status: number
      readonly body: unknown
    }
    expect([status, body]).toEqual([415, expect.objectContaining({ error: 'invalid_request' })])
  })

  test.each(['grant_type', 'client_id', 'code', 'code_verifier', 'redirect_uri', 'resource', 'scope', 'unknown'])(
    'the parameter %s is never sent twice, not even alike',
    async (name) => {
      const scene = await openScene()
      const form = { scope: 'mcp:tools', unknown: 'x', ...(await formOf(scene)) }
      const value = (form as Record<string, string>)[name] ?? ''
      for (const twice of [
        [value, value],
        [value, 'other'],
        ['', value],
      ]) {
        const answer = await bodyOf(await scene.send('token', { ...form, [name]: twice }))
        expect(answer).toEqual(refusal('invalid_request', `the parameter ${name} is repeated`))
      }
    },
  )

  test.each(['grant_type', 'code', 'code_verifier'])(
    'the parameter %s is needed, and empty is absent',
    async (name) => {
      const scene = await openScene()
      const form = await formOf(scene)
      const code = name === 'code_verifier' ? 'KVCH_E_MCP_PKCE_MISSING' : undefined
      for (const value of [undefined, '']) {
        const answer = await bodyOf(await scene.send('token', { ...form, [name]: value }))
        expect(answer).toEqual(refusal('invalid_request', `the parameter ${name} is missing`, code))
      }
    },
  )

  test('the refresh token is needed, and empty is absent', async () => {
    const { send } = await openScene()
    for (const refresh_token of [undefined, '']) {
      const form = { grant_type: 'refresh_token', client_id: 'app', refresh_token }
      const missing = refusal('invalid_request', 'the parameter refresh_token is missing')
      expect(await bodyOf(await send('token', form))).toEqual(missing)
    }
  })

  test.each(['redirect_uri', 'resource', 'scope', 'unknown'])('the parameter %s may be empty', async (name) => {
    const scene = await openScene()
    expect((await scene.send('token', { ...(await formOf(scene)), [name]: '' })).status).toBe(200)
  })

  test('section 3.2.2: what nobody knows is ignored', async () => {
    const scene = await openScene()
    const odd = { audience: 'x', __proto__: 'x', constructor: 'x', 'a b': 'é' }
    expect((await scene.send('token', { ...(await formOf(scene)), ...odd })).status).toBe(200)
  })

  test('AS-T11b: 64 kB and 64 parameters are the most', async () => {
    const scene = await openScene()
    const form = await formOf(scene)
    expect((await scene.send('token', { ...form, x: 'x'.repeat(66_000) })).status).toBe(413)
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`x${at}`, '1']))
    expect(await bodyOf(await scene.send('token', { ...form, ...many }))).toEqual(
      refusal('invalid_request', 'there are too many parameters'),
    )
  })
})

describe('AS-T12: grant types', () => {
  const UNKNOWN = refusal('unsupported_grant_type', 'this grant type is not offered')

  test.each([
    'password',
    'implicit',
    'urn:ietf:params:oauth:grant-type:device_code',
    'urn:ietf:params:oauth:grant-type:jwt-bearer',
    'Authorization_Code',
    'authorization_code ',
    '__proto__',
    'constructor',
    'toString',
  ])('%j is not offered', async (grant_type) => {
    const scene = await openScene()
    expect(await bodyOf(await scene.send('token', { ...(await formOf(scene)), grant_type }))).toEqual(UNKNOWN)
  })

  test('one that is offered is for clients that registered it', async () => {
    const called: string[] = []
    const handler: GrantHandler = async ({ client }) => {
      called.push(client.id)
      throw new OAuthError('invalid_request', 'enough')
    }
    const { send, kinds } = await openScene({
      grants: { client_credentials: handler },
      options: {
        clients: [
          { id: 'app', redirectUris: [REDIRECT] },
          { id: 'worker', secret: SECRET, grantTypes: ['client_credentials'] },
        ],
      },
    })
    expect(await bodyOf(await send('token', { grant_type: 'client_credentials', client_id: 'app' }))).toEqual(
      refusal('unauthorized_client', 'the client has not registered this grant type'),
    )
    const answer = await bodyOf(await send('token', { grant_type: 'client_credentials' }, basic('worker')))
    expect([answer, called]).toEqual([refusal('invalid_request', 'enough'), ['worker']])
    expect(await kinds()).toEqual(['oauth.refuse'])
  })

  test('a handler is given client, form, key, context and tokens', async () => {
    const seen: unknown[] = []
    const { send } = await openScene({
      grants: {
        client_credentials: async ({ client, form, jkt, context, tokens }) => {
          seen.push(client.id, form.get('scope'), jkt, context, typeof tokens.issue)
          return {
            access_token: 'kva_x',
            token_type: 'DPoP',
            expires_in: 1,
            scope: 'mcp:tools',
            issued_token_type: 'u',
          }
        },
      },
      options: { clients: [{ id: 'worker', secret: SECRET, grantTypes: ['client_credentials'] }] },
    })
    const headers = { ...basic('worker'), ...proof('mine') }
    const answer = await bodyOf(await send('token', { grant_type: 'client_credentials', scope: 'mcp:tools' }, headers))
    expect(answer).toEqual({
      status: 200,
      body: { access_token: 'kva_x', token_type: 'DPoP', expires_in: 1, scope: 'mcp:tools', issued_token_type: 'u' },
    })
    expect(seen).toEqual(['worker', 'mcp:tools', jktOf('mine'), { ip: IP }, 'function'])
  })
})

describe('AS-T3, AS-T4: clients', () => {
  test('OAuth 2.1 section 3.2.4: a wrong secret in the header is 401 with a challenge of the same scheme', async () => {
    const scene = await openScene()
    const form = { ...(await formOf(scene)), client_id: undefined }
    const response = await scene.send('token', form, basic('web', 'z'.repeat(32)))
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toMatch(/^Basic /)
  })

  test('RFC 6749 section 5.2: an unknown client is 401 invalid_client, the signal to register again', async () => {
    const scene = await openScene()
    const answer = await bodyOf(await scene.send('token', { ...(await formOf(scene)), client_id: 'mcp_gone' }))
    expect(answer).toMatchObject({
      status: 401,
      body: { error: 'invalid_client', kvch_code: 'KVCH_E_MCP_CLIENT_UNREGISTERED' },
    })
  })

  test('AS-T11: credentials in header and body at once are refused', async () => {
    const scene = await openScene()
    const form = { ...(await formOf(scene)), client_id: 'web', client_secret: SECRET }
    expect(await bodyOf(await scene.send('token', form, basic('web')))).toMatchObject({
      status: 400,
      body: { error: 'invalid_request' },
    })
  })
})

test('RFC 9449 section 8: a nonce that is asked for is no failure of the log', async () => {
  const scene = await openScene()
  const response = await scene.send('token', await formOf(scene), proof('mine', 'a nonce of somebody else'))
  expect([response.status, response.headers.get('dpop-nonce')]).toEqual([400, expect.any(String)])
  expect(await bodyOf(response)).toMatchObject({ body: { error: 'use_dpop_nonce' } })
  expect(await scene.kinds()).toEqual(['oauth.grant', 'oauth.code'])
})

test('a refusal is a row with its client and where it came from, and 60 of one source in a minute are enough', async () => {
  const { exchange, place } = await openScene()
  for (let time = 0; time < 70; time++) await exchange('x')
  const rows = (await place.log()).filter(({ kind }) => kind === 'oauth.refuse')
  expect(rows).toHaveLength(60)
  expect(rows[0]).toMatchObject({
    result: 'denied',
    client: 'app',
    error: 'invalid_grant',
    why: 'the code is none of this server',
  })
  const personal = await place.site.read(async (reader) => (await reader.find('audit', 'key')).at(-1)?.personal)
  expect(JSON.parse(personal ?? '{}')).toMatchObject({ source: IP })
})

test('neither a token nor a code nor a verifier is in the log', async () => {
  const { signIn, refresh, revoke, exchange, place, code } = await (async () => {
    const scene = await openScene()
    return { ...scene, code: await scene.agree() }
  })()
  const first = await signIn()
  const second = await refresh(first.refresh_token)
  await exchange(code, { code_verifier: 'b'.repeat(43) })
  await revoke(first.access_token)
  const text = await place.site.read(async (reader) => JSON.stringify(await reader.find('audit', 'key')))
  const secrets = [first.access_token, first.refresh_token, first.code, code, VERIFIER, 'b'.repeat(43)]
  for (const secret of [...secrets, ...JSON.stringify(second.body).matchAll(/kv[ar]_\w+/g)]) {
    expect(text).not.toContain(String(secret))
  }
})

test('what the store throws is thrown, and nothing was issued', async () => {
  const store = createMemoryStore()
  let isBroken = false
  const scene = await openScene({
    store: {
      ...store,
      transaction: (project, work) =>
        isBroken ? Promise.reject(new KavachError('KVCH_E_STORE_UNAVAILABLE')) : store.transaction(project, work),
    },
  })
  const form = await formOf(scene)
  isBroken = true
  await expect(scene.send('token', form)).rejects.toMatchObject({ code: 'KVCH_E_STORE_UNAVAILABLE' })
  isBroken = false
  expect((await scene.send('token', form)).status).toBe(200)
})
