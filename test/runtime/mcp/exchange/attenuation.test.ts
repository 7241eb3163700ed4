/**
 * A token that was exchanged allows nothing that its subject's token does not allow, whatever the policy, the agents, the scopes and
 * the permissions are, however often it is exchanged, and whatever becomes of the agents afterwards.
 *
 * KAVACH_EXCHANGES and KAVACH_EXCHANGES_SEED: worlds to be tried, and where to begin.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Permission } from '../../../../runtime/index.ts'
import { chance, maybe } from '../../../properties/attenuation/arbitrary.ts'
import { constraint } from '../../../properties/attenuation/condition.ts'
import { ACTIONS, narrowed, RESOURCES, type Scope, scope } from '../../../properties/attenuation/scope.ts'
import { type Exchanging, exchangeOf, openExchange, SECRET } from './place.ts'

const WORLDS = Number(process.env.KAVACH_EXCHANGES ?? 12)
const SEED = Number(process.env.KAVACH_EXCHANGES_SEED ?? 20_261_125)
const AGENTS = 6
const SCOPES = ['s0', 's1', 's2']
const FACTS = [
  { ip: '10.1.2.3', args: { path: '/docs/a', deep: { x: 'aab' } } },
  { ip: '192.0.2.7', args: { path: '/etc' } },
  {},
]

interface Step {
  /** Whose client exchanges, or -1: that of the agent that acts already. */
  readonly acting: number
  readonly scopes: readonly string[]
  readonly details: { readonly pick: number; readonly other: Permission | undefined } | undefined
  readonly maxDepth: number
}

interface World {
  readonly own: readonly (readonly Permission[])[]
  /** The first agent holds what the scopes stand for, as the one does that is made for a user and a client. */
  readonly isMadeForScopes: boolean
  readonly scopes: readonly (readonly Permission[])[]
  readonly hasIncludes: boolean
  readonly boundary: readonly string[]
  readonly forbid: string | undefined
  readonly granted: readonly string[]
  readonly steps: readonly Step[]
  /** Something that happens to an agent of the chain afterwards. */
  readonly after: { readonly agent: number; readonly permissions: readonly Permission[] | undefined } | undefined
}

const permission: fc.Arbitrary<Permission> = fc
  .record({ scope, constraints: maybe(0.3, constraint) })
  .map(({ scope: { actions, patterns }, constraints }) => ({
    resource: patterns[0] ?? '**',
    actions: actions ?? ['*'],
    ...(constraints && { constraints: { [constraints.kind]: JSON.parse(constraints.text) } }),
  }))

const someScopes = fc.subarray(SCOPES, { minLength: 1 })

const world: fc.Arbitrary<World> = fc.record({
  own: fc.array(fc.array(permission, { maxLength: 2 }), { minLength: AGENTS, maxLength: AGENTS }),
  isMadeForScopes: chance(0.85),
  scopes: fc.array(fc.array(permission, { minLength: 1, maxLength: 2 }), { minLength: 3, maxLength: 3 }),
  hasIncludes: fc.boolean(),
  boundary: fc.oneof(
    { weight: 4, arbitrary: fc.constant(['**']) },
    { weight: 1, arbitrary: scope.map((one) => one.patterns) },
  ),
  forbid: maybe(0.3, scope).map((found) => found?.patterns[0]),
  granted: someScopes,
  steps: fc.array(
    fc.record({
      acting: fc.integer({ min: -1, max: AGENTS - 1 }),
      scopes: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: someScopes }),
      details: maybe(0.5, fc.record({ pick: fc.nat(1000), other: maybe(0.2, permission) })),
      maxDepth: fc.integer({ min: 1, max: 5 }),
    }),
    { minLength: 2, maxLength: 9 },
  ),
  after: maybe(
    0.5,
    fc.record({ agent: fc.nat(AGENTS - 1), permissions: maybe(0.7, fc.array(permission, { maxLength: 2 })) }),
  ),
})

interface Tally {
  exchanged: number
  refused: number
  deepest: number
  allowed: number
  compared: number
}

test(`no token of ${WORLDS} worlds allows what the token that it was exchanged for does not`, async () => {
  const tally: Tally = { exchanged: 0, refused: 0, deepest: 0, allowed: 0, compared: 0 }
  await fc.assert(
    fc.asyncProperty(world, (one) => hold(one, tally)),
    { numRuns: WORLDS, seed: SEED, interruptAfterTimeLimit: 500_000 },
  )
  console.log(`seed ${SEED}: ${JSON.stringify(tally)}`)
  if (WORLDS < 12) return
  // Otherwise nothing was tried.
  expect(tally.exchanged).toBeGreaterThan(WORLDS / 2)
  expect(tally.refused).toBeGreaterThan(WORLDS / 2)
  expect(tally.allowed).toBeGreaterThan(WORLDS)
  expect(tally.deepest).toBeGreaterThanOrEqual(3)
}, 600_000)

