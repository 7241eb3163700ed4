import { describe, expect, test } from 'vitest'
import type { NewAgent } from '../../../runtime/agents/index.ts'
import type { Permission } from '../../../runtime/authority/index.ts'
import type { NewDelegation } from '../../../runtime/delegation/index.ts'
import { type AgentSite, agentSite, refusalOf } from '../agents/site.ts'
import { NOW } from '../site.ts'

const READ = { resource: 'mcp:github:issues', actions: ['read'] }
const HELD = { resource: 'mcp:github:*', actions: ['read', 'comment'] }

interface Two extends AgentSite {
  readonly boss: string
  readonly helper: string
  readonly delegate: (permissions: readonly Permission[], more?: Partial<NewDelegation>) => Promise<string>
}

/** A boss that holds `permissions`, and a helper that holds nothing. */
async function two(permissions: readonly Permission[] = [HELD], agent: Partial<NewAgent> = {}): Promise<Two> {
  const site = agentSite()
  const boss = await site.make({ permissions, ...agent })
  const helper = await site.make({ type: 'delegated' })
  return {
    ...site,
    boss,
    helper,
    async delegate(given, more = {}) {
      const { id } = await site.delegations.delegate({ fromAgent: boss, toAgent: helper, permissions: given, ...more })
      return id
    },
  }
}

