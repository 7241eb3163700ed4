import { expect, test } from 'vitest'
import { createReference } from '../../../compiler/reference/index.ts'
import { parsePolicy } from '../../../grammar/index.ts'
import { allow, ask, deny, NOW } from './ask.ts'

const OPEN = 'service agent a { allow * on ** }'
const INVALID = deny('invalid-request')

test('names have 1 to 128 bytes without a colon, a star, a control or U+FFFD, in normal form C', () => {
  const { decide } = createReference([parsePolicy('p.kavach', `policy p\n${OPEN}`).file])
  const answer = (action: unknown) => decide({ agent: 'a', action, resource: 'x' }).reason
  const bad = [
    '',
    'a:b',
    'a*',
    '\u0000',
    '\u007f',
    '\u0085',
    '\ufffd',
    '\ud800',
    'e\u0301',
    'a'.repeat(129),
    'é'.repeat(65),
  ]
  expect([...bad, 5, null, undefined, ['a']].map(answer)).toEqual(Array(15).fill('invalid-request'))
  expect(['é', 'a'.repeat(128), 'é'.repeat(64), ' ', '😀'].map(answer)).toEqual(Array(5).fill('allowed'))
})

test('a resource is 1 to 32 segments', () => {
  const segments = (count: number) => Array(count).fill('s').join(':')
  expect([segments(32), 'x'].map((resource) => ask(OPEN, { resource }))).toEqual([allow([0]), allow([0])])
  expect([segments(33), 'x:', ':x', 'x::y', '', 'x:*'].map((resource) => ask(OPEN, { resource }))).toEqual(
    Array(6).fill(INVALID),
  )
})

test('what is not an object is no request, and reading it never throws', () => {
  const { decide } = createReference([parsePolicy('p.kavach', `policy p\n${OPEN}`).file])
  const trap = new Proxy(
    {},
    {
      ownKeys: () => ['agent'],
      get: () => {
        throw new Error('no')
      },
    },
  )
  const getter = { get agent() { throw new Error('no') } } // biome-ignore format: short
  const circle: Record<string, unknown> = {}
  circle.again = circle
  const circular = { agent: 'a', action: 'read', resource: 'x', args: circle }
  expect([null, undefined, 5, 'x', [], trap, getter].map((value) => decide(value))).toEqual(Array(7).fill(INVALID))
  expect(decide(circular)).toEqual(allow([0]))
})

test('null and undefined members are absent, others are ignored', () => {
  const nothing = { via: null, args: undefined, ip: null, cost: null, tenant: null, approvedBy: null, readings: null }
  expect(ask(OPEN, { ...nothing, other: 5 })).toEqual(allow([0]))
})

test('an empty via or approvedBy is absent', () => {
  expect(ask(OPEN, { via: [], approvedBy: [] })).toEqual(allow([0]))
})

test.each([
  [
    'via',
    [
      ['a'],
      'a',
      [5],
      [null],
      [{}],
      ['b', 'b'],
      ['b:c'],
      Array(64)
        .fill(0)
        .map((_, i) => `v${i}`),
    ],
  ],
  ['args', [[], 'x', 5, true]],
  ['cost', ['1', -1e-12, 9_000_000_001, Number.NaN, Number.POSITIVE_INFINITY, true]],
  ['approvedBy', ['', [''], [5], {}, ['a', ''], 'a\ud800']],
  ['tenant', ['', 5, ['t'], '\ud800']],
  ['readings', [[], 5, 'x', { used: 5 }, { used: { minute: -1 } }, { spent: { day: '1e3' } }, { meters: { k: '01' } }]],
])('a malformed %s makes the request invalid', (member, values) => {
  expect(values.map((value) => ask(OPEN, { [member]: value }))).toEqual(values.map(() => INVALID))
})

test('the ends of cost are fine', () => {
  expect([0, -0, 9e9].map((cost) => ask(OPEN, { cost }))).toEqual(Array(3).fill(allow([0])))
})

test('a malformed ip, now, since or trust is unknown', () => {
  const policy =
    'service agent a { allow read on ** when ip in cidr [::/0] allow write on ** when time in hours daily 00:00-24:00 allow delete on ** when trust >= 0 }'
  const bad = ['10.1.2.03', '10.1.2.3/32', 'fe80::1%0', '1:2', 5]
  expect(bad.map((ip) => ask(policy, { ip }))).toEqual(bad.map(() => deny('ip-not-allowed')))
  const times = ['2026-04-01T10:00:00+00:00', '2026-04-01T10:00:60Z', '2026-02-30T10:00:00Z', -1, 1.5, 2 ** 53, {}]
  expect(times.map((now) => ask(policy, { action: 'write', now }))).toEqual(times.map(() => deny('outside-hours')))
  expect(['5', Number.NaN, true].map((trust) => ask(policy, { action: 'delete', trust }))).toEqual(
    Array(3).fill(deny('trust-too-low')),
  )
})

test('a time has any number of fraction digits, of which milliseconds are kept', () => {
  const policy = 'service agent a { allow read on ** expires at 2026-04-01T10:00:00.001Z }'
  expect(ask(policy, { now: `2026-04-01T10:00:00.000${'9'.repeat(80)}Z` })).toEqual(allow([0]))
  expect(ask(policy, { now: '2026-04-01T10:00:00.001Z' })).toEqual(deny('agent-expired'))
  expect(ask(policy, { now: Date.parse(NOW) })).toEqual(allow([0]))
})

test('sixteen names of a path are read, and what stands deeper is ill-typed', () => {
  const path = (names: number) => Array(names).fill('d').join('.')
  const nest = (levels: number): unknown => (levels === 0 ? 'v' : { d: nest(levels - 1) })
  const policy = (names: number) => `service agent a { allow read on ** when args.${path(names)} = "v" }`
  expect(ask(policy(16), { args: nest(16) })).toEqual(allow([0]))
  expect(ask(policy(17), { args: nest(17) })).toEqual(deny('arg-mismatch'))
  expect(ask(policy(17), { args: nest(16) }, { possible: true })).toEqual(deny('arg-mismatch'))
})

test('a request of more than 16 MiB is invalid', () => {
  expect(ask(OPEN, { args: { text: 'a'.repeat(17 * 1024 * 1024) } })).toEqual(INVALID)
})
