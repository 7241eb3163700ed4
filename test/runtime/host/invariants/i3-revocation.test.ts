/**
 * I3: after an agent was revoked, suspended or narrowed, or has expired, no decision that begins later allows what is gone: not
 * in this process, nor in another host, nor in another process on the same file. The bound is 0.
 *
 * Agents and chains that a policy declares: `../policy.test.ts`.
 */
import { describe, expect, test } from 'vitest'
import type { AuthorizeResult, Kavach } from '../../../../index.ts'
import { createMemoryStore } from '../../../../storage/index.ts'
import { slowly } from '../../slow-store.ts'
import { freshFile, HOUR, MINUTE, makeAgent, openFile, openHost, READ, START, setClock } from '../hosts.ts'
import { type ChildHost, startHost } from './child.ts'

type Host = Pick<Kavach, 'agents' | 'delegate' | 'delegation'>

/** What ends access, and what is said after it by id and by token. */
const ENDS: readonly {
  readonly what: string
  readonly end: (kavach: Host, id: string) => Promise<unknown>
  readonly byId: string
  readonly byToken: string
}[] = [
  { what: 'revoked', end: ({ agents }, id) => agents.revoke(id), byId: 'agent-revoked', byToken: 'token-invalid' },
  {
    what: 'suspended',
    end: ({ agents }, id) => agents.suspend(id),
    byId: 'agent-suspended',
    byToken: 'agent-suspended',
  },
  {
    what: 'suspended with all others',
    end: ({ agents }) => agents.suspendAll(),
    byId: 'agent-suspended',
    byToken: 'agent-suspended',
  },
  {
    what: 'suspended with all of its owner',
    end: ({ agents }) => agents.suspendAll({ owner: 'ann' }),
    byId: 'agent-suspended',
    byToken: 'agent-suspended',
  },
  {
    what: 'narrowed',
    end: ({ agents }, id) => agents.update(id, { permissions: [{ resource: 'doc:2', actions: ['read'] }] }),
    byId: 'no-grant',
    byToken: 'no-grant',
  },
  {
    what: 'given less time',
    end: async ({ agents }, id) => {
      await agents.update(id, { expiresAt: new Date(START + MINUTE) })
      setClock(START + MINUTE)
    },
    byId: 'agent-expired',
    byToken: 'agent-expired',
  },
  {
    what: 'given another token',
    end: ({ agents }, id) => agents.rotate(id),
    byId: 'allowed',
    byToken: 'token-invalid',
  },
  {
    what: 'given a fresh token',
    end: ({ agents }, id) => agents.refreshToken(id),
    byId: 'allowed',
    byToken: 'token-invalid',
  },
]

describe.each(ENDS)('an agent that is $what', ({ end, byId, byToken }) => {
  test('is so in the next decision of this host and of another one on the file', async () => {
    setClock(START)
    const file = freshFile()
    const [one, two] = [await openFile(file), await openFile(file)]
    const { id, token } = await makeAgent(one)
    const ask = async (kavach: Kavach) => [
      (await kavach.authorize(id, READ)).reason,
      (await kavach.authorizeByToken(token, READ)).reason,
    ]
    expect([await ask(one), await ask(two)]).toEqual([
      ['allowed', 'allowed'],
      ['allowed', 'allowed'],
    ])
    await end(one, id)
    expect([await ask(two), await ask(one)]).toEqual([
      [byId, byToken],
      [byId, byToken],
    ])
  })

  test('is so in the next decision of a store that has to be waited for', async () => {
    setClock(START)
    const kavach = await openHost({ database: slowly(createMemoryStore()) })
    const { id, token } = await makeAgent(kavach)
    expect((await kavach.authorize(id, READ)).reason).toBe('allowed')
    await end(kavach, id)
    const answers = await Promise.all([kavach.authorize(id, READ), kavach.authorizeByToken(token, READ)])
    expect(answers.map(({ reason }) => reason)).toEqual([byId, byToken])
  })
})

test('another process sees what was revoked, suspended, narrowed or taken back in its next decision, and we what it did', async () => {
  const file = freshFile()
  const [here, there] = [await openFile(file), await startHost(file)]
  const agents = await Promise.all(Array.from({ length: 4 }, () => makeAgent(here)))
  const [revoked, suspended, narrowed, giver] = agents.map(({ id }) => id) as [string, string, string, string]
  const { id: helper } = await makeAgent(here, { type: 'delegated' })
  const lent = await here.delegate(lend(giver, helper))
  const all = [revoked, suspended, narrowed, helper]
  const reasons = (host: Pick<ChildHost, 'authorize'>) =>
    Promise.all(all.map(async (id) => (await host.authorize(id, READ)).reason))
  expect(await reasons(here)).toEqual(all.map(() => 'allowed'))
  const sequentially = async (host: Pick<ChildHost, 'authorize'>) => {
    const found = []
    for (const id of all) found.push((await host.authorize(id, READ)).reason)
    return found
  }
  expect(await sequentially(there)).toEqual(all.map(() => 'allowed'))
  await here.agents.revoke(revoked)
  await here.agents.suspend(suspended)
  await here.agents.update(narrowed, { permissions: [] })
  await here.delegation.revoke(lent.id)
  expect(await sequentially(there)).toEqual(['agent-revoked', 'agent-suspended', 'no-grant', 'no-grant'])
  await there.call(['agents', 'unsuspend'], suspended)
  expect((await here.authorize(suspended, READ)).reason).toBe('allowed')
  await there.call(['agents', 'revoke'], suspended)
  expect((await here.authorize(suspended, READ)).reason).toBe('agent-revoked')
})

