import { expect, test } from 'vitest'
import { APPROVAL, allow, ask, deny, LIMITED, NOW } from './ask.ts'

const AGENTS = `
  service agent a { may delegate depth 2 allow * on ** }
  delegated agent b { }
  delegated agent c { }
`

test('without via the authority is the agent’s own, with it the intersection of the chain', () => {
  const policy = `${AGENTS}
    delegate a -> b { allow read, write on x:** depth 1 }
    delegate b -> c { allow write, delete on ** }`
  const chain = { agent: 'c', via: ['a', 'b'] }
  expect(ask(policy, { ...chain, action: 'write' })).toEqual(allow([0, 1, 2]))
  expect(ask(policy, { ...chain, action: 'read' })).toEqual(deny('no-grant'))
  expect(ask(policy, { ...chain, action: 'write', resource: 'y' })).toEqual(deny('no-grant'))
  expect(ask(policy, { agent: 'b' })).toEqual(deny('no-grant'))
})

test('what later principals hold themselves does not count', () => {
  const policy = `
    service agent a { may delegate depth 1 allow read on ** }
    service agent b { allow write on ** }
    delegate a -> b { allow * on ** }`
  expect(ask(policy, { agent: 'b', via: ['a'], action: 'write' })).toEqual(deny('no-grant'))
})

test('the root needs depth for the whole chain, an intermediate agent only where it states one', () => {
  const chain = (may: string, middle: string) =>
    ask(
      `service agent a { ${may} allow read on ** } delegated agent b { ${middle} } delegated agent c { }
       delegate a -> b { allow read on ** depth 1 } delegate b -> c { allow read on ** }`,
      { agent: 'c', via: ['a', 'b'] },
    )
  expect(chain('may delegate depth 2', '')).toEqual(allow([0, 1, 2]))
  expect(chain('may delegate depth 1', '')).toEqual(deny('delegation-depth'))
  expect(chain('', '')).toEqual(deny('delegation-depth'))
  expect(chain('may delegate depth 2', 'may delegate depth 1')).toEqual(allow([0, 1, 2]))
  expect(chain('may delegate depth 2', 'may delegate depth 0')).toEqual(deny('delegation-depth'))
})

test('more than five hops are too many', () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
  const policy = names.map((name) => `service agent ${name} { may delegate depth 5 allow read on ** }`).join('\n')
  const hops = names.slice(1).map((name, index) => `delegate ${names[index]} -> ${name} { allow read on ** depth 5 }`)
  const whole = `${policy}\n${hops.join('\n')}`
  expect(ask(whole, { agent: 'f', via: names.slice(0, 5) })).toEqual(allow([0, 7, 8, 9, 10, 11]))
  expect(ask(whole, { agent: 'g', via: names.slice(0, 6) })).toEqual(deny('delegation-depth'))
})

test('a delegation expires at its instant, or its duration after the hop was opened', () => {
  const policy = `${AGENTS} delegate a -> b { allow read on ** expires in 30m }`
  const at = (since: unknown, now: unknown = NOW) => ask(policy, { agent: 'b', via: ['a'], since, now })
  expect(at('2026-04-01T09:30:00.001Z')).toEqual(allow([0, 1]))
  expect(at('2026-04-01T09:30:00Z')).toEqual(deny('delegation-expired'))
  expect([at(undefined), at('never'), at(NOW, null)]).toEqual(Array(3).fill(deny('delegation-expired')))
  const own = ask(policy, { agent: 'b', via: [{ agent: 'a', since: NOW }], since: 0, now: NOW })
  const unknown = ask(policy, { agent: 'b', via: [{ agent: 'a', since: 'x' }], since: NOW, now: NOW })
  expect([own, unknown]).toEqual([allow([0, 1]), deny('delegation-expired')])
  const fixed = `${AGENTS} delegate a -> b { allow read on ** expires at ${NOW} }`
  expect(ask(fixed, { agent: 'b', via: ['a'], now: '2026-04-01T09:59:59.999Z' })).toEqual(allow([0, 1]))
  expect(ask(fixed, { agent: 'b', via: ['a'], now: NOW })).toEqual(deny('delegation-expired'))
})

test('a hop without delegation has no grant, one without a usable delegation its first fault', () => {
  expect(ask(AGENTS, { agent: 'b', via: ['a'] })).toEqual(deny('no-grant'))
  const shallow = `${AGENTS} delegate a -> b { allow read on ** } delegate b -> c { allow read on ** }`
  expect(ask(shallow, { agent: 'c', via: ['a', 'b'] })).toEqual(deny('delegation-depth'))
  const both = `${shallow} delegate a -> b { allow read on ** expires at ${NOW} depth 1 }`
  expect(ask(both, { agent: 'c', via: ['a', 'b'], now: NOW })).toEqual(deny('delegation-expired'))
})

test('several delegations of a pair are alternatives', () => {
  const policy = `${AGENTS} delegate a -> b { allow read on ** expires at ${NOW} } delegate a -> b { allow read on x:** }`
  expect(ask(policy, { agent: 'b', via: ['a'], now: NOW })).toEqual(allow([0, 2]))
})

test('the nearest miss is the applicable grant with the fewest failing kinds, then the lower id', () => {
  const policy = (...conditions: readonly string[]) =>
    `service agent a { ${conditions.map((condition) => `allow read on ** when ${condition}`).join('\n')} }`
  expect(ask(policy('ip in cidr [::/0] and trust >= 5', 'args only [v]'))).toEqual(deny('unexpected-arg'))
  expect(ask(policy('cost <= 1', 'trust >= 5'))).toEqual(deny('cost-too-high'))
  expect(ask(policy('len.v <= 1 and args.v = "a" and args.w = 1', 'trust >= 5 and cost <= 1'))).toEqual(
    deny('arg-mismatch'),
  )
  expect(ask(policy('cost <= 1 and time in hours daily 00:00-24:00'))).toEqual(deny('outside-hours'))
  expect(ask(policy('agent.type = autonomous', 'trust >= 5 and cost <= 1'))).toEqual(deny('trust-too-low'))
})

