import { expect, test } from 'vitest'
import { toRow } from '../../../compiler/analyze/boundary-tests-row.ts'
import type { AskedRequest } from '../../../compiler/analyze/mutate-decide.ts'

const VERDICTS = [
  { decision: 'deny', reason: 'no-grant' },
  { decision: 'allow', reason: 'allowed' },
] as const

function rowOf(request: AskedRequest) {
  return toRow({ kind: 'apart', request, verdicts: VERDICTS }, 'it')
}

test('a row says every fact of its request, and expects the verdict of the policy', () => {
  expect(
    rowOf({
      agent: 'b',
      via: ['a', 'c'],
      action: 'é x',
      resource: 'docs:odd name:x',
      now: Date.UTC(2026, 0, 5, 9, 0, 0, 5),
      since: Date.UTC(2026, 0, 5, 8),
      ip: '10.0.0.1',
      args: { to: 'a"b', 'odd key': [1, null, {}], flag: true },
      trust: 0.5,
      cost: 2,
      approvedBy: ['role:boss', 'ann'],
      readings: { used: { hour: '3' }, spent: { day: '1.5' } },
    }),
  ).toEqual({
    agent: 'b',
    said: 'it',
    text: 'deny "é x" on docs:"odd name":x via a, c at 2026-01-05T09:00:00.005Z since 2026-01-05T08:00:00Z from 10.0.0.1 with { to: "a\\"b", "odd key": [1, null, {}], flag: true } trust 0.5 cost 2 USD approved by "role:boss" approved by "ann" used 3 per hour spent 1.5 USD per day because no-grant',
  })
})

test.each([
  [{ now: -1 }, 'its time cannot be written'],
  [{ now: 8.64e15 }, 'its time cannot be written'],
  [{ trust: 1e-10 }, 'a trust of 1e-10 cannot be written'],
  [{ approvedAt: 5 }, 'a test does not say when something was approved'],
  [{ args: { x: 'a'.repeat(2000) } }, 'the row would have 2046 characters'],
])('there is no row for %#', (facts, why) => {
  expect(rowOf({ agent: 'a', action: 'read', resource: 'x', ...facts })).toEqual({ why })
})
