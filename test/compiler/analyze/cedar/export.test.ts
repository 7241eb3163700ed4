import { expect, test } from 'vitest'
import { toCedar } from '../../../../compiler/analyze/index.ts'
import { createCedar } from '../../../properties/cedar/cedar.ts'
import { answersOf, exportOf, modelOf } from './evaluate.ts'

const POLICY = `policy p
role reader {
  allow read on docs:**
}
role writer includes reader {
  allow write on docs:* when trust >= 60
}
service agent a {
  roles writer
  allow delete, purge on docs:old
  expires at 2030-01-01T00:00:00Z
}
forbid * on **:secret when ip in cidr [10.0.0.0/8] unless agent.owner = "ann"
require time in hours mon 00:00-24:00 for delete on **
`.replace('**:secret', '*:secret')

const MAPPING = `@id("mapping")
forbid (principal, action, resource) unless {
  context has mapping && context.mapping == 1
  && resource has count
  && !(context has ip && context.ip.isIpv6() && context.ip.isInRange(ip("::ffff:0:0/96")))
};
`

test('a policy becomes permits of its grants, and forbids of its guardrails and expiries', () => {
  const exported = toCedar(modelOf(POLICY), { originOf: (rule) => (rule === 0 ? 'p.kavach:3:3' : undefined) })
  expect(exported.skipped).toEqual([])
  expect(exported.policies).toBe(`${MAPPING}
@id("allow-0")
@from("p.kavach:3:3")
permit (principal, action == Action::"read", resource) when {
  principal in [Role::"reader", Role::"writer"]
  && resource.count > 1 && resource.s0 == "docs"
};

@id("allow-1")
permit (principal in Role::"writer", action == Action::"write", resource) when {
  resource.count == 2 && resource.s0 == "docs"
  && context has trust
  && context.trust.floor >= 60
};

@id("allow-2")
permit (principal == Agent::"a", action in [Action::"delete", Action::"purge"], resource == Resource::"docs:old");

@id("expiry-of-a")
forbid (principal == Agent::"a", action, resource) unless {
  context has now
  && context.now < 1893456000000
};

@id("forbid-3")
forbid (principal, action, resource) when {
  resource.count == 2 && resource has s1 && resource.s1 == "secret"
  && (if context has ip then context.ip.isInRange(ip("10.0.0.0/8")) else true)
} unless {
  principal has owner
  && principal.owner == "ann"
};

@id("require-4")
forbid (principal, action == Action::"delete", resource) unless {
  context has minuteOfWeek
  && 0 <= context.minuteOfWeek && context.minuteOfWeek < 1440
};
`)
  expect([...exported.agents.keys()]).toEqual(['a'])
  expect(exported.vocabulary).toEqual({ actions: new Set(['delete', 'purge', 'read', 'write']), args: new Map() })
  expect(() => createCedar(exported)).not.toThrow()
})

test('what Cedar cannot say is listed, and denies more', () => {
  const exported = exportOf(`policy p
service agent a {
  limit rate 5 per minute
  allow read on a rate 1 per hour
  allow read on b needs approval
  allow read on c when args.x matches /[a-z]+/
}
service agent b {
  may delegate depth 1
  allow read on **
}
delegated agent d {
}
delegate b -> d {
  allow read on a
}
delegate b -> d {
  allow read on b
}
boundary runtime {
  allow read on **
}
forbid read on c when args.x matches /[a-z]+/ and trust <= 5
forbid read on e unless args.x matches /[a-z]+/
require args.x matches /[a-z]+/ for read on f
require approval for read on g
limit budget 1 USD per day for read on h
`)
  const REGEX = 'Cedar has no regexes, and this one is neither a short list nor a `like` pattern'
  const METER = 'Cedar counts neither calls nor money'
  const APART = 'an export is about agents that act alone'
  expect(
    exported.skipped.map(({ subject, rule, construct, why, effect }) => [subject, rule, construct, why, effect]),
  ).toEqual([
    ['allow 0', 0, 'limit', METER, 'dropped'],
    ['allow 1', 1, 'approval', 'Cedar knows no approvals', 'dropped'],
    ['allow 2', 2, 'args.x matches', REGEX, 'dropped'],
    ['agent a', undefined, 'limit', METER, 'widened'],
    ['forbid 7', 7, 'args.x matches', REGEX, 'widened'],
    ['forbid 8', 8, 'args.x matches', REGEX, 'widened'],
    ['require 9', 9, 'args.x matches', REGEX, 'widened'],
    ['require 10', 10, 'approval', 'Cedar knows no approvals', 'widened'],
    ['limit 11', 11, 'limit', METER, 'widened'],
    ['delegate b -> d', undefined, 'delegation', APART, 'apart'],
    ['boundary runtime', undefined, 'boundary', APART, 'apart'],
  ])
  const guardrails = exported.policies.slice(exported.policies.indexOf('@id("limit-of-a")'))
  expect(guardrails).toBe(`@id("limit-of-a")
forbid (principal == Agent::"a", action, resource);

@id("forbid-7")
forbid (principal, action == Action::"read", resource == Resource::"c") when {
  (if context has trust then context.trust.ceiling <= 5 else true)
};

@id("forbid-8")
forbid (principal, action == Action::"read", resource == Resource::"e");

@id("require-9")
forbid (principal, action == Action::"read", resource == Resource::"f");

@id("require-10")
forbid (principal, action == Action::"read", resource == Resource::"g");

@id("limit-11")
forbid (principal, action == Action::"read", resource == Resource::"h");
`)
  expect(() => createCedar(exported)).not.toThrow()
})