describe('delegate', () => {
  test('stores what is given, and the engine allows it through the chain and nowhere else', async () => {
    const { delegations, boss, helper, decide, site } = await two()
    const made = await delegations.delegate(
      {
        fromAgent: boss,
        toAgent: helper,
        permissions: [READ],
        expiresAt: new Date(NOW + 3_600_000),
        maxDepth: 2,
        metadata: { ticket: 7 },
      },
      { actor: 'alice' },
    )
    expect(made).toEqual({
      id: expect.stringMatching(/^dlg_[0-9A-Z]{26}$/),
      fromAgent: boss,
      toAgent: helper,
      origin: 'runtime',
      permissions: [READ],
      maxDepth: 2,
      expiresAt: new Date(NOW + 3_600_000),
      createdAt: new Date(NOW),
      revokedAt: null,
    })
    expect(await delegations.get(made.id)).toEqual(made)
    const ask = async (action: string, via?: readonly string[]) =>
      (await decide({ agent: helper, action, resource: 'mcp:github:issues', ...(via && { via }) })).reason
    expect([await ask('read', [boss]), await ask('read'), await ask('comment', [boss])]).toEqual([
      'allowed',
      'no-grant',
      'no-grant',
    ])
    expect((await site.log()).at(-1)).toEqual({
      seq: 2,
      time: new Date(NOW).toISOString(),
      kind: 'delegation.create',
      agent: helper,
      actor: 'alice',
      delegation: made.id,
      from: boss,
      permissions: [READ],
      depth: 1,
      expires_at: new Date(NOW + 3_600_000).toISOString(),
      metadata: { ticket: 7 },
    })
  })

  test('tells every process that the receiver changed', async () => {
    const { site, helper, delegate, delegations } = await two()
    const versionOf = async () => (await site.read((reader) => reader.get('agents', { id: helper })))?.version ?? 0
    const before = await versionOf()
    const id = await delegate([READ])
    const made = await versionOf()
    await delegations.revoke(id)
    expect([made > before, (await versionOf()) > made]).toEqual([true, true])
  })

  const INVALID = 'KVCH_E_AGENT_DELEGATION_INVALID'
  test.each<[string, (two: Two) => unknown, string, string]>([
    ['nothing', () => undefined, INVALID, 'it must be an object'],
    [
      'an unknown member',
      ({ boss, helper }) => ({ fromAgent: boss, toAgent: helper, permissions: [READ], depth: 1 }),
      INVALID,
      'depth: is unknown here',
    ],
    ['no delegator', ({ helper }) => ({ toAgent: helper, permissions: [READ] }), INVALID, 'fromAgent: is missing'],
    ['no receiver', ({ boss }) => ({ fromAgent: boss, permissions: [READ] }), INVALID, 'toAgent: is missing'],
    [
      'itself',
      ({ boss }) => ({ fromAgent: boss, toAgent: boss, permissions: [READ] }),
      INVALID,
      'toAgent: an agent delegates nothing to itself',
    ],
    [
      'no permissions',
      ({ boss, helper }) => ({ fromAgent: boss, toAgent: helper }),
      INVALID,
      'permissions: is missing',
    ],
    [
      'empty permissions',
      ({ boss, helper }) => ({ fromAgent: boss, toAgent: helper, permissions: [] }),
      INVALID,
      'permissions: must hold a permission',
    ],
    [
      'a permission that is none',
      ({ boss, helper }) => ({ fromAgent: boss, toAgent: helper, permissions: [READ, { resource: 'a' }] }),
      INVALID,
      'permissions[1].actions: is missing',
    ],
    [
      'an unknown constraint',
      ({ boss, helper }) => ({
        fromAgent: boss,
        toAgent: helper,
        permissions: [{ ...READ, constraints: { maxCalls: 1 } }],
      }),
      INVALID,
      'permissions[0].constraints.maxCalls: is unknown here',
    ],
    [
      'a past end',
      ({ boss, helper }) => ({ fromAgent: boss, toAgent: helper, permissions: [READ], expiresAt: new Date(NOW) }),
      INVALID,
      'expiresAt: has passed',
    ],
    [
      'no hop',
      ({ boss, helper }) => ({ fromAgent: boss, toAgent: helper, permissions: [READ], maxDepth: 0 }),
      INVALID,
      'maxDepth: must be a whole number from 1 to 5',
    ],
    [
      'six hops',
      ({ boss, helper }) => ({ fromAgent: boss, toAgent: helper, permissions: [READ], maxDepth: 6 }),
      INVALID,
      'maxDepth: must be a whole number from 1 to 5',
    ],
    [
      'an unknown delegator',
      ({ helper }) => ({ fromAgent: 'agt_x', toAgent: helper, permissions: [READ] }),
      'KVCH_E_AGENT_NOT_FOUND',
      'fromAgent: `agt_x` does not exist',
    ],
    [
      'an unknown receiver',
      ({ boss }) => ({ fromAgent: boss, toAgent: 'agt_x', permissions: [READ] }),
      'KVCH_E_AGENT_NOT_FOUND',
      'toAgent: `agt_x` does not exist',
    ],
  ])('refuses %s', async (_what, input, code, message) => {
    const site = await two()
    const log = await site.site.log()
    // What is given is wrong on purpose.
    const refusal = await refusalOf(site.delegations.delegate(input(site) as NewDelegation))
    expect([refusal.code, refusal.message]).toEqual([code, expect.stringContaining(message)])
    expect(await site.site.log()).toEqual(log)
  })

  test.each<[string, (two: Two) => Promise<unknown>, string]>([
    ['a revoked delegator', ({ agents, boss }) => agents.revoke(boss), 'KVCH_E_AGENT_REVOKED'],
    ['a revoked receiver', ({ agents, helper }) => agents.revoke(helper), 'KVCH_E_AGENT_REVOKED'],
    ['a suspended delegator', ({ agents, boss }) => agents.suspend(boss), 'KVCH_E_AGENT_SUSPENDED'],
    ['an expired delegator', ({ agents, boss }) => agents.update(boss, { expiresAt: NOW + 1 }), 'KVCH_E_AGENT_EXPIRED'],
    [
      'an expired receiver',
      ({ agents, helper }) => agents.update(helper, { expiresAt: NOW + 1 }),
      'KVCH_E_AGENT_EXPIRED',
    ],
  ])('refuses %s', async (_what, change, code) => {
    const site = await two()
    await change(site)
    await site.site.host.advance(1)
    expect((await refusalOf(site.delegate([READ]))).code).toBe(code)
  })

  test('refuses everything where the policy has no boundary', async () => {
    const open = agentSite()
    const { boundary: _, ...model } = open.site.policy().model
    const closed = agentSite({ policy: { ...open.site.policy(), model } })
    const refusal = await refusalOf(closed.delegations.delegate({ fromAgent: 'a', toAgent: 'b', permissions: [READ] }))
    expect(refusal.message).toBe('the policy has no `boundary runtime`, so nothing is delegated beside it')
  })
})

