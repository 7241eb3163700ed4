/**
 * What an agent holds and may pass on: its own grants where it `may delegate`, and what delegations gave it with depth left,
 * each cut by everything above it. What was made at run time is cut by the boundary as well. Language reference, section 5.
 */
import {
  type AgentModel,
  type DelegationModel,
  heldGrants,
  type LimitModel,
  type PolicyModel,
  type RuntimeAgent,
  type RuntimeDelegation,
} from '../model/index.ts'
import type { HeldGrants, Holding } from './attenuation.ts'
import type { Subject } from './rule-box.ts'

/** Agents and delegations made at run time, as a host keeps them. */
export interface RuntimeAuthority {
  readonly agents: readonly RuntimeAgent[]
  readonly delegations: readonly RuntimeDelegation[]
}

/** A way of holding something, with the limits that every call through it is charged to. */
export interface LimitedHolding extends Holding {
  readonly limits: readonly LimitModel[]
}

/** What must be left to whoever passes something on. */
export interface HoldingBounds {
  /** Hops that must be left behind the one that is asked about. */
  readonly depth: number
  /** Duration of that hop in milliseconds, where it is stated: what was received for a shorter time does not count. */
  readonly expiresIn: number | undefined
}

export interface Authority {
  /** Whom `agent.type` and `agent.owner` mean in grants to this agent; `undefined` for a name that nobody has. */
  readonly subjectOf: (name: string) => Subject | undefined
  /** All ways in which the agent holds what it may pass on. None: it cannot delegate at all. */
  readonly holdings: (name: string, bounds: HoldingBounds) => readonly LimitedHolding[]
}

const MAX_HOPS = 5
/** A holding is made, kept, and compared grant by grant. */
const STEPS_OF_A_HOLDING = 200

interface Principal {
  readonly type: AgentModel['type']
  readonly owner: string | undefined
  readonly own: HeldGrants
  readonly limits: readonly LimitModel[]
  readonly mayDelegate: number | undefined
  readonly isRuntime: boolean
}

interface Edge
  extends Pick<DelegationModel, 'from' | 'to' | 'grants' | 'limits' | 'depth' | 'expiresAt' | 'expiresIn'> {
  readonly isRuntime: boolean
}

/** The authority of a policy and of what was made at run time beside it. `spend` is told of every step that is looked at. */
export function createAuthority(
  model: PolicyModel,
  spend: (steps: number) => void,
  made: RuntimeAuthority = { agents: [], delegations: [] },
): Authority {
  const principals = principalsOf(model, made)
  const incoming = incomingOf(model, made)
  const { boundary } = model
  const deepest = boundary?.mayDelegate ?? 0

  /** What the boundary leaves of what is given to `subject` at run time. */
  const boundaryFactor = (subject: Subject): readonly HeldGrants[] => [{ grants: boundary?.grants ?? [], subject }]

  /** `behind`: hops that must be left after `name`; `below`: the agents between it and the hop that is asked about. */
  const walk = (
    name: string,
    behind: number,
    below: readonly string[],
    bounds: HoldingBounds,
  ): readonly LimitedHolding[] => {
    spend(1)
    const agent = principals.get(name)
    if (agent === undefined || below.length >= MAX_HOPS) return []
    const { mayDelegate, own, limits } = agent
    if (mayDelegate !== undefined && mayDelegate < behind) return []
    const isBounded = agent.isRuntime
    const holdings: LimitedHolding[] = []
    if (mayDelegate !== undefined) {
      holdings.push({ factors: [[own], ...(isBounded ? [boundaryFactor(own.subject)] : [])], limits })
    }
    for (const edge of incoming.get(name) ?? []) {
      const { from, depth = 0, expiresAt, expiresIn } = edge
      const isDeep = depth >= behind && (!edge.isRuntime || deepest >= behind)
      const isShorter = bounds.expiresIn !== undefined && expiresIn !== undefined && expiresIn < bounds.expiresIn
      if (!isDeep || isShorter || from === name || below.includes(from)) continue
      const ends = [expiresAt, own.expiresAt].filter((end) => end !== undefined)
      const given: HeldGrants = {
        grants: edge.grants,
        subject: own.subject,
        ...(ends.length > 0 && { expiresAt: Math.min(...ends) }),
      }
      const cut = edge.isRuntime || isBounded ? [boundaryFactor(own.subject)] : []
      for (const above of walk(from, behind + 1, [...below, name], bounds)) {
        spend(STEPS_OF_A_HOLDING)
        holdings.push({
          factors: [...above.factors, [given], ...cut],
          limits: [...above.limits, ...limits, ...(edge.limits ?? [])],
        })
      }
    }
    return holdings
  }

  return {
    subjectOf: (name) => principals.get(name)?.own.subject,
    holdings: (name, bounds) => walk(name, bounds.depth + 1, [], bounds),
  }
}

function principalsOf(model: PolicyModel, made: RuntimeAuthority): ReadonlyMap<string, Principal> {
  const principals = new Map<string, Principal>()
  const { boundary } = model
  for (const agent of made.agents) {
    const { type, owner, grants, limits = [], expiresAt, mayDelegate } = agent
    const most = boundary?.mayDelegate ?? 0
    principals.set(agent.name, {
      type,
      owner,
      own: {
        grants: boundary === undefined ? [] : grants,
        subject: { kind: 'known', type, owner },
        ...(expiresAt !== undefined && { expiresAt }),
      },
      // Copies: each agent is charged to a meter of its own.
      limits: [...limits, ...(boundary?.limits ?? []).map((limit) => ({ ...limit }))],
      mayDelegate: Math.min(mayDelegate ?? most, most),
      isRuntime: true,
    })
  }
  // A name that the policy declares is the policy's.
  for (const agent of model.agents) {
    const { type, owner, expiresAt, mayDelegate, limits = [] } = agent
    principals.set(agent.name, {
      type,
      owner,
      own: {
        grants: heldGrants(model, agent),
        subject: { kind: 'known', type, owner },
        ...(expiresAt !== undefined && { expiresAt }),
      },
      limits,
      mayDelegate,
      isRuntime: false,
    })
  }
  return principals
}

function incomingOf(model: PolicyModel, made: RuntimeAuthority): ReadonlyMap<string, readonly Edge[]> {
  const incoming = new Map<string, Edge[]>()
  const add = (edge: Edge) => {
    const known = incoming.get(edge.to)
    if (known === undefined) incoming.set(edge.to, [edge])
    else known.push(edge)
  }
  for (const delegation of model.delegations) if (delegation.revoked !== true) add({ ...delegation, isRuntime: false })
  if (model.boundary !== undefined) {
    for (const delegation of made.delegations) if (delegation.revoked !== true) add({ ...delegation, isRuntime: true })
  }
  return incoming
}
