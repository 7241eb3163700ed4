import { expect, it } from 'vitest'
import { compileRegex, type Dfa } from '../../../compiler/algebra/index.ts'
import { checkPolicy } from '../../../compiler/front/index.ts'
import { type PatternLiteral, type PolicyModel, parsePattern, parseRegex } from '../../../compiler/model/index.ts'
import { parse, type Sources } from './findings.ts'

function model(sources: Sources): PolicyModel {
  const { model, diagnostics } = checkPolicy(parse(sources))
  if (model === undefined) throw new Error(JSON.stringify(diagnostics))
  return model
}

/** Meter keys are told apart in `meter-key.test.ts`. */
function withoutKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutKeys)
  if (value === null || typeof value !== 'object' || ArrayBuffer.isView(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, name === 'key' ? 'KEY' : withoutKeys(member)]),
  )
}

function pattern(text: string): PatternLiteral {
  const parsed = parsePattern(text)
  if (!parsed.ok) throw new Error(parsed.fault.message)
  return parsed.value
}

function automaton(text: string): Dfa {
  const parsed = parseRegex(text)
  const compiled = parsed.ok ? compileRegex(parsed.value) : undefined
  if (!compiled?.ok) throw new Error(text)
  return compiled.dfa
}

const on = (actions: readonly string[] | undefined, ...texts: readonly string[]) => {
  return { actions, patterns: texts.map(pattern) }
}

it('lowers a policy without rules', () => {
  expect(model('policy p\n')).toEqual({
    name: 'p',
    generation: 1,
    roles: [],
    agents: [],
    delegations: [],
    forbids: [],
    requires: [],
    limits: [],
  })
})

it('lowers agents, delegations, the boundary and guardrails in source order', () => {
  const sources = {
    'a.kavach': `policy p generation 7
service agent s { expires at 2026-04-01T10:00:00Z allow write, read, write on b, a }
forbid read on a when trust <= 1 unless cost >= 2
autonomous agent m {
  may delegate depth 2
  owner "ann"
  limit budget 2 USD per day, 40.5 USD per month throttle at 80% to 6 per minute
  allow * on a:** when trust >= 60 needs approval by "role:x" within 15m rate 3 per day, 4 per hour each resource rate 9 per month estimate 0.25 USD
}
delegated agent d {}
delegate m -> d { depth 1 expires in 30m limit rate 5 per hour each owner allow read on a }
`,
    'b.kavach': `delegate m -> d { expires at 2026-04-01T10:00:00Z }
boundary runtime { may delegate depth 3 allow read on c limit budget 1 USD per day }
require approval for read on x
require trust >= 5 and ip in cidr [::1] for * on y
limit rate 1 per minute for read on z each tenant
limit budget 0 USD per day for read on z
`,
  }
  expect(withoutKeys(model(sources))).toEqual({
    name: 'p',
    generation: 7,
    roles: [],
    agents: [
      {
        name: 's',
        type: 'service',
        grants: [{ id: 0, ...on(['write', 'read'], 'b', 'a') }],
        expiresAt: Date.UTC(2026, 3, 1, 10),
      },
      {
        name: 'm',
        type: 'autonomous',
        owner: 'ann',
        mayDelegate: 2,
        grants: [
          {
            id: 2,
            ...on(undefined, 'a:**'),
            when: [{ kind: 'number', negated: false, root: 'trust', operator: '>=', units: 60_000_000_000n }],
            approval: { by: 'role:x', withinMs: 900_000 },
            estimateNanoUsd: 250_000_000n,
            limits: [
              {
                kind: 'rate',
                key: 'KEY',
                windows: [
                  { window: 'day', count: 3n },
                  { window: 'hour', count: 4n },
                ],
                each: 'resource',
              },
              { kind: 'rate', key: 'KEY', windows: [{ window: 'month', count: 9n }] },
            ],
          },
        ],
        limits: [
          {
            kind: 'budget',
            key: 'KEY',
            windows: [
              { window: 'day', capNanoUsd: 2_000_000_000n },
              { window: 'month', capNanoUsd: 40_500_000_000n },
            ],
            throttle: { percent: 80, count: 6n, window: 'minute' },
          },
        ],
      },
      { name: 'd', type: 'delegated', grants: [] },
    ],
    delegations: [
      {
        from: 'm',
        to: 'd',
        depth: 1,
        expiresIn: 1_800_000,
        grants: [{ id: 3, ...on(['read'], 'a') }],
        limits: [{ kind: 'rate', key: 'KEY', windows: [{ window: 'hour', count: 5n }], each: 'owner' }],
      },
      { from: 'm', to: 'd', expiresAt: Date.UTC(2026, 3, 1, 10), grants: [] },
    ],
    boundary: {
      mayDelegate: 3,
      grants: [{ id: 4, ...on(['read'], 'c') }],
      limits: [{ kind: 'budget', key: 'KEY', windows: [{ window: 'day', capNanoUsd: 1_000_000_000n }] }],
    },
    forbids: [
      {
        id: 1,
        ...on(['read'], 'a'),
        when: [{ kind: 'number', negated: false, root: 'trust', operator: '<=', units: 1_000_000_000n }],
        unless: [{ kind: 'number', negated: false, root: 'cost', operator: '>=', units: 2_000_000_000n }],
      },
    ],
    requires: [
      { id: 5, ...on(['read'], 'x'), approval: {} },
      {
        id: 6,
        ...on(undefined, 'y'),
        when: [
          { kind: 'number', negated: false, root: 'trust', operator: '>=', units: 5_000_000_000n },
          { kind: 'ip-in', negated: false, ranges: [{ low: 1n, high: 1n }] },
        ],
      },
    ],
    limits: [
      {
        id: 7,
        ...on(['read'], 'z'),
        limit: { kind: 'rate', key: 'KEY', windows: [{ window: 'minute', count: 1n }] },
        per: 'tenant',
      },
      {
        id: 8,
        ...on(['read'], 'z'),
        limit: { kind: 'budget', key: 'KEY', windows: [{ window: 'day', capNanoUsd: 0n }] },
      },
    ],
  })
})

