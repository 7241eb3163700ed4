import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isLoopbackRedirect, matchesRedirect } from '../../../../runtime/mcp/clients/index.ts'
import { redirectFault } from '../../../../runtime/mcp/clients/redirect-uri.ts'

const matches = (registered: string, asked: string) => matchesRedirect({ redirectUris: [registered] }, asked)

describe('AS-A1: a redirect URI matches', () => {
  const REGISTERED = 'https://app.example.com/cb?tenant=1'

  test('the one that is registered', () => {
    expect(matches(REGISTERED, REGISTERED)).toBe(true)
    expect(matchesRedirect({ redirectUris: ['https://a.example/cb', REGISTERED] }, REGISTERED)).toBe(true)
    expect(matchesRedirect({ redirectUris: [] }, REGISTERED)).toBe(false)
  })

  test.each([
    '',
    'https://app.example.com/cb',
    'https://app.example.com/cb?tenant=1&x=2',
    'https://app.example.com/cb?tenant=2',
    'https://app.example.com/cb/?tenant=1',
    'https://app.example.com/CB?tenant=1',
    'https://app.example.com/cb/../cb?tenant=1',
    'https://app.example.com/%63b?tenant=1',
    'https://app.example.com//cb?tenant=1',
    'https://app.example.com:443/cb?tenant=1',
    'https://app.example.com:8443/cb?tenant=1',
    'https://APP.example.com/cb?tenant=1',
    'https://app.example.com./cb?tenant=1',
    'https://app.example.com@evil.example/cb?tenant=1',
    'https://user@app.example.com/cb?tenant=1',
    'https://evil.example/https://app.example.com/cb?tenant=1',
    'https://app.example.com.evil.example/cb?tenant=1',
    'https://sub.app.example.com/cb?tenant=1',
    'https://app.example.com\\@evil.example/cb?tenant=1',
    'http://app.example.com/cb?tenant=1',
    'https:app.example.com/cb?tenant=1',
    'https://app.example.com/cb?tenant=1#',
    'https://app.example.com/cb?tenant=1#x',
    ' https://app.example.com/cb?tenant=1',
    'https://app.example.com/cb?tenant=1\n',
    'https://app.example.com/cb?tenant=1%00',
    'HTTPS://app.example.com/cb?tenant=1',
  ])('and not %j', (asked) => expect(matches(REGISTERED, asked)).toBe(false))

  test('AS-R18: byte by byte, where the scheme is private', () => {
    const cursor = 'cursor://anysphere.cursor-mcp/oauth/callback'
    expect(
      [cursor, `${cursor}/`, `${cursor}?x=1`, 'cursor://anysphere.cursor-mcp:1/oauth/callback'].map((uri) =>
        matches(cursor, uri),
      ),
    ).toEqual([true, false, false, false])
  })
})

