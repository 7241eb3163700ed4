/** Random worlds: a line of eight principals along which authority is passed on, and some ways beside it. */
import fc from 'fast-check'
import { chance, maybe, mostly } from './arbitrary.ts'
import { atom, atoms, constraints, contraryAtom } from './condition.ts'
import { BASE, WEEK } from './question.ts'
import { scope } from './scope.ts'
import {
  type Agent,
  type Approval,
  type Boundary,
  type Delegation,
  type Forbid,
  type Grant,
  type Limit,
  type LimitAll,
  mapLimits,
  type Require,
  type Role,
  type Window,
  type World,
} from './world.ts'

/** A world, and its principals in the order in which they delegate to one another. */
export interface Generated {
  readonly world: World
  readonly line: readonly string[]
}

/** The first are names of policy text. */
const NAMES = ['planner', 'coder', 'tester_1', 'deployer', 'b-x2', 'rt', 'é-agent', 'odd name']
const POLICY_NAMES = 5
const ROLES = ['reader', 'writer', 'chief']

const WINDOWS: readonly Window[] = ['minute', 'hour', 'day', 'month']
/** What a clause allows until `number` gives it a number of its own. */
const SOME = 1

/** Numbers of clauses lie this far apart, so that each may be lowered a few times. */
const APART = 40

const throttleAt = maybe(0.6, fc.constantFrom(80, 50, 99))
const most = mostly(50, SOME, [0])

function rates(each: readonly Limit['each'][], windows = WINDOWS): fc.Arbitrary<Limit> {
  return fc.record({
    kind: fc.constant('rate' as const),
    windows: fc.uniqueArray(fc.constantFrom(...windows), { minLength: 1, maxLength: 2 }),
    most,
    each: fc.constantFrom(undefined, ...each),
    throttleAt: fc.constant(undefined),
  })
}

function budgets(
  each: readonly Limit['each'][],
  windows = WINDOWS,
  throttle: fc.Arbitrary<number | undefined> = throttleAt,
): fc.Arbitrary<Limit> {
  return fc.record({
    kind: fc.constant('budget' as const),
    windows: fc.uniqueArray(fc.constantFrom(...windows), { minLength: 1, maxLength: 2 }),
    most,
    each: fc.constantFrom(undefined, ...each),
    throttleAt: throttle,
  })
}