describe('escalation is refused', () => {
  test('with a request that the delegator may not make, and the nearest permission that it holds', async () => {
    const { boss, delegate, site } = await two()
    const log = await site.log()
    expect(await refusalOf(delegate([READ, { resource: 'mcp:github:issues', actions: ['comment', 'close'] }]))).toEqual(
      {
        code: 'KVCH_E_AGENT_DELEGATION_ESCALATES',
        message: `\`${boss}\` may not do \`close\` on \`mcp:github:issues\`; the nearest that it holds is \`read, comment\` on \`mcp:github:*\``,
        details: {
          excess: 'requests',
          witness: { action: 'close', resource: 'mcp:github:issues' },
          nearest: '`read, comment` on `mcp:github:*`',
          narrower: 'action',
        },
      },
    )
    expect(await site.log()).toEqual(log)
  })

  const WIDER: readonly [string, Permission, Permission][] = [
    ['of all actions', HELD, { ...READ, actions: ['*'] }],
    ['of everything', HELD, { resource: '**', actions: ['read'] }],
    ['to what lies below', HELD, { resource: 'mcp:github:**', actions: ['read'] }],
    ['without the hours', { ...HELD, constraints: { allowedHoursUTC: '09:00-18:00' } }, { ...READ, constraints: {} }],
    [
      'of longer hours',
      { ...HELD, constraints: { allowedHoursUTC: '09:00-18:00' } },
      { ...READ, constraints: { allowedHoursUTC: '08:00-18:00' } },
    ],
    [
      'to more addresses',
      { ...HELD, constraints: { ipAllowlist: ['10.0.0.0/8'] } },
      { ...READ, constraints: { ipAllowlist: ['10.0.0.0/7'] } },
    ],
    [
      'of other arguments',
      { ...HELD, constraints: { argPatterns: { path: 'a+' } } },
      { ...READ, constraints: { argPatterns: { path: 'a*' } } },
    ],
    [
      'without the approval',
      { ...HELD, constraints: { requireApproval: true } },
      { ...READ, constraints: { ipAllowlist: ['10.0.0.0/8'] } },
    ],
    ['of more calls', { ...HELD, constraints: { maxCallsPerDay: 5 } }, { ...READ, constraints: { maxCallsPerDay: 6 } }],
    [
      'of more money',
      { ...HELD, constraints: { budgetUsdPerDay: 5 } },
      { ...READ, constraints: { budgetUsdPerDay: 6 } },
    ],
  ]

  test.each(WIDER)('%s', async (_what, held, given) => {
    const { boss, helper, delegate, decide, make, delegations } = await two([held])
    const refusal = await refusalOf(delegate([given]))
    expect(refusal.code).toBe('KVCH_E_AGENT_DELEGATION_ESCALATES')
    if (refusal.details?.excess === 'limit') return
    const { witness } = refusal.details ?? {}
    // A refusal of requests has one.
    const request = witness as { readonly action: string; readonly resource: string }
    expect((await decide({ ...request, agent: boss })).allowed).toBe(false)
    // Somebody who holds all of it would give this very request.
    const all = await make()
    await delegations.delegate({ fromAgent: all, toAgent: helper, permissions: [given] })
    expect((await decide({ ...request, agent: helper, via: [all] })).allowed).toBe(true)
  })

  test('the limits of a whole agent are no more to be exceeded than those of a permission', async () => {
    const { boss, delegate } = await two([HELD], { constraints: { maxCallsPerDay: 5 } })
    expect(await refusalOf(delegate([{ ...READ, constraints: { maxCallsPerDay: 6 } }]))).toEqual({
      code: 'KVCH_E_AGENT_DELEGATION_ESCALATES',
      message: `this gives 6 calls per day, and \`${boss}\` has 5 calls`,
      details: { excess: 'limit', limit: { kind: 'rate', window: 'day', given: '6', held: '5' } },
    })
    await delegate([{ ...READ, constraints: { maxCallsPerDay: 5 } }])
  })

  test('later than the delegator holds it', async () => {
    const { boss, delegate } = await two([HELD], { expiresAt: NOW + 1000 })
    const refusal = await refusalOf(delegate([READ], { expiresAt: NOW + 1001 }))
    expect([refusal.code, refusal.message, refusal.details?.excess]).toEqual([
      'KVCH_E_AGENT_DELEGATION_ESCALATES',
      `\`${boss}\` does not hold this until the delegation expires`,
      'expiry',
    ])
    await delegate([READ], { expiresAt: NOW + 1000 })
  })

  test('when the question is too hard', async () => {
    const held = Array.from({ length: 40 }, (_, n) => ({
      ...HELD,
      constraints: { argPatterns: { [`p${n}`]: 'a*', [`q${n}`]: 'a*' } },
    }))
    const { delegate } = await two(held)
    expect(await refusalOf(delegate([{ ...READ, constraints: {} }]))).toEqual({
      code: 'KVCH_E_AGENT_DELEGATION_ESCALATES',
      message:
        'whether the delegator holds this takes too much work to decide; give fewer permissions, or simpler patterns',
      details: undefined,
    })
  })
})

