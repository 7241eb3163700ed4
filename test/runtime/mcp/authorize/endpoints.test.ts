import { describe, expect, test } from 'vitest'
import { ISSUER, LOOPBACK, OPTIONS, OTHER_RESOURCE, RESOURCE } from '../place.ts'
import { CHALLENGE, goodRequest, openServer, REDIRECT, redirectOf, type TestServer } from '../server.ts'

const AUTHORIZE = `${ISSUER}/oauth/authorize`
const TRUSTED = { id: 'trusted', redirectUris: [REDIRECT] }
const [TOOLS = expect.fail(), ...OTHERS] = OPTIONS.resources

describe('OAuth 2.1 section 3.1: the request', () => {
  test('is answered to GET and POST alike', async () => {
    const server = await openServer()
    const client = await server.register()
    const browser = server.newBrowser('ann')
    for (const page of [
      await browser.get(server.authorizeUrl(client)),
      await browser.post(AUTHORIZE, goodRequest(client)),
    ]) {
      expect({ status: page.status, title: titleOf(await page.text()) }).toEqual({
        status: 200,
        title: 'Allow access?',
      })
    }
  })

  test('may have parameters that nobody knows', async () => {
    const server = await openServer()
    const url = server.authorizeUrl(await server.register(), { nonce: 'a', prompt: 'none', display: 'page', foo: '' })
    expect((await server.newBrowser('ann').get(url)).status).toBe(200)
  })

  test('RFC 9101: is not read from `request` or `request_uri`, and nothing is fetched', async () => {
    const server = await openServer()
    const client = await server.register()
    const extra = { request: 'e30.e30.', request_uri: 'https://evil.example.com/request' }
    expect((await server.newBrowser('ann').get(server.authorizeUrl(client, extra))).status).toBe(200)
    const alone = `${AUTHORIZE}?${new URLSearchParams({ client_id: client, ...extra })}`
    expect((await server.newBrowser('ann').get(alone)).status).toBe(400)
  })

  const names = Object.keys(goodRequest(''))
  test.each(names.filter((name) => !['client_id', 'redirect_uri', 'state'].includes(name)))(
    'never has %s twice: the client is told',
    async (name) => {
      const server = await openServer({ options: { clients: [TRUSTED] } })
      const url = server.authorizeUrl('trusted')
      const value = new URL(url).searchParams.get(name) ?? ''
      const response = await server.send(`${url}&${name}=${encodeURIComponent(value)}`)
      expect(redirectOf(response)).toEqual({
        status: 303,
        to: REDIRECT,
        fields: {
          error: 'invalid_request',
          error_description: `the parameter ${name} is repeated`,
          state: 'xyz',
          iss: ISSUER,
        },
      })
    },
  )

  test.each(['client_id', 'redirect_uri', 'state'])('never has %s twice: the user is told', async (name) => {
    const server = await openServer({ options: { clients: [TRUSTED] } })
    const url = server.authorizeUrl('trusted')
    const value = new URL(url).searchParams.get(name) ?? ''
    for (const again of [value, '', 'https://evil.example.com']) {
      await expectErrorPage(await server.send(`${url}&${name}=${encodeURIComponent(again)}`))
    }
  })

  test('never has a parameter twice that is encoded otherwise the second time', async () => {
    const server = await openServer({ options: { clients: [TRUSTED] } })
    const url = server.authorizeUrl('trusted')
    await expectErrorPage(await server.send(`${url}&redirect%5Furi=${encodeURIComponent(REDIRECT)}`))
    expect(redirectOf(await server.send(`${url}&sco%70e=mcp:admin`)).fields.error).toBe('invalid_request')
  })

  test('is not larger than a form may be', async () => {
    const server = await openServer()
    const client = await server.register()
    const large = 'x'.repeat(70_000)
    await expectErrorPage(await server.send(server.authorizeUrl(client, { state: large })))
    await expectErrorPage(await server.newBrowser().post(AUTHORIZE, { ...goodRequest(client), state: large }), 413)
  })

  test('is a form and nothing else when it is posted', async () => {
    const server = await openServer()
    const body = JSON.stringify(goodRequest(await server.register()))
    await expectErrorPage(
      await server.send(AUTHORIZE, { method: 'POST', headers: { 'content-type': 'application/json' }, body }),
      415,
    )
  })
})

