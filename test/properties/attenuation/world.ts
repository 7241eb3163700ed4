/** A policy, and what was made at run time beside it, as plain data. */
import type { Condition, Person, Sets } from './condition.ts'
import type { Scope } from './scope.ts'

export type Window = 'minute' | 'hour' | 'day' | 'month'

/**
 * A rate or a budget. What it allows is a number that no other clause has, so that it can be told by it: `most` in its first
 * window, one more in each that follows, and 9 more for the pace of its throttle. 0 is never, in all windows.
 */
export interface Limit {
  readonly kind: 'rate' | 'budget'
  readonly windows: readonly Window[]
  readonly most: number
  readonly each: 'resource' | 'agent' | 'owner' | 'tenant' | undefined
  /** Per cent at which a budget throttles. */
  readonly throttleAt: number | undefined
}

/** Calls, or USD. */
export function mostOf({ most }: Limit, window: number): number {
  return most === 0 ? 0 : most + window
}

export const PACE = 9

export interface Approval {
  readonly by: string | undefined
  readonly withinMs: number | undefined
}

export interface Grant extends Scope {
  readonly when: readonly Condition[]
  readonly limits: readonly Limit[]
  readonly approval: Approval | undefined
  /** Nano-USD. */
  readonly estimate: number
}

export interface Agent extends Person {
  readonly isRuntime: boolean
  readonly roles: readonly string[]
  readonly grants: readonly Grant[]
  readonly limits: readonly Limit[]
  readonly mayDelegate: number | undefined
  /** Milliseconds since 1970. */
  readonly expiresAt: number | undefined
}

export interface Delegation {
  readonly from: string
  readonly to: string
  readonly isRuntime: boolean
  readonly grants: readonly Grant[]
  readonly limits: readonly Limit[]
  readonly depth: number | undefined
  /** Milliseconds since 1970. */
  readonly expiresAt: number | undefined
  /** Milliseconds since the hop was opened; of the two at most one is there. */
  readonly expiresIn: number | undefined
  readonly isRevoked: boolean
}

export interface Role {
  readonly name: string
  readonly includes: readonly string[]
  readonly grants: readonly Grant[]
}

export interface Boundary {
  readonly grants: readonly Grant[]
  readonly limits: readonly Limit[]
  readonly mayDelegate: number | undefined
}

export interface Forbid extends Scope {
  readonly when: readonly Condition[]
  readonly unless: readonly Condition[]
}

export interface Require extends Scope {
  readonly when: readonly Condition[]
  /** Instead of conditions. */
  readonly approval: Approval | undefined
}

export interface LimitAll extends Scope {
  readonly limit: Limit
}

export interface World {
  readonly sets: Sets
  readonly roles: readonly Role[]
  /** Those of the policy, and those made at run time. */
  readonly agents: readonly Agent[]
  readonly delegations: readonly Delegation[]
  readonly boundary: Boundary | undefined
  readonly forbids: readonly Forbid[]
  readonly requires: readonly Require[]
  readonly limits: readonly LimitAll[]
  /** Names of agents, and pairs as `idOf` writes them. */
  readonly revoked: ReadonlySet<string>
  readonly suspended: ReadonlySet<string>
  /** Records that the engine does not hold: names of agents, and pairs. */
  readonly dropped: ReadonlySet<string>
  /** Whole weeks that have passed. */
  readonly weeks: number
}

/** What a record and a flag are about. */
export function idOf({ from, to }: { readonly from: string; readonly to: string }): string {
  return `${from} -> ${to}`
}

/** The principal, when the engine knows it. */
export function findAgent(world: World, name: string): Agent | undefined {
  return world.agents.find((agent) => agent.name === name && !(agent.isRuntime && world.dropped.has(name)))
}

/** Its own grants and those of its roles. */
export function ownGrants(world: World, { grants, roles }: Agent): readonly Grant[] {
  const reached = new Set<string>()
  const reach = (names: readonly string[]) => {
    for (const role of world.roles.filter(({ name }) => names.includes(name) && !reached.has(name))) {
      reached.add(role.name)
      reach(role.includes)
    }
  }
  reach(roles)
  return [...grants, ...world.roles.filter(({ name }) => reached.has(name)).flatMap((role) => role.grants)]
}

/** The world with each grant replaced, or left out where nothing comes of it; what stays the same stays the same object. */
export function mapGrants(world: World, change: (grant: Grant) => Grant | undefined): World {
  const inside = <T extends { readonly grants: readonly Grant[] }>(holder: T): T => {
    const grants = holder.grants.flatMap((grant) => change(grant) ?? [])
    const isSame =
      grants.length === holder.grants.length && grants.every((grant, index) => grant === holder.grants[index])
    return isSame ? holder : { ...holder, grants }
  }
  return {
    ...world,
    roles: world.roles.map(inside),
    agents: world.agents.map(inside),
    delegations: world.delegations.map(inside),
    boundary: world.boundary && inside(world.boundary),
  }
}

/** Every limit replaced. */
export function mapLimits(world: World, change: (limit: Limit) => Limit): World {
  const inside = <T extends { readonly limits: readonly Limit[] }>(holder: T): T =>
    holder.limits.length === 0 ? holder : { ...holder, limits: holder.limits.map(change) }
  return mapGrants(
    {
      ...world,
      agents: world.agents.map(inside),
      delegations: world.delegations.map(inside),
      boundary: world.boundary && inside(world.boundary),
      limits: world.limits.map((rule) => ({ ...rule, limit: change(rule.limit) })),
    },
    inside,
  )
}

/** Every grant, each once. */
export function grantsOf({ roles, agents, delegations, boundary }: World): readonly Grant[] {
  return [...roles, ...agents, ...delegations, ...(boundary ? [boundary] : [])].flatMap(({ grants }) => grants)
}

/** Every limit, each once. */
export function limitsOf(world: World): readonly Limit[] {
  const found: Limit[] = []
  mapLimits(world, (limit) => {
    found.push(limit)
    return limit
  })
  return found
}
