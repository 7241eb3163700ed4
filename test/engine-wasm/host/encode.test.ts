/** What is no request is a denial, and never an exception. */
import { describe, expect, test } from 'vitest'
import { type EngineRequest, loadLiveEngine } from '../../../engine-wasm/host/index.ts'
import { compilePolicy } from '../../abi/compiled.ts'

const engine = loadLiveEngine(
  compilePolicy(
    `policy p
autonomous agent a {
  allow read on r:**
  allow strict on r:** when args only [x]
  allow number on r:** when args.x = 0.1
  allow whole on r:** when args.x >= 1_000_000_000_000_000
  allow text on r:** when args.x matches /[a-zé€😀]+/
  allow deep on r:** when args.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a = 1
  allow timed on r:** when time in hours daily 00:00-12:00
  allow trusted on r:** when trust >= 0.5
  allow cheap on r:** when cost <= 0.5
  allow near on r:** when ip in cidr [10.0.0.0/8]
  allow agreed on r:** needs approval by "bo"
  may delegate depth 5
}
delegated agent e { }
delegate a -> e { allow read on r:** expires in 1h }`,
  ).image,
)

/** A policy of a few bytes, for engines that are made one after the other. */
const SMALL = compilePolicy('policy p\nautonomous agent a { allow read on r:** }').image

const GOOD = { agent: 'a', action: 'read', resource: 'r:x' }

function reasonOf(request: unknown): string {
  // Hostile on purpose.
  const { allowed, reason } = engine.decide(request as EngineRequest, { charge: 'caller' })
  expect(allowed).toBe(reason === 'allowed')
  return reason
}

const throwing = {
  ...GOOD,
  get ip(): string {
    throw new Error('no')
  },
}
const shouting = new Proxy(GOOD, {
  get: () => {
    throw new Error('no')
  },
})
const evasive = new Proxy(
  {},
  {
    ownKeys: () => {
      throw new Error('no')
    },
  },
)
const circular: Record<string, unknown> = { x: 1 }
circular.self = circular
const bushy: Record<string, unknown> = {}
for (const name of 'abcdefgh') bushy[name] = bushy

describe('is no request', () => {
  test.each([
    ['nothing', undefined],
    ['null', null],
    ['a number', 5],
    ['a text', 'a read r:x'],
    ['an empty object', {}],
    ['an array', ['a', 'read', 'r:x']],
    ['an agent that is no text', { ...GOOD, agent: 1 }],
    ['an action that is an object', { ...GOOD, action: { toString: (): string => 'read' } }],
    ['a resource that is null', { ...GOOD, resource: null }],
    ['an empty agent', { ...GOOD, agent: '' }],
    ['an empty segment', { ...GOOD, resource: 'r::x' }],
    ['a star in a resource', { ...GOOD, resource: 'r:*' }],
    ['a colon in an action', { ...GOOD, action: 'read:x' }],
    ['a control in a name', { ...GOOD, agent: 'a\u0007' }],
    ['a name of 129 bytes', { ...GOOD, agent: 'a'.repeat(129) }],
    ['a name of 65 characters in 130 bytes', { ...GOOD, agent: 'é'.repeat(65) }],
    ['33 segments', { ...GOOD, resource: Array(33).fill('r').join(':') }],
    ['a resource of a million characters', { ...GOOD, resource: `r:${'x'.repeat(1_000_000)}` }],
    ['a decomposed name', { ...GOOD, resource: 'r:e\u0301' }],
    ['a decomposed delegator', { ...GOOD, via: ['e\u0301'] }],
    ['a lone surrogate in a name', { ...GOOD, resource: 'r:\ud800' }],
    ['U+FFFD in a name', { ...GOOD, resource: 'r:\ufffd' }],
    ['via that is no list', { ...GOOD, via: 'a' }],
    ['via with a number', { ...GOOD, via: [1] }],
    ['via with a hole', { ...GOOD, via: Array(1) }],
    ['via with an object without agent', { ...GOOD, via: [{}] }],
    ['the agent among its delegators', { ...GOOD, via: ['a'] }],
    ['64 delegators', { ...GOOD, via: Array.from({ length: 64 }, (_, i) => `x${i}`) }],
    ['args that are a list', { ...GOOD, args: [] }],
    ['args that are a text', { ...GOOD, args: 'x' }],
    ['a cost that is a text', { ...GOOD, cost: '1' }],
    ['a negative cost', { ...GOOD, cost: -1 }],
    ['a cost beyond 9e9', { ...GOOD, cost: 9e9 + 1 }],
    ['a cost that is NaN', { ...GOOD, cost: Number.NaN }],
    ['a cost that is a bigint', { ...GOOD, cost: 1n }],
    ['an empty tenant', { ...GOOD, tenant: '' }],
    ['a tenant with a lone surrogate', { ...GOOD, tenant: '\udc00' }],
    ['an approver that is no text', { ...GOOD, approvedBy: [1] }],
    ['an empty approver', { ...GOOD, approvedBy: '' }],
    ['readings that are a list', { ...GOOD, readings: [] }],
    ['a negative reading', { ...GOOD, readings: { used: { minute: -1 } } }],
    ['a reading with an exponent in text', { ...GOOD, readings: { meters: { x: '1e3' } } }],
    ['a reading that is no number', { ...GOOD, readings: { spent: { day: Number.NaN } } }],
    ['a getter that throws', throwing],
    ['a proxy that throws', shouting],
    ['arguments whose keys throw', { ...GOOD, args: evasive }],
    ['arguments that need more than 16 MiB', { ...GOOD, args: { x: 'x'.repeat(17_000_000) } }],
    ['arguments that need more than 16 MiB, in pieces', { ...GOOD, args: { x: pieces(17, 'x'.repeat(1_000_000)) } }],
    ['arguments that bear themselves in eight branches', { ...GOOD, args: bushy }],
  ])('%s', (_, request) => {
    expect(reasonOf(request)).toBe('invalid-request')
    expect(reasonOf(GOOD)).toBe('allowed')
  })
})