describe('OAuth 2.1 section 4.1.2.1: nobody is redirected', () => {
  test('when the client is missing or unknown', async () => {
    const server = await openServer()
    for (const id of ['', 'mcp_01ARZ3NDEKTSV4RRFFQ69G5FAV', 'constructor', '__proto__', '<script>alert(1)</script>']) {
      await expectErrorPage(await server.newBrowser('ann').get(server.authorizeUrl(id)))
    }
  })

  const registered = 'https://client.example.com/cb?a=b'
  const variants = {
    'that is missing': '',
    'with a slash at the end': `${registered}/`,
    'with a slash after the path': 'https://client.example.com/cb/?a=b',
    'with a longer path': 'https://client.example.com/cb/evil?a=b',
    'with a path that is climbed back': 'https://client.example.com/x/../cb?a=b',
    'with an escaped climb': 'https://client.example.com/x/%2e%2e/cb?a=b',
    'with another query': 'https://client.example.com/cb?a=c',
    'with a longer query': `${registered}&c=d`,
    'without the query': 'https://client.example.com/cb',
    'with a fragment': `${registered}#x`,
    'with an empty fragment': `${registered}#`,
    'with a host in capitals': 'https://CLIENT.example.com/cb?a=b',
    'with a scheme in capitals': 'HTTPS://client.example.com/cb?a=b',
    'with another scheme': 'http://client.example.com/cb?a=b',
    'with the default port': 'https://client.example.com:443/cb?a=b',
    'with another port': 'https://client.example.com:8443/cb?a=b',
    'with a user': 'https://client.example.com@evil.example.com/cb?a=b',
    'with a user before the host': 'https://evil@client.example.com/cb?a=b',
    'with a backslash': 'https://evil.example.com\\@client.example.com/cb?a=b',
    'with an escaped letter': 'https://client.example.com/%63b?a=b',
    'of a host below': 'https://x.client.example.com/cb?a=b',
    'of a host above': 'https://client.example.com.evil.example.com/cb?a=b',
    'with a dot after the host': 'https://client.example.com./cb?a=b',
    'with a blank before': ` ${registered}`,
    'with a line break': `${registered}\r\nset-cookie:a=b`,
    'with a zero byte': `${registered}\0`,
    'without a scheme': '//client.example.com/cb?a=b',
    'that is a path': '/cb',
    'that is a script': 'javascript:alert(1)',
    'that is data': 'data:text/html,x',
    'of a loopback host that was not registered': 'http://127.0.0.1:1234/cb?a=b',
  }
  test.each(Object.entries(variants))('to a URI %s', async (_, redirectUri) => {
    const options = { clients: [{ id: 'trusted', redirectUris: [registered] }] }
    const server = await openServer({ options })
    const good = await server.newBrowser('ann').get(server.authorizeUrl('trusted', { redirect_uri: registered }))
    expect(good.status).toBe(200)
    await expectErrorPage(
      await server.newBrowser('ann').get(server.authorizeUrl('trusted', { redirect_uri: redirectUri })),
    )
    // An error changes nothing about that.
    const worse = server.authorizeUrl('trusted', { redirect_uri: redirectUri, response_type: 'token' })
    await expectErrorPage(await server.newBrowser('ann').get(worse))
  })

  test('RFC 8252 section 7.3: but a loopback URI may have any port', async () => {
    const server = await openServer()
    const client = await server.register({
      redirect_uris: ['http://127.0.0.1/cb', 'http://[::1]:5000/cb', 'http://localhost/cb'],
    })
    const status = async (redirect_uri: string) =>
      (await server.newBrowser('ann').get(server.authorizeUrl(client, { redirect_uri }))).status
    for (const good of [
      'http://127.0.0.1/cb',
      'http://127.0.0.1:1/cb',
      'http://[::1]:65535/cb',
      'http://localhost:8080/cb',
    ]) {
      expect([good, await status(good)]).toEqual([good, 200])
    }
    for (const bad of [
      'http://127.0.0.1:1/cb/',
      'http://127.0.0.1:1/CB',
      'http://127.0.0.2:1/cb',
      'http://127.0.0.1:0x50/cb',
      'http://127.0.0.1:65536/cb',
      'http://127.0.0.1:/cb',
      'http://127.0.0.1:1@evil.example.com/cb',
      'http://localhost.evil.example.com:1/cb',
      'https://127.0.0.1:1/cb',
      'http://127.1:1/cb',
      'http://2130706433/cb',
    ]) {
      expect([bad, await status(bad)]).toEqual([bad, 400])
    }
  })
})

