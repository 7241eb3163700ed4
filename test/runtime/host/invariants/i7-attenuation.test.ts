/**
 * I7: what an agent can do through others is within what every one of them can do, and what it uses is paid by every one of them.
 *
 * Whether a delegation may be made at all: `test/runtime/delegation/`. The same of policies, by the hundred thousand:
 * `test/properties/attenuation.test.ts`.
 */
import { describe, expect, test } from 'vitest'
import type { Kavach } from '../../../../index.ts'
import { Random } from '../../../properties/generate/random.ts'
import { errorOf, freshFile, makeAgent, metersOf, openFile, openHost, START, setClock } from '../hosts.ts'

const GRAPHS = Number(process.env.KAVACH_GRAPHS ?? 10)
const SEED = Number(process.env.KAVACH_GRAPHS_SEED ?? 20_261_125)

const RESOURCES = ['doc:a', 'doc:b', 'doc:b:c', 'pay:a', 'pay:b']
const ACTIONS = ['read', 'write']
const PATTERNS = ['doc:*', 'doc:**', 'doc:a', 'doc:b', 'doc:b:*', 'pay:*', 'pay:a', '**']
const WIDE = [{ resource: 'doc:**', actions: ['*'] }]
const WORLDS = [
  { ip: '10.1.2.3', args: { path: 'a' } },
  { ip: '192.168.0.1', args: { path: 'b' } },
  { ip: undefined, args: undefined },
]

interface Graph {
  readonly kavach: Kavach
  readonly ids: readonly string[]
  readonly refused: number
}

/** Agents that hold something, and delegations between them as far as they are granted. */
async function randomGraph(random: Random): Promise<Graph> {
  const kavach = await openHost({ anomaly: { consecutiveDenials: false } })
  const ids: string[] = []
  for (let at = 0; at < 6; at++) {
    const type = at > 0 && random.chance(0.5) ? 'delegated' : 'autonomous'
    const more = at === 0 ? WIDE : []
    const permissions = type === 'delegated' ? [] : [...more, ...permissionsOf(random, random.between(1, 2))]
    ids.push((await makeAgent(kavach, { type, permissions })).id)
  }
  let refused = 0
  for (let edge = 0; edge < 14; edge++) {
    // First a chain of all of them, as far as it holds.
    const to = edge < 5 ? edge + 1 : random.between(1, 5)
    const from = edge < 5 ? edge : random.below(to)
    const lend = {
      fromAgent: ids[from] ?? '',
      toAgent: ids[to] ?? '',
      permissions: edge < 5 && random.chance(0.7) ? WIDE : permissionsOf(random, 1),
      maxDepth: 5 - Math.min(edge, from),
    }
    try {
      await kavach.delegate(lend)
    } catch (error) {
      expect(error).toMatchObject({ code: expect.stringMatching(/^KVCH_E_AGENT_DELEGATION_/) })
      refused++
    }
  }
  return { kavach, ids, refused }
}

function permissionsOf(random: Random, count: number) {
  return Array.from({ length: count }, () => ({
    resource: random.pick(PATTERNS),
    actions: random.chance(0.4) ? ['*'] : [random.pick(ACTIONS)],
    ...(random.chance(0.3) && {
      constraints: random.pick([
        { ipAllowlist: ['10.0.0.0/8'] },
        { argPatterns: { path: '^a$' } },
        { requireApproval: true },
        { allowedHoursUTC: '09:00-18:00' },
        { allowedHoursUTC: '18:00-09:00' },
      ]),
    }),
  }))
}

/** A verdict, as how much it gives. */
const RANK = ['deny', 'limited', 'approval', 'throttle', 'allow']