describe('constraints', () => {
  const CONSTRAINED = {
    ...HELD,
    constraints: {
      maxCallsPerDay: 5,
      allowedHoursUTC: '09:00-18:00',
      ipAllowlist: ['10.0.0.0/8'],
      requireApproval: true,
    },
  }

  test('that are left out are those of the delegator, and are written down', async () => {
    const { delegations, delegate } = await two([CONSTRAINED, { resource: 'mcp:github:issues', actions: ['close'] }])
    const made = await delegations.get(await delegate([{ resource: 'mcp:github:issues', actions: ['read', 'close'] }]))
    expect(made.permissions).toEqual([
      { ...READ, constraints: CONSTRAINED.constraints },
      { resource: 'mcp:github:issues', actions: ['close'] },
    ])
  })

  test('that were written down stay when the delegator is given more', async () => {
    const { agents, boss, helper, delegate, decide } = await two(
      [{ ...HELD, constraints: { ipAllowlist: ['10.0.0.0/8'] } }],
      {
        type: 'service',
      },
    )
    await delegate([READ])
    await agents.update(boss, { permissions: [HELD] })
    const ask = async (ip: string) =>
      (await decide({ agent: helper, action: 'read', resource: 'mcp:github:issues', ip, via: [boss] })).reason
    expect([await ask('10.0.0.1'), await ask('11.0.0.1')]).toEqual(['allowed', 'ip-not-allowed'])
  })

  test('that are stated may be narrower', async () => {
    const { delegations, delegate } = await two([CONSTRAINED])
    const stated = {
      ...READ,
      constraints: {
        maxCallsPerDay: 2,
        timeWindow: { start: '10:00', end: '11:00' },
        ipAllowlist: ['10.1.0.0/16'],
        requireApproval: true,
      },
    }
    expect((await delegations.get(await delegate([stated]))).permissions).toEqual([stated])
  })

  test('of the delegator as a whole are written down, its limits excepted, which every call is charged to', async () => {
    const { delegations, delegate, decide, boss, helper } = await two([HELD], {
      constraints: {
        maxCallsPerDay: 5,
        ipAllowlist: ['10.0.0.0/8'],
        requireApprovalFor: ['mcp:github:issues:comment'],
      },
    })
    const made = await delegations.get(
      await delegate([{ resource: 'mcp:github:issues', actions: ['read', 'comment'] }]),
    )
    expect(made.permissions).toEqual([
      {
        resource: 'mcp:github:issues',
        actions: ['comment'],
        constraints: { ipAllowlist: ['10.0.0.0/8'], requireApproval: true },
      },
      { resource: 'mcp:github:issues', actions: ['read'], constraints: { ipAllowlist: ['10.0.0.0/8'] } },
    ])
    const { reservations = [] } = await decide({
      agent: helper,
      action: 'read',
      resource: 'mcp:github:issues',
      ip: '10.0.0.1',
      via: [boss],
    })
    expect(reservations.map(({ key, limit }) => [key.split('/').at(-1), limit])).toEqual([[`agent=${boss}`, '5']])
  })

  test('are those of every agent above', async () => {
    const { delegations, boss, helper, delegate, make } = await two([
      { ...HELD, constraints: { ipAllowlist: ['10.0.0.0/8'] } },
    ])
    await delegate([{ ...HELD, constraints: { ipAllowlist: ['10.0.0.0/8'], maxCallsPerHour: 3 } }], { maxDepth: 2 })
    const last = await make({ type: 'delegated' })
    const made = await delegations.delegate({ fromAgent: helper, toAgent: last, permissions: [READ] })
    expect(made.permissions).toEqual([{ ...READ, constraints: { ipAllowlist: ['10.0.0.0/8'], maxCallsPerHour: 3 } }])
    expect((await delegations.listChains(last)).map(({ agents }) => agents)).toEqual([
      [helper, last],
      [boss, helper, last],
    ])
  })
})