test('the best outcome is chosen, unmetered first, then the lower id', () => {
  const policy = `service agent a {
    allow read on ** needs approval
    allow read on ** rate 5 per minute
    allow read on x:**
    allow read on x:y
  }`
  expect(ask(policy)).toEqual(allow([2]))
  expect(ask(policy, { resource: 'z' }).charged).toEqual([1])
  expect(ask(policy, { resource: 'z', readings: { used: { minute: 5 } } })).toEqual(APPROVAL)
})

test('an approval is given by whom the grant names, in time where the time is told', () => {
  const policy = 'service agent a { allow read on ** needs approval by "boss" within 1h }'
  const given = (approvedBy: unknown, approvedAt?: unknown, now: unknown = NOW) =>
    ask(policy, { approvedBy, approvedAt, now })
  expect([given('boss'), given(['x', 'boss'])]).toEqual([allow([0]), allow([0])])
  expect([given('x'), given([]), given(undefined)]).toEqual(Array(3).fill(APPROVAL))
  expect(given('boss', '2026-04-01T09:00:00.001Z')).toEqual(allow([0]))
  expect([given('boss', '2026-04-01T09:00:00Z'), given('boss', 'x'), given('boss', NOW, 'x')]).toEqual(
    Array(3).fill(APPROVAL),
  )
  const anyone = 'service agent a { allow read on ** needs approval }'
  expect(ask(anyone, { approvedBy: 'z' })).toEqual(allow([0]))
})

const BOUNDARY = 'boundary runtime { allow read on x:** rate 5 per minute  may delegate depth 1 limit rate 7 per hour }'
const everything = [{ resource: '**', actions: ['*'] }]

test('a principal made at run time lives in the boundary', () => {
  const state = { agents: [{ name: 'r', type: 'service', permissions: everything }] }
  const made = (request: object, boundary = BOUNDARY) => ask(boundary, { agent: 'r', ...request }, { state })
  expect(made({}).reservations.map(({ key }) => key)).toEqual(['#0/minute/agent=r', '#1/hour/agent=r'])
  expect(made({}).charged).toEqual([-1])
  expect([made({ action: 'write' }), made({}, '')]).toEqual([deny('no-grant'), deny('no-grant')])
})

test('the boundary bounds how far what was made at run time passes on', () => {
  const state = {
    agents: [
      { name: 'r', type: 'service', permissions: everything, mayDelegate: 5 },
      { name: 's', type: 'service', permissions: [] },
      { name: 't', type: 'service', permissions: [] },
    ],
    delegations: [
      { from: 'r', to: 's', permissions: everything, depth: 5 },
      { from: 's', to: 't', permissions: everything },
    ],
  }
  expect(ask(BOUNDARY, { agent: 's', via: ['r'] }, { state }).charged).toEqual([-1, -1])
  expect(ask(BOUNDARY, { agent: 't', via: ['r', 's'] }, { state })).toEqual(deny('delegation-depth'))
})

test('a delegation made at run time brings the boundary and its limits, whomever it joins', () => {
  const state = { delegations: [{ from: 'a', to: 'b', permissions: everything }] }
  const chain = { agent: 'b', via: ['a'] }
  const found = ask(AGENTS + BOUNDARY, chain, { state })
  expect(found.charged).toEqual([0, -1])
  expect(found.reservations.map(({ key }) => key)).toEqual(['#1/hour/agent=b', '#0/minute/agent=b'])
  expect(ask(AGENTS + BOUNDARY, { ...chain, action: 'write' }, { state })).toEqual(deny('no-grant'))
  expect(ask(AGENTS + BOUNDARY, { ...chain, readings: { used: { hour: 7 } } }, { state })).toEqual(LIMITED)
  const declared = `${AGENTS}${BOUNDARY} delegate a -> b { allow * on ** }`
  expect(ask(declared, chain, { state })).toEqual(allow([0, 2]))
})

test('a hop that only the boundary denies has the cause of the boundary', () => {
  const boundary = 'boundary runtime { allow * on ** when trust >= 5 }'
  const state = { delegations: [{ from: 'a', to: 'b', permissions: everything }] }
  expect(ask(AGENTS + boundary, { agent: 'b', via: ['a'] }, { state })).toEqual(deny('trust-too-low'))
})

test('a grant whose estimate no budget pays is passed over for one that is free', () => {
  const policy = `service agent a {
    allow read on x:** estimate 5 USD
    allow read on ** estimate 1 USD
    limit budget 2 USD per day
  }`
  const found = ask(policy, { now: NOW })
  expect([found.charged, found.reservations.map(({ amount }) => amount)]).toEqual([[1], ['1000000000']])
  expect(ask(policy, { now: NOW, readings: { spent: { day: '1.000000001' } } })).toEqual(deny('budget-exhausted'))
  expect(ask(policy, { now: NOW, cost: 2 }).charged).toEqual([0])
})

test('a larger estimate wins where it costs nothing in outcome', () => {
  const policy = `service agent a {
    allow read on ** estimate 2 USD
    allow read on ** estimate 1 USD
    limit budget 9 USD per day
  }`
  expect(ask(policy).reservations.map(({ amount }) => amount)).toEqual(['2000000000'])
})
