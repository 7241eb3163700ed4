/** Random graphs of delegations, made through the API and judged by the engine. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { EngineRequest } from '../../../engine-wasm/host/index.ts'
import type { Permission } from '../../../runtime/authority/index.ts'
import type { KavachError } from '../../../runtime/errors.ts'
import { type AgentSite, agentSite } from '../agents/site.ts'
import { NOW } from '../site.ts'

const AGENTS = 5

const constraints = fc.record(
  {
    ipAllowlist: fc.constantFrom(['10.0.0.0/8'], ['10.0.0.0/9', '11.0.0.0/8'], ['::/0', '0.0.0.0/0']),
    allowedHoursUTC: fc.constantFrom('09:00-18:00', '11:00-13:00', '22:00-06:00'),
    timeWindow: fc.constant({ start: '08:00', end: '12:30' }),
    requireApproval: fc.boolean(),
    argPatterns: fc.constantFrom({ path: 'a+' }, { path: 'a*', q: 'x' }),
    maxCallsPerHour: fc.integer({ min: 1, max: 3 }),
  },
  { requiredKeys: [] },
)
const scope = {
  resource: fc.constantFrom('mcp:a', 'mcp:*', 'mcp:**', 'mcp:{a,b}', '*:a', '**'),
  actions: fc.constantFrom(['read'], ['write'], ['read', 'write'], ['*']),
}
const permission: fc.Arbitrary<Permission> = fc.oneof(
  { weight: 3, arbitrary: fc.record(scope) },
  { weight: 1, arbitrary: fc.record({ ...scope, constraints }) },
)
const permissions = fc.array(permission, { minLength: 1, maxLength: 3 })
/** What agents hold is wide, so that much can be passed on. */
const wide = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Permission[]>([{ resource: '**', actions: ['*'] }]) },
  {
    weight: 1,
    arbitrary: constraints.map((stated): Permission[] => [{ resource: '**', actions: ['*'], constraints: stated }]),
  },
  { weight: 2, arbitrary: permissions },
)
const agent = fc.nat({ max: AGENTS - 1 })
const hop = fc.record({ from: agent, to: agent, permissions, maxDepth: fc.integer({ min: 1, max: 4 }) })
const event = fc.oneof(
  { weight: 8, arbitrary: hop.map((one) => ({ kind: 'delegate', ...one }) as const) },
  { weight: 1, arbitrary: agent.map((at) => ({ kind: 'revoke', at }) as const) },
  { weight: 1, arbitrary: agent.map((at) => ({ kind: 'suspend', at }) as const) },
  { weight: 2, arbitrary: fc.tuple(agent, permissions).map(([at, next]) => ({ kind: 'update', at, next }) as const) },
)
/** One long chain first, as far as it is not refused, so that many are deep. */
const backbone = fc
  .array(wide, { minLength: AGENTS - 1, maxLength: AGENTS - 1 })
  .map((lists) =>
    lists.map(
      (given, at) => ({ kind: 'delegate', from: at, to: at + 1, permissions: given, maxDepth: 4 - at }) as const,
    ),
  )
const graph = fc
  .record({
    held: fc.array(wide, { minLength: AGENTS, maxLength: AGENTS }),
    chain: backbone,
    events: fc.array(event, { minLength: 3, maxLength: 12 }),
  })
  .map(({ held, chain, events }) => ({ held, events: [...chain, ...events] }))
type Graph = typeof graph extends fc.Arbitrary<infer G> ? G : never

const request = fc.record(
  {
    action: fc.constantFrom('read', 'write', 'zap'),
    resource: fc.constantFrom('mcp:a', 'mcp:b', 'mcp:a:b', 'web:a', 'x'),
    ip: fc.constantFrom('10.0.0.1', '10.200.0.1', '11.0.0.1', '12.0.0.1', '::1'),
    now: fc.constantFrom(NOW, NOW + 3_600_000 * 3, NOW + 3_600_000 * 11),
    args: fc.constantFrom({ path: 'a' }, { path: '', q: 'x' }, { path: 'b' }),
    approvedBy: fc.constant(['bob']),
  },
  { requiredKeys: ['action', 'resource'] },
)
const requests = fc.array(request, { minLength: 10, maxLength: 30 })

interface Refused {
  readonly from: string
  readonly permissions: readonly Permission[]
  readonly error: KavachError
}

