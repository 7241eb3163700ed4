/**
 * I8: by id and by token answer the same. The exceptions: the age of a token counts by token only, and a token that was taken
 * away names nobody.
 *
 * Two hosts in the same state are asked the same, one by id and one by token, so that meters, approvals and denials in a row
 * move alike.
 */
import { expect, test } from 'vitest'
import type { AuthorizeRequest, AuthorizeResult, Kavach } from '../../../../index.ts'
import { createMemoryStore } from '../../../../storage/index.ts'
import { policyImage } from '../../../fixtures/policy-image.ts'
import { Random } from '../../../properties/generate/random.ts'
import { slowly } from '../../slow-store.ts'
import { HOUR, MINUTE, makeAgent, openHost, READ, SECOND, START, setClock } from '../hosts.ts'

const SEED = Number(process.env.KAVACH_TOKEN_SEED ?? 20_261_125)
const STEPS = 600

const POLICY = `
boundary runtime { allow * on ** may delegate depth 5 }
forbid read on doc:secret
limit rate 40 per hour for read on ** each owner
autonomous agent planner { owner "ann" allow read on doc:** allow write on pay:** needs approval rate 5 per hour }
`

/** A host, and who is in it by a name that is the same in both. */
interface World {
  readonly kavach: Kavach
  readonly ids: ReadonlyMap<string, string>
  readonly tokens: Map<string, string>
}

async function openWorld(): Promise<World> {
  const kavach = await openHost({
    database: slowly(createMemoryStore()),
    policy: policyImage(POLICY),
    limits: { userPerMinute: 5, endpointPerMinute: { pay: 2 } },
    anomaly: { consecutiveDenials: 20 },
  })
  const agents = {
    reader: await makeAgent(kavach),
    capped: await makeAgent(kavach, {
      ownerId: 'bob',
      permissions: [
        { resource: 'doc:**', actions: ['read'], constraints: { maxCallsPerHour: 4, budgetUsdPerDay: 1 } },
        { resource: 'pay:*', actions: ['write'], constraints: { requireApproval: true, ipAllowlist: ['10.0.0.0/8'] } },
      ],
    }),
    service: await makeAgent(kavach, { ownerId: 'bob', type: 'service', constraints: { argPatterns: { path: '^a' } } }),
    brief: await makeAgent(kavach, { ownerId: 'cy', expiresAt: new Date(START + 2 * HOUR), tokenExpiry: 'never' }),
    helper: await makeAgent(kavach, { ownerId: 'cy', type: 'delegated' }),
  }
  const ids = new Map([['planner', 'planner'], ...Object.entries(agents).map(([name, { id }]) => [name, id] as const)])
  const tokens = new Map(Object.entries(agents).map(([name, { token }]) => [name, token]))
  tokens.set('planner', (await kavach.agents.issueToken('planner')).token)
  for (const from of ['capped', 'reader']) {
    const permissions = [{ resource: 'doc:*', actions: ['read'] }]
    await kavach.delegate({ fromAgent: ids.get(from) ?? '', toAgent: agents.helper.id, permissions })
  }
  return { kavach, ids, tokens }
}

test(`two hosts that are asked by id and by token answer alike, ${STEPS} times; seed ${SEED}`, async () => {
  let now = START
  setClock(now)
  const worlds = [await openWorld(), await openWorld()] as const
  const [byId, byToken] = worlds
  const random = new Random(SEED)
  const names = [...byId.ids.keys()]
  const reasons = new Map<string, number>()
  for (let step = 0; step < STEPS; step++) {
    if (random.chance(0.2)) {
      now += random.pick([1, SECOND, 20 * SECOND, MINUTE, 9 * MINUTE])
      setClock(now)
    }
    // Live tokens are what is compared: none of them lives for more than half an hour.
    if (step % 20 === 0) for (const world of worlds) await refreshAll(world)
    const name = random.pick(names)
    const roll = random.below(30)
    if (roll < 2) {
      for (const { kavach, ids } of worlds) {
        const id = ids.get(name) ?? ''
        await (roll === 0 ? kavach.agents.suspend(id) : kavach.agents.unsuspend(id))
      }
      continue
    }
    const request = requestOf(random, byId.ids)
    const asked = (world: World) => ({
      ...request,
      ...(request.via && { via: request.via.map((one) => world.ids.get(one) ?? one) }),
    })
    const first = await byId.kavach.authorize(byId.ids.get(name) ?? '', asked(byId))
    const token = byToken.tokens.get(name) ?? ''
    const second = await (step % 2 === 0
      ? byToken.kavach.authorizeByToken(token, asked(byToken))
      : byToken.kavach.agents.authorize({ token, ...asked(byToken) }))
    const said = [plain(first, byId), plain(second, byToken)]
    expect(said[1], `step ${step}: ${name} ${JSON.stringify(request)}`).toEqual(said[0])
    reasons.set(first.reason, (reasons.get(first.reason) ?? 0) + 1)
    if (first.approvalId !== undefined && random.chance(0.6)) {
      await byId.kavach.approvals.approve(first.approvalId, { approver: 'boss' })
      await byToken.kavach.approvals.approve(second.approvalId ?? '', { approver: 'boss' })
    }
  }
  for (const reason of [
    'allowed',
    'no-grant',
    'forbidden',
    'rate-limited',
    'user-rate-limited',
    'approval-required',
    'agent-suspended',
    'agent-expired',
    'arg-mismatch',
    'invalid-request',
  ]) {
    expect([reason, (reasons.get(reason) ?? 0) > 0]).toEqual([reason, true])
  }
})

