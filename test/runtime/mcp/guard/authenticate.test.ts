import { describe, expect, test } from 'vitest'
import { KavachError } from '../../../../runtime/index.ts'
import { OAuthError } from '../../../../runtime/mcp/oauth-error.ts'
import { NOW } from '../../site.ts'
import { openGuard, PRINCIPAL, seen, URL_ONE, URL_TWO } from './guarded.ts'

const METADATA = 'resource_metadata="http://127.0.0.1:4001/.well-known/oauth-protected-resource/mcp"'
const NO_TOKEN = { status: 401, challenge: `Bearer scope="mcp:tools", ${METADATA}`, body: {} }

function invalid(description: string) {
  return {
    status: 401,
    challenge: `Bearer error="invalid_token", error_description="${description}", scope="mcp:tools", ${METADATA}`,
    body: { error: 'invalid_token', error_description: description, kvch_code: 'KVCH_E_MCP_TOOL_AUTH_REQUIRED' },
  }
}

const UNKNOWN = invalid('the access token is unknown, revoked or expired')
const FOREIGN = invalid('the access token is for another server')

async function refusalOf(request: Request, url = URL_ONE, parts: Parameters<typeof openGuard>[0] = {}) {
  const { guard } = await openGuard(parts)
  const answer = await guard.authenticate(request, url)
  return answer instanceof Response ? seen(answer) : answer
}

function withHeader(authorization: string | undefined, url = URL_ONE): Request {
  return new Request(url, { headers: authorization === undefined ? {} : { authorization } })
}

test('RS-3, RS-4: no token gives a 401 whose challenge names the document and the scopes, and no error', async () => {
  expect(await refusalOf(withHeader(undefined))).toEqual(NO_TOKEN)
})

test('RS-5: the challenge never asks for offline_access', async () => {
  const answer = await refusalOf(withHeader(undefined), URL_TWO)
  expect(answer).toMatchObject({ challenge: expect.stringContaining('scope="mcp:tools",') })
})

describe('RS-9: only the header counts', () => {
  test.each([
    ['a token in the query', withHeader(undefined, `${URL_ONE}?access_token=kva_0`)],
    ['another scheme', withHeader('Basic a3ZhXzA6')],
    ['the name of a scheme that begins alike', withHeader('Bearerer kva_0')],
    ['a cookie', new Request(URL_ONE, { headers: { cookie: 'access_token=kva_0' } })],
    ['a header that looks like it', new Request(URL_ONE, { headers: { 'x-authorization': 'Bearer kva_0' } })],
  ])('%s is no token', async (_, request) => {
    expect(await refusalOf(request)).toEqual(NO_TOKEN)
  })

  test.each(['Bearer kva_0', 'bearer kva_0', 'BEARER  kva_0', 'bEaReR kva_0 '])('`%s` is one', async (header) => {
    const { guard, token } = await openGuard()
    token()
    expect(await guard.authenticate(withHeader(header), URL_ONE)).toMatchObject({ agentId: 'ann-agent' })
  })
})

describe('RS-12: what is malformed is a 400', () => {
  const twice = new Headers([
    ['authorization', 'Bearer kva_0'],
    ['authorization', 'Bearer kva_1'],
  ])
  test.each([
    ['two headers', new Request(URL_ONE, { headers: twice })],
    ['no token behind the scheme', withHeader('Bearer')],
    ['a blank', withHeader('Bearer ')],
    ['two tokens', withHeader('Bearer kva_0 kva_1')],
    ['a parameter', withHeader('Bearer token="kva_0"')],
    ['a tab', withHeader('Bearer\tkva_0')],
    ['an endless token', withHeader(`Bearer ${'a'.repeat(8193)}`)],
    ['a comma', withHeader('Bearer kva_0, kva_1')],
  ])('%s', async (_, request) => {
    const description = 'the Authorization header is malformed'
    expect(await refusalOf(request)).toEqual({
      status: 400,
      challenge: `Bearer error="invalid_request", error_description="${description}", scope="mcp:tools", ${METADATA}`,
      body: { error: 'invalid_request', error_description: description },
    })
  })
})

