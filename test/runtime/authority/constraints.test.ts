import { expect, test } from 'vitest'
import { type GrantModel, parseCidr, parseHours, weekRanges } from '../../../compiler/model/index.ts'
import {
  type Constraints,
  constraintsOf,
  meetTerms,
  termsOf,
  termsOfGrant,
} from '../../../runtime/authority/constraints.ts'

function meet(a: Constraints, b: Constraints) {
  const terms = meetTerms(termsOf(a), termsOf(b))
  return terms && constraintsOf(terms)
}

function grantOf(more: Partial<GrantModel>): GrantModel {
  return { id: 0, actions: undefined, patterns: [], ...more }
}

test('the least of each limit holds', () => {
  expect(
    meet(
      { maxCallsPerDay: 5, budgetUsdPerDay: 2 },
      { maxCallsPerDay: 3, maxCallsPerHour: 1, budgetUsdPerDay: 4, throttlePerMinute: 9 },
    ),
  ).toEqual({ constraints: { maxCallsPerHour: 1, maxCallsPerDay: 3, budgetUsdPerDay: 2 }, others: [] })
  expect(meet({ budgetUsdPerDay: 2, throttlePerMinute: 3 }, {})?.constraints).toEqual({
    budgetUsdPerDay: 2,
    throttlePerMinute: 3,
  })
})

test('hours within others stand alone; others stand beside each other, and more than two are named', () => {
  expect(
    meet({ allowedHoursUTC: '09:00-18:00' }, { timeWindow: { start: '10:00', end: '11:00' } })?.constraints,
  ).toEqual({
    allowedHoursUTC: '10:00-11:00',
  })
  expect(meet({ allowedHoursUTC: '09:00-18:00' }, { allowedHoursUTC: '17:00-03:00' })?.constraints).toEqual({
    allowedHoursUTC: '09:00-18:00',
    timeWindow: { start: '17:00', end: '03:00' },
  })
  const three = meet(
    { allowedHoursUTC: '09:00-18:00', timeWindow: { start: '12:00', end: '20:00' } },
    { allowedHoursUTC: '10:00-19:00' },
  )
  expect(three).toEqual({
    constraints: { allowedHoursUTC: '09:00-18:00', timeWindow: { start: '12:00', end: '20:00' } },
    others: ['time'],
  })
})

test('addresses are those of both; none is no permission', () => {
  expect(
    meet({ ipAllowlist: ['10.0.0.0/8', '11.0.0.1'] }, { ipAllowlist: ['10.1.0.0/16', '::/0'] })?.constraints,
  ).toEqual({
    ipAllowlist: ['10.0.0.0/8', '11.0.0.1'],
  })
  expect(meet({ ipAllowlist: ['10.0.0.0/8'] }, { ipAllowlist: ['11.0.0.0/8'] })).toBeUndefined()
})

test('an approval of either is needed, and all patterns hold', () => {
  expect(
    meet(
      { requireApproval: true, argPatterns: { a: 'x', b: 'y' } },
      { requireApproval: false, argPatterns: { a: 'z' } },
    ),
  ).toEqual({
    constraints: { requireApproval: true, argPatterns: { a: 'z', b: 'y' } },
    others: ['args.a'],
  })
})

test('no constraints say nothing', () => {
  expect(meet({}, { requireApproval: false })).toEqual({ constraints: undefined, others: [] })
})

test('a grant of the policy is said as far as there are words for it', () => {
  const cidr = parseCidr('10.0.0.0/8')
  const hours = parseHours('daily 22:00-06:00')
  if (!cidr.ok || !hours.ok) throw new TypeError('it was to be read')
  const grant = grantOf({
    when: [
      { kind: 'ip-in', negated: false, ranges: [cidr.value, { low: 5n, high: 6n }] },
      { kind: 'time-in', negated: false, ranges: weekRanges([hours.value]) },
      { kind: 'number', negated: false, root: 'trust', operator: '>=', units: 1n },
      { kind: 'arg-boolean', negated: false, path: ['force'], values: [false] },
      { kind: 'args-only', negated: false, names: [] },
    ],
    limits: [
      {
        kind: 'rate',
        key: 'k',
        windows: [
          { window: 'hour', count: 5n },
          { window: 'month', count: 50n },
        ],
      },
      { kind: 'budget', key: 'b', windows: [{ window: 'day', capNanoUsd: 1_500_000_000n }] },
    ],
    approval: { by: 'lead' },
  })
  expect(constraintsOf(termsOfGrant(grant))).toEqual({
    constraints: {
      maxCallsPerHour: 5,
      budgetUsdPerDay: 1.5,
      allowedHoursUTC: '22:00-06:00',
      ipAllowlist: ['10.0.0.0/8', '::5', '::6'],
      requireApproval: true,
    },
    others: ['args', 'args.force', 'rate per month', 'trust'],
  })
})

test('hours of some days, and what must not be, have no words', () => {
  const hours = parseHours('mon-fri 09:00-18:00')
  if (!hours.ok) throw new TypeError('it was to be read')
  const ranges = weekRanges([hours.value])
  expect(constraintsOf(termsOfGrant(grantOf({ when: [{ kind: 'time-in', negated: false, ranges }] })))).toEqual({
    constraints: undefined,
    others: ['time'],
  })
  expect(constraintsOf(termsOfGrant(grantOf({ when: [{ kind: 'ip-in', negated: true, ranges: [] }] })))).toEqual({
    constraints: undefined,
    others: ['ip'],
  })
})
