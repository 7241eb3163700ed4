import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AgentChanges, NewAgent } from '../../../runtime/agents/index.ts'
import { checkToken } from '../../../runtime/tokens/index.ts'
import { createMemoryStore } from '../../../storage/memory.ts'
import { hostAt, NOW } from '../site.ts'
import { agentSite, refusalOf } from './site.ts'

const READ = { resource: 'mcp:github:*', actions: ['read'] }
const READER: NewAgent = { ownerId: 'user-1', name: 'reader', type: 'autonomous', permissions: [READ] }

describe('create', () => {
  test('gives the fields of the agent, the agent and a token', async () => {
    const { agents, whose } = agentSite()
    const { agent, token, tokenExpiresAt, ...fields } = await agents.create({ ...READER, metadata: { team: 'a' } })
    expect(agent).toEqual({
      id: expect.stringMatching(/^agt_[0-9A-Z]{26}$/),
      name: 'reader',
      ownerId: 'user-1',
      userId: 'user-1',
      type: 'autonomous',
      origin: 'runtime',
      status: 'active',
      permissions: [READ],
      expiresAt: null,
      tokenExpirySeconds: 1800,
      metadata: { team: 'a' },
      createdAt: new Date(NOW),
      updatedAt: new Date(NOW),
    })
    expect(fields).toEqual(agent)
    expect([checkToken(token), tokenExpiresAt, await whose(token)]).toEqual([true, new Date(NOW + 1_800_000), agent.id])
    expect(await agents.get(agent.id)).toEqual(agent)
  })

  test('keeps no token, and says who made what in the log, the owner as a commitment', async () => {
    const { agents, site } = agentSite()
    const { token, id } = await agents.create(READER, { actor: 'alice' })
    const [row] = await site.log()
    expect(row).toEqual({
      seq: 0,
      time: new Date(NOW).toISOString(),
      kind: 'agent.create',
      agent: id,
      actor: 'alice',
      personal: expect.stringMatching(/^[0-9a-f]{64}$/),
      name: 'reader',
      type: 'autonomous',
      permissions: [READ],
      expires_at: null,
    })
    const stored = await site.read(async (reader) => [
      await reader.find('tokens', 'key'),
      await reader.find('agents', 'key'),
    ])
    expect(JSON.stringify(stored)).not.toContain(token.slice(3, 40))
  })

  test('accepts the owner as `userId`', async () => {
    const { ownerId: _, ...rest } = READER
    expect((await agentSite().agents.create({ ...rest, userId: 'user-2' })).ownerId).toBe('user-2')
  })

  test.each<[string, Partial<NewAgent>, number | null]>([
    ['the host says how long tokens live', {}, 86_400],
    ['the agent may say it', { tokenExpiry: '7d' }, 604_800],
    ['in seconds too', { tokenExpiry: 90 }, 90],
    ['or that they do not expire', { tokenExpiry: 'never' }, null],
    ['those of a service do not', { type: 'service' }, null],
    ['unless it says so', { type: 'service', tokenExpiry: '1h' }, 3600],
  ])('%s', async (_claim, given, seconds) => {
    const { agents } = agentSite({ options: { agents: { tokenExpiry: '24h' } } })
    expect((await agents.create({ ...READER, ...given })).tokenExpirySeconds).toBe(seconds)
  })

  const regex = `(a|b)*a(a|b){12}`
  test.each<[string, unknown, string]>([
    ['nothing', undefined, 'it must be an object'],
    ['an unknown member', { ...READER, owner: 'x' }, 'owner: is unknown here'],
    ['no owner', { ...READER, ownerId: undefined }, 'ownerId: is missing'],
    ['two owners', { ...READER, userId: 'user-2' }, 'userId: names another owner than `ownerId`'],
    ['no name', { ...READER, name: '' }, 'name: must be a string that is not empty'],
    ['a name with a control', { ...READER, name: 'a\nb' }, 'name: must not hold control characters'],
    ['no type', { ...READER, type: undefined }, 'type: is missing'],
    ['an unknown type', { ...READER, type: 'human' }, 'type: must be `autonomous`, `delegated` or `service`'],
    ['permissions that are none', { ...READER, permissions: 'all' }, 'permissions: must be a list'],
    [
      'a lone star',
      { ...READER, permissions: [{ resource: '*', actions: ['read'] }] },
      'permissions[0].resource: `*` alone',
    ],
    [
      'no actions',
      { ...READER, permissions: [{ ...READ, actions: [] }] },
      'permissions[0].actions: must name an action',
    ],
    [
      'an unknown constraint',
      { ...READER, constraints: { maxCallsPerSecond: 1 } },
      'constraints.maxCallsPerSecond: is unknown',
    ],
    [
      'an unknown constraint of a permission',
      { ...READER, permissions: [READ, { ...READ, constraints: { maxCalls: 1 } }] },
      'permissions[1].constraints.maxCalls: is unknown',
    ],
    [
      'a regex that is too large',
      { ...READER, permissions: [{ ...READ, constraints: { argPatterns: { path: regex } } }] },
      'permissions[0].constraints.argPatterns.path: this regex is too large',
    ],
    [
      'a budget that stores cannot count',
      { ...READER, constraints: { budgetUsdPerDay: 9_007_200 } },
      'a budget is at most',
    ],
    ['a past end', { ...READER, expiresAt: new Date(NOW) }, 'expiresAt: has passed already'],
    ['an end that is no date', { ...READER, expiresAt: 'tomorrow' }, 'expiresAt: '],
    ['a life that is none', { ...READER, tokenExpiry: '5 minutes' }, 'tokenExpiry: `5 minutes` is no duration'],
    ['metadata that are no object', { ...READER, metadata: [] }, 'metadata: must be an object'],
    [
      'a `delegated` agent with permissions',
      { ...READER, type: 'delegated' },
      'permissions: a `delegated` agent has none',
    ],
    [
      'permissions that need a large record',
      { ...READER, permissions: Array.from({ length: 9000 }, (_, n) => ({ resource: `r:${n}`, actions: [`a${n}`] })) },
      'permissions: they need',
    ],
  ])('refuses %s', async (_what, given, message) => {
    const { agents, site } = agentSite()
    // What is given is wrong on purpose.
    const refusal = await refusalOf(agents.create(given as NewAgent))
    expect(refusal).toEqual({
      code: 'KVCH_E_AGENT_INVALID',
      message: expect.stringContaining(message),
      ...(refusal.details === undefined ? {} : { details: { path: expect.any(String) } }),
    })
    expect(await site.log()).toEqual([])
  })

  test('is refused where agents are not made, or the policy has no room for them', async () => {
    const off = agentSite({ options: { agents: { enabled: false } } })
    expect((await refusalOf(off.agents.create(READER))).message).toContain('`agents.enabled` is false')
    const open = agentSite()
    const { boundary: _, ...model } = open.site.policy().model
    const closed = agentSite({ policy: { ...open.site.policy(), model } })
    expect((await refusalOf(closed.agents.create(READER))).message).toContain('no `boundary runtime`')
  })

  test('the regex that is too large is refused for its automaton, not for its text', async () => {
    const permission = { ...READ, constraints: { argPatterns: { path: '(a|b)*a(a|b){3}' } } }
    expect((await agentSite().agents.create({ ...READER, permissions: [permission] })).permissions).toEqual([
      permission,
    ])
  })
})

