import { expect, test } from 'vitest'
import { toCedarRequest } from '../../../../compiler/analyze/index.ts'
import { exportOf } from './evaluate.ts'

const EXPORTED = exportOf(`policy p
service agent a {
  owner "ann"
  allow read on ** when args.path = "x" and args.deep.n >= 1 and args.flag = true and len.long <= 5
}
`)
const CALL = { agent: 'a', action: 'read', resource: 'x:y' }

function contextOf(more: object): unknown {
  const mapped = toCedarRequest(EXPORTED, { ...CALL, ...more })
  return mapped.kind === 'request' ? mapped.context : mapped
}

test('a request is a principal, an action, a resource, what is known, and the entities of both', () => {
  const request = {
    ...CALL,
    now: '2026-04-01T10:00:30.5Z',
    ip: '::ffff:10.1.2.3',
    trust: 0.5,
    cost: 2,
    args: { path: '10.0.0.1', deep: { n: 0 }, flag: true, other: null },
  }
  expect(toCedarRequest(EXPORTED, request)).toEqual({
    kind: 'request',
    principal: { type: 'Agent', id: 'a' },
    action: { type: 'Action', id: 'read' },
    resource: { type: 'Resource', id: 'x:y' },
    context: {
      mapping: 1,
      now: Date.UTC(2026, 3, 1, 10, 0, 30, 500),
      minuteOfWeek: 2 * 1440 + 600,
      ip: { __extn: { fn: 'ip', arg: '10.1.2.3' } },
      trust: { floor: 0, ceiling: 1, nanoFloor: 500_000_000, nanoCeiling: 500_000_000 },
      cost: { floor: 2, ceiling: 2, nanoFloor: 2_000_000_000, nanoCeiling: 2_000_000_000 },
      args: {
        path: { text: '10.0.0.1', length: 8, ip: { __extn: { fn: 'ip', arg: '10.0.0.1' } } },
        'deep.n': { number: { floor: 0, ceiling: 0, nanoFloor: 0, nanoCeiling: 0 }, minuteOfWeek: 3 * 1440 },
        flag: { truth: true },
      },
      argNames: ['path', 'deep', 'flag', 'other'],
    },
    entities: [
      { uid: { type: 'Agent', id: 'a' }, attrs: { type: 'service', owner: 'ann' }, parents: [] },
      { uid: { type: 'Resource', id: 'x:y' }, attrs: { count: 2, s0: 'x', s1: 'y' }, parents: [] },
    ],
  })
})

test('what is unknown or of no type that is asked about is absent', () => {
  const bare = { mapping: 1, args: {} }
  expect(contextOf({})).toEqual(bare)
  expect(contextOf({ ip: null, now: undefined, trust: null, cost: null, args: null })).toEqual(bare)
  for (const odd of [
    { ip: '10.0.0.01' },
    { ip: 5 },
    { now: '2026-02-29T00:00:00Z' },
    { now: -1 },
    { now: 1.5 },
    { trust: '5' },
  ])
    expect([odd, contextOf(odd)]).toEqual([odd, bare])
  for (const value of ['a\ud800', '\ufffd', null, [], {}, Number.NaN]) {
    expect(contextOf({ args: { path: value } })).toEqual({ ...bare, argNames: ['path'] })
  }
  expect(contextOf({ args: { path: undefined, '\ud800': 1 } })).toEqual({ ...bare, argNames: ['\ufffd'] })
  expect(contextOf({ args: { deep: [{ n: 1 }] } })).toEqual({ ...bare, argNames: ['deep'] })
})

test('a text is as long as it has characters', () => {
  expect(contextOf({ args: { long: '😀é' } })).toMatchObject({ args: { long: { text: '😀é', length: 2 } } })
})