describe('AS-A2: on loopback the port is free', () => {
  test.each([
    ['http://127.0.0.1/cb', 'http://127.0.0.1:51004/cb'],
    ['http://127.0.0.1:3000/cb', 'http://127.0.0.1:51004/cb'],
    ['http://127.0.0.1:3000/cb', 'http://127.0.0.1/cb'],
    ['http://localhost/cb', 'http://localhost:51004/cb'],
    ['http://localhost:3000/cb?a=1', 'http://localhost:1/cb?a=1'],
    ['http://[::1]/cb', 'http://[::1]:65535/cb'],
    ['http://127.0.0.1:3000', 'http://127.0.0.1:4000'],
    ['http://127.0.0.1?a=1', 'http://127.0.0.1:4000?a=1'],
  ])('%s is matched by %s', (registered, asked) => expect(matches(registered, asked)).toBe(true))

  test.each([
    ['http://127.0.0.1/cb', 'http://localhost:51004/cb'],
    ['http://localhost/cb', 'http://127.0.0.1/cb'],
    ['http://127.0.0.1/cb', 'http://[::1]/cb'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:51004/other'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:51004/cb?x=1'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:51004/cb#x'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:51004/cb/'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:/cb'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:0/cb'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:65536/cb'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:080/cb'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:x/cb'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:1@evil.example/cb'],
    ['http://127.0.0.1/cb', 'http://user@127.0.0.1:1/cb'],
    ['http://127.0.0.1/cb', 'http://127.0.0.2:1/cb'],
    ['http://127.0.0.1/cb', 'http://127.1:1/cb'],
    ['http://127.0.0.1/cb', 'http://2130706433:1/cb'],
    ['http://127.0.0.1/cb', 'https://127.0.0.1:1/cb'],
    ['http://localhost/cb', 'http://localhost.evil.example:1/cb'],
    ['http://localhost/cb', 'http://localhost.:1/cb'],
    ['http://localhost/cb', 'http://LOCALHOST:1/cb'],
    ['http://localhost/cb', 'http://evil.example:1/cb'],
    ['http://localhost/cb', 'http://localhost:1\\@evil.example/cb'],
    ['https://localhost/cb', 'https://localhost:1/cb'],
    ['https://app.example.com/cb', 'https://app.example.com:1/cb'],
  ])('%s is not matched by %s', (registered, asked) => expect(matches(registered, asked)).toBe(false))

  test('and others are not on loopback', () => {
    const uris = [
      'http://localhost/',
      'http://127.0.0.1:1/cb',
      'http://[::1]',
      'https://localhost/',
      'cursor://localhost/',
      'http://a.example/',
    ]
    expect(uris.filter(isLoopbackRedirect)).toEqual(uris.slice(0, 3))
  })
})

describe('AS-R17: a redirect URI', () => {
  test.each([
    'https://app.example.com/cb',
    'https://app.example.com',
    'https://app.example.com:8443/cb?a=1&b=%20',
    'https://app.example.com?a=1',
    'https://xn--bcher-kva.example/cb',
    'https://10.0.0.1/cb',
    'https://[2001:db8::1]/cb',
    'https://localhost/cb',
    'http://localhost:3000/cb',
    'http://localhost',
    'http://127.0.0.1/cb',
    'http://[::1]:3000/cb',
    'com.example.app:/oauth',
    'com.example.app://oauth/cb',
    'cursor://anysphere.cursor-mcp/oauth/callback',
    'vscode://vscode.github-authentication/did-authenticate',
    'claude://oauth/callback',
    'windsurf://codeium.windsurf/oauth/callback',
  ])('may be %s', (uri) => expect(redirectFault(uri)).toBeUndefined())

  test.each([
    ['', 'has characters that no URI has'],
    ['https://app.example.com/a b', 'has characters that no URI has'],
    ['https://app.example.com/cb\u0000', 'has characters that no URI has'],
    ['https://app.example.com/\u202ecb', 'has characters that no URI has'],
    ['https://bücher.example/cb', 'has characters that no URI has'],
    ['https://app.example.com\\@evil.example/', 'has characters that no URI has'],
    ['https://app.example.com/"><script>', 'has characters that no URI has'],
    [`https://app.example.com/${'x'.repeat(1001)}`, 'is longer than 1024 characters'],
    ['https://app.example.com/%', 'has a broken escape'],
    ['https://app.example.com/%2', 'has a broken escape'],
    ['https://app.example.com/cb#', 'has a fragment'],
    ['https://app.example.com/cb#x', 'has a fragment'],
    ['com.example.app:/cb#x', 'has a fragment'],
    ['/cb', 'does not begin with a scheme in lower case'],
    ['app.example.com/cb', 'does not begin with a scheme in lower case'],
    ['//app.example.com/cb', 'does not begin with a scheme in lower case'],
    ['HTTPS://app.example.com/cb', 'does not begin with a scheme in lower case'],
    ['JavaScript:alert(1)', 'does not begin with a scheme in lower case'],
    ['javascript:alert(1)', 'has the scheme javascript: that no answer may be sent to'],
    ['javascript://app.example.com/%0aalert(1)', 'has the scheme javascript: that no answer may be sent to'],
    ['data:text/html,x', 'has the scheme data: that no answer may be sent to'],
    ['vbscript:x', 'has the scheme vbscript: that no answer may be sent to'],
    ['file:///etc/passwd', 'has the scheme file: that no answer may be sent to'],
    ['blob:https://app.example.com/1', 'has the scheme blob: that no answer may be sent to'],
    ['about:blank', 'has the scheme about: that no answer may be sent to'],
    ['ws://app.example.com/', 'has the scheme ws: that no answer may be sent to'],
    ['ftp://app.example.com/', 'has the scheme ftp: that no answer may be sent to'],
    ['mailto:a@example.com', 'has the scheme mailto: that no answer may be sent to'],
    ['urn:ietf:wg:oauth:2.0:oob', 'has the scheme urn: that no answer may be sent to'],
    ['https://user@app.example.com/cb', 'has a user in it'],
    ['https://user:pw@app.example.com/cb', 'has a user in it'],
    ['https://app.example.com@evil.example/', 'has a user in it'],
    ['com.example.app://user@x/cb', 'has a user in it'],
    ['https://app.example.com/a/../cb', 'has a path that is shortened on the way'],
    ['https://app.example.com/a/%2E%2e/cb', 'has a path that is shortened on the way'],
    ['https://app.example.com/./cb', 'has a path that is shortened on the way'],
    ['https://app.example.com/a/..', 'has a path that is shortened on the way'],
    ['http://localhost/a/.%2e/cb', 'has a path that is shortened on the way'],
    ['https://app.example.com/cb?code=1', 'has a parameter that answers have'],
    ['https://app.example.com/cb?a=1&st%61te=2', 'has a parameter that answers have'],
    ['https://app.example.com/cb?iss', 'has a parameter that answers have'],
    ['https://app.example.com/cb?error=x', 'has a parameter that answers have'],
    ['com.example.app:', 'has neither host nor path'],
    ['app.example.com:8443/cb', 'has neither host nor path'],
    ['myapp:cb', 'has neither host nor path'],
    ['https:', 'has no host'],
    ['https:app.example.com/cb', 'has no host'],
    ['https:/app.example.com/cb', 'has no host'],
    ['https:///cb', 'has no host'],
    ['https://:443/cb', 'has no host'],
    ['https://app.example.com:/cb', 'has no host'],
    ['https://app.example.com:0/cb', 'has no host'],
    ['https://app.example.com:65536/cb', 'has no host'],
    ['https://app.example.com:x/cb', 'has no host'],
    ['https://*.example.com/cb', 'has no host'],
    ['https://ex%61mple.com/cb', 'has no host'],
    ['https://0x7f.1/cb', 'has no host'],
    ['https://2130706433/cb', 'has no host'],
    ['https://[::1/cb', 'has no host'],
    ['http://app.example.com/cb', 'has the scheme http: on another host than localhost, 127.0.0.1 or [::1]'],
    ['http://localhost.evil.example/cb', 'has the scheme http: on another host than localhost, 127.0.0.1 or [::1]'],
    ['http://127.0.0.1.nip.io/cb', 'has the scheme http: on another host than localhost, 127.0.0.1 or [::1]'],
    ['http://127.0.0.2/cb', 'has the scheme http: on another host than localhost, 127.0.0.1 or [::1]'],
    ['http://0.0.0.0/cb', 'has the scheme http: on another host than localhost, 127.0.0.1 or [::1]'],
    ['http://127.1/cb', 'has the scheme http: on another host than localhost, 127.0.0.1 or [::1]'],
    ['http://LOCALHOST/cb', 'has the scheme http: on another host than localhost, 127.0.0.1 or [::1]'],
    ['http:localhost/cb', 'has the scheme http: on another host than localhost, 127.0.0.1 or [::1]'],
  ])('may not be %j', (uri, why) => expect(redirectFault(uri)).toEqual({ why, isOdd: false }))

  test('AS-R18: of an application without a period in its scheme is odd, unless it is on the list', () => {
    const odd = { why: 'has the scheme myapp: that has no period and is not on the list', isOdd: true }
    expect(redirectFault('myapp://cb')).toEqual(odd)
    expect(redirectFault('myapp://cb', ['myapp:'])).toBeUndefined()
    expect(redirectFault('cursor://cb', ['myapp:'])).toMatchObject({ isOdd: true })
    expect(redirectFault('javascript:alert(1)', ['javascript:'])).toMatchObject({ isOdd: false })
  })
})

describe('AS-A1: a browser arrives where the URI says', () => {
  const piece = fc.constantFrom(
    ...['https', 'http', ':', '/', '//', '\\', '@', '#', '?', '&', '=', '.', '..', '%2e', '%', '%00', '[', ']', '*'],
    ...[
      'localhost',
      '127.0.0.1',
      '[::1]',
      'app.example.com',
      'evil.example',
      'user',
      '80',
      '443',
      'cb',
      ' ',
      '\t',
      '\n',
      'ä',
      '0',
    ],
  )
  const anyUri = fc.oneof(
    fc.array(piece, { maxLength: 12 }).map((parts) => parts.join('')),
    fc
      .tuple(fc.constantFrom('https://', 'http://'), fc.array(piece, { maxLength: 8 }))
      .map(([scheme, parts]) => scheme + parts.join('')),
  )

  test('which is a URI that a URL parser leaves as it is, but for a default port, upper case and an empty path', () => {
    let accepted = 0
    fc.assert(
      fc.property(anyUri, (uri) => {
        if (!/^https?:/.test(uri) || redirectFault(uri) !== undefined) return
        accepted++
        const { protocol, username, password, hostname, hash, pathname, search } = new URL(uri)
        const [, authority = '', path = '', query = ''] = /^https?:\/\/([^/?]*)([^?]*)(.*)$/.exec(uri) ?? []
        expect([username, password, hash]).toEqual(['', '', ''])
        expect(hostname).toBe(authority.replace(/:\d+$/, '').toLowerCase())
        expect([pathname, search === '' ? '?' : search]).toEqual([path === '' ? '/' : path, query === '' ? '?' : query])
        if (protocol === 'http:') expect(['localhost', '127.0.0.1', '[::1]']).toContain(hostname)
      }),
      { numRuns: 5000 },
    )
    expect(accepted).toBeGreaterThan(20)
  })

  test('and what matches one on loopback is on loopback, at the same path', () => {
    fc.assert(
      fc.property(anyUri, (asked) => {
        if (!matches('http://127.0.0.1:1/cb', asked)) return
        const { protocol, hostname, pathname, search, hash, username } = new URL(asked)
        expect([protocol, hostname, pathname, search, hash, username]).toEqual([
          'http:',
          '127.0.0.1',
          '/cb',
          '',
          '',
          '',
        ])
      }),
      { numRuns: 5000 },
    )
  })
})