describe('RS-16: nothing else is an access token', () => {
  test.each([
    ['a refresh token', 'kvr_0'],
    ['a code', 'kvc_0'],
    ['a client id', 'mcp_0'],
    ['a secret', 'kvs_0'],
    ['a project key', 'kvp_0'],
    ['a token of another server', 'eyJhbGciOiJub25lIn0.e30.'],
    ['a token with other case', 'KVA_0'],
    ['a token with something behind it', 'kva_00'],
  ])('%s', async (_, token) => {
    const { guard, token: make } = await openGuard()
    make()
    const answer = await guard.authenticate(withHeader(`Bearer ${token}`), URL_ONE)
    expect(answer instanceof Response && (await seen(answer))).toEqual(UNKNOWN)
  })

  test('the token of an agent is refused, with the remedy', async () => {
    expect(await refusalOf(withHeader('Bearer kv_0'), URL_ONE, { verify: async () => PRINCIPAL })).toEqual(
      invalid('this is the token of an agent: exchange it for an access token at the token endpoint (RFC 8693)'),
    )
  })
})

describe('RS-6, RS-7: the token must be for exactly this server', () => {
  test.each([
    URL_TWO,
    'http://127.0.0.1:4001',
    'http://127.0.0.1:4001/',
    'http://127.0.0.1:4001/mcp/',
    'http://127.0.0.1:4001/mcp/more',
    'http://127.0.0.1:4001/mc',
    'http://127.0.0.1:4001/MCP',
    'HTTP://127.0.0.1:4001/mcp',
    'https://127.0.0.1:4001/mcp',
    'http://localhost:4001/mcp',
    'http://127.0.0.1:40011/mcp',
    'http://127.0.0.1:4001/mcp?',
    'http://127.0.0.1:4001/mcp#',
    'http://127.0.0.1:4001/%6dcp',
    'http://127.0.0.1.example.com:4001/mcp',
    `${URL_ONE} ${URL_TWO}`,
    `${URL_ONE},${URL_TWO}`,
    '',
  ])('a token for `%s` is refused', async (resource) => {
    const { guard, token } = await openGuard()
    const answer = await guard.authenticate(withHeader(`Bearer ${token({ resource })}`), URL_ONE)
    expect(answer instanceof Response && (await seen(answer))).toEqual(FOREIGN)
  })

  test('a token for one of two servers is refused at the other, either way', async () => {
    const { guard, token } = await openGuard()
    const [one, two] = [token(), token({ resource: URL_TWO })]
    const results = await Promise.all(
      [
        [one, URL_ONE],
        [one, URL_TWO],
        [two, URL_ONE],
        [two, URL_TWO],
      ].map(async ([sent = '', url = '']) => {
        const answer = await guard.authenticate(withHeader(`Bearer ${sent}`, url), url)
        return answer instanceof Response ? answer.status : answer.resource
      }),
    )
    expect(results).toEqual([URL_ONE, 401, 401, URL_TWO])
  })

  test('an unknown server is a mistake of the program', async () => {
    const { guard } = await openGuard()
    await expect(guard.authenticate(withHeader(undefined), 'http://127.0.0.1:9/mcp')).rejects.toMatchObject({
      code: 'KVCH_E_CONFIG_INVALID',
    })
  })
})

test('RS-6: a token is good until it expires, and not at that instant', async () => {
  const { guard, token, host } = await openGuard()
  const request = () => withHeader(`Bearer ${token({ expiresAt: NOW + 1000 })}`)
  host.setNow(NOW + 999)
  expect(await guard.authenticate(request(), URL_ONE)).toMatchObject({ clientId: 'client-1' })
  host.setNow(NOW + 1000)
  const answer = await guard.authenticate(request(), URL_ONE)
  expect(answer instanceof Response && (await seen(answer))).toEqual(invalid('the access token has expired'))
})

test('a token that was revoked is refused by the next request', async () => {
  const { guard, token, revoke } = await openGuard()
  const sent = token()
  expect(await guard.authenticate(withHeader(`Bearer ${sent}`), URL_ONE)).toMatchObject({ userId: 'ann' })
  revoke(sent)
  const answer = await guard.authenticate(withHeader(`Bearer ${sent}`), URL_ONE)
  expect(answer instanceof Response && (await seen(answer))).toEqual(UNKNOWN)
})

