/**
 * Every chain of principals through which an agent can act: alone, through delegations that the policy declares, and
 * through those that the API could create within `boundary runtime`. Language reference, sections 4 and 5.
 *
 * What is made at run time is covered by its largest case: an agent that holds everything inside the boundary, a
 * delegation of everything to whomever. Longer chains made at run time add factors and principals, and so allow less; only
 * where the boundary asks `agent.type` or `agent.owner` can a hop in the middle give something else, and then chains with
 * such a hop are listed too.
 */
import { asksAboutSubject, type Subject } from '../algebra/index.ts'
import {
  type AgentModel,
  type AtomModel,
  type BoundaryModel,
  type DelegationModel,
  type GrantModel,
  heldGrants,
  type LimitModel,
  type PolicyModel,
} from '../model/index.ts'
import { groupBy } from './group.ts'

export interface Chain {
  /** A0 ... An; the last one acts. */
  readonly principals: readonly ChainPrincipal[]
  /** Every factor must have a satisfied grant. Root first. */
  readonly factors: readonly ChainFactor[]
  /** Whether hop i, from principal i to the next, is made at run time. */
  readonly runtimeHops: readonly boolean[]
}

export interface ChainPrincipal {
  readonly name: string
  readonly isRuntime: boolean
  readonly subject: Subject
  /** The limits that every call of this principal is charged to, the boundary's included where it holds. */
  readonly limits: readonly LimitModel[]
  /** Milliseconds since 1970. */
  readonly expiresAt?: number
}

export interface ChainFactor {
  readonly grants: readonly FactorGrant[]
}

export interface FactorGrant {
  readonly grant: GrantModel
  readonly subject: Subject
  /** Limits of the delegation; the grant's own are in the grant. */
  readonly limits: readonly LimitModel[]
  readonly expiresAt?: number
  /** The delegation expires some time after the hop was opened, so that the present must be known. */
  readonly needsNow: boolean
}

/** Names of run-time principals in chains: an agent that acts, and one that delegated to it. */
export interface RuntimeNames {
  readonly acting: string
  readonly root: string
}

/** Finds the chains of one policy. */
export interface Chains {
  /**
   * All chains at whose end the declared agent stands, shortest first. Nothing for an unknown name. With `isRoot`, of those
   * that the API could make from a declared agent only the ones where it is true.
   */
  readonly to: (name: string, isRoot?: (root: string) => boolean) => readonly Chain[]
  /**
   * All chains at whose end one of the agents that are `wanted` stands, declared or, with `runtime`, not yet made. Of the
   * agents that what is made at run time cannot tell apart, one stands for all.
   */
  readonly toAll: (wanted: {
    readonly isWanted: (name: string) => boolean
    readonly runtime: boolean
  }) => Iterable<Chain>
  /** The agent by itself: its own grants. */
  readonly alone: (name: string) => Chain | undefined
  /** Those of `to` that need nothing made at run time. */
  readonly declaredTo: (name: string) => readonly Chain[]
  /** An agent made at run time by itself; nothing without a boundary. */
  readonly runtimeAlone: () => Chain | undefined
  /**
   * The chain of one hop made at run time, from `root` to `receiver`; `undefined` stands for one made at run time too. Nothing
   * when the root may not delegate, or is the receiver.
   */
  readonly handed: (root: string | undefined, receiver: string | undefined) => Chain | undefined
  /** Whether the boundary asks about whom it holds, so that a hop in the middle matters. */
  readonly isSubjectAsked: boolean
  readonly names: RuntimeNames
}

const MAX_HOPS = 5
/** What a chain takes to make and to keep: as many of them as a question may have fit into memory. */
const STEPS_OF_A_CHAIN = 200

