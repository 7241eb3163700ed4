/** Whole policies over the small universe, as data and as text. */
import type { Random } from '../generate/random.ts'
import { DECLARED_SETS, type Principal } from './facts.ts'
import {
  type Bounds,
  generateForbid,
  generateGrant,
  generateRequire,
  OWNER_ATOMS,
  TYPE_ATOMS,
  TYPES,
} from './generate.ts'
import { PATTERNS } from './pattern.ts'
import { type Forbid, type Grant, type Require, textOfForbid, textOfGrant, textOfRequire } from './rule.ts'

export interface Agent extends Principal {
  readonly grants: readonly Grant[]
  readonly mayDelegate: number | undefined
}

export interface Delegation {
  readonly from: string
  readonly to: string
  readonly grants: readonly Grant[]
  readonly depth: number
}

export interface Boundary {
  readonly grants: readonly Grant[]
  readonly mayDelegate: number | undefined
}

export interface World {
  readonly bounds: Bounds
  readonly agents: readonly Agent[]
  readonly delegations: readonly Delegation[]
  readonly boundary: Boundary | undefined
  readonly forbids: readonly Forbid[]
  readonly requires: readonly Require[]
}

/** Up to three agents, with few patterns, so that rules meet. */
export function generateWorld(random: Random): World {
  const bounds: Bounds = {
    agentAtoms: random.pick([[], [], TYPE_ATOMS, OWNER_ATOMS]),
    hasApprovals: random.chance(0.5),
    patterns: random.some(PATTERNS, 2, 6),
  }
  const grants = (least: number, most: number): readonly Grant[] =>
    Array.from({ length: random.between(least, most) }, () => generateGrant(random, bounds))
  const depth = (): number | undefined => (random.chance(0.3) ? undefined : random.between(0, 3))
  const names = ['a', 'b', 'c'].slice(0, random.between(1, 3))
  const agents = names.map((name): Agent => {
    const type = random.pick(TYPES)
    return {
      name,
      type,
      owner: random.pick([undefined, 'ann', 'zed']),
      // A delegated agent holds nothing itself.
      grants: type === 'delegated' ? [] : grants(0, 2),
      mayDelegate: depth(),
    }
  })
  const pairs = names.flatMap((from) => names.filter((to) => to !== from).map((to) => ({ from, to })))
  const delegations = pairs.flatMap(({ from, to }): readonly Delegation[] => {
    const count = random.chance(0.45) ? random.between(1, 2) : 0
    return Array.from({ length: count }, () => ({ from, to, grants: grants(1, 2), depth: random.between(0, 2) }))
  })
  const some = (probability: number): number => (random.chance(probability) ? random.between(1, 2) : 0)
  return {
    bounds,
    agents,
    delegations,
    boundary: random.chance(0.6) ? { grants: grants(1, 2), mayDelegate: depth() } : undefined,
    forbids: Array.from({ length: some(0.6) }, () => generateForbid(random, bounds)),
    requires: Array.from({ length: some(0.4) }, () => generateRequire(random, bounds)),
  }
}

export function textOfWorld({ agents, delegations, boundary, forbids, requires }: World): string {
  const depth = (hops: number | undefined) => (hops === undefined ? [] : [`may delegate depth ${hops}`])
  const block = (head: string, members: readonly string[]) => `${head} {\n${members.map((m) => `  ${m}\n`).join('')}}\n`
  return [
    'policy p\n',
    DECLARED_SETS,
    ...agents.map(({ name, type, owner, grants, mayDelegate }) =>
      block(`${type} agent ${name}`, [
        ...(owner === undefined ? [] : [`owner "${owner}"`]),
        ...grants.map(textOfGrant),
        ...depth(mayDelegate),
      ]),
    ),
    ...delegations.map((delegation) =>
      block(`delegate ${delegation.from} -> ${delegation.to}`, [
        ...delegation.grants.map(textOfGrant),
        `depth ${delegation.depth}`,
      ]),
    ),
    ...(boundary === undefined
      ? []
      : [block('boundary runtime', [...boundary.grants.map(textOfGrant), ...depth(boundary.mayDelegate)])]),
    ...forbids.map((forbid) => `${textOfForbid(forbid)}\n`),
    ...requires.map((require) => `${textOfRequire(require)}\n`),
  ].join('')
}
