/** What happens to a world between questions. */
import fc from 'fast-check'
import { type Condition, constraint, overSet, atom as policyAtom } from './condition.ts'
import { BASE, WEEK } from './question.ts'
import { narrowed } from './scope.ts'
import type { Change } from './subject.ts'
import {
  type Agent,
  type Delegation,
  type Grant,
  grantsOf,
  idOf,
  type Limit,
  limitsOf,
  mapGrants,
  mapLimits,
  type World,
} from './world.ts'

export const STEP_KINDS = [
  'remove-grant',
  'narrow-scope',
  'tighten',
  'narrow-set',
  'lower-limit',
  'need-approval',
  'tighten-approval',
  'lower-depth',
  'forbid-delegating',
  'expire-earlier',
  'add-forbid',
  'add-require',
  'shrink-boundary',
  'remove-boundary',
  'remove-delegation',
  'remove-agent',
  'revoke-made-delegation',
  'revoke-pair',
  'revoke-agent',
  'suspend',
  'expire',
  'drop-record',
  'evict',
  'swap',
  'swap-module',
  'evict-and-supply',
  'unsuspend',
  'unrevoke',
  'put-back',
  'restore',
] as const

export type StepKind = (typeof STEP_KINDS)[number]

/** A step as it is drawn; what it meets depends on the world that it comes to. */
export interface Step {
  readonly kind: StepKind
  readonly pick: number
  readonly atom: Condition
  readonly constraint: Condition
}

/** `narrower`: nobody has more than before. `same`: everybody has what they had. */
export interface Taken {
  readonly world: World
  readonly effect: 'narrower' | 'same' | 'wider'
  readonly how?: Change
}

/** What takes everything from a chain, and what takes long, comes seldom; what gives something back often. */
const SELDOM: readonly StepKind[] = [
  'remove-agent',
  'remove-boundary',
  'shrink-boundary',
  'expire',
  'expire-earlier',
  'evict',
  'evict-and-supply',
  'swap-module',
]
const OFTEN: readonly StepKind[] = ['unsuspend', 'unrevoke', 'put-back', 'restore']

export const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...STEP_KINDS.filter((kind) => ![...SELDOM, ...OFTEN].includes(kind))) },
    { weight: 1, arbitrary: fc.constantFrom(...SELDOM) },
    { weight: 4, arbitrary: fc.constantFrom(...OFTEN) },
  ),
  pick: fc.nat(999),
  atom: policyAtom,
  constraint,
})

