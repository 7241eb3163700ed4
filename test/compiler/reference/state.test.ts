import { expect, test } from 'vitest'
import { APPROVAL, allow, ask, deny, LIMITED, NOW, throttle } from './ask.ts'

const BOUNDARY = 'boundary runtime { allow * on ** may delegate depth 5 }'

/** The answer for an agent `r` made at run time with one permission. */
function made(permission: object, request: object = {}) {
  const permissions = [{ resource: 'x:*', actions: ['read'], ...permission }]
  return ask(BOUNDARY, { agent: 'r', ...request }, { state: { agents: [{ name: 'r', type: 'service', permissions }] } })
}

test('a permission is a grant: its last star is one segment', () => {
  expect(made({})).toEqual(allow([-1]))
  expect([made({}, { resource: 'x:y:z' }), made({}, { resource: 'x' }), made({}, { action: 'write' })]).toEqual(
    Array(3).fill(deny('no-grant')),
  )
  expect(made({ actions: ['*'] }, { action: 'write' })).toEqual(allow([-1]))
})

test('calls are one rate over their windows', () => {
  const constraints = { maxCallsPerMinute: 5, maxCallsPerDay: 6 }
  expect(made({ constraints }).reservations.map(({ key, limit }) => `${key} ${limit}`)).toEqual([
    '~0/minute/agent=r 5',
    '~0/day/agent=r 6',
  ])
  expect(made({ constraints }, { readings: { used: { day: 6 } } })).toEqual(LIMITED)
  expect(made({ constraints: { maxCallsPerHour: 0 } })).toEqual(LIMITED)
})

test('a budget throttles at 80 % to six a minute unless it says otherwise', () => {
  const spent = (constraints: object, day: string) => made({ constraints }, { readings: { spent: { day } } })
  const day = { window: 'day', windowStart: null, amount: '0', limit: '1000000000', unit: 'nanoUsd' } as const
  const pace = { window: 'minute', windowStart: null, amount: '1', unit: 'calls' } as const
  expect(spent({ budgetUsdPerDay: 1 }, '0.8')).toEqual(
    throttle(
      [-1],
      [
        { key: '~0/day/agent=r', ...day },
        { key: '~0p/minute/agent=r', ...pace, limit: '6' },
      ],
    ),
  )
  expect(spent({ budgetUsdPerDay: 1, throttlePerMinute: 0 }, '0.8')).toEqual(LIMITED)
  expect(spent({ budgetUsdPerDay: 1 }, '0.799999999').decision).toBe('allow')
  expect(spent({ budgetUsdPerMonth: 1e-10, budgetUsdPerDay: 1 }, '0').reservations.map(({ limit }) => limit)).toEqual([
    '1000000000',
    '1',
    '6',
  ])
})

test('hours, addresses, approvals and arguments are conditions, all of which hold', () => {
  expect(made({ constraints: { allowedHoursUTC: '22:00-06:00' } }, { now: NOW })).toEqual(deny('outside-hours'))
  expect(made({ constraints: { timeWindow: { start: '10:00', end: '10:01' } } }, { now: NOW })).toEqual(allow([-1]))
  expect(made({ constraints: { ipAllowlist: ['10.0.0.0/8', '::1'] } }, { ip: '::1' })).toEqual(allow([-1]))
  expect(made({ constraints: { ipAllowlist: ['10.0.0.0/8'] } }, { ip: '::1' })).toEqual(deny('ip-not-allowed'))
  expect(made({ constraints: { requireApproval: true } })).toEqual(APPROVAL)
  expect(made({ constraints: { requireApproval: false } })).toEqual(allow([-1]))
  const constraints = { argPatterns: { 'a.b': '/x/[0-9]+' } }
  expect(made({ constraints }, { args: { a: { b: '/x/12' } } })).toEqual(allow([-1]))
  expect(made({ constraints }, { args: { a: { b: '/x/' } } })).toEqual(deny('arg-mismatch'))
})

test('members of an agent and of a delegation mean what they mean in policy text', () => {
  const permissions = [{ resource: '**', actions: ['*'] }]
  const state = (agent: object, delegation: object) => ({
    agents: [{ name: 'r', type: 'service', owner: 'o', mayDelegate: 1, permissions, ...agent }],
    delegations: [{ from: 'r', to: 'b', permissions, ...delegation }],
  })
  const policy = `${BOUNDARY}\ndelegated agent b { }`
  const chain = (agent: object, delegation: object) =>
    ask(policy, { agent: 'b', via: ['r'], now: NOW }, { state: state(agent, delegation) })
  expect(chain({}, {})).toEqual(allow([-1, -1]))
  expect(chain({ mayDelegate: 0 }, {})).toEqual(deny('delegation-depth'))
  expect(chain({ expiresAt: NOW }, {})).toEqual(deny('agent-expired'))
  expect(chain({}, { expiresAt: Date.parse(NOW) })).toEqual(deny('delegation-expired'))
  expect(chain({}, { revoked: true })).toEqual(deny('delegation-revoked'))
})

test('an agent whose name the policy declares is not made', () => {
  const state = { agents: [{ name: 'a', type: 'service', permissions: [{ resource: '**', actions: ['*'] }] }] }
  expect(ask('service agent a { }', {}, { state })).toEqual(deny('no-grant'))
})

test.each([
  ['an unknown list', { people: [] }],
  ['an unknown member', { agents: [{ name: 'r', type: 'service', permissions: [], role: 'x' }] }],
  ['an unknown type', { agents: [{ name: 'r', type: 'robot', permissions: [] }] }],
  ['a name with a colon', { revoked: ['a:b'] }],
  ['a name twice', { agents: Array(2).fill({ name: 'r', type: 'service', permissions: [] }) }],
  ['too much depth', { delegations: [{ from: 'a', to: 'b', permissions: [], depth: 6 }] }],
  [
    'a time with an offset',
    { delegations: [{ from: 'a', to: 'b', permissions: [], expiresAt: '2026-04-01T10:00:00+02:00' }] },
  ],
  ['no list', { agents: {} }],
])('%s is no state', (_, state) => {
  expect(() => ask(BOUNDARY, {}, { state })).toThrow(TypeError)
})

test.each([
  ['an unknown constraint', { constraints: { maxCallsPerSecond: 1 } }],
  ['half a call', { constraints: { maxCallsPerDay: 0.5 } }],
  ['a pace without a budget', { constraints: { throttlePerMinute: 1 } }],
  ['no address', { constraints: { ipAllowlist: [] } }],
  ['host bits', { constraints: { ipAllowlist: ['10.0.0.1/8'] } }],
  ['a broken regex', { constraints: { argPatterns: { a: '(' } } }],
  ['no action', { actions: [] }],
  ['a star among actions', { actions: ['*', 'read'] }],
  ['a lone star', { resource: '*' }],
  ['a quoted segment', { resource: '"x"' }],
])('%s is no permission', (_, permission) => {
  expect(() => made(permission)).toThrow(TypeError)
})
