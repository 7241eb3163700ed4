import { describe, expect, test } from 'vitest'
import {
  authorizationUrl,
  CHALLENGE,
  codeOf,
  codeRequest,
  isGood,
  LOOPBACK_REDIRECT,
  type Parameters,
  post,
  REDIRECT,
  type Scene,
  said,
  sceneOnce,
  shown,
  tokensOf,
  VERIFIER,
} from './attack.ts'

const scene = sceneOnce()
const token = (on: Scene, form: Parameters) => post(on.settings.urls.token, form)

interface Row {
  readonly claim: string
  /** Of the request for tokens; of a good one where there is nothing. */
  readonly change: (on: Scene, code: string) => Parameters
  readonly expected: string
}

describe('a code is worth nothing', () => {
  const mismatch = '400 invalid_grant KVCH_E_MCP_PKCE_VERIFY_FAILED'
  const rows: readonly Row[] = [
    {
      claim: 'OAuth 2.1 4.1.3: when it is not sent',
      change: () => ({ code: undefined }),
      expected: '400 invalid_request',
    },
    { claim: 'OAuth 2.1 3.2: when it is empty', change: () => ({ code: '' }), expected: '400 invalid_request' },
    {
      claim: 'OAuth 2.1 3.2: when it is sent twice',
      change: (_, code) => ({ code: [code, code] }),
      expected: '400 invalid_request',
    },
    {
      claim: 'OAuth 2.1 4.1.3: when its end is missing',
      change: (_, code) => ({ code: code.slice(0, -1) }),
      expected: '400 invalid_grant',
    },
    {
      claim: 'OAuth 2.1 4.1.3: when one character differs',
      change: (_, code) => ({ code: flipped(code) }),
      expected: '400 invalid_grant',
    },
    {
      claim: 'OAuth 2.1 4.1.3: in other case',
      change: (_, code) => ({ code: code.toUpperCase() }),
      expected: '400 invalid_grant',
    },
    {
      claim: 'OAuth 2.1 4.1.3: with a blank behind it',
      change: (_, code) => ({ code: `${code} ` }),
      expected: '400 invalid_grant',
    },
    {
      claim: 'OAuth 2.1 4.1.3: in the hands of another client (injection)',
      change: (on) => ({ client_id: on.other }),
      expected: '400 invalid_grant',
    },
    {
      claim: 'OAuth 2.1 3.2.1: without a client',
      change: () => ({ client_id: undefined }),
      expected: '401 invalid_client',
    },
    {
      claim: 'RFC 6749 5.2: for a client that nobody knows',
      change: () => ({ client_id: 'mcp_01ARZ3NDEKTSV4RRFFQ69G5FAV' }),
      expected: '401 invalid_client KVCH_E_MCP_CLIENT_UNREGISTERED',
    },
    {
      claim: 'RFC 7636 4.5: without a verifier (downgrade)',
      change: () => ({ code_verifier: undefined }),
      expected: '400 invalid_request KVCH_E_MCP_PKCE_MISSING',
    },
    {
      claim: 'RFC 7636 4.5: with an empty verifier (downgrade)',
      change: () => ({ code_verifier: '' }),
      expected: '400 invalid_request KVCH_E_MCP_PKCE_MISSING',
    },
    {
      claim: 'RFC 7636 4.6: with another verifier',
      change: () => ({ code_verifier: `${VERIFIER.slice(0, -1)}A` }),
      expected: mismatch,
    },
    {
      claim: 'RFC 7636 4.6: with the challenge as verifier (plain)',
      change: () => ({ code_verifier: CHALLENGE }),
      expected: mismatch,
    },
    {
      claim: 'RFC 7636 4.1: with a verifier that is too short',
      change: () => ({ code_verifier: VERIFIER.slice(0, 42) }),
      expected: mismatch,
    },
    {
      claim: 'RFC 7636 4.1: with a verifier that is too long',
      change: () => ({ code_verifier: VERIFIER.padEnd(129, 'A') }),
      expected: mismatch,
    },
    {
      claim: 'RFC 7636 4.1: with a verifier of other characters',
      change: () => ({ code_verifier: `${VERIFIER}+` }),
      expected: mismatch,
    },
    {
      claim: 'RFC 7636 4.1: with a verifier and a line break',
      change: () => ({ code_verifier: `${VERIFIER}\n` }),
      expected: mismatch,
    },
    {
      claim: 'OAuth 2.1 3.2: with two verifiers',
      change: () => ({ code_verifier: [VERIFIER, VERIFIER] }),
      expected: '400 invalid_request',
    },
    {
      claim: 'OAuth 2.1 10.2: for another redirect URI',
      change: () => ({ redirect_uri: LOOPBACK_REDIRECT }),
      expected: '400 invalid_grant KVCH_E_OAUTH_REDIRECT_MISMATCH',
    },
    {
      claim: 'OAuth 2.1 10.2: for a redirect URI that a URL parser takes for the same',
      change: () => ({ redirect_uri: REDIRECT.replace('client', 'CLIENT') }),
      expected: '400 invalid_grant KVCH_E_OAUTH_REDIRECT_MISMATCH',
    },
    {
      claim: 'RFC 8707 2.2: for another server than it was granted for',
      change: (on) => ({ resource: on.files }),
      expected: '400 invalid_target KVCH_E_MCP_RESOURCE_INDICATOR_INVALID',
    },
    {
      claim: 'RFC 8707 2.2: for two servers',
      change: (on) => ({ resource: [on.tools, on.files] }),
      expected: '400 invalid_request',
    },
    {
      claim: 'RFC 8707 2: for its server with a fragment',
      change: (on) => ({ resource: `${on.tools}#` }),
      expected: '400 invalid_target KVCH_E_MCP_RESOURCE_INDICATOR_INVALID',
    },
    {
      claim: 'RFC 8707 2.2: for the authorization server itself',
      change: (on) => ({ resource: on.issuer }),
      expected: '400 invalid_target KVCH_E_MCP_RESOURCE_INDICATOR_INVALID',
    },
    {
      claim: 'OAuth 2.1 4.3: as a refresh token',
      change: (_, code) => ({ grant_type: 'refresh_token', refresh_token: code }),
      expected: '400 invalid_grant',
    },
    {
      claim: 'OAuth 2.1 3.2.4: for a grant type that nobody knows',
      change: () => ({ grant_type: 'Authorization_Code' }),
      expected: '400 unsupported_grant_type',
    },
    {
      claim: 'OAuth 2.1 3.2.4: for a name of every object',
      change: () => ({ grant_type: 'constructor' }),
      expected: '400 unsupported_grant_type',
    },
    {
      claim: 'OAuth 2.1 10.1: for the implicit grant',
      change: () => ({ grant_type: 'implicit' }),
      expected: '400 unsupported_grant_type',
    },
    {
      claim: 'OAuth 2.1 10.1: for a password',
      change: () => ({ grant_type: 'password', username: 'ann', password: 'x' }),
      expected: '400 unsupported_grant_type',
    },
    {
      claim: 'OAuth 2.1 3.2: without a grant type',
      change: () => ({ grant_type: undefined }),
      expected: '400 invalid_request',
    },
    {
      claim: 'RFC 8693 2.1: for a client that has not registered token exchange',
      change: () => ({ grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange' }),
      expected: '400 unauthorized_client',
    },
    {
      claim: 'OAuth 2.1 4.2: for a public client that wants to speak for itself',
      change: () => ({ grant_type: 'client_credentials' }),
      expected: '400 unauthorized_client',
    },
  ]
  test.each(rows)('$claim', async ({ change, expected }) => {
    const on = await scene()
    const code = await codeOf(on)
    expect(await said(token(on, codeRequest(on, code, change(on, code))))).toBe(expected)
  })

  test('60 seconds after it was made', async () => {
    const on = await scene()
    const code = await codeOf(on)
    await on.host.advance(60_000)
    expect(await said(token(on, codeRequest(on, code)))).toBe('400 invalid_grant KVCH_E_OAUTH_CODE_EXPIRED')
  })

  test('when the grant was revoked meanwhile', async () => {
    const on = await scene()
    const code = await codeOf(on)
    const { grants } = await on.mcp.grants.list({ client: on.client, isLive: true })
    for (const { id } of grants) await on.mcp.grants.revoke(id)
    expect(await said(token(on, codeRequest(on, code)))).toBe('400 invalid_grant KVCH_E_OAUTH_TOKEN_REVOKED')
  })
})

describe('OAuth 2.1 4.1.3: a code that is presented again', () => {
  test('revokes what was issued for it', async () => {
    const on = await scene()
    const code = await codeOf(on)
    const tokens = await (await token(on, codeRequest(on, code))).json()
    expect(await isGood(on, tokens.access_token)).toBe(true)
    expect(await said(token(on, codeRequest(on, code)))).toBe('400 invalid_grant')
    expect(await isGood(on, tokens.access_token)).toBe(false)
    const form = { grant_type: 'refresh_token', client_id: on.client, refresh_token: tokens.refresh_token }
    expect(await said(token(on, form))).toBe('400 invalid_grant KVCH_E_OAUTH_TOKEN_REVOKED')
  })

  test('revokes it as well when another client presents it, and long after', async () => {
    const on = await scene()
    const code = await codeOf(on)
    const tokens = await (await token(on, codeRequest(on, code))).json()
    await on.host.advance(30 * 60_000)
    expect(await said(token(on, codeRequest(on, code, { client_id: on.other })))).toBe('400 invalid_grant')
    expect(await isGood(on, tokens.access_token)).toBe(false)
  })

  test('has no other effect than that: the tokens of another grant stay good', async () => {
    const on = await scene()
    const before = await tokensOf(on)
    const code = await codeOf(on)
    await token(on, codeRequest(on, code))
    await token(on, codeRequest(on, code))
    expect(await isGood(on, before.access_token)).toBe(true)
  })

  test('twenty times at once is answered once at most, and nothing stays good', async () => {
    const on = await scene()
    const code = await codeOf(on)
    const answers = await Promise.all(Array.from({ length: 20 }, () => token(on, codeRequest(on, code))))
    const given = answers.filter(({ status }) => status === 200)
    expect(given).toHaveLength(1)
    for (const answer of given) expect(await isGood(on, (await answer.json()).access_token)).toBe(false)
  })

  test('was used up by whoever presented it badly', async () => {
    const on = await scene()
    const code = await codeOf(on)
    await token(on, codeRequest(on, code, { code_verifier: CHALLENGE }))
    expect(await said(token(on, codeRequest(on, code)))).toBe('400 invalid_grant')
  })
})

describe('RFC 9700 2.1.1: an authorization request is refused', () => {
  const rows: readonly { readonly claim: string; readonly change: Parameters }[] = [
    { claim: 'without a challenge', change: { code_challenge: undefined } },
    { claim: 'with an empty challenge', change: { code_challenge: '' } },
    { claim: 'without a method, which would be plain', change: { code_challenge_method: undefined } },
    { claim: 'with the method plain', change: { code_challenge_method: 'plain' } },
    { claim: 'with the method s256', change: { code_challenge_method: 's256' } },
    { claim: 'with the method S512', change: { code_challenge_method: 'S512' } },
    {
      claim: 'with neither challenge nor method',
      change: { code_challenge: undefined, code_challenge_method: undefined },
    },
    { claim: 'with a challenge of 42 characters', change: { code_challenge: CHALLENGE.slice(1) } },
    { claim: 'with a challenge of 44 characters', change: { code_challenge: `${CHALLENGE}=` } },
    {
      claim: 'with a challenge in base64 that is not for URLs',
      change: { code_challenge: CHALLENGE.replace('-', '+') },
    },
    { claim: 'with two challenges', change: { code_challenge: [CHALLENGE, CHALLENGE] } },
    { claim: 'with two methods', change: { code_challenge_method: ['S256', 'plain'] } },
  ]
  test.each(rows)('$claim', async ({ change }) => {
    const on = await scene()
    await on.ann.open(authorizationUrl(on))
    expect(await shown(on, on.ann.get(authorizationUrl(on, change)))).toBe('303 client invalid_request')
  })
})

/** With another last character but two, so that the checksum does not fit. */
function flipped(text: string): string {
  const at = text.length - 10
  return text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1)
}
