import { expect, test } from 'vitest'
import { mutantsOf } from '../../../compiler/analyze/mutate.ts'
import { tryAsker } from '../../../compiler/analyze/mutate-decide.ts'
import { writtenOf } from './written.ts'

/** Kind and words of each mutant. */
function mutantsIn(text: string): readonly string[] {
  return mutantsOf(writtenOf(text)).map(({ kind, said, place }) => `${place.line} ${kind}: ${said}`)
}

test('a grant loses itself, its actions, patterns, atoms, rates, approval and estimate', () => {
  expect(
    mutantsIn(`autonomous agent a {
  allow read, write on docs:{x,y}:*, mail
    when trust >= 60 and not ip in cidr [10.0.0.0/8, 192.0.2.1] and args only [to, body]
    rate 3 per hour
    needs approval by "boss" within 5m
    estimate 0.50 USD
}`),
  ).toEqual([
    '3 drop-rule: without this grant',
    '3 drop-action: without the action `read`',
    '3 drop-action: without the action `write`',
    '3 any-action: `read, write` becomes `*`',
    '3 drop-pattern: without `docs:{x,y}:*`',
    '3 drop-alternative: `docs:{x,y}:*` becomes `docs:{y}:*`',
    '3 drop-alternative: `docs:{x,y}:*` becomes `docs:{x}:*`',
    '3 widen-segment: `docs:{x,y}:*` becomes `*:{x,y}:*`',
    '3 widen-rest: `docs:{x,y}:*` becomes `docs:{x,y}:**`',
    '3 drop-pattern: without `mail`',
    '3 widen-segment: `mail` becomes `*`',
    '4 drop-atom: without `trust >= 60`',
    '4 negate-atom: `trust >= 60` becomes `not trust >= 60`',
    '4 shift-bound: `trust >= 60` becomes `trust >= 59`',
    '4 shift-bound: `trust >= 60` becomes `trust >= 61`',
    '4 drop-atom: without `not ip in cidr [10.0.0.0/8, 192.0.2.1]`',
    '4 negate-atom: `not ip in cidr [10.0.0.0/8, 192.0.2.1]` becomes `ip in cidr [10.0.0.0/8, 192.0.2.1]`',
    '4 drop-element: without `10.0.0.0/8`',
    '4 drop-element: without `192.0.2.1`',
    '4 widen-network: `10.0.0.0/8` becomes `10.0.0.0/7`',
    '4 widen-network: `192.0.2.1` becomes `192.0.2.0/31`',
    '4 drop-atom: without `args only [to, body]`',
    '4 negate-atom: `args only [to, body]` becomes `not args only [to, body]`',
    '4 drop-element: without `to` in `args only`',
    '4 drop-element: without `body` in `args only`',
    '5 drop-limit: without `rate 3 per hour`',
    '5 shift-rate: `3 per hour` becomes `4 per hour`',
    '5 shift-rate: `3 per hour` becomes `2 per hour`',
    '6 drop-approval: without `needs approval by "boss" within 5m`',
    '6 change-approver: anybody approves instead of "boss"',
    '6 change-approver: somebody else approves instead of "boss"',
    '6 drop-within: without `within 5m`',
    '7 drop-estimate: without `estimate 0.50 USD`',
  ])
})

test('hours move by a minute at each end, and stay hours', () => {
  expect(
    mutantsIn('forbid read on x when time in hours mon-fri 00:00-24:00, daily 09:00-09:01').filter((said) =>
      said.includes('hours:'),
    ),
  ).toEqual([
    '2 shift-hours: `mon-fri 00:00-24:00` becomes `mon-fri 00:01-24:00`',
    '2 shift-hours: `mon-fri 00:00-24:00` becomes `mon-fri 00:00-23:59`',
    '2 shift-hours: `daily 09:00-09:01` becomes `daily 08:59-09:01`',
    '2 shift-hours: `daily 09:00-09:01` becomes `daily 09:00-09:02`',
  ])
})

