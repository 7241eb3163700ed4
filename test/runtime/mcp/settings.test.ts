import { describe, expect, test } from 'vitest'
import type { McpOptions } from '../../../runtime/mcp/options.ts'
import { resolveMcp, wellKnownUrl } from '../../../runtime/mcp/settings.ts'
import { ISSUER, LOOPBACK, OPTIONS, RESOURCE } from './place.ts'

const resolve = (options: Partial<McpOptions> = {}, isProduction = false) =>
  resolveMcp({ ...OPTIONS, ...options }, { isProduction })

const [TOOLS] = OPTIONS.resources
const development = { users: { alice: 'wonderland' } }

test('every default is in place', () => {
  const { options, closureOf, ...settings } = resolve()
  expect(options).toEqual(OPTIONS)
  expect([...closureOf(['mcp:tools'])]).toEqual(['mcp:tools'])
  expect(settings).toEqual({
    issuer: ISSUER,
    isLoopback: false,
    urls: {
      metadata: `${ISSUER}/.well-known/oauth-authorization-server`,
      openidConfiguration: `${ISSUER}/.well-known/openid-configuration`,
      authorize: `${ISSUER}/oauth/authorize`,
      token: `${ISSUER}/oauth/token`,
      register: `${ISSUER}/.well-known/oauth/register`,
      revoke: `${ISSUER}/oauth/revoke`,
      introspect: `${ISSUER}/oauth/introspect`,
      jwks: `${ISSUER}/oauth/jwks`,
      login: `${ISSUER}/oauth/login`,
      consent: `${ISSUER}/oauth/consent`,
    },
    resources: [
      { url: RESOURCE, server: 'tools', title: 'Tools', scopes: ['mcp:tools'], tools: {}, map: 'execute' },
      {
        url: 'https://files.example.com/mcp',
        server: 'files',
        title: 'files',
        scopes: ['mcp:tools'],
        tools: {},
        map: 'execute',
      },
    ],
    scopes: OPTIONS.scopes,
    defaultScopes: ['mcp:tools'],
    accessMs: 3_600_000,
    refreshIdleMs: 30 * 86_400_000,
    grantMs: 365 * 86_400_000,
    isJwt: false,
    ratePerMinute: 60,
  })
})

test('RFC 8414 section 3.1: a well-known name stands between host and path of the issuer', () => {
  const { urls } = resolve({ issuer: 'https://example.com/tenant/1' })
  expect(urls).toEqual({
    metadata: 'https://example.com/.well-known/oauth-authorization-server/tenant/1',
    openidConfiguration: 'https://example.com/.well-known/openid-configuration/tenant/1',
    authorize: 'https://example.com/tenant/1/oauth/authorize',
    token: 'https://example.com/tenant/1/oauth/token',
    register: 'https://example.com/.well-known/oauth/register/tenant/1',
    revoke: 'https://example.com/tenant/1/oauth/revoke',
    introspect: 'https://example.com/tenant/1/oauth/introspect',
    jwks: 'https://example.com/tenant/1/oauth/jwks',
    login: 'https://example.com/tenant/1/oauth/login',
    consent: 'https://example.com/tenant/1/oauth/consent',
  })
  expect(wellKnownUrl('http://[::1]:8080/a', 'x')).toBe('http://[::1]:8080/.well-known/x/a')
})

test('a closure holds what its scopes contain, through others too, and leaves out what is no scope', () => {
  const permissions = [{ resource: 'mcp:**', actions: ['read'] }]
  const { closureOf } = resolve({
    scopes: {
      a: { description: 'a', permissions, includes: ['b'] },
      b: { description: 'b', permissions, includes: ['c', 'a'] },
      c: { description: 'c', permissions },
      d: { description: 'd', permissions },
    },
  })
  expect([...closureOf(['a'])].sort()).toEqual(['a', 'b', 'c'])
  expect([...closureOf(['c', 'd'])].sort()).toEqual(['c', 'd'])
  expect([...closureOf(['__proto__', 'constructor', 'gone'])]).toEqual([])
})

