import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseDecisionLine } from '../../../compiler/model/index.ts'

const ROW = { agent: 'a', action: 'read', resource: 'x', verdict: 'allow' }
const ASKED = { agent: 'a', action: 'read', resource: 'x' }
const READ = { request: ASKED, verdict: 'allow', isAllowed: true, policy: {}, isComplete: true }

function parse(row: unknown) {
  return parseDecisionLine(typeof row === 'string' ? row : JSON.stringify(row))
}

function faultOf(row: unknown): string {
  const parsed = parse(row)
  return parsed.ok ? 'none' : parsed.fault
}

function rowOf(row: unknown) {
  const parsed = parse(row)
  if (!parsed.ok) throw new Error(parsed.fault)
  return parsed.row
}

test('a row is a request and what was decided', () => {
  expect(rowOf(ROW)).toEqual(READ)
  const whole = {
    request_id: 'req_01',
    time: '2026-04-01T10:00:00.5Z',
    ...ASKED,
    via: ['root', { agent: 'b', since: '2026-04-01T09:00:00Z' }],
    args: { n: 1 },
    ip: '10.0.0.1',
    since: 5,
    cost: 0.5,
    trust: 70,
    tenant: 't',
    approvedBy: ['boss'],
    approvedAt: 7,
    readings: { used: { minute: 3 }, spent: { day: '1.5' }, meters: { k: 2 } },
    result: 'denied',
    verdict: 'limited',
    reason: 'rate-limited',
    policy: { name: 'p', generation: 4, digest: 'ab' },
  }
  const { request_id, time, result, verdict, reason, policy, via, ...facts } = whole
  expect(rowOf({ ...whole, durationMs: 3, unknown: { deep: [] } })).toEqual({
    requestId: request_id,
    time: Date.UTC(2026, 3, 1, 10, 0, 0, 500),
    request: { ...facts, now: Date.UTC(2026, 3, 1, 10, 0, 0, 500), via: [{ agent: 'root' }, via[1]] },
    verdict,
    isAllowed: false,
    reason,
    policy,
    isComplete: true,
  })
})

test('a request beside the decision that `kavach eval` printed for it is a row', () => {
  const decided = { decision: 'throttle', allowed: true, reason: 'throttled', policy: { name: 'p', generation: 1 } }
  expect(rowOf({ ...ASKED, now: 1000, ...decided })).toEqual({
    ...READ,
    time: 1000,
    request: { ...ASKED, now: 1000 },
    verdict: 'throttle',
    reason: 'throttled',
    policy: decided.policy,
  })
  expect(rowOf({ ...ROW, generation: 3, digest: 'cd', policy: { generation: 2 } }).policy).toEqual({
    generation: 3,
    digest: 'cd',
  })
})

test('null is absent, and an empty chain is none', () => {
  const nothing = { via: [], args: null, ip: null, cost: null, readings: null, reason: null, policy: null, time: null }
  expect(rowOf({ ...ROW, ...nothing })).toEqual(READ)
})

test('a fact that the language calls unknown when it is malformed is left out; an approval stays unsatisfied', () => {
  const odd = { ip: 7, since: true, trust: 'high' }
  expect(rowOf({ ...ROW, ...odd }).request).toEqual(ASKED)
  expect(rowOf({ ...ROW, approvedBy: 'b', approvedAt: {} }).request).toEqual({
    ...ASKED,
    approvedBy: 'b',
    approvedAt: '',
  })
})

test('arguments that are only a digest, or in part, are not complete', () => {
  const args = { z: [1, { b: 'é', a: null }], a: 1.5 }
  const digest = createHash('sha256').update('{"a":1.5,"z":[1,{"a":null,"b":"é"}]}').digest('hex')
  expect(rowOf({ ...ROW, argsDigest: digest }).isComplete).toBe(false)
  expect(rowOf({ ...ROW, argsDigest: digest, args: { a: 1.5 } }).isComplete).toBe(false)
  expect(rowOf({ ...ROW, argsDigest: digest, args }).isComplete).toBe(true)
  expect(rowOf({ ...ROW, argsDigest: digest.toUpperCase(), args }).isComplete).toBe(true)
  expect(rowOf({ ...ROW, args }).isComplete).toBe(true)
})