/** Makes it all, and tells of each delegation that is refused, before anything else changes. */
async function build(
  site: AgentSite,
  { held, events }: Graph,
  noteRefusal: (refused: Refused) => Promise<void> = async () => undefined,
): Promise<readonly string[]> {
  const ids: string[] = []
  for (const list of held) ids.push(await site.make({ type: 'service', permissions: list }))
  for (const one of events) {
    // Agents may be dead by then, which is refused as well.
    const ignore = () => undefined
    const id = (at: number) => ids[at] ?? ''
    switch (one.kind) {
      case 'delegate': {
        const { from, to, permissions: given, maxDepth } = one
        if (from === to) break
        const error = await site.delegations
          .delegate({ fromAgent: id(from), toAgent: id(to), permissions: given, maxDepth })
          .then(
            () => undefined,
            (thrown: KavachError) => thrown,
          )
        if (error !== undefined) await noteRefusal({ from: id(from), permissions: given, error })
        break
      }
      case 'revoke':
        await site.agents.revoke(id(one.at))
        break
      case 'suspend':
        await site.agents.suspend(id(one.at)).catch(ignore)
        break
      case 'update':
        await site.agents.update(id(one.at), { permissions: one.next }).catch(ignore)
    }
  }
  return ids
}

async function isAllowed(site: AgentSite, asked: EngineRequest): Promise<boolean> {
  return (await site.decide(asked)).allowed
}

test('what is allowed through a chain is allowed to everybody above', async () => {
  let allowed = 0
  let deep = 0
  await fc.assert(
    fc.asyncProperty(graph, requests, async (made, asked) => {
      const site = agentSite()
      const ids = await build(site, made)
      for (const id of ids) {
        for (const { agents } of await site.delegations.listChains(id)) {
          for (const one of asked) {
            if (!(await isAllowed(site, { ...one, agent: id, via: agents.slice(0, -1) }))) continue
            allowed++
            if (agents.length > 2) deep++
            for (let at = 0; at < agents.length - 1; at++) {
              const prefix = { ...one, agent: agents[at] ?? '', via: agents.slice(0, at) }
              expect(await isAllowed(site, prefix), JSON.stringify({ agents, at, one })).toBe(true)
            }
          }
        }
      }
    }),
    { numRuns: 40 },
  )
  expect([allowed > 500, deep > 100]).toEqual([true, true])
}, 300_000)

test('the request of a refusal is denied to the delegator, and would have been given', async () => {
  let seen = 0
  await fc.assert(
    fc.asyncProperty(graph, async (made) => {
      const site = agentSite()
      const [all, receiver] = [await site.make(), await site.make({ type: 'delegated' })]
      await build(site, made, async ({ from, permissions: given, error }) => {
        if (error.code !== 'KVCH_E_AGENT_DELEGATION_ESCALATES' || error.details?.excess !== 'requests') return
        seen++
        // A refusal of requests has one.
        const witness = error.details.witness as Pick<EngineRequest, 'action' | 'resource'>
        const chains = await site.delegations.listChains(from)
        for (const via of [[], ...chains.map(({ agents }) => agents.slice(0, -1))]) {
          expect(await isAllowed(site, { ...witness, agent: from, via }), error.message).toBe(false)
        }
        await site.delegations.delegate({ fromAgent: all, toAgent: receiver, permissions: given })
        expect(await isAllowed(site, { ...witness, agent: receiver, via: [all] }), error.message).toBe(true)
      })
    }),
    { numRuns: 80 },
  )
  expect(seen).toBeGreaterThan(30)
}, 300_000)

test('effective permissions are what the engine allows, by itself and through all chains', async () => {
  let compared = 0
  await fc.assert(
    fc.asyncProperty(graph, requests, async (made, asked) => {
      const site = agentSite()
      const ids = await build(site, made)
      for (const id of ids) {
        const effective = await site.delegations.getEffectivePermissions(id)
        if (effective.some(({ conditions }) => conditions !== undefined)) continue
        const twin = await site.make({ type: 'service', permissions: effective })
        const chains = await site.delegations.listChains(id)
        for (const one of asked) {
          let isHeld = await isAllowed(site, { ...one, agent: id })
          for (const { agents } of chains)
            isHeld ||= await isAllowed(site, { ...one, agent: id, via: agents.slice(0, -1) })
          expect(await isAllowed(site, { ...one, agent: twin }), JSON.stringify({ one, effective })).toBe(isHeld)
          compared++
        }
      }
    }),
    { numRuns: 50 },
  )
  expect(compared).toBeGreaterThan(1000)
}, 300_000)
