import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { acceptsText } from '../../../compiler/algebra/index.ts'
import { parseState, type State } from '../../../compiler/model/index.ts'
import { createReference } from '../../../compiler/reference/index.ts'
import { parse } from '../front/findings.ts'

function read(json: unknown): State {
  const parsed = parseState(json)
  if (!parsed.ok) throw new Error(parsed.message)
  return parsed.value
}

function key(identity: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 16)
}

function pattern(...texts: readonly string[]) {
  return { segments: texts.map((text) => (text === '*' ? [{ kind: 'any' }] : [{ kind: 'text', text }])), rest: false }
}

const RATE = { maxCallsPerMinute: 60 }

describe('parseState', () => {
  it('takes nothing for an empty state', () => {
    const empty = { agents: [], delegations: [], revoked: [], suspended: [] }
    expect([{}, null, undefined, { agents: null, revoked: [] }].map(read)).toEqual([empty, empty, empty, empty])
  })

  it('reads agents, delegations and flags, and numbers grants over all of them', () => {
    const state = read({
      agents: [
        {
          name: 'temp',
          type: 'service',
          owner: 'ann',
          permissions: [
            { resource: 'mcp:github:*', actions: ['read', 'list', 'read'] },
            { resource: 'a:**', actions: ['*'] },
          ],
          mayDelegate: 5,
          expiresAt: '2026-04-01T10:00:00.5Z',
        },
        { name: 'bare', type: 'delegated', owner: null, permissions: null, mayDelegate: null, expiresAt: 12 },
      ],
      delegations: [
        { from: 'temp', to: 'bare', permissions: [{ resource: 'x', actions: ['read'] }], depth: 0, expiresAt: 7 },
        { from: 'temp', to: 'bare', permissions: [], revoked: true },
      ],
      revoked: ['bare'],
      suspended: ['temp', 'planner'],
    })
    expect(state).toEqual({
      agents: [
        {
          name: 'temp',
          type: 'service',
          owner: 'ann',
          grants: [
            { id: 0, actions: ['read', 'list'], patterns: [pattern('mcp', 'github', '*')] },
            { id: 1, actions: undefined, patterns: [{ ...pattern('a'), rest: true }] },
          ],
          mayDelegate: 5,
          expiresAt: Date.UTC(2026, 3, 1, 10, 0, 0, 500),
        },
        { name: 'bare', type: 'delegated', grants: [], expiresAt: 12 },
      ],
      delegations: [
        {
          from: 'temp',
          to: 'bare',
          grants: [{ id: 2, actions: ['read'], patterns: [pattern('x')] }],
          depth: 0,
          expiresAt: 7,
        },
        { from: 'temp', to: 'bare', grants: [], revoked: true },
      ],
      revoked: ['bare'],
      suspended: ['temp', 'planner'],
    })
  })

  it('lowers every constraint', () => {
    const constraints = {
      maxCallsPerMinute: 0,
      maxCallsPerHour: 100,
      maxCallsPerDay: 1000,
      budgetUsdPerDay: 0.30000000000000004,
      budgetUsdPerMonth: 9e9,
      throttlePerMinute: 2,
      allowedHoursUTC: '22:00-06:00',
      timeWindow: { start: '09:00', end: '24:00' },
      ipAllowlist: ['10.0.0.1', '10.0.0.0/31', '2001:db8::/32', '10.0.0.1'],
      requireApproval: true,
      argPatterns: { 'repo.name': '[a-z/]+' },
    }
    const state = read({
      agents: [{ name: 'a', type: 'service', permissions: [{ resource: 'x', actions: ['w', 'r'], constraints }] }],
    })
    const [grant] = state.agents[0]?.grants ?? []
    const [hours, window, ip, args] = grant?.when ?? []
    const dfa = args?.kind === 'arg-matches' ? args.dfa : undefined
    const atoms = [
      'allowedHoursUTC="22:00-06:00"',
      'argPatterns.repo.name="[a-z/]+"',
      'ipAllowlist=["10.0.0.0/31","10.0.0.1","2001:db8::/32"]',
      'timeWindow="09:00-24:00"',
    ]
    const identity = (clause: string) => ['runtime agent', 'a', clause, ['r', 'w'], ['x'], atoms, '', 0]
    const v4 = 0xffff_0a00_0000n
    const day = Array.from({ length: 7 }, (_, i) => ({ from: i * 1440 + 540, to: (i + 1) * 1440 }))
    const nights = Array.from({ length: 6 }, (_, i) => ({ from: i * 1440 + 1320, to: (i + 1) * 1440 + 360 }))
    expect({ ...grant, when: [hours, window, ip, { ...args, dfa: undefined }] }).toEqual({
      id: 0,
      actions: ['w', 'r'],
      patterns: [pattern('x')],
      when: [
        { kind: 'time-in', negated: false, ranges: [{ from: 0, to: 360 }, ...nights, { from: 9960, to: 10_080 }] },
        { kind: 'time-in', negated: false, ranges: day },
        {
          kind: 'ip-in',
          negated: false,
          ranges: [
            { low: v4, high: v4 + 1n },
            { low: 0x20010db8n << 96n, high: (0x20010db9n << 96n) - 1n },
          ],
        },
        { kind: 'arg-matches', negated: false, path: ['repo', 'name'], dfa: undefined },
      ],
      limits: [
        {
          kind: 'rate',
          key: key(identity('rate')),
          windows: [
            { window: 'minute', count: 0n },
            { window: 'hour', count: 100n },
            { window: 'day', count: 1000n },
          ],
        },
        {
          kind: 'budget',
          key: key(identity('budget')),
          windows: [
            { window: 'day', capNanoUsd: 300_000_001n },
            { window: 'month', capNanoUsd: 9_000_000_000_000_000_000n },
          ],
          throttle: { percent: 80, count: 2n, window: 'minute' },
        },
      ],
      approval: {},
    })
    expect(['a/b', '', 'A'].map((text) => dfa && acceptsText(dfa, text))).toEqual([true, false, false])
  })

  it('throttles a budget to 6 calls a minute unless told otherwise, and reads tiny amounts exactly', () => {
    const permissions = [
      { resource: 'x', actions: ['r'], constraints: { budgetUsdPerDay: 1e-7, requireApproval: false } },
    ]
    expect(read({ agents: [{ name: 'a', type: 'service', permissions }] }).agents[0]?.grants).toEqual([
      {
        id: 0,
        actions: ['r'],
        patterns: [pattern('x')],
        limits: [
          {
            kind: 'budget',
            key: key(['runtime agent', 'a', 'budget', ['r'], ['x'], [], '', 0]),
            windows: [{ window: 'day', capNanoUsd: 100n }],
            throttle: { percent: 80, count: 6n, window: 'minute' },
          },
        ],
      },
    ])
  })

  it('gives a clause the same key whatever else is in the state, and no two clauses the same one', () => {
    const keysOf = (state: State) =>
      [...state.agents, ...state.delegations].flatMap(({ grants }) =>
        grants.flatMap(({ limits }) => (limits ?? []).map((limit) => limit.key)),
      )
    const permission = { resource: 'x', actions: ['r'], constraints: RATE }
    const a = { name: 'a', type: 'service', permissions: [permission, permission] }
    const b = { name: 'b', type: 'service', permissions: [permission] }
    const hop = { from: 'a', to: 'b', permissions: [permission] }
    const whole = keysOf(read({ agents: [b, a], delegations: [hop, hop] }))
    const raised = { ...permission, constraints: { maxCallsPerMinute: 61, maxCallsPerDay: 5 } }
    expect({
      distinct: new Set(whole).size,
      alone: keysOf(read({ agents: [a] })),
      raised: keysOf(read({ agents: [{ ...b, permissions: [raised] }] })),
    }).toEqual({ distinct: 5, alone: whole.slice(1, 3), raised: whole.slice(0, 1) })
  })

  const agent = (extra: object) => ({ agents: [{ name: 'a', type: 'service', permissions: [], ...extra }] })
  const permission = (extra: object) => agent({ permissions: [{ resource: 'x', actions: ['r'], ...extra }] })
  const constraint = (constraints: unknown) => permission({ constraints })

  it.each<[unknown, string]>([
    ['x', 'it must be an object'],
    [{ agent: [] }, 'agent: is unknown here; known are agents, delegations, revoked, suspended'],
    [{ agents: {} }, 'agents: must be a list'],
    [{ agents: [1] }, 'agents[0]: must be an object'],
    [{ agents: [{ type: 'service' }] }, 'agents[0].name: is missing'],
    [{ agents: [{ name: 'a' }] }, 'agents[0].type: is missing'],
    [agent({ name: '' }), 'agents[0].name: must be a string that is not empty'],
    [agent({ name: 'a:b' }), 'agents[0].name: the name holds `:`'],
    [agent({ name: 'e\u0301' }), 'agents[0].name: the name is not in Unicode normal form C'],
    [agent({ type: 'robot' }), 'agents[0].type: must be `autonomous`, `delegated` or `service`'],
    [agent({ owner: '\ud800' }), 'agents[0].owner: must not hold half of a surrogate pair'],
    [agent({ mayDelegate: 6 }), 'agents[0].mayDelegate: must be at most 5'],
    [agent({ mayDelegate: -1 }), 'agents[0].mayDelegate: must be a whole number, 0 or more'],
    [
      agent({ expiresAt: '2026-02-30T00:00:00Z' }),
      'agents[0].expiresAt: there is no day `30` in `2026-02-30T00:00:00Z`',
    ],
    [
      agent({ roles: ['x'] }),
      'agents[0].roles: is unknown here; known are name, type, owner, permissions, mayDelegate, expiresAt',
    ],
    [{ agents: [...agent({}).agents, ...agent({}).agents] }, 'agents[1]: the agent `a` is made twice'],
    [
      permission({ resource: '*' }),
      'agents[0].permissions[0].resource: `*` alone matches only resources of one segment',
    ],
    [permission({ resource: 'a:"b c"' }), 'agents[0].permissions[0].resource: quoted segments are not offered here'],
    [permission({ resource: null }), 'agents[0].permissions[0].resource: is missing'],
    [permission({ actions: null }), 'agents[0].permissions[0].actions: is missing'],
    [permission({ actions: [] }), 'agents[0].permissions[0].actions: must name an action, or be `["*"]`'],
    [permission({ actions: ['r', '*'] }), 'agents[0].permissions[0].actions[1]: `*` stands alone'],
    [permission({ actions: ['a*'] }), 'agents[0].permissions[0].actions[0]: the action holds `*`'],
    [
      permission({ when: {} }),
      'agents[0].permissions[0].when: is unknown here; known are resource, actions, constraints',
    ],
    [constraint([]), 'agents[0].permissions[0].constraints: must be an object'],
    [
      constraint({ maxCallsPerMinute: 1.5 }),
      'agents[0].permissions[0].constraints.maxCallsPerMinute: must be a whole number, 0 or more',
    ],
    [
      constraint({ budgetUsdPerDay: '5' }),
      'agents[0].permissions[0].constraints.budgetUsdPerDay: must be an amount of USD from 0 to 9,000,000,000',
    ],
    [
      constraint({ throttlePerMinute: 5 }),
      'agents[0].permissions[0].constraints.throttlePerMinute: throttles a budget, and there is none',
    ],
    [
      constraint({ allowedHoursUTC: '9-5' }),
      'agents[0].permissions[0].constraints.allowedHoursUTC: `daily 9-5` is not a range of hours',
    ],
    [constraint({ timeWindow: { start: '09:00' } }), 'agents[0].permissions[0].constraints.timeWindow.end: is missing'],
    [
      constraint({ ipAllowlist: [] }),
      'agents[0].permissions[0].constraints.ipAllowlist: must hold an address; leave it out to allow all',
    ],
    [
      constraint({ ipAllowlist: ['::1', '10.0.0.1/8'] }),
      'agents[0].permissions[0].constraints.ipAllowlist[1]: `10.0.0.1/8` has host bits set',
    ],
    [
      constraint({ requireApproval: 'yes' }),
      'agents[0].permissions[0].constraints.requireApproval: must be `true` or `false`',
    ],
    [
      constraint({ argPatterns: { 'a..b': 'x' } }),
      'agents[0].permissions[0].constraints.argPatterns.a..b: the path has an empty part',
    ],
    [
      constraint({ argPatterns: { a: '(a|b)*a(a|b){12}' } }),
      'agents[0].permissions[0].constraints.argPatterns.a: this regex is too large: its automaton has more than 4096 states',
    ],
    [
      constraint({ argPatterns: { a: '(?=x)' } }),
      'agents[0].permissions[0].constraints.argPatterns.a: look-around is not offered',
    ],
    [{ delegations: [{ from: 'a' }] }, 'delegations[0].to: is missing'],
    [{ delegations: [{ from: 'a', to: 'a' }] }, 'delegations[0]: `a` delegates to itself'],
    [{ delegations: [{ from: 'a', to: 'b', depth: 9 }] }, 'delegations[0].depth: must be at most 5'],
    [{ delegations: [{ from: 'a', to: 'b', revoked: 1 }] }, 'delegations[0].revoked: must be `true` or `false`'],
    [{ revoked: ['a:b'] }, 'revoked[0]: the name holds `:`'],
    [{ suspended: [7] }, 'suspended[0]: must be a string that is not empty'],
  ])('%j: %s', (json, message) => {
    expect(parseState(json)).toEqual({ ok: false, message })
    const isUnbounded = message.includes('automaton') // The reference has no automata, so none is too large for it.
    if (!isUnbounded) expect(() => createReference(parse('policy p\n'), json)).toThrow(TypeError)
  })

  it('does not take a member of Object.prototype for its own', () => {
    expect(parseState(JSON.parse('{"__proto__": 1}'))).toEqual({
      ok: false,
      message: '__proto__: is unknown here; known are agents, delegations, revoked, suspended',
    })
  })
})