test(`in ${GRAPHS} random graphs nobody can do through a chain what somebody above cannot; seed ${SEED}`, async () => {
  setClock(START)
  const random = new Random(SEED)
  const seen = { allowed: 0, approval: 0, denied: 0, hops: 0, refused: 0 }
  for (let round = 0; round < GRAPHS; round++) {
    const { kavach, ids, refused } = await randomGraph(random)
    seen.refused += refused
    const given = async (agent: string, via: readonly string[], request: object) => {
      const { verdict } = await kavach.authorize(agent, { ...request, via } as never) // Every member is a request's.
      return RANK.indexOf(verdict)
    }
    for (const id of ids) {
      for (const { agents } of await kavach.delegation.listChains(id)) {
        seen.hops = Math.max(seen.hops, agents.length - 1)
        for (const resource of RESOURCES) {
          for (const action of ACTIONS) {
            const request = { action, resource, ...random.pick(WORLDS) }
            const through = await given(id, agents.slice(0, -1), request)
            seen[through === 4 ? 'allowed' : through === 2 ? 'approval' : 'denied']++
            for (const [hop, above] of agents.slice(0, -1).entries()) {
              const held = await given(above, agents.slice(0, hop), request)
              const what = { round, agents, above, request, through, held }
              expect({ ...what, isWithin: through <= held }).toEqual({ ...what, isWithin: true })
            }
          }
        }
      }
    }
    await kavach.close()
  }
  console.log(`seed ${SEED}: ${JSON.stringify(seen)}`)
  expect([seen.allowed > GRAPHS, seen.approval > 0, seen.denied > GRAPHS, seen.refused > GRAPHS]).toEqual([
    true,
    true,
    true,
    true,
  ])
  expect(seen.hops).toBeGreaterThanOrEqual(3)
}, 0)

test('what is said to be held through a chain is within what is said of each agent above, and no decision gives more', async () => {
  setClock(START)
  const random = new Random(SEED + 1)
  for (let round = 0; round < 4; round++) {
    const { kavach, ids } = await randomGraph(random)
    for (const id of ids) {
      const permissions = await kavach.delegation.getEffectivePermissions(id)
      for (const resource of RESOURCES) {
        for (const action of ACTIONS) {
          const world = { ip: '10.1.2.3', args: { path: 'a' } }
          const { allowed } = await kavach.authorize(id, { action, resource, ...world })
          const isSaid = permissions.some(
            (one) => covers(one.resource, resource) && (one.actions.includes(action) || one.actions.includes('*')),
          )
          if (allowed) expect({ id, resource, action, isSaid }).toEqual({ id, resource, action, isSaid: true })
        }
      }
    }
    await kavach.close()
  }
})

function covers(pattern: string, resource: string): boolean {
  const [parts, segments] = [pattern.split(':'), resource.split(':')]
  for (const [at, part] of parts.entries()) {
    if (part === '**') return true
    if (segments[at] === undefined || (part !== '*' && part !== segments[at])) return false
  }
  return parts.length === segments.length
}