describe('RFC 9700 section 4.11.2: errors of clients that anybody could have registered', () => {
  test('wait until somebody is signed in', async () => {
    const server = await openServer()
    const url = server.authorizeUrl(await server.register(), { response_type: 'token' })
    const browser = server.newBrowser()
    const first = redirectOf(await browser.get(url))
    expect(first).toEqual({ status: 303, to: 'https://app.example.com/login', fields: { next: url } })
    browser.user = 'ann'
    expect(redirectOf(await browser.get(first.fields.next ?? '')).fields.error).toBe('unsupported_response_type')
  })

  test('wait for a client that publishes its metadata, too', async () => {
    const id = 'https://publisher.example.com/client.json'
    const document = { client_id: id, client_name: 'A', redirect_uris: [REDIRECT], token_endpoint_auth_method: 'none' }
    const bytes = new TextEncoder().encode(JSON.stringify(document))
    const headers = { 'content-type': 'application/json' }
    const server = await openServer({ fetchDocument: async () => ({ status: 200, headers, bytes }) })
    const url = server.authorizeUrl(id, { scope: 'unknown' })
    expect(redirectOf(await server.send(url)).to).toBe('https://app.example.com/login')
    expect(redirectOf(await server.newBrowser('ann').get(url)).fields.error).toBe('invalid_scope')
  })

  test('do not wait for a client that is configured', async () => {
    const server = await openServer({ options: { clients: [TRUSTED] } })
    const response = await server.send(server.authorizeUrl('trusted', { response_type: 'token' }))
    expect(redirectOf(response)).toEqual({
      status: 303,
      to: REDIRECT,
      fields: {
        error: 'unsupported_response_type',
        error_description: 'response_type must be code',
        state: 'xyz',
        iss: ISSUER,
      },
    })
  })
})