describe('is a request all the same', () => {
  test.each([
    ['with null and undefined members', { ...GOOD, via: null, args: undefined, ip: null, cost: null, readings: null }],
    ['with an empty chain and no approvers', { ...GOOD, via: [], approvedBy: [] }],
    ['with members that mean nothing', { ...GOOD, id: 7, thing: () => 1, [Symbol('x')]: 1 }],
    ['frozen', Object.freeze({ ...GOOD })],
    ['without a prototype', Object.assign(Object.create(null), GOOD)],
    [
      'with arguments that no condition can ask about',
      { ...GOOD, args: { a: 1n, b: () => 1, c: Symbol('x'), d: [], e: null } },
    ],
    ['with circular arguments', { ...GOOD, args: circular }],
    ['with an unknown address, time and trust', { ...GOOD, ip: {}, now: [], since: true, trust: '5', approvedAt: {} }],
    ['with a name of 128 bytes in a segment', { ...GOOD, resource: `r:${'x'.repeat(128)}` }],
    ['with composed and distant characters', { ...GOOD, resource: 'r:é:€:😀' }],
    ['with arguments of nearly 16 MiB', { ...GOOD, args: { x: 'x'.repeat(16_700_000) } }],
    ['with arguments of many characters outside ASCII', { ...GOOD, args: { x: 'é'.repeat(3_000_000) } }],
  ])('%s', (_, request) => {
    expect(reasonOf(request)).toBe('allowed')
  })
})