test('times before 1970 have a minute of the week too, and minus zero is zero', () => {
  expect(contextOf({ now: '1969-12-31T23:59:59.999Z' })).toMatchObject({ now: -1, minuteOfWeek: 3 * 1440 - 1 })
  expect(contextOf({ now: '0000-01-01T00:00:00Z' })).toMatchObject({ minuteOfWeek: 5 * 1440 })
  expect(contextOf({ now: -0 })).toEqual({ mapping: 1, args: {}, now: 0, minuteOfWeek: 3 * 1440 })
})

test('a path of 17 names is never known', () => {
  const path = Array.from({ length: 17 }, () => 'd')
  const exported = exportOf(`policy p\nservice agent a {\n  allow read on x when args.${path.join('.')} = 1\n}\n`)
  const args = path.reduceRight<unknown>((value, name) => ({ [name]: value }), 1)
  const shorter = exportOf(
    `policy p\nservice agent a {\n  allow read on x when args.${path.slice(1).join('.')} = 1\n}\n`,
  )
  expect(toCedarRequest(exported, { ...CALL, args })).toMatchObject({ context: { args: {} } })
  expect(toCedarRequest(shorter, { ...CALL, args: { d: 1, ...nested(16) } })).toMatchObject({
    context: { args: { [path.slice(1).join('.')]: { number: { floor: 1 } } } },
  })
})

function nested(levels: number): object {
  return levels === 1 ? { d: 1 } : { d: nested(levels - 1) }
}

test('an agent that the policy does not declare is nobody', () => {
  expect(toCedarRequest(EXPORTED, { ...CALL, agent: 'b' })).toMatchObject({
    principal: { type: 'Agent', id: 'b' },
    entities: [{ uid: { type: 'Resource', id: 'x:y' } }],
  })
})

test('an action that no rule names is `*`', () => {
  expect(toCedarRequest(EXPORTED, { ...CALL, action: 'write' })).toMatchObject({ action: { type: 'Action', id: '*' } })
})

test('a request with delegators is refused, an empty list of them is none', () => {
  for (const via of [['b'], [{ agent: 'b' }], [5]])
    expect(contextOf({ via })).toEqual({ kind: 'refused', why: 'delegated' })
  expect(contextOf({ via: [] })).toEqual({ mapping: 1, args: {} })
})

test('what is no request is refused', () => {
  const circular: { self?: unknown } = {}
  circular.self = circular
  const wide = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`n${index}`, 'x'.repeat(500_000)]))
  class Call {
    agent = 'a'
    action = 'read'
    resource = 'x'
    get via() {
      return ['b']
    }
  }
  const requests = [
    undefined,
    null,
    5,
    'x',
    [],
    {},
    new Call(),
    { ...CALL, agent: 5 },
    { ...CALL, agent: 'a:b' },
    { ...CALL, action: '*' },
    { ...CALL, action: 'e\u0301' },
    { ...CALL, resource: 'a::b' },
    { ...CALL, resource: '' },
    { ...CALL, via: 'b' },
    { ...CALL, args: [] },
    { ...CALL, args: 'x' },
    { ...CALL, args: wide },
    { ...CALL, cost: -1 },
    { ...CALL, cost: '1' },
    { ...CALL, cost: 9.1e9 },
    { ...CALL, cost: Number.NaN },
    { ...CALL, tenant: '' },
    { ...CALL, tenant: ['t'] },
    { ...CALL, tenant: 'a\ud800' },
    { ...CALL, approvedBy: '' },
    { ...CALL, approvedBy: ['a', 5] },
    { ...CALL, approvedBy: {} },
    { ...CALL, readings: 5 },
    { ...CALL, readings: { used: { minute: -1 } } },
    { ...CALL, readings: { meters: { k: '01' } } },
    {
      ...CALL,
      get ip() {
        throw new Error('no')
      },
    },
  ]
  for (const request of requests)
    expect([request, toCedarRequest(EXPORTED, request)]).toEqual([request, { kind: 'refused', why: 'invalid-request' }])
  // What is below 16 levels is not read.
  expect(toCedarRequest(EXPORTED, { ...CALL, args: circular }).kind).toBe('request')
})