/** `spend` is told of every chain that is looked at. */
export function createChains(model: PolicyModel, spend: (steps: number) => void): Chains {
  const agents = new Map(model.agents.map((agent) => [agent.name, agent]))
  const delegators = model.agents.filter(({ mayDelegate }) => mayDelegate !== undefined && mayDelegate > 0)
  const incoming = groupPairs(model.delegations)
  const { boundary } = model
  const names = { acting: 'runtime', root: freshName('runtime-root', agents) }
  const isSubjectAsked = (boundary?.grants ?? []).some(asksAbout)
  const isSubjectTold = isSubjectAsked || [...model.forbids, ...model.requires].some(asksAbout)

  const alone = (name: string): Chain | undefined => {
    const agent = agents.get(name)
    return agent && { principals: [toPrincipal(agent)], factors: [ownFactor(model, agent)], runtimeHops: [] }
  }

  const declared = (name: string): readonly Chain[] => {
    const chains: Chain[] = []
    walkUp(name, [], MAX_HOPS, (path, root) => {
      const chain = root.mayDelegate === undefined ? undefined : alone(root.name)
      if (chain !== undefined) chains.push(extend(chain, path, agents))
    })
    return chains.sort((a, b) => a.principals.length - b.principals.length)
  }

  /** Calls `visit` with every usable path of delegated pairs that ends at `name`, and with the agent where it begins. */
  const walkUp = (
    name: string,
    below: readonly Pair[],
    hopsLeft: number,
    visit: (path: readonly Pair[], root: AgentModel) => void,
  ): void => {
    if (hopsLeft === 0) return
    for (const pair of incoming.get(name) ?? []) {
      spend(1 + below.length)
      const agent = agents.get(pair.from)
      if (agent === undefined || pair.from === name || below.some(({ to }) => to === pair.from)) continue
      const delegations = pair.delegations.filter(({ depth = 0, revoked }) => revoked !== true && depth >= below.length)
      const path = [{ ...pair, delegations }, ...below]
      const isTooDeep = agent.mayDelegate !== undefined && agent.mayDelegate < path.length
      if (delegations.length === 0 || isTooDeep) continue
      spend(STEPS_OF_A_CHAIN)
      visit(path, agent)
      walkUp(pair.from, path, hopsLeft - 1, visit)
    }
  }

  /** Chains whose first hop is made at run time, from each root that may delegate `hops` hops, to `receiver`. */
  const overBoundary = (
    receiver: ChainPrincipal,
    hops: number,
    box: BoundaryModel,
    isRoot: (root: string) => boolean = () => true,
  ): readonly Chain[] => {
    const roots: Chain[] = []
    for (const agent of delegators) {
      spend(1)
      if (agent.name === receiver.name || (agent.mayDelegate ?? 0) < hops || !isRoot(agent.name)) continue
      const chain = alone(agent.name)
      if (chain !== undefined) roots.push(chain)
    }
    if ((box.mayDelegate ?? 0) >= hops) roots.push(runtimeAlone(box, names.root, 'root'))
    return roots.map((root) => hand(root, receiver, box))
  }

  const handed = (rootName: string | undefined, receiverName: string | undefined): Chain | undefined => {
    if (boundary === undefined || (rootName !== undefined && rootName === receiverName)) return undefined
    const mayDelegate = rootName === undefined ? boundary.mayDelegate : agents.get(rootName)?.mayDelegate
    if ((mayDelegate ?? 0) < 1) return undefined
    const root = rootName === undefined ? runtimeAlone(boundary, names.root, 'root') : alone(rootName)
    const agent = receiverName === undefined ? undefined : agents.get(receiverName)
    const receiver =
      receiverName === undefined
        ? runtimeAlone(boundary, names.acting, 'acting').principals[0]
        : agent && receiverOf(agent, boundary)
    return root && receiver && hand(root, receiver, boundary)
  }

  const throughApi = (agent: AgentModel, isRoot?: (root: string) => boolean): readonly Chain[] => {
    if (boundary === undefined) return []
    const chains = [...overBoundary(receiverOf(agent, boundary), 1, boundary, isRoot)]
    if (!isSubjectAsked) return chains
    walkUp(agent.name, [], MAX_HOPS - 1, (path, middle) => {
      if ((boundary.mayDelegate ?? 0) < path.length) return
      for (const chain of overBoundary(receiverOf(middle, boundary), path.length + 1, boundary, isRoot)) {
        const isSimple = path.every(({ to }) => chain.principals.every((principal) => principal.name !== to))
        if (isSimple) chains.push(extend(chain, path, agents))
      }
    })
    return chains
  }

  const runtimeChains = (): readonly Chain[] => {
    if (boundary === undefined) return []
    const agent = runtimeAlone(boundary, names.acting, 'acting')
    const [receiver] = agent.principals
    return receiver === undefined ? [] : [agent, ...overBoundary(receiver, 1, boundary)]
  }

  /** Agents with one kind receive the same from whoever delegates at run time. */
  const kindOf = (agent: AgentModel): string =>
    JSON.stringify([
      isSubjectTold ? [agent.type, agent.owner] : [],
      (agent.limits ?? []).map(limitText),
      agent.expiresAt,
      incoming.has(agent.name) && isSubjectAsked ? agent.name : '',
    ])

  return {
    names,
    alone,
    isSubjectAsked,
    declaredTo: (name) => {
      const own = alone(name)
      return own === undefined ? [] : [own, ...declared(name)]
    },
    runtimeAlone: () => boundary && runtimeAlone(boundary, names.acting, 'acting'),
    handed,
    to: (name, isRoot) => {
      const own = alone(name)
      const agent = agents.get(name)
      return own === undefined || agent === undefined ? [] : [own, ...declared(name), ...throughApi(agent, isRoot)]
    },
    toAll: function* ({ isWanted, runtime }) {
      // Nobody delegates to themselves, so the one who stands for a kind has a second who receives from the first.
      const receivers = new Map<string, { readonly first: string; hasSecond: boolean }>()
      for (const agent of model.agents) {
        if (!isWanted(agent.name)) continue
        const own = alone(agent.name)
        if (own !== undefined) yield own
        yield* declared(agent.name)
        if (boundary === undefined) continue
        const kind = kindOf(agent)
        const known = receivers.get(kind)
        if (known === undefined) {
          receivers.set(kind, { first: agent.name, hasSecond: false })
          yield* throughApi(agent)
        } else if (!known.hasSecond) {
          known.hasSecond = true
          yield* throughApi(agent, (root) => root === known.first)
        }
      }
      if (runtime) yield* runtimeChains()
    },
  }
}