test('a bound moves in the last place that is written', () => {
  expect(
    mutantsIn('forbid read on x when cost <= 0.50 and args.n >= 0 and args.m = 2').filter((said) =>
      said.includes('shift-bound'),
    ),
  ).toEqual([
    '2 shift-bound: `cost <= 0.50` becomes `cost <= 0.49`',
    '2 shift-bound: `cost <= 0.50` becomes `cost <= 0.51`',
    '2 shift-bound: `args.n >= 0` becomes `args.n >= 1`',
    '2 shift-bound: `args.m = 2` becomes `args.m <= 2`',
    '2 shift-bound: `args.m = 2` becomes `args.m >= 2`',
  ])
})

test('guardrails, holders and delegations lose what they state', () => {
  expect(
    mutantsIn(`role r { allow read on x:** }
autonomous agent a {
  roles r
  limit budget 2.00 USD per day throttle at 80% to 6 per minute
  may delegate depth 1
  expires at 2026-01-01T00:00:00Z
}
delegated agent b {}
delegate a -> b {
  allow read on x:**
  expires in 30m
  depth 5
}
boundary runtime { limit rate 0 per day may delegate depth 0 }
forbid * on ** when trust <= 1 unless ip in cidr [10.0.0.1]
require approval for * on **
require trust >= 1 for * on **
limit rate 5 per day for * on **`).filter((said) => !/widen-segment|atom|shift-bound/.test(said)),
  ).toEqual([
    '2 drop-rule: without this grant',
    '2 any-action: `read` becomes `*`',
    '5 drop-limit: without `budget 2.00 USD per day throttle at 80% to 6 per minute`',
    '5 raise-budget: `2.00 USD per day` is a cent more',
    '5 drop-throttle: without `throttle at 80% to 6 per minute`',
    '4 drop-role: without the role `r`',
    '6 raise-depth: `may delegate depth 1` becomes `may delegate depth 2`',
    '7 later-expiry: `expires at 2026-01-01T00:00:00Z` is a day later',
    '10 drop-delegation: without this delegation',
    '12 later-expiry: `expires in 30m` is a second longer',
    '11 drop-rule: without this grant',
    '11 any-action: `read` becomes `*`',
    '15 drop-limit: without `rate 0 per day`',
    '15 shift-rate: `0 per day` becomes `1 per day`',
    '15 raise-depth: `may delegate depth 0` becomes `may delegate depth 1`',
    '16 drop-rule: without this `forbid`',
    '16 widen-network: `10.0.0.1` becomes `10.0.0.0/31`',
    '16 drop-unless: without `unless ip in cidr [10.0.0.1]`',
    '17 drop-rule: without this `require`',
    '18 drop-rule: without this `require`',
    '19 drop-rule: without this `limit`',
    '19 shift-rate: `5 per day` becomes `6 per day`',
    '19 shift-rate: `5 per day` becomes `4 per day`',
  ])
})

test('a set is changed where it is used, once for each use', () => {
  expect(
    mutantsIn(`set s = cidr [10.0.0.1, 10.0.0.9]
forbid read on x when ip in s
forbid write on x when ip in s`).filter((said) => said.includes('drop-element')),
  ).toEqual([
    '3 drop-element: without `10.0.0.1`',
    '3 drop-element: without `10.0.0.9`',
    '4 drop-element: without `10.0.0.1`',
    '4 drop-element: without `10.0.0.9`',
  ])
})

test('every mutant is a policy that the engine takes, and leaves the policy as it was', () => {
  const policy = writtenOf(`role r { allow read on x:* rate 1 per day }
role s includes r { allow write on y when args.a in ["b", "c"] and agent.type in [service, autonomous] }
autonomous agent a { roles s }
require len.a <= 3 and trust >= 2 for * on x:**`)
  const before = JSON.stringify(policy.model, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value))
  const mutants = mutantsOf(policy)
  expect(mutants.filter(({ edit }) => tryAsker(edit(policy.model)) === undefined)).toEqual([])
  expect(JSON.stringify(policy.model, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value))).toBe(
    before,
  )
})