describe('maxPerUser', () => {
  test('is exact, however many are made at once; those that are revoked do not count', async () => {
    const { agents } = agentSite({ options: { agents: { maxPerUser: 3 } } })
    const made = await Promise.allSettled(Array.from({ length: 10 }, () => agents.create(READER)))
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(3)
    expect(await refusalOf(agents.create(READER))).toEqual({
      code: 'KVCH_E_AGENT_LIMIT_EXCEEDED',
      message: 'the owner has 3 agents, and may have 3; revoke one first',
      details: { maxPerUser: 3 },
    })
    const { agents: all } = await agents.list()
    await agents.revoke(all[0]?.id ?? '')
    await agents.create(READER)
    expect((await refusalOf(agents.create(READER))).code).toBe('KVCH_E_AGENT_LIMIT_EXCEEDED')
    expect((await agents.create({ ...READER, ownerId: 'user-2' })).status).toBe('active')
  })
})

describe('get and list', () => {
  test('an agent of another project does not exist', async () => {
    const { agents } = agentSite()
    for (const id of ['agt_nobody', '', undefined]) {
      // What is given is wrong on purpose.
      expect((await refusalOf(agents.get(id as string))).code).toBe('KVCH_E_AGENT_NOT_FOUND')
    }
  })

  test('pages by owner, name, status and type, in the order in which they were made', async () => {
    const { agents, make } = agentSite()
    const ids: string[] = []
    for (let n = 0; n < 7; n++) {
      ids.push(
        await make({
          ownerId: n % 2 === 0 ? 'even' : 'odd',
          name: n < 3 ? 'small' : 'large',
          type: n === 6 ? 'service' : 'autonomous',
        }),
      )
    }
    await agents.suspend(ids[2] ?? '')
    const list = async (filter: Parameters<typeof agents.list>[0]) =>
      (await agents.list(filter)).agents.map(({ id }) => ids.indexOf(id))
    expect(await list({})).toEqual([0, 1, 2, 3, 4, 5, 6])
    expect(await list({ ownerId: 'even' })).toEqual([0, 2, 4, 6])
    expect(await list({ userId: 'odd', name: 'large' })).toEqual([3, 5])
    expect(await list({ name: 'small' })).toEqual([0, 1, 2])
    expect(await list({ status: 'suspended' })).toEqual([2])
    expect(await list({ type: 'service' })).toEqual([6])
    const first = await agents.list({ limit: 3 })
    const second = await agents.list({ limit: 3, cursor: first.cursor })
    const third = await agents.list({ limit: 3, cursor: second.cursor })
    expect([first, second, third].map((page) => page.agents.map(({ id }) => ids.indexOf(id)))).toEqual([
      [0, 1, 2],
      [3, 4, 5],
      [6],
    ])
    expect('cursor' in third).toBe(false)
    expect((await refusalOf(agents.list({ limit: 0 }))).message).toBe('limit: must be a whole number from 1 to 1000')
    expect((await refusalOf(agents.list({ owner: 'x' } as object))).message).toContain('owner: is unknown here')
  })
})