describe('a tree of agents with limits of their own', () => {
  const LIMITS = [
    { maxCallsPerDay: 60, budgetUsdPerMonth: 1, throttlePerMinute: 1e6 },
    { maxCallsPerDay: 40, budgetUsdPerMonth: 0.8, throttlePerMinute: 1e6 },
    { maxCallsPerDay: 25, budgetUsdPerMonth: 0.5, throttlePerMinute: 1e6 },
    { maxCallsPerDay: 12, budgetUsdPerMonth: 0.2, throttlePerMinute: 1e6 },
  ]

  test('pays every call at every agent above, to the call and the nano-dollar, and exceeds no cap of any of them', async () => {
    setClock(START)
    const file = freshFile()
    const kavach = await openFile(file, { anomaly: { consecutiveDenials: false } })
    // Two children of each agent, three levels below the root.
    const root = await member(kavach, LIMITS[0])
    const parents = new Map<string, string | undefined>([[root, undefined]])
    let level = [root]
    for (const limits of LIMITS.slice(1)) {
      const next: string[] = []
      for (const parent of level) {
        for (let child = 0; child < 2; child++) {
          const id = await member(kavach, limits, true)
          await kavach.delegate({
            fromAgent: parent,
            toAgent: id,
            permissions: [{ resource: 'doc:**', actions: ['read'] }],
            maxDepth: 5 - (LIMITS.indexOf(limits) - 1),
          })
          parents.set(id, parent)
          next.push(id)
        }
      }
      level = next
    }
    const random = new Random(SEED)
    const everybody = [...parents.keys()]
    const used = new Map(everybody.map((id) => [id, { calls: 0, nanoUsd: 0 }]))
    const limitOf = (id: string) => LIMITS[chainOf(id, parents).length - 1] ?? LIMITS[0]
    let allowedCalls = 0
    const reasons = new Set<string>()
    for (let call = 0; call < 250; call++) {
      const id = random.pick(everybody)
      const cost = random.pick([0, 10_000_000, 70_000_000, 1])
      const chain = chainOf(id, parents)
      const fits = chain.every((one) => {
        const { calls, nanoUsd } = used.get(one) ?? { calls: 0, nanoUsd: 0 }
        const { maxCallsPerDay = 0, budgetUsdPerMonth = 0 } = limitOf(one) ?? {}
        const cap = budgetUsdPerMonth * 1e9
        return calls < maxCallsPerDay && nanoUsd < cap && nanoUsd + cost <= cap
      })
      const {
        allowed,
        reason,
        via = [],
      } = await kavach.authorize(id, { action: 'read', resource: 'doc:1', cost: cost / 1e9 })
      reasons.add(reason)
      expect({ call, allowed, reason }).toEqual({ call, allowed: fits, reason })
      if (!allowed) continue
      allowedCalls++
      expect([...via, id]).toEqual([...chain].reverse())
      for (const one of chain) {
        const before = used.get(one) ?? { calls: 0, nanoUsd: 0 }
        used.set(one, { calls: before.calls + 1, nanoUsd: before.nanoUsd + cost })
      }
    }
    expect(used.get(root)?.calls).toBe(allowedCalls)
    expect(reasons).toEqual(new Set(['allowed', 'throttled', 'rate-limited', 'budget-exhausted']))
    const meters = metersOf(file)
    const meterOf = (id: string, window: string) =>
      Object.entries(meters).find(([key]) => key.includes(`/${window}/`) && key.endsWith(`agent=${id}`))?.[1] ?? 0
    expect(everybody.map((id) => ({ id, calls: meterOf(id, 'day'), nanoUsd: meterOf(id, 'month') }))).toEqual(
      everybody.map((id) => ({ id, ...used.get(id) })),
    )
  })

  test('cannot be given more than there is above, and a refusal shows a request', async () => {
    const kavach = await openHost()
    const { id } = await makeAgent(kavach, { permissions: [{ resource: 'doc:*', actions: ['read'] }] })
    const helper = await makeAgent(kavach, { type: 'delegated' })
    const error = await errorOf(
      kavach.delegate({ fromAgent: id, toAgent: helper.id, permissions: [{ resource: 'doc:**', actions: ['read'] }] }),
    )
    expect(error).toMatchObject({ code: 'KVCH_E_AGENT_DELEGATION_ESCALATES', details: { witness: { action: 'read' } } })
  })
})

/** The agent first, the root last. */
function chainOf(id: string, parents: ReadonlyMap<string, string | undefined>): readonly string[] {
  const chain: string[] = []
  for (let at: string | undefined = id; at !== undefined; at = parents.get(at)) chain.push(at)
  return chain
}

async function member(kavach: Kavach, constraints: object | undefined, isDelegated = false): Promise<string> {
  const { id } = await makeAgent(kavach, {
    ...(isDelegated ? { type: 'delegated' as const } : { permissions: [{ resource: 'doc:**', actions: ['read'] }] }),
    constraints,
  })
  return id
}