test('while hundreds of calls are under way in two hosts, none that began after `revoke` resolved is allowed', async () => {
  for (let round = 0; round < 10; round++) {
    const file = freshFile()
    const hosts = [await openFile(file), await openFile(file)] as const
    const { id } = await makeAgent(hosts[0])
    let isRevoked = false
    const late: AuthorizeResult[] = []
    let early = 0
    const callers = hosts.flatMap((kavach) =>
      Array.from({ length: 20 }, async () => {
        for (let lateCalls = 0; lateCalls < 3; ) {
          const beganLate = isRevoked
          const answer = await kavach.authorize(id, READ)
          if (beganLate) {
            lateCalls++
            late.push(answer)
          } else if (answer.allowed) early++
        }
      }),
    )
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
    await hosts[round % 2]?.agents.revoke(id)
    isRevoked = true
    await Promise.all(callers)
    expect(new Set(late.map(({ reason }) => reason))).toEqual(new Set(['agent-revoked']))
    expect([late.length, early > 0]).toEqual([120, true])
  }
})

describe('a chain of five hops', () => {
  /** `a0` gives to `a1`, and so on; the helpers have nothing of their own. */
  async function chain(kavach: Kavach) {
    const agents = [await makeAgent(kavach)]
    for (let hop = 1; hop <= 5; hop++) agents.push(await makeAgent(kavach, { type: 'delegated' }))
    const ids = agents.map(({ id }) => id)
    const delegations = []
    for (let hop = 0; hop < 5; hop++) {
      delegations.push(await kavach.delegate(lend(ids[hop] ?? '', ids[hop + 1] ?? '', { maxDepth: 5 - hop })))
    }
    return { ids, tokens: agents.map(({ token }) => token), delegations: delegations.map(({ id }) => id) }
  }

  const allowed = async (kavach: Kavach, ids: readonly string[]) => {
    const found = []
    for (const id of ids) found.push((await kavach.authorize(id, READ)).allowed)
    return found
  }

  /** Up to `at`, and nobody below. */
  const upTo = (at: number) => Array.from({ length: 6 }, (_, hop) => hop < at)

  test.each([0, 1, 2, 3, 4])(
    'falls below agent %i when that one is revoked, and those below are revoked with it',
    async (at) => {
      const file = freshFile()
      const [one, two] = [await openFile(file), await openFile(file)]
      const { ids, tokens } = await chain(one)
      expect(await allowed(two, ids)).toEqual(upTo(6))
      const { cascade } = await one.agents.revoke(ids[at] ?? '')
      expect([...cascade.revoked].sort()).toEqual(ids.slice(at + 1).sort())
      expect([await allowed(two, ids), await allowed(one, ids)]).toEqual([upTo(at), upTo(at)])
      const last = await two.authorizeByToken(tokens[5] ?? '', READ)
      expect([last.allowed, last.reason]).toEqual([false, 'token-invalid'])
    },
  )

  test.each([0, 1, 2, 3, 4])('falls below agent %i while that one is suspended', async (at) => {
    const file = freshFile()
    const [one, two] = [await openFile(file), await openFile(file)]
    const { ids } = await chain(one)
    await allowed(two, ids)
    await one.agents.suspend(ids[at] ?? '')
    expect([await allowed(two, ids), await allowed(one, ids)]).toEqual([upTo(at), upTo(at)])
    await two.agents.unsuspend(ids[at] ?? '')
    expect(await allowed(one, ids)).toEqual(upTo(6))
  })

  test.each([0, 1, 2, 3, 4])('falls below hop %i when that one is taken back', async (at) => {
    const file = freshFile()
    const [one, two] = [await openFile(file), await openFile(file)]
    const { ids, delegations } = await chain(one)
    await allowed(two, ids)
    await one.delegation.revoke(delegations[at] ?? '')
    expect([await allowed(two, ids), await allowed(one, ids)]).toEqual([upTo(at + 1), upTo(at + 1)])
  })

  test('falls when the first agent is narrowed, and is whole again for what is left', async () => {
    const file = freshFile()
    const [one, two] = [await openFile(file), await openFile(file)]
    const { ids } = await chain(one)
    await allowed(two, ids)
    await one.agents.update(ids[0] ?? '', { permissions: [{ resource: 'doc:2', actions: ['read'] }] })
    expect(await allowed(two, ids)).toEqual(upTo(0))
    expect(await two.authorize(ids[5] ?? '', { ...READ, resource: 'doc:2' })).toMatchObject({
      allowed: true,
      via: ids.slice(0, 5),
    })
  })

  test('falls below a hop, or an agent, whose time is over', async () => {
    setClock(START)
    const kavach = await openHost()
    const giver = await makeAgent(kavach, { expiresAt: new Date(START + 2 * HOUR) })
    const middle = await makeAgent(kavach, { type: 'delegated' })
    const last = await makeAgent(kavach, { type: 'delegated' })
    await kavach.delegate(lend(giver.id, middle.id, { maxDepth: 2 }))
    await kavach.delegate(lend(middle.id, last.id, { expiresAt: new Date(START + HOUR) }))
    const ids = [giver.id, middle.id, last.id]
    expect(await allowed(kavach, ids)).toEqual([true, true, true])
    setClock(START + HOUR)
    expect(await allowed(kavach, ids)).toEqual([true, true, false])
    setClock(START + 2 * HOUR)
    expect(await allowed(kavach, ids)).toEqual([false, false, false])
  })
})

function lend(fromAgent: string, toAgent: string, more: object = {}) {
  return { fromAgent, toAgent, permissions: [{ resource: 'doc:**', actions: ['read'] }], ...more }
}
