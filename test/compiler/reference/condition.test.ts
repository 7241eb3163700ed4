import { expect, test } from 'vitest'
import { allow, ask, deny, NOW } from './ask.ts'

/** Reasons of one grant under a condition, for each of the requests. */
function reasons(condition: string, requests: readonly object[], possible = false): readonly string[] {
  const policy = `service agent a { owner "ann" allow read on ** when ${condition} }`
  return requests.map((request) => ask(policy, request, { possible }).reason)
}

const args = (...values: readonly unknown[]) => values.map((v) => ({ args: { v } }))

test('a conjunction is false before it is unknown, and `not` keeps unknown', () => {
  const forbid = (condition: string, request: object) =>
    ask(`service agent a { allow read on ** }\nforbid read on ** when ${condition}`, request).reason
  expect(forbid('ip in cidr [10.0.0.0/8]', {})).toBe('forbidden')
  expect(forbid('not ip in cidr [10.0.0.0/8]', {})).toBe('forbidden')
  expect(forbid('ip in cidr [10.0.0.0/8] and trust >= 5', { trust: 1 })).toBe('allowed')
  expect(forbid('ip in cidr [10.0.0.0/8] and trust >= 5', { trust: 5 })).toBe('forbidden')
})

test('unknown counts against access in a grant, a require and an unless', () => {
  expect(reasons('not args.v = "a"', [{}, ...args('b', 'a', 5)])).toEqual([
    'arg-mismatch',
    'allowed',
    'arg-mismatch',
    'arg-mismatch',
  ])
  const open = 'service agent a { allow read on ** }\n'
  expect(ask(`${open}require not args.v = "a" for read on **`, {})).toEqual(deny('arg-mismatch'))
  expect(ask(`${open}forbid read on ** unless not args.v = "a"`, {})).toEqual(deny('forbidden'))
})

test('strings are strings, numbers are exact, booleans are booleans', () => {
  expect(reasons('args.v = "5"', args('5', 5))).toEqual(['allowed', 'arg-mismatch'])
  expect(reasons('args.v = 5', args(5, 5.0, '5', true))).toEqual(['allowed', 'allowed', 'arg-mismatch', 'arg-mismatch'])
  expect(reasons('args.v = 0.1', args(0.1, 0.1 + 1e-18, 0.30000000000000004 - 0.2))).toEqual([
    'allowed',
    'allowed',
    'arg-mismatch',
  ])
  expect(reasons('args.v <= 1.5', args(1.5, 1.5000000000000002, 1e-300, -1e300))).toEqual([
    'allowed',
    'arg-mismatch',
    'allowed',
    'allowed',
  ])
  expect(reasons('args.v = true', args(true, false, 1, 'true'))).toEqual([
    'allowed',
    'arg-mismatch',
    'arg-mismatch',
    'arg-mismatch',
  ])
  expect(reasons('args.v in [1, 2.5]', args(2.5, 2))).toEqual(['allowed', 'arg-mismatch'])
})

test('lists, objects at the end of a path, null and broken strings are unknown', () => {
  const bad = args([], ['a'], {}, null, 'a\ud800', 'a\ufffd')
  expect(reasons('args.v matches /.*/s', bad)).toEqual(Array(6).fill('arg-mismatch'))
  expect(reasons('not args.v matches /.*/s', bad)).toEqual(Array(6).fill('arg-mismatch'))
})

test('a path runs through objects only', () => {
  expect(reasons('args.v.w = "a"', args({ w: 'a' }, 'a', null, [{ w: 'a' }]))).toEqual([
    'allowed',
    'arg-mismatch',
    'arg-mismatch',
    'arg-mismatch',
  ])
})

test('`args only` looks at the names on top, whatever their values, and wants arguments', () => {
  const requests = [{ args: {} }, { args: { v: null } }, { args: { v: 1, w: 1 } }, { args: { v: { w: 1 } } }, {}]
  expect(reasons('args only [v]', requests)).toEqual([
    'allowed',
    'allowed',
    'unexpected-arg',
    'allowed',
    'unexpected-arg',
  ])
  expect(reasons('not args only [v]', requests)).toEqual([
    'unexpected-arg',
    'unexpected-arg',
    'allowed',
    'unexpected-arg',
    'unexpected-arg',
  ])
})

test('`len` counts code points of strings', () => {
  expect(reasons('len.v <= 2', args('ab', '😀😀', 'abc', '', 2))).toEqual([
    'allowed',
    'allowed',
    'arg-mismatch',
    'allowed',
    'arg-mismatch',
  ])
})