function few<T>(probability: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<readonly T[]> {
  return maybe(probability, arbitrary).map((found) => (found === undefined ? [] : [found]))
}

const heldLimits: fc.Arbitrary<readonly Limit[]> = few(
  0.25,
  fc.oneof(rates(['resource', 'owner', 'tenant']), budgets([])),
)

const approval: fc.Arbitrary<Approval> = fc.record({
  by: mostly(1, undefined, ['boss', 'é']),
  withinMs: mostly(3, undefined, [15 * 60_000, 7 * 86_400_000]),
})

const grant: fc.Arbitrary<Grant> = fc
  .record({
    scope,
    when: atoms,
    limits: few(0.2, rates(['resource', 'owner', 'tenant'])),
    approval: maybe(0.12, approval),
    estimate: mostly(4, 0, [250_000_000, 1_000_000_000, 1, 2_000_000_000]),
  })
  .map(({ scope, ...rest }) => ({ ...scope, ...rest }))

/** A permission: its rates and budgets are one clause each, and it has one pattern. */
const permission: fc.Arbitrary<Grant> = fc
  .record({
    scope,
    when: constraints,
    rate: few(0.2, rates([], ['minute', 'hour', 'day'])),
    budget: few(0.2, budgets([], ['day', 'month'], fc.constant(80))),
    approval: maybe(0.12, fc.constant({ by: undefined, withinMs: undefined })),
  })
  .map(({ scope: { actions, patterns }, when, rate, budget, approval }) => ({
    actions,
    patterns: patterns.slice(0, 1),
    when,
    limits: [...rate, ...budget],
    approval,
    estimate: 0,
  }))

/** As wide as can be, so that some of a chain is always open. */
const OPEN: Grant = {
  actions: undefined,
  patterns: ['**'],
  when: [],
  limits: [],
  approval: undefined,
  estimate: 0,
}

/** Grants, most often with an open one among them. */
function grants(one: fc.Arbitrary<Grant>, open: number, atMost: number): fc.Arbitrary<readonly Grant[]> {
  return fc
    .record({ some: fc.array(one, { maxLength: atMost }), isOpen: chance(open) })
    .map(({ some, isOpen }) => (isOpen || some.length === 0 ? [...some, OPEN].map(copy) : some))
}

/** Two grants are never the same object. */
function copy(grant: Grant): Grant {
  return { ...grant }
}

/** An end of validity: mostly far away, else at the edges of what is asked. */
const end = fc
  .constantFrom(1, 1, 0, -1, 3_600_000, WEEK, WEEK + 1, 2 * WEEK, 2 * WEEK, 20 * WEEK, 20 * WEEK)
  .map((ms) => BASE + ms)

const depth = mostly(160, 5, [0, 1, 2, 3, 4, undefined])

const agent = fc.record({
  type: fc.constantFrom('autonomous' as const, 'service' as const, 'delegated' as const),
  owner: mostly(2, 'ada', ['bob', 'é ü', undefined]),
  roles: fc.uniqueArray(fc.constantFrom(...ROLES), { maxLength: 2 }),
  grants: grants(grant, 0.5, 2),
  permissions: grants(permission, 0.5, 2),
  limits: heldLimits,
  mayDelegate: depth,
  expiresAt: maybe(0.05, end),
})

const policyDelegation = fc.record({
  grants: grants(grant, 0.45, 2),
  limits: few(0.15, fc.oneof(rates(['resource', 'owner', 'tenant']), budgets([]))),
  depth,
  expiry: mostly<{ readonly expiresAt?: number; readonly expiresIn?: number }>(16, {}, [
    { expiresAt: BASE + 1 },
    { expiresAt: BASE },
    { expiresAt: BASE + 8 * WEEK },
    { expiresIn: 3_600_000 },
    { expiresIn: 30 * 60_000 },
    { expiresIn: 21 * 86_400_000 },
  ]),
})

const runtimeDelegation = fc.record({
  grants: grants(permission, 0.45, 2),
  depth,
  expiresAt: maybe(0.1, end),
  isRevoked: chance(0.03),
})

/** What may lead from one principal to another. */
const hop = fc.record({
  declared: fc.array(policyDelegation, { minLength: 1, maxLength: 2 }),
  made: fc.array(runtimeDelegation, { minLength: 1, maxLength: 2 }),
  /** Between principals of the policy: which of the two there are. */
  origin: mostly(3, 'declared', ['made', 'both']),
})

const role: fc.Arbitrary<Pick<Role, 'grants'> & { readonly isIncluding: boolean }> = fc.record({
  isIncluding: chance(0.4),
  grants: fc.array(grant, { maxLength: 2 }),
})

const boundary: fc.Arbitrary<Boundary> = fc.record({
  grants: grants(grant, 0.6, 2),
  limits: heldLimits,
  mayDelegate: mostly(120, 5, [0, 1, 2, 3, 4, undefined]),
})

const forbid: fc.Arbitrary<Forbid> = fc
  .record({
    scope,
    when: fc.array(contraryAtom, { minLength: 1, maxLength: 2 }),
    unless: few(0.3, atom),
  })
  .map(({ scope, ...rest }) => ({ ...scope, ...rest }))

const require: fc.Arbitrary<Require> = fc
  .record({ scope, when: fc.array(atom, { minLength: 1, maxLength: 2 }), approval: maybe(0.3, approval) })
  .map(({ scope, ...rest }) => ({ ...scope, ...rest }))

const limitAll: fc.Arbitrary<LimitAll> = fc
  .record({ scope, limit: fc.oneof(rates(['agent', 'owner', 'tenant']), budgets(['agent', 'owner', 'tenant'])) })
  .map(({ scope, limit }) => ({ ...scope, limit }))

const way = fc.record({ from: fc.nat(7), to: fc.nat(7), hop })

export const generated: fc.Arbitrary<Generated> = fc
  .record({
    line: fc.shuffledSubarray(NAMES, { minLength: NAMES.length, maxLength: NAMES.length }),
    agents: fc.array(agent, { minLength: NAMES.length, maxLength: NAMES.length }),
    hops: fc.array(hop, { minLength: NAMES.length - 1, maxLength: NAMES.length - 1 }),
    ways: fc.array(way, { maxLength: 4 }),
    roles: fc.array(role, { minLength: ROLES.length, maxLength: ROLES.length }),
    boundary: maybe(0.95, boundary),
    forbids: fc.array(forbid, { maxLength: 1 }),
    requires: few(0.35, require),
    limits: few(0.35, limitAll),
  })
  .map((drawn) => ({ line: drawn.line, world: number(worldOf(drawn)) }))

type Of<A> = A extends fc.Arbitrary<infer T> ? T : never

interface Drawn extends Pick<World, 'boundary' | 'forbids' | 'requires' | 'limits'> {
  readonly line: readonly string[]
  readonly agents: readonly Of<typeof agent>[]
  readonly hops: readonly Of<typeof hop>[]
  readonly ways: readonly Of<typeof way>[]
  readonly roles: readonly Of<typeof role>[]
}

function worldOf({ line, agents, hops, ways, roles, ...rest }: Drawn): World {
  const isRuntime = (name: string) => NAMES.indexOf(name) >= POLICY_NAMES
  const edges = [
    ...hops.map((hop, index) => ({ from: index, to: index + 1, hop })),
    ...ways.filter(({ from, to }) => from !== to),
  ]
  return {
    ...rest,
    sets: { office: 0, workday: 0, safe: 0 },
    roles: roles.map(({ isIncluding, grants }, index) => ({
      name: ROLES[index] ?? '',
      includes: isIncluding ? ROLES.slice(0, index).slice(-1) : [],
      grants: grants.map(copy),
    })),
    agents: agents.map(({ grants, permissions, roles, limits, ...members }, index): Agent => {
      const name = line[index] ?? ''
      if (isRuntime(name)) {
        return { ...members, name, isRuntime: true, roles: [], grants: permissions.map(copy), limits: [] }
      }
      // The first of the line are the ones that chains begin with.
      const type = members.type === 'delegated' && index < 3 ? 'service' : members.type
      const isOwner = type !== 'delegated'
      return {
        ...members,
        type,
        name,
        isRuntime: false,
        roles: isOwner ? roles : [],
        grants: isOwner ? grants.map(copy) : [],
        limits,
      }
    }),
    delegations: edges.flatMap(({ from, to, hop }) => {
      const pair = { from: line[from] ?? '', to: line[to] ?? '' }
      const isMade = isRuntime(pair.from) || isRuntime(pair.to)
      const declared = isMade || hop.origin === 'made' ? [] : hop.declared
      const made = isMade || hop.origin !== 'declared' ? hop.made : []
      return [
        ...declared.map(
          ({ grants, expiry, ...members }): Delegation => ({
            ...pair,
            ...members,
            grants: grants.map(copy),
            isRuntime: false,
            expiresAt: expiry.expiresAt,
            expiresIn: expiry.expiresIn,
            isRevoked: false,
          }),
        ),
        ...made.map(
          ({ grants, ...members }): Delegation => ({
            ...pair,
            ...members,
            grants: grants.map(copy),
            limits: [],
            isRuntime: true,
            expiresIn: undefined,
          }),
        ),
      ]
    }),
    revoked: new Set(),
    suspended: new Set(),
    dropped: new Set(),
    weeks: 0,
  }
}

/** Gives each clause a number that is its own. */
function number(world: World): World {
  let next = 1000
  return mapLimits(world, (limit) => {
    next += APART
    return { ...limit, most: limit.most === 0 ? 0 : next }
  })
}
