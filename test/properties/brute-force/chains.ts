/**
 * Every chain of a small policy and what it may do, by trying: all orders of the declared agents and of two that the API
 * could make, every hop declared or made at run time. Read from docs/language.md, sections 4 to 7.
 */
import type { Facts, Principal } from './facts.ts'
import { ALL_RESOURCES, type ResourceSet } from './pattern.ts'
import { forbiddenAt, type Grant, grantedAt, refusedAt } from './rule.ts'
import type { Agent, Boundary, World } from './world.ts'

export interface Member extends Principal {
  /** Absent for one made at run time. */
  readonly agent: Agent | undefined
}

/** A0 ... An; the last one acts. */
export type Chain = readonly Member[]

const MADE = ['made-1', 'made-2'] as const
const MAX_HOPS = 5

/** Chains that are not too deep; what is made at run time has every type and owner that conditions can tell apart. */
export function chainsOf(world: World): readonly Chain[] {
  const declared: readonly Member[] = world.agents.map((agent) => ({ ...agent, agent }))
  const made = world.boundary === undefined ? [] : MADE.flatMap((name) => variantsOf(name, world))
  const chains: Chain[] = []
  const grow = (chain: Chain): void => {
    if (chain.length > 0 && isDeepEnough(chain, world)) chains.push(chain)
    if (chain.length > MAX_HOPS) return
    for (const next of [...declared, ...made]) {
      if (chain.some(({ name }) => name === next.name)) continue
      // The two that the API makes are alike, so one is made first.
      if (next.name === MADE[1] && !chain.some(({ name }) => name === MADE[0])) continue
      if (chain[0] !== undefined && rootDepth(chain[0], world) < chain.length) continue
      grow([...chain, next])
    }
  }
  grow([])
  return chains
}

function variantsOf(name: string, { bounds }: World): readonly Member[] {
  const about = new Set(bounds.agentAtoms)
  const types = about.has('service') ? (['autonomous', 'delegated', 'service'] as const) : (['service'] as const)
  const owners = about.has('ann') ? [undefined, 'ann', 'zed'] : [undefined]
  return types.flatMap((type) => owners.map((owner) => ({ name, type, owner, agent: undefined })))
}

/** Hops that may leave a principal, where that is stated; of one made at run time it always is. */
function statedDepth({ agent }: Member, { boundary }: World): number | undefined {
  return agent === undefined ? (boundary?.mayDelegate ?? 0) : agent.mayDelegate
}

function rootDepth(root: Member, world: World): number {
  return statedDepth(root, world) ?? 0
}

function isDeepEnough(chain: Chain, world: World): boolean {
  const hops = chain.length - 1
  return chain.every((member, index) => {
    if (index === hops) return true
    const stated = index === 0 ? rootDepth(member, world) : statedDepth(member, world)
    return stated === undefined || stated >= hops - index
  })
}

/** What the chain may do with these facts, meters apart. */
export function allowedAt(chain: Chain, world: World, facts: Facts): ResourceSet {
  let allowed = ALL_RESOURCES
  for (const [index, member] of chain.entries()) {
    allowed &= index === 0 ? ownAt(member, facts) : hopAt(chain, index, world, facts)
    if (member.agent === undefined && world.boundary !== undefined) allowed &= boundaryAt(world.boundary, member, facts)
    if (allowed === 0n) return 0n
    for (const forbid of world.forbids) allowed &= ~forbiddenAt(forbid, facts, member)
    for (const require of world.requires) allowed &= ~refusedAt(require, facts, member)
  }
  return allowed
}

/** What an agent holds itself. One made at run time may hold anything. */
export function ownAt(member: Member, facts: Facts): ResourceSet {
  return member.agent === undefined ? ALL_RESOURCES : unionAt(member.agent.grants, facts, member)
}

function hopAt(chain: Chain, index: number, { delegations, boundary }: World, facts: Facts): ResourceSet {
  const from = chain[index - 1]
  const to = chain[index]
  if (from === undefined || to === undefined) return 0n
  const left = chain.length - 1 - index
  const given = delegations
    .filter((delegation) => delegation.from === from.name && delegation.to === to.name && delegation.depth >= left)
    .reduce((union, { grants }) => union | unionAt(grants, facts, to), 0n)
  const isMade = boundary !== undefined && (boundary.mayDelegate ?? 0) >= left
  return isMade ? given | boundaryAt(boundary, to, facts) : given
}

function boundaryAt({ grants }: Boundary, holder: Principal, facts: Facts): ResourceSet {
  return unionAt(grants, facts, holder)
}

function unionAt(grants: readonly Grant[], facts: Facts, holder: Principal): ResourceSet {
  return grants.reduce((union, grant) => union | grantedAt(grant, facts, holder), 0n)
}
