import { expect, test } from 'vitest'
import type { McpOptions } from '../../../runtime/mcp/options.ts'
import { resolveMcp } from '../../../runtime/mcp/settings.ts'
import { OPTIONS } from './place.ts'

const secret = 's'.repeat(32)

test.each<readonly [string, object, string]>([
  [
    'a short secret',
    { clients: [{ id: 'a', secret: 'short' }] },
    'mcp.clients[0].secret: must have 32 characters or more',
  ],
  ['two credentials', { clients: [{ id: 'a', secret, jwks: { keys: [{}] } }] }, 'mcp.clients[0].secret: give '],
  ['no keys', { clients: [{ id: 'a', jwks: { keys: [] } }] }, 'mcp.clients[0].jwks: must be a set of keys'],
  ['a client twice', { clients: [{ id: 'a' }, { id: 'a' }] }, 'mcp.clients[1].id: `a` stands there twice'],
  ['an id with a colon', { clients: [{ id: 'a:b' }] }, 'mcp.clients[0].id: `a:b` is no id'],
  ['an id as registered', { clients: [{ id: 'mcp_1' }] }, 'mcp.clients[0].id: ids that begin with `mcp_` are for '],
  ['a public resource server', { clients: [{ id: 'a', mayIntrospect: true }] }, 'mcp.clients[0].mayIntrospect: needs '],
  [
    'an unknown grant type',
    { clients: [{ id: 'a', grantTypes: ['password'] }] },
    'mcp.clients[0].grantTypes: `password` is',
  ],
  [
    'a public machine',
    { clients: [{ id: 'a', grantTypes: ['client_credentials'] }] },
    'mcp.clients[0].grantTypes: `client_credentials` needs `secret` or `jwks`',
  ],
  [
    'a client with an unknown scope',
    { clients: [{ id: 'a', scopes: ['x'] }] },
    'mcp.clients[0].scopes: `x` is no scope',
  ],
])('%s', (_, options, message) => {
  // Whatever the compiler would refuse is what this is about.
  const resolve = () => resolveMcp({ ...OPTIONS, ...(options as Partial<McpOptions>) }, { isProduction: true })
  expect(resolve).toThrow(
    expect.objectContaining({ code: 'KVCH_E_CONFIG_INVALID', message: expect.stringContaining(message) }),
  )
})

test('a client that is in order is', () => {
  const clients = [
    { id: 'rs', name: 'Resource server', secret, mayIntrospect: true },
    {
      id: 'agent',
      jwks: { keys: [{ kty: 'EC' }] },
      grantTypes: ['client_credentials'],
      agent: 'agt_1',
    },
    { id: 'app', redirectUris: ['https://app.example.com/cb'], scopes: ['mcp:tools'] },
  ] as const
  expect(resolveMcp({ ...OPTIONS, clients }, { isProduction: true }).options.clients).toBe(clients)
})

test('while things are tried out, a secret may be short', () => {
  const { login: _, ...options } = OPTIONS
  const development = { users: { alice: 'password' } }
  const tried = { ...options, development, clients: [{ id: 'a', secret: 'short' }] }
  expect(resolveMcp(tried, { isProduction: false }).options.clients).toEqual([{ id: 'a', secret: 'short' }])
  expect(() => resolveMcp(tried, { isProduction: true })).toThrow('mcp.development')
})