describe('facts arrive as they are', () => {
  test.each([
    ['number', { x: 0.1 }, 'allowed'],
    ['number', { x: '0.1' }, 'arg-mismatch'],
    ['number', { x: 0.1 + Number.EPSILON }, 'arg-mismatch'],
    ['number', { x: Number.NaN }, 'arg-mismatch'],
    ['whole', { x: 1e15 }, 'allowed'],
    ['whole', { x: 999_999_999_999_999 }, 'arg-mismatch'],
    ['whole', { x: 2 ** 53 }, 'allowed'],
    ['whole', { x: 1.5e300 }, 'allowed'],
    ['whole', { x: Number.MAX_VALUE }, 'allowed'],
    ['whole', { x: -1e21 }, 'arg-mismatch'],
    ['whole', { x: Number.POSITIVE_INFINITY }, 'arg-mismatch'],
    ['text', { x: 'aé€😀' }, 'allowed'],
    ['text', { x: 'a'.repeat(100_000) }, 'allowed'],
    ['text', { x: `${'é'.repeat(500)}` }, 'allowed'],
    ['text', { x: 'a\ud800' }, 'arg-mismatch'],
    ['text', { x: 'a\ufffd' }, 'arg-mismatch'],
    ['deep', nested(16, 1), 'allowed'],
    ['strict', { x: null }, 'allowed'],
    ['strict', { x: undefined, y: undefined }, 'allowed'],
    ['strict', { x: 1, y: null }, 'unexpected-arg'],
    ['strict', Object.create({ y: 1 }), 'allowed'],
  ])('%s %j: %s', (action, args, reason) => {
    expect(reasonOf({ ...GOOD, action, args })).toBe(reason)
  })

  test.each([
    ['timed', { now: 0 }, 'allowed'],
    ['timed', { now: '1970-01-01T11:59:59.999999999999999999999999999999999999999999999999999999Z' }, 'allowed'],
    ['timed', { now: 43_200_000 }, 'outside-hours'],
    ['timed', { now: 0.5 }, 'outside-hours'],
    ['timed', { now: -1 }, 'outside-hours'],
    ['timed', { now: new Date(0) }, 'outside-hours'],
    ['trusted', { trust: 0.5 }, 'allowed'],
    ['trusted', { trust: Number.POSITIVE_INFINITY }, 'trust-too-low'],
    ['cheap', { cost: 0.5 }, 'allowed'],
    ['cheap', { cost: 0.5000000001 }, 'cost-too-high'],
    ['near', { ip: '10.1.2.3' }, 'allowed'],
    ['near', { ip: '10.1.2.03' }, 'ip-not-allowed'],
    ['agreed', { approvedBy: 'bo' }, 'allowed'],
    ['agreed', { approvedBy: ['al', 'bo', 'cy'] }, 'allowed'],
    ['agreed', { approvedBy: ['al'] }, 'approval-required'],
  ])('%s %j: %s', (action, facts, reason) => {
    expect(reasonOf({ ...GOOD, action, ...facts })).toBe(reason)
  })

  test.each([
    [{ via: ['a'], now: 60, since: 0 }, 'allowed'],
    [{ via: [{ agent: 'a', since: 0 }], now: 60 }, 'allowed'],
    [{ via: [{ agent: 'a', since: null }], now: 60, since: 0 }, 'allowed'],
    [{ via: [{ agent: 'a', since: 'yesterday' }], now: 60, since: 0 }, 'delegation-expired'],
    [{ via: [{ agent: 'a' }], now: 3_600_000, since: 0 }, 'delegation-expired'],
  ])('%j: %s', (facts, reason) => {
    expect(reasonOf({ ...GOOD, agent: 'e', ...facts })).toBe(reason)
  })
})

test('a fact that somebody hung on all objects is not a fact', () => {
  const polluted = Object.prototype as { approvedBy?: string }
  polluted.approvedBy = 'bo'
  try {
    expect(reasonOf({ ...GOOD, action: 'agreed' })).toBe('approval-required')
    expect(reasonOf({ ...GOOD, action: 'strict', args: {} })).toBe('allowed')
  } finally {
    delete polluted.approvedBy
  }
  expect(reasonOf({ ...GOOD, action: 'agreed', approvedBy: 'bo' })).toBe('allowed')
})

test('a getter that asks the engine is refused, and what is asked is answered rightly', () => {
  const answers: string[] = []
  const nosy = {
    ...GOOD,
    get ip() {
      answers.push(reasonOf(GOOD))
      expect(() => engine.setFlag('a', 'revoked')).toThrow(/a request is being read/)
      return '10.0.0.1'
    },
  }
  expect(reasonOf(nosy)).toBe('allowed')
  expect(new Set(answers)).toEqual(new Set(['invalid-request']))
  expect(reasonOf(GOOD)).toBe('allowed')
})

function pieces(count: number, text: string): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, text]))
}

function nested(levels: number, value: unknown): Record<string, unknown> {
  return { a: levels === 1 ? value : nested(levels - 1, value) }
}

test('a request fits wherever the buffer ends in it', () => {
  for (let left = -40; left < 240; left++) {
    const fresh = loadLiveEngine(SMALL)
    const args = { x: 'x'.repeat(65_536 - 60 - left), y: 'y'.repeat(50), z: { name: 'z'.repeat(96), number: 1.5 } }
    expect([left, fresh.decide({ ...GOOD, args }).reason]).toEqual([left, 'allowed'])
  }
})
