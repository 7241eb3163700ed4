import { expect, test } from 'vitest'
import { administratorText, callerText, explainRequest } from '../../../compiler/analyze/index.ts'
import type { Reason } from '../../../engine-wasm/host/index.ts'
import { modelOf } from './sound.ts'

const REASONS: readonly Reason[] = [
  'invalid-request',
  'agent-unknown',
  'agent-revoked',
  'agent-suspended',
  'agent-expired',
  'delegation-expired',
  'delegation-revoked',
  'delegation-depth',
  'forbidden',
  'no-grant',
  'ip-not-allowed',
  'outside-hours',
  'arg-mismatch',
  'unexpected-arg',
  'trust-too-low',
  'cost-too-high',
  'approval-required',
  'rate-limited',
  'budget-exhausted',
  'throttled',
  'allowed',
  'stale-policy',
  'engine-fault',
  'meters-required',
]

test('every reason has a text of its own for the caller', () => {
  const texts = REASONS.map((reason) => callerText({ reason }))
  expect(new Set(texts).size).toBe(REASONS.length)
  expect(texts.filter((text) => !/^[A-Z].*\.$/.test(text) || /\d/.test(text))).toEqual([])
})

test('a caller learns when to come back, and no other number', () => {
  expect(callerText({ reason: 'rate-limited', retryAfter: 1 })).toBe('Too many calls. Try again in 1 second.')
  expect(callerText({ reason: 'budget-exhausted', retryAfter: 90 })).toMatch(/Try again in 90 seconds\.$/)
})

/** Literals that no sentence holds by chance. */
const POLICY = `
set qnet = cidr [198.51.100.77]
set qhours = hours mon 03:17-03:19
role qrole { allow qroleact on qroleres:** }
autonomous agent qagent {
  owner "qowner"
  roles qrole
  allow qact on qres:* when ip in qnet and time in qhours and args.qarg in ["qvalue"] and args only [qarg] and trust >= 61.25 and cost <= 7.75
  allow qapprove on qres:* needs approval by "qapprover" within 37m
  allow qrate on qres:* rate 4321 per day
  limit budget 98.75 USD per month throttle at 83% to 19 per hour
  may delegate depth 1
}
autonomous agent qgone { expires at 2001-02-03T04:05:06Z }
delegated agent qhelper {}
delegate qagent -> qhelper { allow qact on qres:a expires at 2003-04-05T06:07:08Z }
forbid qforbid on qres:** unless args.qtoken = "qsecret"
require trust >= 12.5 for qrequire on qres:**
`
const LITERALS =
  /q(net|hours|role|agent|owner|act|res|arg|value|approve|rate|gone|helper|forbid|token|secret|require)|198\.51|03:1|61\.25|7\.75|37|4321|98\.75|83|19|200[13]|12\.5|mon\b/

const ASKED = { agent: 'qagent', resource: 'qres:a', ip: '198.51.100.77', now: '2026-01-05T03:17:00Z' }

test('what a caller is told holds no literal of the policy, whatever was decided', () => {
  const model = modelOf(POLICY)
  const good = { ...ASKED, action: 'qact', args: { qarg: 'qvalue' }, trust: 70, cost: 1 }
  const requests = [
    good,
    { ...good, ip: '10.0.0.1' },
    { ...good, now: '2026-01-05T04:00:00Z' },
    { ...good, args: { qarg: 'x' } },
    { ...good, args: { qarg: 'qvalue', other: 1 } },
    { ...good, trust: 1 },
    { ...good, cost: 9 },
    { ...ASKED, action: 'qapprove' },
    { ...ASKED, action: 'qrate', readings: { used: { day: 4321 } } },
    { ...good, readings: { spent: { month: 98.75 } } },
    { ...good, readings: { spent: { month: 90 } } },
    { ...good, readings: { spent: { month: 90 }, used: { hour: 19 } } },
    { ...ASKED, action: 'qforbid' },
    { ...ASKED, action: 'qrequire' },
    { ...ASKED, agent: 'qgone', action: 'qact' },
    { ...ASKED, agent: 'nobody', action: 'qact' },
    { ...good, agent: 'qhelper', via: ['qagent'] },
    { ...good, agent: 'qhelper', via: ['qgone', 'qagent'] },
    {},
  ]
  const reasons = new Set<string>()
  for (const request of requests) {
    const explained = explainRequest(model, request)
    const { reason, retryAfter } = explained.decision
    reasons.add(reason)
    const text = callerText(explained.decision)
    const said = retryAfter === undefined ? text : text.replace(String(retryAfter), '')
    expect(said).not.toMatch(LITERALS)
    // The administrator is told more.
    expect(administratorText(explained).length).toBeGreaterThan(10)
  }
  expect(reasons.size).toBeGreaterThan(13)
})

test('a caller text depends on the reason and the waiting time alone', () => {
  const facts = { reason: 'forbidden' as const, guard: 3, grant: 7, detail: 'qsecret' }
  expect(callerText(facts)).toBe(callerText({ reason: 'forbidden' }))
})

const admin = (policy: string, request: object) =>
  administratorText(explainRequest(modelOf(policy), request), { showRule: (id) => `p.kavach:${id + 1}` })

test.each([
  [
    'autonomous agent a { allow read on x when ip in cidr [10.0.0.0/8] }',
    { agent: 'a', action: 'read', resource: 'x', ip: '11.0.0.1' },
    'Of `a` itself, the nearest grant is p.kavach:1: ip in cidr [10.0.0.0/8] is false (ip is "11.0.0.1").',
  ],
  [
    'autonomous agent a { allow read on x:* }',
    { agent: 'a', action: 'write', resource: 'x:y' },
    'Of `a` itself, no grant is for this action on this resource. The nearest is p.kavach:1: `allow read on x:*`.',
  ],
  [
    'autonomous agent a { allow read on x } forbid read on x unless trust >= 5',
    { agent: 'a', action: 'read', resource: 'x' },
    'p.kavach:2: `forbid read on x unless trust >= 5` denies `a`: trust >= 5 is unknown.',
  ],
  [
    'autonomous agent a {}',
    { agent: 'b', action: 'read', resource: 'x' },
    '`b` is declared by no policy and was not made at run time.',
  ],
  [
    'autonomous agent a { may delegate depth 0 } delegated agent b {} delegate a -> b { allow read on x }',
    { agent: 'b', via: ['a'], action: 'read', resource: 'x' },
    '`a` may delegate depth 0, and this chain needs depth 1.',
  ],
  [
    'autonomous agent a { allow read on x needs approval by "boss" }',
    { agent: 'a', action: 'read', resource: 'x' },
    'p.kavach:1: `allow read on x needs approval by "boss"`; that approval is not given.',
  ],
])('an administrator reads what decided: %s', (policy, request, text) => {
  expect(admin(policy, request)).toBe(text)
})