/** Nothing when the world has nothing that the step could be about; `first` is the world as it began. */
export function take(world: World, first: World, { kind, pick, atom, constraint }: Step): Taken | undefined {
  const narrower = (next: World | undefined): Taken | undefined => next && { world: next, effect: 'narrower' }
  switch (kind) {
    case 'remove-grant':
      return narrower(changeGrant(world, pick, () => null))
    case 'narrow-scope':
      return narrower(
        changeGrant(world, pick, (grant) => {
          const scope = narrowed(grant, pick)
          return scope && { ...grant, ...scope }
        }),
      )
    case 'tighten':
      return narrower(changeGrant(world, pick, (grant, isMade) => tightened(grant, isMade ? constraint : atom, isMade)))
    case 'narrow-set':
      return narrower(narrowSet(world, pick))
    case 'lower-limit':
      return narrower(lowerLimit(world, pick))
    case 'need-approval':
      return narrower(
        changeGrant(world, pick, (grant) =>
          grant.approval ? undefined : { ...grant, approval: { by: undefined, withinMs: undefined } },
        ),
      )
    case 'tighten-approval':
      return narrower(
        changeGrant(world, pick, (grant, isMade) => {
          const { approval } = grant
          if (approval === undefined || isMade || (approval.by !== undefined && approval.withinMs === 1000))
            return undefined
          return {
            ...grant,
            approval: approval.by === undefined ? { ...approval, by: 'boss' } : { ...approval, withinMs: 1000 },
          }
        }),
      )
    case 'lower-depth':
      return narrower(
        changeDelegation(world, pick, (delegation) => {
          const { depth } = delegation
          return depth === undefined || depth === 0 ? undefined : { ...delegation, depth: pick % depth }
        }),
      )
    case 'forbid-delegating':
      return narrower(
        changeAgent(world, pick, (agent) => (agent.mayDelegate === 0 ? undefined : { ...agent, mayDelegate: 0 })),
      )
    case 'expire-earlier':
      return narrower(expireEarlier(world, pick))
    case 'add-forbid': {
      const scope = grantsOf(world)[pick % Math.max(1, grantsOf(world).length)]
      if (scope === undefined) return undefined
      const { actions, patterns } = scope
      // Where a set that becomes narrower spares fewer, the forbid must not ask for it.
      const isWhen = pick % 2 === 1 && !overSet(atom)
      const added = { actions, patterns, when: isWhen ? [atom] : [], unless: isWhen ? [] : [atom] }
      return narrower({ ...world, forbids: [...world.forbids, added] })
    }
    case 'add-require': {
      const approval = pick % 3 === 0 ? { by: 'boss', withinMs: undefined } : undefined
      const added = { actions: undefined, patterns: ['mcp:**'], when: [atom], approval }
      return narrower({ ...world, requires: [...world.requires, added] })
    }
    case 'shrink-boundary': {
      const { boundary } = world
      if (boundary === undefined || boundary.grants.length === 0) return undefined
      const grants = boundary.grants.toSpliced(pick % boundary.grants.length, 1)
      return narrower({ ...world, boundary: { ...boundary, grants } })
    }
    case 'remove-boundary':
      return narrower(world.boundary && { ...world, boundary: undefined })
    case 'remove-delegation':
      return narrower(changeDelegation(world, pick, () => null))
    case 'remove-agent':
      return narrower(removeAgent(world, pick))
    case 'revoke-made-delegation':
      return narrower(
        changeDelegation(world, pick, (delegation) =>
          delegation.isRuntime && !delegation.isRevoked ? { ...delegation, isRevoked: true } : undefined,
        ),
      )
    case 'revoke-pair':
      return narrower(flagged(world, 'revoked', picked(world.delegations.map(idOf), pick)))
    case 'revoke-agent':
      return narrower(flagged(world, 'revoked', picked(world.agents, pick)?.name))
    case 'suspend':
      return narrower(flagged(world, 'suspended', picked(world.agents, pick)?.name))
    case 'expire':
      return narrower({ ...world, weeks: world.weeks + 1 + (pick % 2) })
    case 'drop-record': {
      const id = picked(recordIds(world), pick)
      return narrower(id === undefined ? undefined : { ...world, dropped: new Set([...world.dropped, id]) })
    }
    case 'evict':
      return { world: { ...world, dropped: new Set(allRecordIds(world)) }, effect: 'narrower', how: kind }
    case 'swap':
    case 'swap-module':
    case 'evict-and-supply':
      return { world, effect: 'same', how: kind }
    case 'unsuspend':
      return widened(world, 'suspended', pick)
    case 'unrevoke':
      return widened(world, 'revoked', pick)
    case 'put-back':
      return world.dropped.size === 0 ? undefined : { world: { ...world, dropped: new Set() }, effect: 'wider' }
    case 'restore': {
      // A policy as it was, in a newer generation: what was revoked, dropped and gone by stays so.
      const { revoked, suspended, dropped, weeks } = world
      return { world: { ...first, revoked, suspended, dropped, weeks }, effect: 'wider' }
    }
  }
}

function picked<T>(items: readonly T[], pick: number): T | undefined {
  return items[pick % Math.max(1, items.length)]
}

/** Null leaves it out; undefined: this one cannot be changed so, and the next one is tried. */
type Replacement<T> = T | null | undefined

function changeGrant(
  world: World,
  pick: number,
  change: (grant: Grant, isMade: boolean) => Replacement<Grant>,
): World | undefined {
  const made = new Set(
    [...world.agents, ...world.delegations].flatMap(({ isRuntime, grants }) => (isRuntime ? grants : [])),
  )
  const grants = grantsOf(world)
  for (const index of grants.keys()) {
    const grant = grants[(pick + index) % grants.length]
    const next = grant && change(grant, made.has(grant))
    if (next !== undefined) return mapGrants(world, (other) => (other === grant ? (next ?? undefined) : other))
  }
  return undefined
}

