/**
 * Whether each `delegate` of a policy gives only what its delegator holds and may pass on.
 *
 * What an agent holds is its own, where it `may delegate`, and what declared delegations gave it with depth left, each cut
 * by everything above it. A delegation that fails is asked again without its expiry and without its depth, to say which of
 * them is too much.
 */
import {
  type AttenuationAnswer,
  decideAttenuation,
  grantBox,
  type HeldGrants,
  type Holding,
  includesBox,
  type Universe,
  unreachedLimits,
  type WiderLimit,
} from '../algebra/index.ts'
import type { AgentModel, DelegationModel, GrantModel, LimitModel, PolicyModel } from '../model/index.ts'
import { subjectOf } from './chain.ts'
import type { PolicyUnderAnalysis } from './subject.ts'

export type DelegationProof =
  | { readonly kind: 'proved'; readonly unreached: readonly UnreachedLimit[] }
  /** Nothing can be delegated by this agent, so that nothing is given. */
  | { readonly kind: 'void' }
  | {
      readonly kind: 'escalates'
      /** What is too much: the requests, the expiry or the depth. */
      readonly excess: 'requests' | 'expiry' | 'depth'
      readonly answer: Extract<AttenuationAnswer, { readonly kind: 'wider' }>
    }
  | { readonly kind: 'unknown'; readonly why: string }

/** A limit that is stated and never reached, because what is above allows less. */
export interface UnreachedLimit {
  /** The grant that states it; absent for a `limit` of the delegation. */
  readonly grant: GrantModel | undefined
  readonly limit: WiderLimit
}

/** Decides the delegation at `index` of the model. */
export function proveDelegation(policy: PolicyUnderAnalysis, index: number): DelegationProof {
  const { model, hints } = policy
  const delegation = model.delegations[index]
  if (delegation === undefined) throw new RangeError(`the policy has no delegation ${index}`)
  const proof = policy.ask(({ universe }): DelegationProof => {
    const paths = createPaths(model, (steps) => universe.budget.spend(steps))
    const receiver = paths.agents.get(delegation.to)
    if (receiver === undefined) return { kind: 'void' }
    const decide = (bounds: Bounds): AttenuationAnswer => {
      const held = paths.holdings(delegation.from, bounds)
      const given: HeldGrants = {
        grants: delegation.grants,
        subject: subjectOf(receiver),
        ...(bounds.isExpiryKept && delegation.expiresAt !== undefined && { expiresAt: delegation.expiresAt }),
      }
      return decideAttenuation({ given, held }, universe, hints)
    }
    const { depth = 0, expiresIn } = delegation
    if (paths.holdings(delegation.from, { depth: 0, expiresIn: undefined, isExpiryKept: false }).length === 0) {
      return { kind: 'void' }
    }
    const answer = decide({ depth, expiresIn, isExpiryKept: true })
    switch (answer.kind) {
      case 'within':
        return { kind: 'proved', unreached: unreachedOf(delegation, paths, universe) }
      case 'unknown':
        return { kind: 'unknown', why: 'no concrete request was found for a case that could not be ruled out' }
      case 'wider': {
        const isExpiry = decide({ depth, expiresIn: undefined, isExpiryKept: false }).kind === 'within'
        const isDepth = !isExpiry && decide({ depth: 0, expiresIn, isExpiryKept: true }).kind === 'within'
        return { kind: 'escalates', excess: isExpiry ? 'expiry' : isDepth ? 'depth' : 'requests', answer }
      }
    }
  })
  return proof
}

interface Bounds {
  /** Hops that must be left behind this one. */
  readonly depth: number
  /** Duration of the hop in milliseconds, where it is stated. */
  readonly expiresIn: number | undefined
  readonly isExpiryKept: boolean
}

interface Paths {
  readonly agents: ReadonlyMap<string, AgentModel>
  readonly holdings: (name: string, bounds: Bounds) => readonly (Holding & { readonly limits: readonly LimitModel[] })[]
}

const MAX_HOPS = 5

