import { expect, it } from 'vitest'
import { RUNTIME_TEST_STATE, runTests, type TestRequest } from '../../../compiler/front/index.ts'
import { parseState } from '../../../compiler/model/index.ts'
import { parse } from './findings.ts'

/** The requests that the rows of one test ask. */
function asked(test: string): readonly TestRequest[] {
  const requests: TestRequest[] = []
  runTests(parse(`policy p\nservice agent a {}\n${test}\n`), (request) => {
    requests.push(request)
    return { decision: 'deny', reason: 'no-grant' }
  })
  return requests
}

const AT = Date.UTC(2026, 3, 1, 10)

it('asks every action of a row, with all facts', () => {
  expect(
    asked(`test "t" as a {
  deny read, "odd name" on mcp:"x y":z via b, c at 2026-04-01T10:00:00Z since 2026-04-01T09:00:00Z from 10.0.0.1
    with { n: 1, "s": ["x", null] } used 3 per minute used 4 per day spent 1.50 USD per day trust 60.5 cost 0.25 USD
    approved by "x" approved by "role:y" because no-grant
}`),
  ).toEqual(
    ['read', 'odd name'].map((action) => ({
      agent: 'a',
      action,
      resource: 'mcp:x y:z',
      via: ['b', 'c'],
      now: AT,
      since: AT - 3_600_000,
      ip: '10.0.0.1',
      args: { n: 1, s: ['x', null] },
      readings: { used: { minute: '3', day: '4' }, spent: { day: '1.5' } },
      trust: 60.5,
      cost: 0.25,
      approvedBy: ['x', 'role:y'],
    })),
  )
})

it('a fact of a row replaces that of the header, and `since` is the `at` of the header', () => {
  const requests = asked(`test "t" as a at 2026-04-01T10:00:00Z trust 1 used 1 per day used 1 per hour {
  deny read on a
  deny read on a at 2026-04-01T11:00:00Z trust 2 used 2 per day
  deny read on a since 2026-04-01T09:00:00Z
}`)
  const base = { agent: 'a', action: 'read', resource: 'a' }
  const used = { used: { day: '1', hour: '1' } }
  expect(requests).toEqual([
    { ...base, now: AT, since: AT, trust: 1, readings: used },
    { ...base, now: AT + 3_600_000, since: AT, trust: 2, readings: { used: { day: '2' } } },
    { ...base, now: AT, since: AT - 3_600_000, trust: 1, readings: used },
  ])
})

it('passes when the verdict is the expected one, and the reason where one is expected', () => {
  const text = `policy p
service agent a {}
test "t" as a because no-grant {
  deny read on a
  deny write on a because forbidden
  allow read on b because allowed
}
`
  const results = runTests(parse(text), () => ({ decision: 'deny', reason: 'no-grant' }))
  const row = (source: string) => ({ start: text.indexOf(source), end: text.indexOf(source) + source.length })
  const got = { decision: 'deny', reason: 'no-grant' }
  const common = { path: 'a.kavach', title: 't', got }
  expect(results).toEqual([
    {
      ...common,
      row: 'deny read on a',
      span: row('deny read on a'),
      request: { agent: 'a', action: 'read', resource: 'a' },
      expected: { decision: 'deny', reason: 'no-grant' },
      passed: true,
    },
    {
      ...common,
      row: 'deny write on a because forbidden',
      span: row('deny write on a because forbidden'),
      request: { agent: 'a', action: 'write', resource: 'a' },
      expected: { decision: 'deny', reason: 'forbidden' },
      passed: false,
    },
    {
      ...common,
      row: 'allow read on b because allowed',
      span: row('allow read on b because allowed'),
      request: { agent: 'a', action: 'read', resource: 'b' },
      expected: { decision: 'allow', reason: 'allowed' },
      passed: false,
    },
  ])
})

it('`runtime` is an agent with every permission', () => {
  expect(parseState(RUNTIME_TEST_STATE)).toEqual({
    ok: true,
    value: {
      agents: [
        {
          name: 'runtime',
          type: 'autonomous',
          grants: [{ id: 0, actions: undefined, patterns: [{ segments: [], rest: true }] }],
        },
      ],
      delegations: [],
      revoked: [],
      suspended: [],
    },
  })
})