describe('depth', () => {
  test('is one hop unless more is said', async () => {
    const { delegate, delegations, helper, make } = await two()
    await delegate([READ])
    const last = await make({ type: 'delegated' })
    expect(await refusalOf(delegations.delegate({ fromAgent: helper, toAgent: last, permissions: [READ] }))).toEqual({
      code: 'KVCH_E_AGENT_DELEGATION_DEPTH',
      message: `\`${helper}\` holds this, but may not pass it on 1 hop deep`,
      details: { maxDepth: 1 },
    })
  })

  test('no chain is longer than five hops', async () => {
    const site = agentSite()
    const ids = [await site.make()]
    for (let hop = 0; hop < 5; hop++) {
      ids.push(await site.make({ type: 'delegated' }))
      const [fromAgent = '', toAgent = ''] = ids.slice(-2)
      await site.delegations.delegate({ fromAgent, toAgent, permissions: [READ], maxDepth: 5 - hop })
    }
    const last = ids.at(-1) ?? ''
    expect(
      (await site.decide({ agent: last, action: 'read', resource: 'mcp:github:issues', via: ids.slice(0, 5) })).reason,
    ).toBe('allowed')
    const next = await site.make({ type: 'delegated' })
    const refusal = await refusalOf(site.delegations.delegate({ fromAgent: last, toAgent: next, permissions: [READ] }))
    expect(refusal.code).toBe('KVCH_E_AGENT_DELEGATION_DEPTH')
    expect(
      (await site.delegations.listChains(last)).map(({ agents, depthLeft }) => [agents.length - 1, depthLeft]),
    ).toEqual([
      [1, 0],
      [2, 0],
      [3, 0],
      [4, 0],
      [5, 0],
    ])
  })

  test('is bound by the boundary', async () => {
    const open = agentSite()
    const { model } = open.site.policy()
    const site = agentSite({
      policy: {
        ...open.site.policy(),
        model: { ...model, boundary: { grants: model.boundary?.grants ?? [], mayDelegate: 1 } },
      },
    })
    const [boss, helper] = [await site.make(), await site.make({ type: 'delegated' })]
    const delegate = (maxDepth: number) =>
      site.delegations.delegate({ fromAgent: boss, toAgent: helper, permissions: [READ], maxDepth })
    expect((await refusalOf(delegate(2))).code).toBe('KVCH_E_AGENT_DELEGATION_DEPTH')
    expect((await delegate(1)).maxDepth).toBe(1)
  })
})

