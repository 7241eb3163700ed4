import { expect, test } from 'vitest'
import type { ReferenceReservation } from '../../../compiler/reference/index.ts'
import { allow, ask, deny, LIMITED, NOW, throttle } from './ask.ts'

const MINUTE = Date.parse(NOW)

function call(key: string, window: ReferenceReservation['window'], windowStart: number | null, limit: number) {
  return { key, window, windowStart, amount: '1', limit: String(limit), unit: 'calls' as const }
}

function money(key: string, windowStart: number | null, amount: number, limit: number): ReferenceReservation {
  return { key, window: 'day', windowStart, amount: String(amount), limit: String(limit), unit: 'nanoUsd' }
}

test('a rate is limited when one more call would be too many in any window', () => {
  const policy = 'service agent a { allow read on ** rate 2 per minute, 9 per month }'
  const reservations = [call('#0/minute/agent=a', 'minute', MINUTE, 2), call('#0/month/agent=a', 'month', MINUTE, 9)]
  const used = (reading: object) => ask(policy, { now: NOW, readings: { used: reading } })
  expect([used({}), used({ minute: 1 }), used({ month: '8' })]).toEqual(
    Array(3).fill(allow([0], [reservations[0], { ...reservations[1], windowStart: Date.UTC(2026, 3, 1) }] as never)),
  )
  expect([used({ minute: 2 }), used({ minute: 1.5 }), used({ month: 9 })]).toEqual(Array(3).fill(LIMITED))
})

test('a rate of nothing is never', () => {
  expect(ask('service agent a { allow read on ** rate 0 per day }')).toEqual(LIMITED)
})

test('windows start at UTC boundaries, and nowhere without a known time', () => {
  const policy = 'service agent a { allow read on ** rate 1 per minute, 1 per hour, 1 per day, 1 per month }'
  const starts = (now: unknown) => ask(policy, { now }).reservations.map(({ windowStart }) => windowStart)
  expect(starts('2024-02-29T23:59:59.999Z')).toEqual([
    Date.UTC(2024, 1, 29, 23, 59),
    Date.UTC(2024, 1, 29, 23),
    Date.UTC(2024, 1, 29),
    Date.UTC(2024, 1, 1),
  ])
  expect(starts('1969-12-31T23:59:59Z')).toEqual([-60_000, -3_600_000, -86_400_000, -31 * 86_400_000])
  expect(starts(undefined)).toEqual([null, null, null, null])
})

test('a budget denies when it is used up or could not pay', () => {
  const policy = 'service agent a { allow read on ** limit budget 2 USD per day }'
  const spent = (day: unknown, cost: unknown) => ask(policy, { cost, readings: { spent: { day } } })
  expect(spent('1.5', 0.5)).toEqual(allow([0], [money('#0/day/agent=a', null, 500_000_000, 2_000_000_000)]))
  expect(spent('1.5', undefined)).toEqual(allow([0], [money('#0/day/agent=a', null, 0, 2_000_000_000)]))
  expect([spent('1.5', 0.5000000001), spent('2', 0), spent(1.9999999999, 0)]).toEqual(
    Array(3).fill(deny('budget-exhausted')),
  )
})

test('money is counted in nano-USD, rounded up', () => {
  const policy = 'service agent a { allow read on ** limit budget 1 USD per day }'
  const amount = (cost: number) => ask(policy, { cost }).reservations.map((reservation) => reservation.amount)
  expect([amount(1e-9), amount(1e-10), amount(0.1), amount(0)]).toEqual([['1'], ['1'], ['100000000'], ['0']])
})

test('from its threshold on a budget throttles, and paces by a meter of its own', () => {
  const policy = 'service agent a { allow read on ** limit budget 1 USD per day throttle at 80% to 2 per hour }'
  const at = (day: string, used = {}) => ask(policy, { now: NOW, readings: { spent: { day }, used } })
  const day = money('#0/day/agent=a', Date.UTC(2026, 3, 1), 0, 1_000_000_000)
  expect(at('0.799999999', { hour: 9 })).toEqual(allow([0], [day]))
  expect(at('0.8')).toEqual(throttle([0], [day, call('#0p/hour/agent=a', 'hour', MINUTE, 2)]))
  expect(at('0.8', { hour: 2 })).toEqual(LIMITED)
  expect(at('1', { hour: 2 })).toEqual(deny('budget-exhausted'))
})

test('a meter is kept for the holder, or for what `each` names', () => {
  const key = (each: string, request: object = {}) =>
    ask(`service agent a { owner "ä/b" allow read on ** rate 1 per day ${each} }`, request).reservations[0]?.key
  expect(key('')).toBe('#0/day/agent=a')
  expect(key('each resource', { resource: 'x y:é' })).toBe('#0/day/agent=a/resource=x%20y%3A%C3%A9')
  expect(key('each owner')).toBe('#0/day/owner=%C3%A4%2Fb')
  expect([key('each tenant', { tenant: 't' }), key('each tenant')]).toEqual(['#0/day/tenant=t', '#0/day/tenant'])
  const ownerless = 'service agent a { allow read on ** rate 1 per day each owner }'
  expect(ask(ownerless).reservations[0]?.key).toBe('#0/day/owner')
})

test('the meters of every hop are charged', () => {
  const policy = `
    service agent a { may delegate depth 1 allow read on ** rate 9 per day limit rate 8 per day }
    delegated agent b { limit rate 7 per day }
    delegate a -> b { allow read on ** rate 6 per day limit rate 5 per day }`
  const { reservations } = ask(policy, { agent: 'b', via: ['a'] })
  expect(new Map(reservations.map(({ key, limit }) => [key, limit]))).toEqual(
    new Map([
      ['#0/day/agent=a', '9'],
      ['#1/day/agent=a', '8'],
      ['#2/day/agent=b', '7'],
      ['#3/day/agent=b', '6'],
      ['#4/day/agent=b', '5'],
    ]),
  )
})

test('a guardrail is charged once, or once for each distinct agent, owner or tenant of the chain', () => {
  const policy = (each: string) => `
    service agent a { owner "o" may delegate depth 2 allow read on ** }
    delegated agent b { owner "o" }
    delegated agent c { }
    delegate a -> b { allow read on ** depth 1 }
    delegate b -> c { allow read on ** }
    limit rate 9 per day for read on ** ${each}`
  const keys = (each: string) => ask(policy(each), { agent: 'c', via: ['a', 'b'] }).reservations.map(({ key }) => key)
  expect(keys('')).toEqual(['#0/day'])
  expect(keys('each agent')).toEqual(['#0/day/agent=a', '#0/day/agent=b', '#0/day/agent=c'])
  expect(keys('each owner')).toEqual(['#0/day/owner=o', '#0/day/owner'])
  expect(keys('each tenant')).toEqual(['#0/day/tenant'])
})

test('a reading under the very key wins over that of the window', () => {
  const policy = 'service agent a { allow read on ** rate 2 per day limit budget 2 USD per day }'
  const read = (meters: object) => ask(policy, { readings: { used: { day: 2 }, spent: { day: 2 }, meters } }).decision
  expect(read({ '#0/day/agent=a': 1, '#1/day/agent=a': '1.999999999' })).toBe('allow')
  expect([read({ '#0/day/agent=a': 1 }), read({ '#1/day/agent=a': 1 })]).toEqual(['deny', 'limited'])
})
