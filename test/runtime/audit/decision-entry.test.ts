import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson, parseDecisionLine } from '../../../compiler/model/index.ts'
import { createDecisionEntry, type DecisionFacts } from '../../../runtime/audit/index.ts'
import { hashingOf } from '../../../runtime/hashing.ts'
import { NOW, sha256 } from '../site.ts'

const POLICY = { name: 'acme', generation: 3, digest: 'ab'.repeat(32) }
const FACTS: DecisionFacts = {
  requestId: 'req_1',
  agent: 'agt_1',
  by: 'id',
  action: 'read',
  resource: 'mcp:docs:handbook',
  via: [],
  isAllowed: true,
  verdict: 'allow',
  reason: 'allowed',
  policy: POLICY,
  grant: 4,
  reservations: [],
  durationUs: 120,
}

const digestOf = (text: string) => Buffer.from(sha256(new TextEncoder().encode(text))).toString('hex')

function bodyOf(facts: Partial<DecisionFacts>, allowed: readonly string[] = [], commitment?: string) {
  const entry = createDecisionEntry({ hex: hashingOf(sha256).hex, allowedArgs: new Set(allowed) })({
    ...FACTS,
    ...facts,
  })
  return entry.write({ seq: 7, time: NOW, commitment })
}

/** The same row, by way of an object. */
function written(
  { requestId, isAllowed, owner: _owner, ip: _ip, args, via, ...facts }: DecisionFacts,
  commitment?: string,
) {
  return canonicalJson({
    ...facts,
    seq: 7,
    time: '2026-04-01T12:00:00.000Z',
    kind: 'decision',
    request_id: requestId,
    result: isAllowed ? 'allowed' : 'denied',
    personal: commitment,
    reservations:
      facts.reservations.length === 0
        ? undefined
        : facts.reservations.map(({ key, windowStart, amount }) => ({
            key,
            amount,
            windowStart: windowStart ?? undefined,
          })),
    via: via.length === 0 ? undefined : via,
    argsDigest: args === undefined ? undefined : digestOf(canonicalJson(args)),
  })
}

const text = fc.string({ unit: 'grapheme', maxLength: 40 })
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
const anyFacts: fc.Arbitrary<DecisionFacts> = fc.record({
  requestId: text,
  agent: maybe(text),
  by: fc.constantFrom('id' as const, 'token' as const),
  owner: fc.option(text),
  action: maybe(text),
  resource: maybe(text),
  via: fc.array(text, { maxLength: 5 }),
  args: maybe(fc.dictionary(text, fc.jsonValue({ maxDepth: 2 }))),
  ip: maybe(text),
  delegation: maybe(text),
  cost: maybe(fc.double({ noNaN: true, noDefaultInfinity: true })),
  endpoint: maybe(text),
  isAllowed: fc.boolean(),
  verdict: fc.constantFrom('allow' as const, 'deny' as const, 'limited' as const),
  reason: fc.constantFrom('allowed' as const, 'no-grant' as const, 'closed' as const),
  code: maybe(fc.constant('KVCH_E_AGENT_REVOKED' as const)),
  retryAfter: maybe(fc.nat()),
  policy: fc.record({ name: text, generation: fc.nat(), digest: fc.constant('00'.repeat(32)) }),
  grant: maybe(fc.integer()),
  charged: maybe(fc.array(fc.integer())),
  guard: maybe(fc.nat()),
  reservations: fc.array(fc.record({ key: text, windowStart: fc.option(fc.nat()), amount: fc.nat().map(String) }), {
    maxLength: 3,
  }),
  approvalId: maybe(text),
  shadow: maybe(
    fc.record({
      digest: text,
      verdict: fc.constant('allow' as const),
      reason: fc.constant('allowed' as const),
    }),
  ),
  durationUs: fc.nat(),
})