describe('paths', () => {
  test('more than 64 that end in one agent are refused when they would be made; a cycle adds none', async () => {
    const site = agentSite()
    const target = await site.make({ type: 'delegated' })
    const give = (fromAgent: string, toAgent: string, maxDepth = 3) =>
      site.delegations.delegate({ fromAgent, toAgent, permissions: [READ], maxDepth })
    const [first, second] = [await site.make(), await site.make()]
    await give(first, target)
    await give(second, target)
    for (let n = 2; n < 64; n++) await give(await site.make(), target)
    expect(await site.delegations.listChains(target)).toHaveLength(64)
    await give(target, first, 2)
    await give(first, target)
    expect(await site.delegations.listChains(target)).toHaveLength(64)
    expect(await refusalOf(give(await site.make(), target))).toEqual({
      code: 'KVCH_E_AGENT_DELEGATION_INVALID',
      message: `more than 64 chains would end in \`${target}\``,
      details: { agent: target, most: 64 },
    })
    // Above somebody who passes it on to the target it is one more as well, unless it may not be passed on.
    expect((await refusalOf(give(await site.make(), second))).message).toContain('more than 64 chains')
    await give(await site.make(), second, 1)
  })
})

describe('revoke', () => {
  test('ends the chain and all that was passed on, with a row', async () => {
    const { boss, helper, delegate, delegations, decide, make, site } = await two()
    const id = await delegate([READ], { maxDepth: 2 })
    const last = await make({ type: 'delegated' })
    await delegations.delegate({ fromAgent: helper, toAgent: last, permissions: [READ] })
    const ask = async () => [
      (await decide({ agent: helper, action: 'read', resource: 'mcp:github:issues', via: [boss] })).allowed,
      (await decide({ agent: last, action: 'read', resource: 'mcp:github:issues', via: [boss, helper] })).allowed,
    ]
    expect(await ask()).toEqual([true, true])
    const revoked = await delegations.revoke(id, { actor: 'alice' })
    expect(revoked.revokedAt).toEqual(new Date(NOW))
    expect(await ask()).toEqual([false, false])
    expect((await site.log()).at(-1)).toMatchObject({
      kind: 'delegation.revoke',
      agent: helper,
      actor: 'alice',
      delegation: id,
      from: boss,
    })
    const log = await site.log()
    expect(await delegations.revoke(id)).toEqual(revoked)
    expect(await site.log()).toEqual(log)
    expect(await delegations.getEffectivePermissions(last)).toEqual([])
  })

  test('what is not there, and what the policy declares, is refused', async () => {
    const { delegations, site } = await two()
    expect((await refusalOf(delegations.revoke('dlg_x'))).code).toBe('KVCH_E_AGENT_DELEGATION_NOT_FOUND')
    expect((await refusalOf(delegations.get(''))).code).toBe('KVCH_E_AGENT_DELEGATION_NOT_FOUND')
    const row = { id: 'dlg_policy:a:b', from: 'a', to: 'b', origin: 'policy', permissions: '[]', depth: 0 } as const
    await site.change((change) =>
      change.insert('delegations', [
        { ...row, expiresAt: null, createdAt: NOW, revokedAt: null, through: null, named: null },
      ]),
    )
    expect((await refusalOf(delegations.revoke(row.id))).message).toBe(
      'the policy declares this delegation: take it out there',
    )
  })
})

describe('list', () => {
  test('pages by delegator, receiver and life, in the order in which they were made', async () => {
    const { delegations, boss, helper, delegate, make } = await two()
    const other = await make({ type: 'delegated' })
    const ids = [await delegate([READ]), await delegate([HELD]), await delegate([READ], { toAgent: other })]
    await delegations.revoke(ids[0] ?? '')
    const list = async (filter: Parameters<typeof delegations.list>[0]) =>
      (await delegations.list(filter)).delegations.map(({ id }) => ids.indexOf(id))
    expect(await list({})).toEqual([0, 1, 2])
    expect(await list({ fromAgent: boss, toAgent: helper })).toEqual([0, 1])
    expect(await list({ toAgent: other })).toEqual([2])
    expect(await list({ isLive: true })).toEqual([1, 2])
    const first = await delegations.list({ limit: 2 })
    const second = await delegations.list({ limit: 2, cursor: first.cursor })
    expect([first, second].map((page) => page.delegations.map(({ id }) => ids.indexOf(id)))).toEqual([[0, 1], [2]])
    expect((await refusalOf(delegations.list({ from: 'x' } as object))).code).toBe('KVCH_E_REQUEST_INVALID')
  })
})