async function hold(one: World, tally: Tally): Promise<void> {
  const made = await open(one)
  const chain = [await made.issue({ scopes: one.granted, agentId: made.agents.a0 ?? '', client: { id: 'c0' } })]
  const parents = new Map<string, string>()
  for (const step of one.steps) {
    const token = chain.at(-1) ?? ''
    const next = await take(made, one, step, token)
    if (next === undefined) {
      tally.refused++
      continue
    }
    tally.exchanged++
    parents.set(next, token)
    chain.push(next)
  }
  tally.deepest = Math.max(tally.deepest, chain.length - 1)
  await compare(made, parents, tally)
  if (one.after === undefined) return
  const id = made.agents[`a${one.after.agent}`] ?? ''
  const { permissions } = one.after
  if (permissions === undefined) await made.kavach.agents.suspend(id)
  else await made.kavach.agents.update(id, { permissions })
  await compare(made, parents, tally)
}

async function open({ own, isMadeForScopes, scopes, hasIncludes, boundary, forbid }: World): Promise<Exchanging> {
  const spoken = isMadeForScopes ? scopes.flat() : []
  return openExchange({
    policy: `
boundary runtime {
  allow * on ${boundary.join(', ')} may delegate depth 5
}
${forbid === undefined ? '' : `forbid write on ${forbid}`}
`,
    agents: Object.fromEntries(
      own.map((permissions, at) => [`a${at}`, { permissions: at === 0 ? [...spoken, ...permissions] : permissions }]),
    ),
    clients: (ids) => own.map((_, at) => ({ id: `c${at}`, secret: SECRET, agent: ids[`a${at}`] })),
    options: {
      scopes: Object.fromEntries(
        SCOPES.map((name, at) => [
          name,
          {
            description: name,
            permissions: scopes[at] ?? [],
            ...(hasIncludes && at > 0 && { includes: SCOPES.slice(0, at) }),
          },
        ]),
      ),
    },
  })
}

/** The token that comes of it; nothing when it is refused. */
async function take(made: Exchanging, one: World, step: Step, token: string): Promise<string | undefined> {
  const principal = await made.tokens.verify(token)
  const current = Object.entries(made.agents).find(([, id]) => id === principal?.agentId)?.[0] ?? 'a0'
  const acting = step.acting < 0 ? current : `a${step.acting}`
  const scopes = step.scopes.length > 0 ? step.scopes : (principal?.scopes ?? [])
  const details = acting === current ? undefined : detailsOf(one, scopes, step)
  const { status, body } = await made.ask(
    acting.replace('a', 'c'),
    exchangeOf(token, {
      ...(step.scopes.length > 0 && { scope: step.scopes.join(' ') }),
      ...(details && { authorization_details: JSON.stringify(details) }),
      kvch_max_depth: String(step.maxDepth),
    }),
  )
  if (status === 200) return String(body.access_token)
  expect([status, body.error]).toEqual([400, expect.stringMatching(/^invalid_(scope|request|authorization_details)$/)])
  return undefined
}

/** A part of what a scope stands for, or something else. */
function detailsOf({ scopes }: World, names: readonly string[], { details }: Step): readonly object[] | undefined {
  if (details === undefined) return undefined
  const { pick, other } = details
  const spoken = names.flatMap((name) => scopes[SCOPES.indexOf(name)] ?? [])
  const from = spoken[pick % Math.max(1, spoken.length)]
  const chosen = other ?? from
  if (chosen === undefined) return undefined
  const wide: Scope = {
    actions: chosen.actions.includes('*') ? undefined : chosen.actions,
    patterns: [chosen.resource],
  }
  const { actions, patterns } = narrowed(wide, pick) ?? wide
  return [{ type: 'urn:kavachos:permission', resource: patterns[0], actions: actions ?? ['*'] }]
}

async function compare(made: Exchanging, parents: ReadonlyMap<string, string>, tally: Tally): Promise<void> {
  for (const [token, parent] of parents) {
    for (const action of [...ACTIONS, 'read']) {
      for (const resource of [...RESOURCES, 'mcp:github:issues']) {
        for (const facts of FACTS) {
          tally.compared++
          if (!(await made.allows(token, action, resource, facts))) continue
          tally.allowed++
          const isAllowed = await made.allows(parent, action, resource, facts)
          expect(isAllowed, `${action} on ${resource} with ${JSON.stringify(facts)}`).toBe(true)
        }
      }
    }
  }
}