test('widened guardrails deny what the policy denies, and what it is asked beside that', () => {
  const text = `policy p
service agent b {
  allow read on **
}
service agent limited {
  limit rate 5 per minute
  allow read on **
}
forbid read on c when args.x matches /[a-z]+/ and trust <= 5
forbid read on e unless args.x matches /[a-z]+/
require approval for read on g
limit budget 1 USD per day for read on h
`
  const ask = (resource: string, more: object = {}) => ({
    agent: 'b',
    action: 'read',
    resource,
    args: { x: 'a' },
    ...more,
  })
  expect(
    answersOf(text, [
      ask('a'),
      ask('c'),
      ask('c', { trust: 5 }),
      ask('c', { trust: 6 }),
      ask('e'),
      ask('g', { approvedBy: 'boss' }),
      ask('h'),
      { ...ask('a'), agent: 'limited' },
    ]),
  ).toEqual(['allow', 'deny', 'deny', 'allow', 'deny', 'deny', 'deny', 'deny'])
})

test('an unknown fact counts for a forbid, and not for what excepts from it', () => {
  const text = `policy p
service agent a {
  allow read on **
}
forbid read on x when trust <= 5
forbid read on y unless args.n >= 3
require ip in cidr [10.0.0.0/8] for read on z
`
  const ask = (resource: string, more: object) => ({ agent: 'a', action: 'read', resource, ...more })
  const requests = [
    ...[{}, { trust: '6' }, { trust: 5 }, { trust: 6 }].map((more) => ask('x', more)),
    ...[{}, { args: { n: '3' } }, { args: { n: null } }, { args: { n: 2 } }, { args: { n: 3 } }].map((more) =>
      ask('y', more),
    ),
    ...[{}, { ip: '10.0.0.1/8' }, { ip: '11.0.0.1' }, { ip: '::ffff:10.0.0.1' }].map((more) => ask('z', more)),
  ]
  expect(answersOf(text, requests)).toEqual([
    ...['deny', 'deny', 'deny', 'allow'],
    ...['deny', 'deny', 'deny', 'deny', 'allow'],
    ...['deny', 'deny', 'deny', 'allow'],
  ])
})

test('an image that expires is an export that expires', () => {
  const model = modelOf('policy p\nservice agent a {\n  allow read on **\n}\n')
  const exported = toCedar({ ...model, notBefore: 1000, notAfter: 2000 })
  expect(exported.policies).toContain(`@id("validity")
forbid (principal, action, resource) unless {
  context has now
  && context.now >= 1000
  && context.now < 2000
};
`)
  expect(toCedar({ ...model, notAfter: 2000 }).policies).not.toContain('context.now >=')
})

test('conditions of no atoms are true', () => {
  const model = modelOf('policy p\nservice agent a {\n  allow read on **\n}\n')
  const scope = { actions: undefined, patterns: [{ segments: [], rest: true }] }
  const guarded = {
    ...model,
    forbids: [{ id: 1, ...scope, unless: [] }],
    requires: [{ id: 2, ...scope, when: [] }],
  }
  const exported = toCedar(guarded)
  expect(exported.policies.match(/unless \{\n {2}true\n\}/g)).toHaveLength(2)
})