/** Everything about a limit but whose it is. */
export function limitText(limit: LimitModel): string {
  return JSON.stringify({ ...limit, key: '' }, (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  )
}

/** The delegations into each agent, those from one agent together. */
function groupPairs(delegations: readonly DelegationModel[]): ReadonlyMap<string, readonly Pair[]> {
  const received = [...groupBy(delegations, ({ to }) => to)]
  return new Map(
    received.map(([to, some]) => [
      to,
      [...groupBy(some, ({ from }) => from)].map(([from, alike]) => ({ from, to, delegations: alike })),
    ]),
  )
}

function asksAbout(rule: { readonly when?: readonly AtomModel[]; readonly unless?: readonly AtomModel[] }): boolean {
  return [...(rule.when ?? []), ...(rule.unless ?? [])].some(asksAboutSubject)
}

/** Delegations from one agent to another. */
export interface Pair {
  readonly from: string
  readonly to: string
  readonly delegations: readonly DelegationModel[]
}

/** The chain with the declared hops of `path` behind it. */
export function extend(chain: Chain, path: readonly Pair[], agents: ReadonlyMap<string, AgentModel>): Chain {
  const principals = [...chain.principals]
  const factors = [...chain.factors]
  for (const { to, delegations } of path) {
    const agent = agents.get(to)
    if (agent === undefined) continue
    const principal = toPrincipal(agent)
    principals.push(principal)
    factors.push({ grants: delegations.flatMap((delegation) => delegatedGrants(delegation, principal.subject)) })
  }
  return { principals, factors, runtimeHops: [...chain.runtimeHops, ...path.map(() => false)] }
}

function delegatedGrants(delegation: DelegationModel, subject: Subject): readonly FactorGrant[] {
  const { limits = [], expiresAt, expiresIn } = delegation
  if (expiresIn === 0) return []
  return delegation.grants.map((grant) => ({
    grant,
    subject,
    limits,
    ...(expiresAt !== undefined && { expiresAt }),
    needsNow: expiresIn !== undefined,
  }))
}

function ownFactor(model: PolicyModel, agent: AgentModel): ChainFactor {
  const subject = subjectOf(agent)
  return { grants: heldGrants(model, agent).map((grant) => ({ grant, subject, limits: [], needsNow: false })) }
}

function boundaryFactor(boundary: BoundaryModel, subject: Subject): ChainFactor {
  return { grants: boundary.grants.map((grant) => ({ grant, subject, limits: [], needsNow: false })) }
}

function hand(root: Chain, receiver: ChainPrincipal, boundary: BoundaryModel): Chain {
  return {
    principals: [...root.principals, receiver],
    factors: [...root.factors, boundaryFactor(boundary, receiver.subject)],
    runtimeHops: [true],
  }
}

function runtimeAlone(boundary: BoundaryModel, name: string, place: 'acting' | 'root'): Chain {
  const subject: Subject = { kind: 'any', place }
  return {
    principals: [{ name, isRuntime: true, subject, limits: boundary.limits ?? [] }],
    factors: [boundaryFactor(boundary, subject)],
    runtimeHops: [],
  }
}

function toPrincipal(agent: AgentModel): ChainPrincipal {
  const { name, limits = [], expiresAt } = agent
  return {
    name,
    isRuntime: false,
    subject: subjectOf(agent),
    limits,
    ...(expiresAt !== undefined && { expiresAt }),
  }
}

/** What is given at run time lives in the boundary, whoever receives it. */
function receiverOf(agent: AgentModel, boundary: BoundaryModel): ChainPrincipal {
  const principal = toPrincipal(agent)
  return { ...principal, limits: [...principal.limits, ...(boundary.limits ?? [])] }
}

/** Whom the atoms `agent.type` and `agent.owner` of a declared agent's rules mean. */
export function subjectOf({ type, owner }: AgentModel): Subject {
  return { kind: 'known', type, owner }
}

function freshName(wanted: string, taken: ReadonlyMap<string, unknown>): string {
  for (let n = 1; ; n++) {
    const name = n === 1 ? wanted : `${wanted}-${n}`
    if (!taken.has(name)) return name
  }
}