test('on loopback the issuer may be http, and the rate be without limit', () => {
  const { isLoopback, ratePerMinute } = resolve({ ...LOOPBACK, ratePerMinute: false })
  expect({ isLoopback, ratePerMinute }).toEqual({ isLoopback: true, ratePerMinute: Number.POSITIVE_INFINITY })
  expect(resolve({ ...LOOPBACK, issuer: 'https://localhost:8443' }).isLoopback).toBe(false)
})

test('a JWT lives five minutes', () => {
  const { isJwt, accessMs } = resolve({ tokens: { format: 'jwt' } })
  expect({ isJwt, accessMs }).toEqual({ isJwt: true, accessMs: 300_000 })
})

test('the development login is for development', () => {
  expect(resolve({ login: undefined, development }).options.development).toEqual(development)
  expect(faultOf({ login: undefined, development }, true)).toBe(
    'mcp.development: is for trying things out, not for production: give `login`, which asks your session',
  )
})

describe('options that are refused', () => {
  const scopes = OPTIONS.scopes
  const cases: readonly (readonly [string, object, string])[] = [
    ['an option that is misspelt', { isuer: '' }, 'mcp.isuer: there is no such option; known are issuer, resources, '],
    ['an issuer that is no URL', { issuer: 'as.example.com' }, 'mcp.issuer: `as.example.com` is no URL'],
    ['http elsewhere', { issuer: 'http://as.example.com' }, 'mcp.issuer: `http://as.example.com` is no https URL; '],
    ['another scheme', { issuer: 'ftp://localhost' }, 'mcp.issuer: `ftp://localhost` is no https URL; '],
    ['a user', { issuer: 'https://a@as.example.com' }, 'mcp.issuer: must not name a user'],
    ['a query', { issuer: `${ISSUER}?a` }, `mcp.issuer: \`${ISSUER}?a\` must have neither query nor fragment`],
    ['an empty query', { issuer: `${ISSUER}?` }, `mcp.issuer: \`${ISSUER}?\` must have neither query nor fragment`],
    ['a fragment', { issuer: `${ISSUER}#` }, `mcp.issuer: \`${ISSUER}#\` must have neither query nor fragment`],
    ['a slash at the end', { issuer: `${ISSUER}/` }, `mcp.issuer: \`${ISSUER}/\` must not end in a slash`],
    ['capitals in the host', { issuer: 'https://AS.example.com' }, 'mcp.issuer: write `https://AS.example.com` as '],
    ['the default port', { issuer: `${ISSUER}:443` }, `mcp.issuer: write \`${ISSUER}:443\` as \`${ISSUER}\``],
    ['dots in the path', { issuer: `${ISSUER}/a/../b` }, `mcp.issuer: write \`${ISSUER}/a/../b\` as \`${ISSUER}/b\``],
    ['no resources', { resources: [] }, 'mcp.resources: must be a list with an MCP server'],
    ['a resource with a query', { resources: [{ ...TOOLS, url: `${RESOURCE}?a=b` }] }, 'mcp.resources[0].url: '],
    ['a resource with a slash', { resources: [{ ...TOOLS, url: `${RESOURCE}/` }] }, 'mcp.resources[0].url: '],
    ['a resource twice', { resources: [TOOLS, { ...TOOLS, server: 'b' }] }, 'mcp.resources[1].url: '],
    ['a server twice', { resources: [TOOLS, { ...TOOLS, url: 'https://b.example' }] }, 'mcp.resources[1].server: '],
    [
      'a server with a colon',
      { resources: [{ ...TOOLS, server: 'a:b' }] },
      'mcp.resources[0].server: `a:b` is no name',
    ],
    ['an unknown map', { resources: [{ ...TOOLS, map: 'x' }] }, 'mcp.resources[0].map: `x` is neither'],
    ['an unknown scope', { resources: [{ ...TOOLS, scopes: ['x'] }] }, 'mcp.resources[0].scopes: `x` is no scope'],
    [
      'half a mapping',
      { resources: [{ ...TOOLS, tools: { a: { action: 'b' } } }] },
      'mcp.resources[0].tools.a.resource: ',
    ],
    ['no scopes', { scopes: {} }, 'mcp.scopes: must have a scope'],
    ['a scope with a space', { scopes: { 'a b': scopes['mcp:tools'] } }, 'mcp.scopes.a b: `a b` is no name of a scope'],
    ['no description', { scopes: { a: { ...scopes['mcp:tools'], description: '' } } }, 'mcp.scopes.a.description: '],
    ['no permissions', { scopes: { a: { description: 'a' } } }, 'mcp.scopes.a.permissions: must be a list'],
    [
      'a permission that is none',
      { scopes: { a: { description: 'a', permissions: [{ resource: 'a', actions: [] }] } } },
      'mcp.scopes.a.permissions[0].actions: ',
    ],
    ['an unknown include', { scopes: { a: { ...scopes['mcp:tools'], includes: ['b'] } } }, 'mcp.scopes.a.includes: '],
    [
      'an unknown default',
      { defaultScopes: ['b'] },
      'mcp.defaultScopes: `b` is no scope; known are mcp:tools, mcp:files',
    ],
    [
      'a default from the prototype',
      { defaultScopes: ['constructor'] },
      'mcp.defaultScopes: `constructor` is no scope',
    ],
    ['no login', { login: undefined }, 'mcp.login: is missing'],
    ['two logins', { development }, 'mcp.login: give `login` or `development`, not both'],
    ['a user without a password', { login: undefined, development: { users: { a: '' } } }, 'mcp.development.users: '],
    ['half a port', { login: { user: () => undefined } }, 'mcp.login.loginUrl: must be a function'],
    ['no consent', { consent: 'yes' }, 'mcp.consent: must be a function'],
    ['loopback documents elsewhere', { clientMetadata: { allowLoopback: true } }, 'mcp.clientMetadata.allowLoopback: '],
    ['no clients', { registration: { maxClients: 0 } }, 'mcp.registration.maxClients: must be a whole number above 0'],
    ['no scheme', { registration: { privateSchemes: ['cursor'] } }, 'mcp.registration.privateSchemes: `cursor` is no '],
    ['another format', { tokens: { format: 'paseto' } }, 'mcp.tokens.format: `paseto` is neither `opaque` nor `jwt`'],
    ['long lives', { tokens: { accessSeconds: 3601 } }, 'mcp.tokens.accessSeconds: must not be more than 3600'],
    [
      'long JWTs',
      { tokens: { format: 'jwt', accessSeconds: 301 } },
      'mcp.tokens.accessSeconds: must not be more than 300',
    ],
    [
      'an origin with a path',
      { allowedOrigins: ['https://a.example/'] },
      'mcp.allowedOrigins: `https://a.example/` is no ',
    ],
    ['no rate', { ratePerMinute: 0 }, 'mcp.ratePerMinute: must be a whole number above 0'],
    [
      'no limit elsewhere',
      { ratePerMinute: false },
      'mcp.ratePerMinute: has to be a number where the server is not on ',
    ],
  ]
  // Whatever the compiler would refuse is what this is about.
  test.each(cases)('%s', (_, options, message) => expect(faultOf(options as Partial<McpOptions>)).toContain(message))
})

function faultOf(options: Partial<McpOptions>, isProduction = false): string {
  try {
    resolve(options, isProduction)
    return 'nothing is wrong'
  } catch (error) {
    expect(error).toMatchObject({ code: 'KVCH_E_CONFIG_INVALID' })
    return error instanceof Error ? error.message : String(error)
  }
}