describe('listChains', () => {
  test('gives each chain with the end and the depth that are left', async () => {
    const { delegations, boss, helper, delegate, make } = await two()
    const first = await delegate([READ], { maxDepth: 3, expiresAt: NOW + 5000 })
    const last = await make({ type: 'delegated' })
    const { id } = await delegations.delegate({
      fromAgent: helper,
      toAgent: last,
      permissions: [READ],
      maxDepth: 2,
      expiresAt: NOW + 4000,
    })
    const chains = await delegations.listChains(last)
    expect(
      chains.map(({ agents, delegations: hops, expiresAt, depthLeft }) => ({
        agents,
        hops: hops.map((hop) => hop.id),
        expiresAt,
        depthLeft,
      })),
    ).toEqual([
      { agents: [helper, last], hops: [id], expiresAt: new Date(NOW + 4000), depthLeft: 1 },
      { agents: [boss, helper, last], hops: [first, id], expiresAt: new Date(NOW + 4000), depthLeft: 1 },
    ])
    expect((await refusalOf(delegations.listChains('agt_x'))).code).toBe('KVCH_E_AGENT_NOT_FOUND')
  })
})

describe('getEffectivePermissions', () => {
  test('is what was delegated, as the documents print it', async () => {
    const { delegations, helper, delegate } = await two([
      { resource: 'mcp:github:*', actions: ['read'] },
      { resource: 'mcp:github:issues', actions: ['read', 'comment'] },
    ])
    await delegate([READ], { maxDepth: 2 })
    expect(await delegations.getEffectivePermissions(helper)).toEqual([
      { resource: 'mcp:github:issues', actions: ['read'] },
    ])
  })

  test('is its own and all that came to it, each cut by everything above it', async () => {
    const { agents, delegations, boss, helper, delegate, make } = await two([HELD], { type: 'service' })
    const own = { resource: 'web:**', actions: ['get'] }
    const worker = await make({ permissions: [own] })
    await delegate([{ resource: 'mcp:github:*', actions: ['read', 'comment'] }], { maxDepth: 2 })
    await delegations.delegate({ fromAgent: helper, toAgent: worker, permissions: [HELD] })
    expect(await delegations.getEffectivePermissions(worker)).toEqual([own, HELD])
    await agents.update(boss, {
      permissions: [{ ...READ, constraints: { maxCallsPerHour: 5, requireApproval: true } }],
    })
    expect(await delegations.getEffectivePermissions(worker)).toEqual([
      own,
      { ...READ, constraints: { maxCallsPerHour: 5, requireApproval: true } },
    ])
    await agents.suspend(boss)
    expect(await delegations.getEffectivePermissions(worker)).toEqual([own])
  })

  test('says what is excepted, and nothing of who is not alive', async () => {
    const { agents, delegations, boss } = await two([{ resource: '**', actions: ['*'] }], {
      constraints: { requireApprovalFor: ['erase'] },
    })
    expect(await delegations.getEffectivePermissions(boss)).toEqual([
      { resource: '**', actions: ['erase'], constraints: { requireApproval: true } },
      { resource: '**', actions: ['*'], exceptActions: ['erase'] },
    ])
    await agents.revoke(boss)
    expect(await delegations.getEffectivePermissions(boss)).toEqual([])
    expect((await refusalOf(delegations.getEffectivePermissions('agt_x'))).code).toBe('KVCH_E_AGENT_NOT_FOUND')
  })
})