describe('the row of a decision', () => {
  test('is written as canonical JSON would write it', () => {
    const entryFor = createDecisionEntry({ hex: hashingOf(sha256).hex, allowedArgs: new Set() })
    fc.assert(
      fc.property(anyFacts, maybe(fc.constant('cd'.repeat(32))), (facts, commitment) => {
        expect(entryFor(facts).write({ seq: 7, time: NOW, commitment })).toBe(written(facts, commitment))
      }),
      { numRuns: 500 },
    )
  })

  test('leaves out what is not there', () => {
    expect(bodyOf({ agent: undefined, action: undefined, resource: undefined, grant: undefined })).toBe(
      `{"by":"id","durationUs":120,"kind":"decision","policy":{"digest":"${POLICY.digest}","generation":3,"name":"acme"},"reason":"allowed","request_id":"req_1","result":"allowed","seq":7,"time":"2026-04-01T12:00:00.000Z","verdict":"allow"}`,
    )
  })

  test('is one that a replay reads', () => {
    const line = bodyOf({ via: ['root'], cost: 0.25, args: { to: 'ann' } }, ['to'])
    expect(parseDecisionLine(line)).toEqual({
      ok: true,
      row: {
        requestId: 'req_1',
        time: NOW,
        request: {
          agent: 'agt_1',
          action: 'read',
          resource: 'mcp:docs:handbook',
          via: [{ agent: 'root' }],
          args: { to: 'ann' },
          now: NOW,
          cost: 0.25,
        },
        verdict: 'allow',
        isAllowed: true,
        reason: 'allowed',
        policy: POLICY,
        isComplete: true,
      },
    })
  })

  test('says of arguments no more than their digest, and values of those on the list', () => {
    const args = { to: 'ann', body: 'hello' }
    const digest = digestOf('{"body":"hello","to":"ann"}')
    const recorded = (allowed: readonly string[]) => {
      const { args: kept, argsDigest } = JSON.parse(bodyOf({ args }, allowed))
      return { args: kept, argsDigest }
    }
    expect(recorded([])).toEqual({ args: undefined, argsDigest: digest })
    expect(recorded(['to', 'subject'])).toEqual({ args: { to: 'ann' }, argsDigest: digest })
  })

  test.each([
    ['a token of an agent', 'kv_0123456789abcdefABCD'],
    ['a project key', 'kvp_0123456789abcdefABCD'],
    ['a bearer token', 'Authorization: Bearer abc'],
    ['a JWT', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln'],
    ['a private key', '-----BEGIN EC PRIVATE KEY-----\nMHc'],
    ['a key of AWS', 'AKIAIOSFODNN7EXAMPLE'],
    ['a password in an address', 'postgres://ann:hunter2@db/acme'],
    ['a secret inside a list', ['fine', { deep: 'kv_0123456789abcdefABCD' }]],
    ['a long value', 'x'.repeat(2000)],
  ])('leaves out %s, though its name is on the list', (_, value) => {
    const { args, argsDigest } = JSON.parse(bodyOf({ args: { value, other: 1 } }, ['value', 'other']))
    expect({ args, isDigest: /^[0-9a-f]{64}$/.test(argsDigest) }).toEqual({ args: { other: 1 }, isDigest: true })
  })

  test('of arguments that are no JSON says so', () => {
    expect(JSON.parse(bodyOf({ args: { when: new Date(0) } })).argsDigest).toBe('not-json')
  })

  test('is a row whatever was asked', () => {
    // What a caller without types may send.
    const anything = { action: 7, resource: { a: 1 }, cost: Number.NaN, endpoint: null, ip: [], via: [1, '\ud800x'] }
    const entry = createDecisionEntry({ hex: hashingOf(sha256).hex, allowedArgs: new Set() })({
      ...FACTS,
      ...(anything as unknown as Partial<DecisionFacts>),
      agent: `\udc00${'a'.repeat(5000)}`,
      requestId: '\ud800',
    })
    const agent = `\ufffd${'a'.repeat(1023)}…`
    const {
      action,
      resource,
      cost,
      via,
      request_id,
      agent: said,
    } = JSON.parse(entry.write({ seq: 0, time: NOW, commitment: undefined }))
    expect({ action, resource, cost, via, request_id, said, column: entry.agent, personal: entry.personal }).toEqual({
      via: ['', '\ufffdx'],
      request_id: '\ufffd',
      said: agent,
      column: agent,
      personal: undefined,
    })
  })

  test('keeps owner and address beside it', () => {
    const entry = createDecisionEntry({ hex: hashingOf(sha256).hex, allowedArgs: new Set() })({
      ...FACTS,
      owner: 'ann',
      ip: '10.0.0.1',
    })
    expect(entry.personal).toEqual({ owner: 'ann', ip: '10.0.0.1' })
    expect(entry.write({ seq: 0, time: NOW, commitment: 'ff' })).not.toContain('ann')
  })
})