it('closes roles over what they include, each grant once, and agents share them', () => {
  const { roles, agents } = model(`policy p
role top includes left, right { allow t on a }
role left includes base { allow l on a }
role right includes base { allow r on a }
role base { allow b on a }
service agent x { roles top roles base, top }
`)
  const ids = roles.map(({ name, grants }) => [name, grants.map(({ id }) => id)])
  expect([ids, agents[0]?.roles]).toEqual([
    [
      ['top', [0, 1, 2, 3]],
      ['left', [1, 3]],
      ['right', [2, 3]],
      ['base', [3]],
    ],
    [0, 3],
  ])
  expect(roles[0]?.grants[3]).toBe(roles[3]?.grants[0])
})

it.each<[string, object]>([
  [
    'ip in cidr [10.0.0.0/31, 10.0.0.2, ::1]',
    {
      kind: 'ip-in',
      ranges: [
        { low: 1n, high: 1n },
        { low: 0xffff_0a00_0000n, high: 0xffff_0a00_0002n },
      ],
    },
  ],
  [
    'time in hours sun 23:00-01:00',
    {
      kind: 'time-in',
      ranges: [
        { from: 0, to: 60 },
        { from: 10_020, to: 10_080 },
      ],
    },
  ],
  ['ip in office', { kind: 'ip-in', ranges: [{ low: 1n, high: 1n }] }],
  ['time in noon', { kind: 'time-in', ranges: [{ from: 720, to: 721 }] }],
  ['cost = 0.5', { kind: 'number', root: 'cost', operator: '=', units: 500_000_000n }],
  ['agent.type = service', { kind: 'agent-type', types: ['service'] }],
  ['agent.type in [service, delegated, service]', { kind: 'agent-type', types: ['service', 'delegated'] }],
  ['agent.owner = "a"', { kind: 'agent-owner', owners: ['a'] }],
  ['agent.owner in ["a", "b", "a"]', { kind: 'agent-owner', owners: ['a', 'b'] }],
  ['agent.owner matches /t-[a-z]+/i', { kind: 'agent-owner-matches', dfa: automaton('/t-[a-z]+/i') }],
  ['args only [b, a, b]', { kind: 'args-only', names: ['b', 'a'] }],
  ['args only []', { kind: 'args-only', names: [] }],
  ['len.a.b <= 4_000', { kind: 'len', path: ['a', 'b'], operator: '<=', units: 4_000_000_000_000n }],
  ['args.a in office', { kind: 'arg-ip-in', path: ['a'], ranges: [{ low: 1n, high: 1n }] }],
  ['args.a in noon', { kind: 'arg-time-in', path: ['a'], ranges: [{ from: 720, to: 721 }] }],
  ['args."odd name".x matches word', { kind: 'arg-matches', path: ['odd name', 'x'], dfa: automaton('/w+/') }],
  ['args.a = "x"', { kind: 'arg-strings', path: ['a'], values: ['x'] }],
  ['args.a in ["x", "y", "x"]', { kind: 'arg-strings', path: ['a'], values: ['x', 'y'] }],
  ['args.a = 1.5', { kind: 'arg-number', path: ['a'], operator: '=', units: 1_500_000_000n }],
  ['args.a >= -1', { kind: 'arg-number', path: ['a'], operator: '>=', units: -1_000_000_000n }],
  ['args.a in [1, 1.0, 2]', { kind: 'arg-numbers', path: ['a'], values: [1_000_000_000n, 2_000_000_000n] }],
  ['args.a = true', { kind: 'arg-boolean', path: ['a'], values: [true] }],
  ['args.a in [true, false]', { kind: 'arg-boolean', path: ['a'], values: [true, false] }],
])('%s', (text, atom) => {
  const { forbids } = model(`policy p
set office = cidr [::1]
set noon = hours mon 12:00-12:01
set word = regex /w+/
forbid read on a when ${text} and not ${text}
`)
  expect(forbids[0]?.when).toEqual([
    { negated: false, ...atom },
    { negated: true, ...atom },
  ])
})