describe('RS-17: a bound token needs its key', () => {
  const ALGS = 'algs="ES256 ES384 ES512 PS256 PS384 PS512 RS256 RS384 RS512 EdDSA Ed25519"'
  const bound = { ...PRINCIPAL, jkt: 'thumb' }
  const verify = async () => bound

  test('sent as Bearer it is refused with the challenge of DPoP', async () => {
    const description = 'the access token is bound to a key: send it as DPoP, with a proof'
    expect(await refusalOf(withHeader('Bearer kva_0'), URL_ONE, { verify })).toEqual({
      status: 401,
      challenge: `DPoP error="invalid_token", error_description="${description}", scope="mcp:tools", ${METADATA}, ${ALGS}`,
      body: { error: 'invalid_token', error_description: description, kvch_code: 'KVCH_E_MCP_TOOL_AUTH_REQUIRED' },
    })
  })

  test('without a proof, or with that of another key, it is refused', async () => {
    for (const thumb of [undefined, 'other']) {
      const answer = await refusalOf(withHeader('DPoP kva_0'), URL_ONE, { verify, dpop: { check: async () => thumb } })
      expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_dpop_proof' } })
    }
  })

  test('the proof is held against the resource, the method, the token and the key, whatever the request was sent to', async () => {
    const checked: unknown[] = []
    const check = async (_: Request, expected: unknown) => {
      checked.push(expected)
      return 'thumb'
    }
    const { guard } = await openGuard({ verify, dpop: { check } })
    const request = new Request('http://10.0.0.1/other', { method: 'POST', headers: { authorization: 'dpop kva_0' } })
    expect(await guard.authenticate(request, URL_ONE)).toEqual(bound)
    expect(checked).toEqual([{ method: 'POST', url: URL_ONE, accessToken: 'kva_0', expectedJkt: 'thumb' }])
  })

  test('a nonce that is asked for comes with the challenge', async () => {
    const check = async () => {
      throw new OAuthError('use_dpop_nonce', 'a nonce is needed', { headers: { 'dpop-nonce': 'n-1' } })
    }
    const { guard } = await openGuard({ verify, dpop: { check } })
    const answer = await guard.authenticate(withHeader('DPoP kva_0'), URL_ONE)
    expect(answer instanceof Response && [answer.status, answer.headers.get('dpop-nonce')]).toEqual([401, 'n-1'])
  })

  test('a token that is bound to no key is not sent as DPoP', async () => {
    expect(await refusalOf(withHeader('DPoP kva_0'), URL_ONE, { verify: async () => PRINCIPAL })).toEqual(
      invalid('the access token is bound to no key: send it as Bearer'),
    )
  })
})

test('a store that does not answer is a 503, and nobody is let in', async () => {
  const verify = async () => {
    throw new KavachError('KVCH_E_STORE_UNAVAILABLE')
  }
  const answer = await refusalOf(withHeader('Bearer kva_0'), URL_ONE, { verify })
  expect(answer).toEqual({
    status: 503,
    challenge: null,
    body: {
      error: 'temporarily_unavailable',
      error_description: 'whether the token is good cannot be told now',
      kvch_code: 'KVCH_E_STORE_UNAVAILABLE',
    },
  })
})

test('a refused token leaves a row, its lack leaves none, and after many they are counted', async () => {
  const { guard, log, host } = await openGuard()
  await guard.authenticate(withHeader(undefined), URL_ONE, { ip: '192.0.2.1' })
  for (let i = 0; i < 70; i++) await guard.authenticate(withHeader('Bearer kvr_0'), URL_ONE, { ip: '192.0.2.1' })
  const refused = (await log()).filter(({ kind }) => kind === 'oauth.refuse')
  expect(refused.length).toBe(60)
  expect(refused[0]).toMatchObject({
    error: 'invalid_token',
    why: 'one: the access token is unknown, revoked or expired',
    result: 'denied',
  })
  expect(host.now()).toBe(NOW)
})