describe('update', () => {
  test('changes what is stated and takes away what is null', async () => {
    const { agents, make, site } = agentSite()
    const id = await make({
      ...READER,
      type: 'service',
      constraints: { maxCallsPerDay: 5 },
      metadata: { a: 1 },
      expiresAt: NOW + 1000,
    })
    await site.host.advance(1)
    const updated = await agents.update(id, {
      name: 'other',
      permissions: [READ, { resource: 'web:**', actions: ['get'] }],
      constraints: null,
      metadata: null,
      expiresAt: null,
      tokenExpiry: '1h',
    })
    expect(updated).toEqual({
      id,
      name: 'other',
      ownerId: 'user-1',
      userId: 'user-1',
      type: 'service',
      origin: 'runtime',
      status: 'active',
      permissions: [READ, { resource: 'web:**', actions: ['get'] }],
      expiresAt: null,
      tokenExpirySeconds: 3600,
      createdAt: new Date(NOW),
      updatedAt: new Date(NOW + 1),
    })
    expect(await agents.get(id)).toEqual(updated)
    expect((await site.log()).at(-1)).toMatchObject({ kind: 'agent.update', agent: id, name: 'other' })
  })

  test('what the engine says follows at once', async () => {
    const { agents, make, decide } = agentSite()
    const id = await make({ ...READER, permissions: [{ resource: 'mcp:github:*', actions: ['read', 'write'] }] })
    const ask = async () => (await decide({ agent: id, action: 'write', resource: 'mcp:github:a' })).decision
    expect(await ask()).toBe('allow')
    await agents.update(id, { permissions: [READ] })
    expect(await ask()).toBe('deny')
  })

  const HELD = [
    { resource: 'mcp:github:**', actions: ['read', 'write'], constraints: { maxCallsPerDay: 10 } },
    { resource: 'web:**', actions: ['*'] },
  ]
  const HALF = { resource: 'mcp:github:a', actions: ['read'], constraints: { maxCallsPerDay: 5 } }

  test.each<[string, AgentChanges]>([
    ['the same once more', { permissions: HELD }],
    ['nothing at all', { permissions: [] }],
    ['a part of one permission', { permissions: [HALF] }],
    ['two parts that share its limit', { permissions: [HALF, { ...HALF, resource: 'mcp:github:b' }] }],
    ['a part without limits of what had none', { permissions: [{ resource: 'web:a', actions: ['get'] }] }],
    [
      'a condition',
      { permissions: [{ resource: 'web:**', actions: ['*'], constraints: { ipAllowlist: ['10.0.0.0/8'] } }] },
    ],
    ['constraints for all', { constraints: { maxCallsPerMinute: 1, requireApprovalFor: ['web:get'] } }],
  ])('an autonomous agent can be narrowed: %s', async (_what, changes) => {
    const { agents, make } = agentSite()
    const id = await make({ ...READER, permissions: HELD })
    expect(await agents.update(id, changes)).toMatchObject(changes)
  })

  test.each<[string, AgentChanges, string]>([
    ['another action', { permissions: [{ resource: 'mcp:github:a', actions: ['drop'] }] }, '`drop` on `mcp:github:a`'],
    ['another resource', { permissions: [{ resource: '**', actions: ['read'] }] }, '`read` on `'],
    ['a higher limit', { permissions: [{ ...HALF, constraints: { maxCallsPerDay: 11 } }] }, 'a limit would allow more'],
    ['no limit any more', { permissions: [{ ...HALF, constraints: {} }] }, 'a limit would allow more'],
    [
      'parts with the whole limit each',
      { permissions: [HALF, { ...HALF, resource: 'mcp:github:b' }, { ...HALF, resource: 'mcp:github:c' }] },
      'a limit',
    ],
    ['a limit once more beside the one there is', { permissions: [...HELD, HALF] }, 'a limit would allow more'],
  ])('an autonomous agent cannot be widened: %s', async (_what, changes, message) => {
    const { agents, make, site } = agentSite()
    const id = await make({ ...READER, permissions: HELD })
    const before = [await agents.get(id), await site.log()]
    const refusal = await refusalOf(agents.update(id, changes))
    expect(refusal.code).toBe('KVCH_E_AGENT_LOCKED')
    expect(refusal.message).toContain(message)
    expect([await agents.get(id), await site.log()]).toEqual(before)
  })

  test('constraints of a locked agent cannot be taken away or raised', async () => {
    const { agents, make } = agentSite()
    const id = await make({ ...READER, constraints: { maxCallsPerDay: 5, ipAllowlist: ['10.0.0.0/8'] } })
    const taken = await refusalOf(agents.update(id, { constraints: null }))
    expect([taken.code, taken.details]).toEqual([
      'KVCH_E_AGENT_LOCKED',
      { witness: { action: 'read', resource: 'mcp:github:a', ip: expect.any(String) } },
    ])
    const raised = await refusalOf(
      agents.update(id, { constraints: { maxCallsPerDay: 6, ipAllowlist: ['10.0.0.0/8'] } }),
    )
    expect(raised).toEqual({
      code: 'KVCH_E_AGENT_LOCKED',
      message: 'constraints: they allow 6 calls per day',
      details: { limit: { kind: 'rate', window: 'day', outer: '5', inner: '6' } },
    })
  })

  test('what a locked agent becomes it held before, and a refusal shows a request that would be new', async () => {
    const patterns = ['mcp:a', 'mcp:*', 'mcp:**', 'web:a', '**']
    const permission = fc.record({
      resource: fc.constantFrom(...patterns),
      actions: fc.uniqueArray(fc.constantFrom('read', 'write'), { minLength: 1 }),
    })
    const list = fc.array(permission, { maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(list, list, async (held, next) => {
        const { agents, make, decide } = agentSite()
        const id = await make({ ...READER, permissions: held })
        const ask = async (action: string, resource: string) => (await decide({ agent: id, action, resource })).allowed
        const update = await agents.update(id, { permissions: next }).then(
          () => undefined,
          // Everything that the host rejects with is one.
          (error: unknown) => error as { readonly details: { readonly witness: { action: string; resource: string } } },
        )
        if (update === undefined) {
          for (const resource of ['mcp:a', 'mcp:b', 'mcp:a:b', 'web:a', 'x']) {
            for (const action of ['read', 'write']) {
              const isHeldNow = await ask(action, resource)
              const other = await make({ ...READER, permissions: held })
              if (isHeldNow) expect((await decide({ agent: other, action, resource })).allowed).toBe(true)
            }
          }
        } else {
          const { action, resource } = update.details.witness
          expect(await ask(action, resource)).toBe(false)
          const other = await make({ ...READER, permissions: next })
          expect((await decide({ agent: other, action, resource })).allowed).toBe(true)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('a `delegated` agent is given nothing of its own', async () => {
    const { agents, make } = agentSite()
    const id = await make({ type: 'delegated' })
    expect(await refusalOf(agents.update(id, { permissions: [READ] }))).toEqual({
      code: 'KVCH_E_AGENT_INVALID',
      message: 'permissions: a `delegated` agent has none of its own; delegate to it',
      details: { path: 'permissions' },
    })
  })

  test('unknown members and revoked agents are refused', async () => {
    const { agents, make } = agentSite()
    const id = await make(READER)
    expect((await refusalOf(agents.update(id, { type: 'service' } as object))).message).toContain(
      'type: is unknown here',
    )
    await agents.revoke(id)
    expect((await refusalOf(agents.update(id, { name: 'x' }))).code).toBe('KVCH_E_AGENT_REVOKED')
  })
})

describe('constraints of the whole agent', () => {
  test('are one meter for all its permissions', async () => {
    const { make, decide } = agentSite()
    const id = await make({
      permissions: [
        { resource: 'a', actions: ['read'] },
        { resource: 'b', actions: ['read'], constraints: { maxCallsPerHour: 7 } },
      ],
      constraints: { maxCallsPerDay: 5 },
    })
    const charged = async (resource: string) => {
      const { reservations = [] } = await decide({ agent: id, action: 'read', resource })
      return reservations.map(({ key, limit }) => ({ key, limit }))
    }
    const [whole] = await charged('a')
    expect(whole).toEqual({ key: expect.stringContaining(`/day/agent=${id}`), limit: '5' })
    expect(await charged('b')).toEqual([{ key: expect.stringContaining('/hour/'), limit: '7' }, whole])
  })

  test('`requireApprovalFor` asks for an approval of what it names, and of nothing else', async () => {
    const { make, decide } = agentSite()
    const id = await make({ constraints: { requireApprovalFor: ['payments:write', 'erase'] } })
    const ask = async (action: string, resource: string) => (await decide({ agent: id, action, resource })).decision
    expect([await ask('write', 'payments'), await ask('write', 'payments:a:b'), await ask('erase', 'x')]).toEqual([
      'approval',
      'approval',
      'approval',
    ])
    expect([await ask('read', 'payments'), await ask('write', 'payment'), await ask('zap', 'payments')]).toEqual([
      'allow',
      'allow',
      'allow',
    ])
    const asked = { agent: id, action: 'write', resource: 'payments', approvedBy: ['bob'] }
    expect((await decide(asked)).decision).toBe('allow')
  })

  test('hold for what others delegate to it, too', async () => {
    const { make, decide, delegations } = agentSite()
    const root = await make()
    const id = await make({
      type: 'delegated',
      constraints: { ipAllowlist: ['10.0.0.0/8'], requireApprovalFor: ['pay'] },
    })
    await delegations.delegate({
      fromAgent: root,
      toAgent: id,
      permissions: [{ resource: 'a', actions: ['read', 'pay'] }],
    })
    const ask = async (action: string, ip?: string) => {
      const { decision, reason } = await decide({
        agent: id,
        action,
        resource: 'a',
        via: [root],
        ...(ip !== undefined && { ip }),
      })
      return `${decision} ${reason}`
    }
    expect([
      await ask('read', '10.1.1.1'),
      await ask('read', '11.1.1.1'),
      await ask('read'),
      await ask('pay', '10.1.1.1'),
    ]).toEqual(['allow allowed', 'deny ip-not-allowed', 'deny ip-not-allowed', 'approval approval-required'])
  })
})

describe('suspend', () => {
  test('ends what the agent may do, and what others do through it, until `unsuspend`, which forgets its denials', async () => {
    const { agents, make, decide, delegations, cleared, site } = agentSite()
    const id = await make()
    const sub = await make({ type: 'delegated' })
    await delegations.delegate({ fromAgent: id, toAgent: sub, permissions: [READ] })
    const ask = async () => [
      (await decide({ agent: id, action: 'read', resource: 'mcp:github:a' })).reason,
      (await decide({ agent: sub, action: 'read', resource: 'mcp:github:a', via: [id] })).reason,
    ]
    expect(await ask()).toEqual(['allowed', 'allowed'])
    expect(await agents.suspend(id, { reason: 'odd', actor: 'alice' })).toMatchObject({
      status: 'suspended',
      statusReason: 'odd',
    })
    expect(await ask()).toEqual(['agent-suspended', 'agent-suspended'])
    await agents.suspend(id)
    expect(await agents.unsuspend(id)).toEqual(await agents.get(id))
    expect(await ask()).toEqual(['allowed', 'allowed'])
    await agents.unsuspend(id)
    expect(cleared).toEqual([id])
    expect((await site.log()).slice(3).map(({ kind, actor, reason }) => ({ kind, actor, reason }))).toEqual([
      { kind: 'agent.suspend', actor: 'alice', reason: 'odd' },
      { kind: 'agent.unsuspend', actor: 'host', reason: 'odd' },
    ])
  })

  test('says nothing about a revoked agent', async () => {
    const { agents, make } = agentSite()
    const id = await make()
    await agents.revoke(id)
    expect((await refusalOf(agents.suspend(id))).code).toBe('KVCH_E_AGENT_REVOKED')
    expect((await refusalOf(agents.unsuspend(id))).code).toBe('KVCH_E_AGENT_REVOKED')
  })
})

describe('suspendAll', () => {
  test('suspends every active agent of an owner, or of the project, with a row for each', async () => {
    const { agents, make, site } = agentSite()
    const ids: string[] = []
    for (const ownerId of ['a', 'a', 'b', 'a', 'c']) ids.push(await make({ ownerId }))
    await agents.revoke(ids[0] ?? '')
    await agents.suspend(ids[1] ?? '')
    expect(await agents.suspendAll({ owner: 'a', reason: 'leak' })).toEqual({ suspended: 1 })
    expect(await agents.suspendAll({ project: 'default', actor: 'alice' })).toEqual({ suspended: 2 })
    expect(await agents.suspendAll()).toEqual({ suspended: 0 })
    const { agents: all } = await agents.list()
    expect(all.map(({ status }) => status)).toEqual(['revoked', 'suspended', 'suspended', 'suspended', 'suspended'])
    expect(
      (await site.log()).slice(-3).map(({ kind, agent, actor, reason }) => ({ kind, agent, actor, reason })),
    ).toEqual([
      { kind: 'agent.suspend', agent: ids[3], actor: 'host', reason: 'leak' },
      { kind: 'agent.suspend', agent: ids[2], actor: 'alice', reason: 'no reason given' },
      { kind: 'agent.suspend', agent: ids[4], actor: 'alice', reason: 'no reason given' },
    ])
  })

  test('reaches all of them, however many pages there are', async () => {
    const { agents, make } = agentSite()
    for (let n = 0; n < 1001; n++) await make({ permissions: [] })
    expect(await agents.suspendAll()).toEqual({ suspended: 1001 })
  })

  test('of another project is refused', async () => {
    const { agents } = agentSite()
    expect(await refusalOf(agents.suspendAll({ project: 'other' }))).toEqual({
      code: 'KVCH_E_REQUEST_INVALID',
      message: 'project: this is `default`',
      details: { path: 'project' },
    })
  })
})

test('two projects of one store know nothing of each other', async () => {
  const [store, host] = [createMemoryStore(), hostAt(NOW)]
  const [one, other] = ['one', 'other'].map((project) =>
    agentSite({ store, host, options: { project, agents: { maxPerUser: 1 } } }),
  )
  const id = (await one?.make()) ?? ''
  await other?.make()
  expect((await other?.agents.list())?.agents.map((agent) => agent.id)).not.toContain(id)
  for (const refused of [other?.agents.get(id), other?.agents.rotate(id), other?.agents.revoke(id)]) {
    expect((await refusalOf(Promise.resolve(refused))).code).toBe('KVCH_E_AGENT_NOT_FOUND')
  }
})