async function refreshAll({ kavach, ids, tokens }: World): Promise<void> {
  for (const [name, id] of ids) {
    if (name === 'brief') continue
    tokens.set(name, (await kavach.agents.refreshToken(id)).token)
  }
}

function requestOf(random: Random, ids: ReadonlyMap<string, string>): AuthorizeRequest {
  const { action, resource } = random.pick([
    READ,
    { action: 'read', resource: 'doc:secret' },
    { action: 'write', resource: 'pay:1' },
    { action: 'write', resource: 'doc:1' },
    { action: 'read', resource: 'doc:' },
  ])
  return {
    action,
    resource,
    ...(random.chance(0.3) && { ip: random.pick(['10.1.2.3', '11.1.2.3', 'nowhere']) }),
    ...(random.chance(0.3) && { args: random.pick([{ path: 'a' }, { path: 'b' }, {}]) }),
    ...(random.chance(0.4) && { cost: random.pick([0.4, 0, 0.01]) }),
    ...(random.chance(0.1) && { via: [random.pick([...ids.keys(), 'nobody'])] }),
    ...(random.chance(0.2) && { endpoint: random.pick(['pay', 'get']) }),
    ...(random.chance(0.1) && { idempotencyKey: random.pick(['k1', 'k2']) }),
  }
}

/** An answer without what names things that are made anew in each host. */
function plain(
  { requestId: _, agentId = '', via = [], approvalId, policy: __, ...answer }: AuthorizeResult,
  { ids }: World,
) {
  const nameOf = (id: string) => [...ids].find(([, known]) => known === id)?.[0] ?? id
  return { ...answer, agent: nameOf(agentId), via: via.map(nameOf), isAsked: approvalId !== undefined }
}

test('the age of a token counts by token only', async () => {
  setClock(START)
  const kavach = await openHost()
  const { id, token } = await makeAgent(kavach)
  const ask = async () => [
    (await kavach.authorize(id, READ)).reason,
    (await kavach.authorizeByToken(token, READ)).reason,
  ]
  setClock(START + 30 * MINUTE - 1)
  expect(await ask()).toEqual(['allowed', 'allowed'])
  setClock(START + 30 * MINUTE)
  expect(await ask()).toEqual(['allowed', 'token-expired'])
  const fresh = await kavach.agents.refreshToken(id)
  expect((await kavach.authorizeByToken(fresh.token, READ)).reason).toBe('allowed')
})

test('the end of an agent and its status count in both', async () => {
  setClock(START)
  const kavach = await openHost()
  const { id, token } = await makeAgent(kavach, { expiresAt: new Date(START + MINUTE), tokenExpiry: 'never' })
  const ask = async () => [
    (await kavach.authorize(id, READ)).reason,
    (await kavach.authorizeByToken(token, READ)).reason,
  ]
  await kavach.agents.suspend(id)
  expect(await ask()).toEqual(['agent-suspended', 'agent-suspended'])
  await kavach.agents.unsuspend(id)
  setClock(START + MINUTE)
  expect(await ask()).toEqual(['agent-expired', 'agent-expired'])
})

test('a token that was taken away names nobody, so its holder learns nothing of the agent', async () => {
  const kavach = await openHost()
  const { id, token } = await makeAgent(kavach)
  await kavach.agents.revoke(id)
  expect(await kavach.authorize(id, READ)).toMatchObject({ reason: 'agent-revoked', agentId: id })
  const answer = await kavach.authorizeByToken(token, READ)
  expect(answer).toMatchObject({ reason: 'token-invalid', code: 'KVCH_E_AGENT_TOKEN_INVALID' })
  expect(Object.keys(answer)).not.toContain('agentId')
})