test('what is no row is refused with the member that is wrong', () => {
  const faults = [
    '{',
    '[]',
    'null',
    '7',
    { ...ROW, agent: undefined },
    { ...ROW, action: 7 },
    { ...ROW, resource: '' },
    { ...ASKED },
    { ...ASKED, result: 'allowed' },
    { ...ROW, verdict: 'maybe' },
    { ...ROW, result: 'denied' },
    { ...ROW, result: 'yes' },
    { ...ROW, allowed: false },
    { ...ROW, allowed: 1 },
    { ...ROW, time: '2026-04-01T10:00:00+02:00' },
    { ...ROW, time: -1 },
    { ...ROW, now: '10:00' },
    { ...ROW, via: 'root' },
    { ...ROW, via: [7] },
    { ...ROW, via: [{ since: 1 }] },
    { ...ROW, args: [] },
    { ...ROW, cost: -1 },
    { ...ROW, tenant: '' },
    { ...ROW, approvedBy: [''] },
    { ...ROW, readings: { used: { minute: -1 } } },
    { ...ROW, readings: { spent: { day: '1e3' } } },
    { ...ROW, readings: { used: 3 } },
    { ...ROW, reason: 7 },
    { ...ROW, generation: 1.5 },
    { ...ROW, policy: 'p' },
    { ...ROW, argsDigest: 7 },
  ]
  expect(faults.map(faultOf)).toEqual([
    'it is not JSON',
    'it is not an object',
    'it is not an object',
    'it is not an object',
    'agent: is missing',
    'action: must be a string that is not empty',
    'resource: must be a string that is not empty',
    'verdict: is missing; `result` alone does not say how it was decided',
    'verdict: is missing; `result` alone does not say how it was decided',
    'verdict: must be one of allow, throttle, approval, limited, deny',
    'verdict: `allow` is not what `result` says',
    'result: must be `allowed` or `denied`',
    'verdict: `allow` is not what `allowed` says',
    'allowed: must be `true` or `false`',
    'time: must be RFC 3339 with `Z`, or whole milliseconds since 1970',
    'time: must be RFC 3339 with `Z`, or whole milliseconds since 1970',
    'now: must be RFC 3339 with `Z`, or whole milliseconds since 1970',
    'via: must be a list',
    'via[0]: must be a name, or an object with `agent`',
    'via[0]: must be a name, or an object with `agent`',
    'args: must be an object',
    'cost: must be a number, 0 or more',
    'tenant: must be a string that is not empty',
    'approvedBy: must be a string or a list of strings, none of them empty',
    'readings: must hold `used`, `spent` and `meters`, each an object of numbers or decimal strings',
    'readings: must hold `used`, `spent` and `meters`, each an object of numbers or decimal strings',
    'readings: must hold `used`, `spent` and `meters`, each an object of numbers or decimal strings',
    'reason: must be a string',
    'generation: must be a whole number',
    'policy: must be an object',
    'argsDigest: must be a string',
  ])
  expect(faultOf(`{"args":${'{"a":'.repeat(5000)}1${'}'.repeat(5000)},"argsDigest":"00"}`)).toMatch(
    /^(it nests too deeply|agent: is missing|verdict: is missing.*)$/,
  )
})

test('the example of the page is a log, and its rows are what the page says of them', () => {
  const page = readFileSync('docs/decision-log.md', 'utf8')
  const [, example = ''] = /```json decisions\.ndjson\n([^`]+)```/.exec(page) ?? []
  const rows = example
    .trim()
    .split('\n')
    .map((line) => rowOf(line))
  expect(rows.map(({ verdict, isComplete }) => [verdict, isComplete])).toEqual([
    ['allow', true],
    ['deny', true],
    ['limited', true],
    ['approval', true],
    ['deny', false],
  ])
})