/** What each agent holds and may pass on, from the declared delegations. */
function createPaths(model: PolicyModel, spend: (steps: number) => void): Paths {
  const agents = new Map(model.agents.map((agent) => [agent.name, agent]))
  const incoming = new Map<string, DelegationModel[]>()
  for (const delegation of model.delegations) {
    const known = incoming.get(delegation.to)
    if (known === undefined) incoming.set(delegation.to, [delegation])
    else known.push(delegation)
  }

  /** `below`: the agents between `name` and the hop that is asked about; `behind`: hops that must be left after `name`. */
  const walk = (
    name: string,
    behind: number,
    below: readonly string[],
    bounds: Bounds,
  ): readonly (Holding & { readonly limits: readonly LimitModel[] })[] => {
    spend(1 + below.length)
    const agent = agents.get(name)
    if (agent === undefined || below.length >= MAX_HOPS) return []
    const { mayDelegate, limits = [] } = agent
    if (mayDelegate !== undefined && mayDelegate < behind) return []
    const own = ownGrants(model, agent)
    const holdings: (Holding & { readonly limits: readonly LimitModel[] })[] = []
    if (mayDelegate !== undefined) holdings.push({ factors: [[own]], limits })
    for (const delegation of incoming.get(name) ?? []) {
      const { from, depth = 0, revoked, expiresAt, expiresIn } = delegation
      const isUsable = revoked !== true && depth >= behind && from !== name && !below.includes(from)
      const isShorter = bounds.expiresIn !== undefined && expiresIn !== undefined && expiresIn < bounds.expiresIn
      if (!isUsable || isShorter) continue
      const ends = [expiresAt, agent.expiresAt].filter((end) => end !== undefined)
      const given: HeldGrants = {
        grants: delegation.grants,
        subject: subjectOf(agent),
        ...(ends.length > 0 && { expiresAt: Math.min(...ends) }),
      }
      for (const above of walk(from, behind + 1, [...below, name], bounds)) {
        const all = [...above.limits, ...limits, ...(delegation.limits ?? [])]
        holdings.push({ factors: [...above.factors, [given]], limits: all })
      }
    }
    return holdings
  }
  return { agents, holdings: (name, bounds) => walk(name, bounds.depth + 1, [], bounds) }
}

function ownGrants(model: PolicyModel, agent: AgentModel): HeldGrants {
  const grants = new Set(agent.grants)
  for (const role of agent.roles ?? []) for (const grant of model.roles[role]?.grants ?? []) grants.add(grant)
  return {
    grants: [...grants],
    subject: subjectOf(agent),
    ...(agent.expiresAt !== undefined && { expiresAt: agent.expiresAt }),
  }
}

/** Limits that every way of holding the grant already keeps tighter. */
function unreachedOf(delegation: DelegationModel, paths: Paths, universe: Universe): readonly UnreachedLimit[] {
  const receiver = paths.agents.get(delegation.to)
  if (receiver === undefined) return []
  const isLimited =
    (delegation.limits ?? []).length > 0 || delegation.grants.some(({ limits = [] }) => limits.length > 0)
  if (!isLimited) return []
  const holdings = paths.holdings(delegation.from, { depth: 0, expiresIn: undefined, isExpiryKept: false })
  const found: UnreachedLimit[] = []
  for (const grant of delegation.grants) {
    const box = grantBox(grant, subjectOf(receiver), universe)
    if (box === undefined) continue
    const bounds = holdings.flatMap(({ factors, limits }) =>
      factors.flatMap((alternatives) =>
        alternatives.flatMap(({ grants, subject }) =>
          grants.flatMap((held) => {
            const above = grantBox(held, subject, universe)
            return above !== undefined && includesBox(above, box, universe) ? [[...limits, ...(held.limits ?? [])]] : []
          }),
        ),
      ),
    )
    const [first] = bounds
    if (first === undefined) continue
    const stated = [
      ...(grant.limits ?? []).map((limit) => ({ grant, limit })),
      ...(delegation.limits ?? []).map((limit) => ({ grant: undefined, limit })),
    ]
    for (const { grant: holder, limit } of stated) {
      const isEverywhere = bounds.every((outer) => unreachedLimits([limit], outer).length > 0)
      const [wider] = isEverywhere ? unreachedLimits([limit], first) : []
      if (wider !== undefined) found.push({ grant: holder, limit: wider })
    }
  }
  return found
}
