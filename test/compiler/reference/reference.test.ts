import { expect, test } from 'vitest'
import { createReference, referenceFromText } from '../../../compiler/reference/index.ts'
import { parsePolicy } from '../../../grammar/index.ts'
import { APPROVAL, allow, ask, deny, LIMITED, NOW } from './ask.ts'

const CHAIN = `
  service agent a { may delegate depth 1 allow read on ** expires at ${NOW} }
  delegated agent b { }
  delegate a -> b { allow read on ** }`
const EARLIER = '2026-04-01T09:59:59.999Z'

test('every principal is known, neither revoked nor suspended, and not expired', () => {
  const via = { agent: 'b', via: ['a'], now: EARLIER }
  expect(ask(CHAIN, via)).toEqual(allow([0, 1]))
  expect(ask(CHAIN, { ...via, via: ['nobody'] })).toEqual(deny('agent-unknown'))
  expect(ask(CHAIN, via, { state: { revoked: ['a'] } })).toEqual(deny('agent-revoked'))
  expect(ask(CHAIN, via, { state: { suspended: ['b'] } })).toEqual(deny('agent-suspended'))
  expect([ask(CHAIN, { ...via, now: NOW }), ask(CHAIN, { ...via, now: 'x' })]).toEqual(
    Array(2).fill(deny('agent-expired')),
  )
})

test('the reason is the first of the causes in the order of the list', () => {
  const all = { state: { revoked: ['a'], suspended: ['a'] } }
  expect(ask(CHAIN, { agent: 'nobody', via: ['a'] }, all)).toEqual(deny('agent-unknown'))
  expect(ask(CHAIN, { agent: 'b', via: ['a'] }, all)).toEqual(deny('agent-revoked'))
  const forbidden = 'service agent a { allow read on ** }\nforbid * on **'
  expect([ask(forbidden), ask(forbidden, { action: 'write' })]).toEqual(Array(2).fill(deny('forbidden')))
})

test('with a fault of a principal nothing further is judged', () => {
  const policy = `${CHAIN}\ndelegate a -> b { allow write on ** expires at 2020-01-01T00:00:00Z }`
  expect(ask(policy, { agent: 'nobody', via: ['a', 'b'], now: NOW })).toEqual(deny('agent-unknown'))
})

test('a forbid denies when any principal of the chain meets it', () => {
  const policy = (rule: string) => `
    service agent a { owner "x" may delegate depth 1 allow read on ** }
    delegated agent b { }
    delegate a -> b { allow read on ** }
    ${rule}`
  const decided = (rule: string) => ask(policy(rule), { agent: 'b', via: ['a'] }).reason
  expect(decided('forbid read on ** when agent.type = service')).toBe('forbidden')
  expect(decided('forbid read on ** when agent.type = autonomous')).toBe('allowed')
  expect(decided('forbid read on ** unless agent.type in [service, delegated]')).toBe('allowed')
  expect(decided('forbid read on ** unless agent.type = service')).toBe('forbidden')
  expect(decided('forbid read on ** when agent.owner = "y"')).toBe('forbidden')
  expect(decided('forbid write on **')).toBe('allowed')
  expect(decided('forbid read on ** when agent.type = service unless agent.owner = "x"')).toBe('allowed')
})

test('a require must hold for every principal, and fails with its first kind', () => {
  const policy = (rule: string) => `
    service agent a { may delegate depth 1 allow read on ** }
    delegated agent b { }
    delegate a -> b { allow read on ** }
    ${rule}`
  const decided = (rule: string) => ask(policy(rule), { agent: 'b', via: ['a'] }).reason
  expect(decided('require agent.type in [service, delegated] for read on **')).toBe('allowed')
  expect(decided('require agent.type = service for read on **')).toBe('forbidden')
  expect(decided('require cost <= 1 and ip in cidr [::/0] for read on **')).toBe('ip-not-allowed')
  expect(decided('require cost <= 1 for write on **')).toBe('allowed')
})

test('an approval that a guardrail requires is asked for once', () => {
  const policy = 'service agent a { allow read on ** }\nrequire approval by "x" for read on **'
  expect([ask(policy), ask(policy, { approvedBy: 'x' })]).toEqual([APPROVAL, allow([0])])
})

test('the outcome is the worst of grants, limits and guardrails', () => {
  const policy = `service agent a { allow read on ** needs approval limit rate 1 per day limit budget 1 USD per day }`
  expect(ask(policy)).toEqual(APPROVAL)
  expect(ask(policy, { readings: { used: { day: 1 } } })).toEqual(LIMITED)
  expect(ask(policy, { readings: { used: { day: 1 }, spent: { day: 1 } } })).toEqual(deny('budget-exhausted'))
})

test('adding a grant never removes access, and the order of declarations changes no outcome', () => {
  const grants = ['allow read on ** rate 0 per day', 'allow read on **', 'allow read on ** needs approval']
  for (const order of [grants, grants.toReversed()]) {
    expect(ask(`service agent a { ${order.join('\n')} }`).decision).toBe('allow')
  }
})

test('the keys of meters may be given', () => {
  const { file } = parsePolicy('p.kavach', 'policy p\nboundary runtime { allow * on ** rate 1 per day }')
  const permissions = [{ resource: '**', actions: ['*'], constraints: { maxCallsPerDay: 2 } }]
  const state = { agents: [{ name: 'r', type: 'service', permissions }] }
  const { decide } = createReference([file], state, { keyOf: () => 'k', stateKeys: ['s'] })
  const { reservations } = decide({ agent: 'r', action: 'read', resource: 'x' })
  expect(reservations.map(({ key, limit }) => [key, limit])).toEqual([
    ['s/day/agent=r', '2'],
    ['k/day/agent=r', '1'],
  ])
})

test('text with an error is not evaluated', () => {
  expect(() => referenceFromText([{ path: 'p.kavach', text: 'policy p\nforbid' }])).toThrow(SyntaxError)
  const { decide } = referenceFromText([{ path: 'p.kavach', text: 'policy p\nservice agent a { allow read on x }' }])
  expect(decide({ agent: 'a', action: 'read', resource: 'x' })).toEqual(allow([0]))
})

test('the atoms that were asked are told', () => {
  const { file } = parsePolicy(
    'p.kavach',
    'policy p\nservice agent a { allow read on x when trust >= 5 allow write on x when cost <= 1 }',
  )
  const roots: string[] = []
  createReference([file]).decide(
    { agent: 'a', action: 'read', resource: 'x', trust: 6 },
    { observe: (atom) => roots.push(atom.kind === 'args-only' ? 'args' : atom.path.root) },
  )
  expect(roots).toEqual(['trust'])
})