describe('what the client is told', () => {
  const cases: readonly (readonly [string, { readonly [name: string]: string | undefined }, string])[] = [
    ['OAuth 2.1 section 4.1.1: no response type', { response_type: undefined }, 'invalid_request'],
    ['OAuth 2.1 section 4.1.1: an empty response type', { response_type: '' }, 'invalid_request'],
    ['OAuth 2.1 section 10.1: token', { response_type: 'token' }, 'unsupported_response_type'],
    ['OAuth 2.1 section 4.1.1: id_token', { response_type: 'id_token' }, 'unsupported_response_type'],
    ['OAuth 2.1 section 4.1.1: code with more', { response_type: 'code id_token' }, 'unsupported_response_type'],
    ['OAuth 2.1 section 4.1.1: Code', { response_type: 'Code' }, 'unsupported_response_type'],
    ['OAuth 2.1 section 4.1.1: none', { response_type: 'none' }, 'unsupported_response_type'],
    ['a fragment', { response_mode: 'fragment' }, 'invalid_request'],
    ['a form', { response_mode: 'form_post' }, 'invalid_request'],
    ['OAuth 2.1 section 4.1.2.1: no challenge', { code_challenge: undefined }, 'invalid_request'],
    [
      'RFC 9700 section 2.1.1: no PKCE at all',
      { code_challenge: undefined, code_challenge_method: undefined },
      'invalid_request',
    ],
    ['RFC 7636 section 4.3: no method, which would be plain', { code_challenge_method: undefined }, 'invalid_request'],
    ['RFC 7636 section 4.4.1: plain', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['RFC 7636 section 4.4.1: a method in small letters', { code_challenge_method: 's256' }, 'invalid_request'],
    ['RFC 7636 section 4.4.1: an unknown method', { code_challenge_method: 'S512' }, 'invalid_request'],
    ['RFC 7636 section 4.2: a short challenge', { code_challenge: CHALLENGE.slice(1) }, 'invalid_request'],
    ['RFC 7636 section 4.2: a long challenge', { code_challenge: `${CHALLENGE}A` }, 'invalid_request'],
    ['RFC 7636 section 4.2: a padded challenge', { code_challenge: `${CHALLENGE}=` }, 'invalid_request'],
    ['RFC 7636 section 4.2: base64', { code_challenge: CHALLENGE.replaceAll('-', '+') }, 'invalid_request'],
    ['RFC 7636 section 4.2: hex', { code_challenge: 'ab'.repeat(32) }, 'invalid_request'],
    ['RFC 7636 section 4.2: a challenge of blanks', { code_challenge: ' '.repeat(43) }, 'invalid_request'],
    ['OAuth 2.1 section 1.4.1: an unknown scope', { scope: 'mcp:tools mcp:unknown' }, 'invalid_scope'],
    ['OAuth 2.1 section 1.4.1: a scope in capitals', { scope: 'MCP:tools' }, 'invalid_scope'],
    ['OAuth 2.1 section 1.4.1: a scope of the prototype', { scope: 'constructor' }, 'invalid_scope'],
    ['OAuth 2.1 section 1.4.1: scopes with a comma', { scope: 'mcp:tools,mcp:admin' }, 'invalid_scope'],
    ['OAuth 2.1 section 1.4.1: scopes with a tab', { scope: 'mcp:tools\tmcp:admin' }, 'invalid_scope'],
    ['RFC 8707 section 2: no resource, of several', { resource: undefined }, 'invalid_target'],
    ['RFC 8707 section 2: a fragment', { resource: `${RESOURCE}#a` }, 'invalid_target'],
    ['RFC 8707 section 2: a relative resource', { resource: '/mcp' }, 'invalid_target'],
    ['RFC 8707 section 2: no URI', { resource: 'tools' }, 'invalid_target'],
    ['RFC 8707 section 2: a slash at the end', { resource: `${RESOURCE}/` }, 'invalid_target'],
    ['RFC 8707 section 2: a path in capitals', { resource: 'https://tools.example.com/MCP' }, 'invalid_target'],
    ['RFC 8707 section 2: a longer path', { resource: `${RESOURCE}/x` }, 'invalid_target'],
    ['RFC 8707 section 2: a shorter path', { resource: 'https://tools.example.com' }, 'invalid_target'],
    ['RFC 8707 section 2: a query', { resource: `${RESOURCE}?a=b` }, 'invalid_target'],
    ['RFC 8707 section 2: an empty query', { resource: `${RESOURCE}?` }, 'invalid_target'],
    ['RFC 8707 section 2: http', { resource: 'http://tools.example.com/mcp' }, 'invalid_target'],
    ['RFC 8707 section 2: a port', { resource: 'https://tools.example.com:8443/mcp' }, 'invalid_target'],
    ['RFC 8707 section 2: a user', { resource: 'https://a@tools.example.com/mcp' }, 'invalid_target'],
    ['RFC 8707 section 2: a host above', { resource: 'https://tools.example.com.evil.com/mcp' }, 'invalid_target'],
    ['RFC 8707 section 2: a dot after the host', { resource: 'https://tools.example.com./mcp' }, 'invalid_target'],
    ['RFC 8707 section 2: an escaped letter', { resource: 'https://tools.example.com/%6dcp' }, 'invalid_target'],
    ['RFC 8707 section 2: dots in the path', { resource: 'https://tools.example.com/x/../mcp' }, 'invalid_target'],
    ['RFC 8707 section 2: a letter of another script', { resource: 'https://tооls.example.com/mcp' }, 'invalid_target'],
    ['RFC 8707 section 2: a blank', { resource: ` ${RESOURCE}` }, 'invalid_target'],
    ['RFC 8707 section 2: the issuer', { resource: ISSUER }, 'invalid_target'],
    ['RFC 9396 section 5: details', { authorization_details: '[]' }, 'invalid_authorization_details'],
    ['RFC 9449 section 10: a thumbprint that is none', { dpop_jkt: 'abc' }, 'invalid_request'],
    ['a state that is too long', { state: 's'.repeat(8193) }, 'invalid_request'],
    ['a state that is too long when it is escaped', { state: '\u0001'.repeat(1366) }, 'invalid_request'],
  ]
  test.each(cases)('%s', async (_, fields, error) => {
    const server = await openServer({ options: { clients: [TRUSTED] } })
    const { status, to, fields: answer } = redirectOf(await server.send(server.authorizeUrl('trusted', fields)))
    const { error_description: description, kvch_code: code, ...rest } = answer
    expect({ status, to, rest }).toEqual({
      status: 303,
      to: REDIRECT,
      rest: { error, state: fields.state ?? 'xyz', iss: ISSUER },
    })
    expect(description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
    expect(code).toBe(codeOf(error, fields))
  })

  test('OAuth 2.1 section 4.1.2.1: a client that did not register for codes gets none', async () => {
    const grantTypes = ['refresh_token'] as const
    const server = await openServer({ options: { clients: [{ ...TRUSTED, grantTypes }] } })
    const { error } = redirectOf(await server.send(server.authorizeUrl('trusted'))).fields
    expect(error).toBe('unauthorized_client')
  })

  test('OAuth 2.1 section 4.1.2.1: a refusal of the user', async () => {
    const server = await openServer()
    const browser = server.newBrowser('ann')
    const page = await (await browser.get(server.authorizeUrl(await server.register()))).text()
    expect(redirectOf(await browser.submit(page, { decision: 'deny' }))).toEqual({
      status: 303,
      to: REDIRECT,
      fields: { error: 'access_denied', error_description: 'the user has refused', state: 'xyz', iss: ISSUER },
    })
  })
})

describe('RFC 8707 section 2: the resource', () => {
  test('may have scheme and host in capitals', async () => {
    const server = await openServer()
    const client = await server.register()
    const { grant } = await agree(server, server.authorizeUrl(client, { resource: 'HTTPS://Tools.Example.COM/mcp' }))
    expect(grant.resource).toBe(RESOURCE)
  })

  test('is the only one when none was named', async () => {
    const server = await openServer({ options: { resources: [TOOLS] } })
    const { grant } = await agree(server, server.authorizeUrl(await server.register(), { resource: undefined }))
    expect(grant.resource).toBe(RESOURCE)
    expect(OTHERS.map(({ url }) => url)).toEqual([OTHER_RESOURCE])
  })
})

describe('OAuth 2.1 section 1.4.1: a request without scope', () => {
  test('asks for the default', async () => {
    const server = await openServer({ options: { defaultScopes: ['mcp:files', 'mcp:tools'] } })
    const { grant } = await agree(server, server.authorizeUrl(await server.register(), { scope: undefined }))
    expect(grant.scopes).toEqual(['mcp:files', 'mcp:tools'])
  })

  test('asks for what the client registered, which is no ceiling', async () => {
    const server = await openServer()
    const client = await server.register({ scope: 'mcp:files' })
    expect((await agree(server, server.authorizeUrl(client, { scope: undefined }))).grant.scopes).toEqual(['mcp:files'])
    expect((await agree(server, server.authorizeUrl(client, { scope: 'mcp:admin' }))).grant.scopes).toEqual([
      'mcp:admin',
    ])
  })

  test('is the same as one for `offline_access` alone, where that is no scope', async () => {
    const server = await openServer()
    const client = await server.register()
    const scopesOf = async (scope: string) => (await agree(server, server.authorizeUrl(client, { scope }))).grant.scopes
    expect(await scopesOf('offline_access')).toEqual(['mcp:tools'])
    expect(await scopesOf('mcp:files  offline_access mcp:files')).toEqual(['mcp:files'])
  })
})

describe('OAuth 2.1 section 4.1.2: the state', () => {
  const printable = String.fromCharCode(...Array.from({ length: 95 }, (_, at) => 32 + at))
  test.each([
    printable,
    ' ',
    '%',
    '%41',
    '+',
    '&a=b',
    'a=b&code=evil',
    '#',
    'ünïcødé 😀',
    '"\'<>',
    '\u0000\r\n',
    's'.repeat(8192),
    '\u0001'.repeat(1365),
  ])('comes back as it was: %j', async (state) => {
    const server = await openServer({ options: { clients: [TRUSTED] } })
    const bad = redirectOf(await server.send(server.authorizeUrl('trusted', { state, scope: 'x' })))
    expect(bad.fields.state).toBe(state)
    const browser = server.newBrowser('ann')
    const page = await (await browser.get(server.authorizeUrl('trusted', { state }))).text()
    const { fields } = redirectOf(await browser.submit(page, { decision: 'allow' }))
    expect({ ...fields, code: '' }).toEqual({ code: '', state, iss: ISSUER })
  })

  test('is not there when it was not sent', async () => {
    const server = await openServer({ options: { clients: [TRUSTED] } })
    const { fields } = redirectOf(await server.send(server.authorizeUrl('trusted', { state: undefined, scope: 'x' })))
    expect(Object.keys(fields).sort()).toEqual(['error', 'error_description', 'iss'])
  })
})

describe('the answer', () => {
  test('RFC 9207 section 2: names its issuer, on success and on error', async () => {
    const issuer = 'https://as.example.com/tenant/1'
    const server = await openServer({ options: { issuer, clients: [TRUSTED] } })
    const bad = redirectOf(await server.send(server.authorizeUrl('trusted', { scope: 'x' })))
    const { response } = await agree(server, server.authorizeUrl('trusted'))
    expect([bad.fields.iss, redirectOf(response).fields.iss]).toEqual([issuer, issuer])
  })

  test('OAuth 2.1 section 2.3: keeps the query of the redirect URI', async () => {
    const redirectUris = [
      'https://client.example.com/cb?a=b%20c&d',
      'https://client.example.com/cb?',
      'com.example.app:/cb',
    ]
    const server = await openServer({ options: { clients: [{ id: 'trusted', redirectUris }] } })
    const locations = await Promise.all(
      redirectUris.map(async (redirect_uri) => {
        const url = server.authorizeUrl('trusted', { redirect_uri, scope: 'x', state: 's' })
        return (await server.send(url)).headers.get('location')?.replace(/error_description=[^&]*/, 'D')
      }),
    )
    const added = `error=invalid_scope&D&state=s&iss=${encodeURIComponent(ISSUER)}`
    expect(locations).toEqual([
      `https://client.example.com/cb?a=b%20c&d&${added}`,
      `https://client.example.com/cb?${added}`,
      `com.example.app:/cb?${added}`,
    ])
  })

  test('OAuth 2.1 section 7.5.4 and RFC 9700 section 4.2.4: is a 303 that nobody keeps, and tells no referrer', async () => {
    const server = await openServer()
    const { response } = await agree(server, server.authorizeUrl(await server.register()))
    expect(response.status).toBe(303)
    expect(Object.fromEntries(response.headers)).toEqual({
      location: response.headers.get('location'),
      'cache-control': 'no-store',
      pragma: 'no-cache',
      'referrer-policy': 'no-referrer',
    })
  })

  test('has a code for which there are tokens, and the code is good for 60 seconds', async () => {
    const server = await openServer()
    const client = await server.register()
    const codes = [
      (await agree(server, server.authorizeUrl(client))).code,
      (await agree(server, server.authorizeUrl(client))).code,
    ]
    const redeem = async (code = '') => {
      const fields = {
        grant_type: 'authorization_code',
        client_id: client,
        code,
        redirect_uri: REDIRECT,
        code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
      }
      const response = await server.send('/oauth/token', { method: 'POST', body: new URLSearchParams(fields) })
      return { status: response.status, ...(await response.json()) }
    }
    await server.host.advance(59_999)
    expect(await redeem(codes[0])).toMatchObject({ status: 200, scope: 'mcp:tools', token_type: 'Bearer' })
    await server.host.advance(1)
    expect(await redeem(codes[1])).toMatchObject({ status: 400, error: 'invalid_grant' })
  })

  test('OAuth 2.1 section 4.1.2, RFC 8707 section 2.1, RFC 9449 section 10: has a code that is bound to all of the request', async () => {
    const server = await openServer()
    const client = await server.register()
    await agree(server, server.authorizeUrl(client, { scope: 'mcp:files mcp:tools', dpop_jkt: CHALLENGE }))
    const [row] = await server.site.read((reader) => reader.find('oauthCodes', 'key'))
    const { hash: _, grant: __, ...rest } = row ?? expect.fail()
    expect(rest).toEqual({
      client,
      redirectUri: REDIRECT,
      challenge: CHALLENGE,
      scopes: '["mcp:files","mcp:tools"]',
      resource: RESOURCE,
      jkt: CHALLENGE,
      expiresAt: server.host.now() + 60_000,
      usedAt: null,
    })
  })
})

describe('whom the login knows', () => {
  test('is asked by the application, which gets the whole request to lead back to', async () => {
    const server = await openServer()
    const client = await server.register()
    const state = 'ü &?#+%'
    const url = server.authorizeUrl(client, { state })
    const viaGet = redirectOf(await server.send(url))
    expect(viaGet).toEqual({ status: 303, to: 'https://app.example.com/login', fields: { next: url } })
    const posted = redirectOf(await server.newBrowser().post(AUTHORIZE, { ...goodRequest(client), state }))
    expect(Object.fromEntries(new URL(posted.fields.next ?? '').searchParams)).toEqual({
      ...goodRequest(client),
      state,
    })
  })

  test('is a user with an id that an agent can be owned by', async () => {
    const ids: unknown[] = ['', 7, null, 'x'.repeat(257), '\ud800']
    for (const id of ids) {
      // Whatever an application gives by mistake.
      const login = { user: () => ({ id: id as string }), loginUrl: () => 'https://app.example.com/' }
      const warnings: string[] = []
      const warn = (message: string) => void warnings.push(message)
      const server = await openServer({ options: { login }, hostOptions: { warn } })
      await expectErrorPage(await server.send(server.authorizeUrl(await server.register())), 500)
      expect(warnings).toContain(
        'the authorization server failed: `login.user` gave a user whose id is no text of 1 to 256 characters',
      )
    }
  })
})

test('OAuth 2.1 section 2.3.1: clients on loopback are answered over http', async () => {
  const server = await openServer({ options: LOOPBACK })
  const client = await server.register({ redirect_uris: ['http://127.0.0.1/cb'] })
  const redirect_uri = 'http://127.0.0.1:49152/cb'
  const { response } = await agree(
    server,
    server.authorizeUrl(client, { redirect_uri, resource: 'http://127.0.0.1:4001/mcp' }),
  )
  expect(redirectOf(response).to).toBe(redirect_uri)
})

/** Signs in as `ann`, agrees, and gives what came of it. */
async function agree(server: TestServer, url: string) {
  const browser = server.newBrowser('ann')
  const page = await (await browser.get(url)).text()
  const response = await browser.submit(page, { decision: 'allow' })
  const { grants } = await server.mcp.grants.list({ user: 'ann', limit: 1000 })
  return { response, code: redirectOf(response).fields.code, grant: grants.at(-1) ?? expect.fail('there is no grant') }
}

async function expectErrorPage(response: Response, status = 400): Promise<void> {
  const { headers } = response
  expect({ status: response.status, location: headers.get('location'), type: headers.get('content-type') }).toEqual({
    status,
    location: null,
    type: 'text/html; charset=utf-8',
  })
  expect({ cache: headers.get('cache-control'), frame: headers.get('x-frame-options') }).toEqual({
    cache: 'no-store',
    frame: 'DENY',
  })
  const page = await response.text()
  expect(page).not.toMatch(/<script|href|evil/i)
}

function titleOf(page: string): string | undefined {
  return /<title>(.*)<\/title>/.exec(page)?.[1]
}

function codeOf(error: string, fields: object): string | undefined {
  if (error === 'invalid_target') return 'KVCH_E_MCP_RESOURCE_INDICATOR_INVALID'
  return 'code_challenge' in fields || 'code_challenge_method' in fields ? 'KVCH_E_MCP_PKCE_MISSING' : undefined
}
