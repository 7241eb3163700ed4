import { expect, test } from 'vitest'
import { remainingGuardrail, remainingLimit } from '../../../compiler/analyze/explain-meters.ts'
import { type RequestReadings, readRequest } from '../../../compiler/analyze/explain-request.ts'
import type { BudgetModel, RateModel } from '../../../compiler/model/index.ts'

const KEY = '0123456789abcdef'
const HOLDER = { name: 'bot', owner: 'a b' }
const RATE: RateModel = { kind: 'rate', key: KEY, windows: [{ window: 'day', count: 5n }] }
const BUDGET: BudgetModel = {
  kind: 'budget',
  key: KEY,
  windows: [{ window: 'day', capNanoUsd: 1_000_000_000n }],
  throttle: { percent: 80, count: 3n, window: 'minute' },
}

function facts(readings: Partial<RequestReadings>) {
  const read = readRequest({ agent: 'bot', action: 'read', resource: 'x:y', tenant: 't', readings })
  if (!read.ok) throw new TypeError(read.message)
  return read.facts
}

test('a rate is what its window leaves, and a reading under its key wins', () => {
  const left = (readings: Partial<RequestReadings>) => remainingLimit(RATE, HOLDER, facts(readings)).windows
  expect(left({})).toEqual([{ window: 'day', count: 5n }])
  expect(left({ used: { day: 4 } })).toEqual([{ window: 'day', count: 1n }])
  expect(left({ used: { day: 9 } })).toEqual([{ window: 'day', count: 0n }])
  expect(left({ used: { day: 9 }, meters: { [`${KEY}/day/agent=bot`]: 2.5 } })).toEqual([{ window: 'day', count: 2n }])
})

test.each([
  ['resource', `${KEY}/day/agent=bot/resource=x%3Ay`],
  ['owner', `${KEY}/day/owner=a%20b`],
  ['tenant', `${KEY}/day/tenant=t`],
] as const)('a rate each %s has a key of its own', (each, key) => {
  const limit = remainingLimit({ ...RATE, each }, HOLDER, facts({ meters: { [key]: 5 } }))
  expect(limit.windows).toEqual([{ window: 'day', count: 0n }])
})

test('a budget is paced from its threshold, whose meter then counts', () => {
  const left = (readings: Partial<RequestReadings>) => remainingLimit(BUDGET, HOLDER, facts(readings))
  expect(left({ spent: { day: '0.79' } })).toEqual({
    kind: 'budget',
    key: KEY,
    windows: [{ window: 'day', capNanoUsd: 210_000_000n }],
  })
  expect(left({ spent: { day: 0.8 }, used: { minute: 3 } })).toEqual({
    kind: 'budget',
    key: KEY,
    windows: [{ window: 'day', capNanoUsd: 200_000_000n }],
    throttle: { percent: 0, count: 0n, window: 'minute' },
  })
})

test('of the meters of a guardrail the fullest counts', () => {
  const rule = { id: 1, actions: undefined, patterns: [], limit: RATE, per: 'agent' as const }
  const read = facts({ meters: { [`${KEY}/day/agent=bot`]: 1, [`${KEY}/day/agent=top`]: 4 } })
  const chain = [{ name: 'top', owner: undefined }, HOLDER]
  expect(remainingGuardrail(rule, chain, read).limit.windows).toEqual([{ window: 'day', count: 1n }])
  expect(
    remainingGuardrail({ ...rule, per: 'owner' }, chain, facts({ meters: { [`${KEY}/day/owner`]: 5 } })).limit.windows,
  ).toEqual([{ window: 'day', count: 0n }])
})