test('an argument may be an address or a time', () => {
  expect(reasons('args.v in cidr [10.0.0.0/8]', args('10.1.2.3', '::ffff:10.1.2.3', '11.0.0.0', 'x', 5))).toEqual([
    'allowed',
    'allowed',
    'arg-mismatch',
    'arg-mismatch',
    'arg-mismatch',
  ])
  const ms = Date.parse(NOW)
  expect(reasons('args.v in hours daily 10:00-11:00', args(NOW, ms, ms - 1, 'x', ms + 0.5))).toEqual([
    'allowed',
    'allowed',
    'arg-mismatch',
    'arg-mismatch',
    'arg-mismatch',
  ])
})

test('hours are half-open, in UTC, and a range over midnight belongs to the day it starts on', () => {
  const at = (...times: readonly string[]) => times.map((now) => ({ now }))
  expect(reasons('time in hours mon-fri 09:00-18:00', at(NOW, '2026-04-01T18:00:00Z', '2026-04-04T10:00:00Z'))).toEqual(
    ['allowed', 'outside-hours', 'outside-hours'],
  )
  expect(
    reasons(
      'time in hours mon-fri 22:00-06:00',
      at('2026-04-04T05:59:59.999Z', '2026-04-06T03:00:00Z', '2026-04-03T22:00:00Z'),
    ),
  ).toEqual(['allowed', 'outside-hours', 'allowed'])
})

test('addresses are 128 bits wide, and IPv4 is the mapped part of them', () => {
  const from = (...ips: readonly string[]) => ips.map((ip) => ({ ip }))
  expect(reasons('ip in cidr [0.0.0.0/0]', from('10.1.2.3', '::ffff:1.2.3.4', '::1'))).toEqual([
    'allowed',
    'allowed',
    'ip-not-allowed',
  ])
  expect(reasons('ip in cidr [2001:db8::/32, 10.0.0.1]', from('2001:db8:ffff::', '10.0.0.1', '10.0.0.2'))).toEqual([
    'allowed',
    'allowed',
    'ip-not-allowed',
  ])
})

test('what is possible: an absent argument takes the side of access, an ill-typed one does not', () => {
  const requests = [{}, { args: {} }, ...args(null, 'b')]
  expect(reasons('args.v = "a"', requests, true)).toEqual(['allowed', 'allowed', 'arg-mismatch', 'arg-mismatch'])
  expect(reasons('not args.v = "a"', requests, true)).toEqual(['allowed', 'allowed', 'arg-mismatch', 'allowed'])
  expect(reasons('args only [v]', [{}], true)).toEqual(['allowed'])
  expect(reasons('args.v.w = "a"', args('x', {}), true)).toEqual(['arg-mismatch', 'allowed'])
  expect(reasons('trust >= 5', [{}], true)).toEqual(['trust-too-low'])
  const forbidding = 'service agent a { allow read on ** }\nforbid read on ** when not args.v = "a"'
  expect([ask(forbidding, {}, { possible: true }), ask(forbidding)]).toEqual([allow([0]), deny('forbidden')])
  const unless = 'service agent a { allow read on ** }\nforbid read on ** unless args.v = "a"'
  expect(ask(unless, {}, { possible: true })).toEqual(allow([0]))
})

test('agent.type and agent.owner are those of the principal asked about', () => {
  expect(reasons('agent.owner = "ann" and agent.type in [service]', [{}])).toEqual(['allowed'])
  const chain = `
    service agent a { owner "ann" may delegate depth 1 allow read on ** when agent.owner = "ann" }
    delegated agent b { owner "bob" }
    delegate a -> b { allow read on ** when agent.owner matches /bo./ and not agent.type = service }`
  expect(ask(chain, { agent: 'b', via: ['a'] })).toEqual(allow([0, 1]))
})

test('a grant whose agent atoms are not true does not apply', () => {
  expect(reasons('agent.type = autonomous and trust >= 5', [{}])).toEqual(['no-grant'])
  const policy = 'service agent a { allow read on ** when agent.owner = "x" }'
  expect(ask(policy)).toEqual(deny('no-grant'))
})

test('a set stands for its value', () => {
  const policy = `
    set net = cidr [10.0.0.0/8]
    set late = hours daily 22:00-06:00
    set name = regex /[a-z]+/i
    service agent a { allow read on ** when ip in net and time in late and args.v matches name }`
  const request = { ip: '10.0.0.1', now: '2026-04-01T23:00:00Z', args: { v: 'Ab' } }
  expect(ask(policy, request)).toEqual(allow([0]))
  expect(ask(policy, { ...request, now: NOW })).toEqual(deny('outside-hours'))
})