function changeDelegation(
  world: World,
  pick: number,
  change: (delegation: Delegation) => Replacement<Delegation>,
): World | undefined {
  const { delegations } = world
  for (const index of delegations.keys()) {
    const at = (pick + index) % delegations.length
    const delegation = delegations[at]
    const next = delegation && change(delegation)
    if (next === undefined) continue
    return { ...world, delegations: delegations.toSpliced(at, 1, ...(next === null ? [] : [next])) }
  }
  return undefined
}

function changeAgent(world: World, pick: number, change: (agent: Agent) => Agent | undefined): World | undefined {
  const at = pick % Math.max(1, world.agents.length)
  const agent = world.agents[at]
  const next = agent && change(agent)
  return next && { ...world, agents: world.agents.with(at, next) }
}

function tightened(grant: Grant, condition: Condition, isMade: boolean): Grant | undefined {
  if (grant.when.some(({ kind, text }) => (isMade ? kind === condition.kind : text === condition.text)))
    return undefined
  return { ...grant, when: [...grant.when, condition] }
}

function narrowSet(world: World, pick: number): World | undefined {
  const { sets } = world
  const name = (['office', 'workday', 'safe'] as const)[pick % 3] ?? 'office'
  return sets[name] === 2 ? undefined : { ...world, sets: { ...sets, [name]: sets[name] + 1 } }
}

/** Less than what lies between two clauses, so that their numbers stay their own. */
const LOWER_BY = 11

function lowerLimit(world: World, pick: number): World | undefined {
  const limit = picked(
    limitsOf(world).filter(({ most }) => most > 0),
    pick,
  )
  if (limit === undefined) return undefined
  const lower = (other: Limit) =>
    other === limit ? { ...other, most: pick % 4 === 0 ? 0 : other.most - LOWER_BY } : other
  return mapLimits(world, lower)
}

function expireEarlier(world: World, pick: number): World | undefined {
  const at = BASE + world.weeks * WEEK + ((pick % 3) - 1)
  if (pick % 2 === 0) {
    return changeAgent(world, pick, (agent) => ({ ...agent, expiresAt: Math.min(at, agent.expiresAt ?? at) }))
  }
  return changeDelegation(world, pick, (delegation) => {
    const { expiresAt, expiresIn } = delegation
    if (expiresIn !== undefined) return { ...delegation, expiresIn: Math.min(expiresIn, 60_000) }
    return { ...delegation, expiresAt: Math.min(at, expiresAt ?? at) }
  })
}

function removeAgent(world: World, pick: number): World | undefined {
  const agent = picked(world.agents, pick)
  if (agent === undefined) return undefined
  const { name } = agent
  return {
    ...world,
    agents: world.agents.filter((other) => other !== agent),
    // A policy delegates between agents that it declares.
    delegations: world.delegations.filter(({ from, to, isRuntime }) => isRuntime || (from !== name && to !== name)),
  }
}

function flagged(world: World, kind: 'revoked' | 'suspended', id: string | undefined): World | undefined {
  return id === undefined || world[kind].has(id) ? undefined : { ...world, [kind]: new Set([...world[kind], id]) }
}

function widened(world: World, kind: 'revoked' | 'suspended', pick: number): Taken | undefined {
  const id = picked([...world[kind]], pick)
  if (id === undefined) return undefined
  const left = new Set([...world[kind]].filter((other) => other !== id))
  return { world: { ...world, [kind]: left }, effect: 'wider' }
}

function allRecordIds({ agents, delegations }: World): readonly string[] {
  return [
    ...agents.flatMap(({ name, isRuntime }) => (isRuntime ? [name] : [])),
    ...delegations.flatMap((delegation) => (delegation.isRuntime ? [idOf(delegation)] : [])),
  ]
}

function recordIds(world: World): readonly string[] {
  return allRecordIds(world).filter((id) => !world.dropped.has(id))
}
