/**
 * Who can do something: every agent and every chain, declared or through the API, that may act for some facts.
 *
 * Whoever is listed has a request that the engine allowed; of whoever is not listed, and not unknown, it is proved that no
 * facts, approvals and readings let it.
 */
import { type Box, grantBox, intersectBoxes, type Subject, scopeBox } from '../algebra/index.ts'
import type { AtomModel, GrantModel, ScopeModel } from '../model/index.ts'
import type { Chain } from './chain.ts'
import type { Inquiry, PolicyUnderAnalysis } from './subject.ts'
import { accessRegions, type ChainAccess } from './what-can-region.ts'
import { type KnownFacts, knownBox } from './who-can-facts.ts'

export interface WhoCanQuestion {
  readonly scope: ScopeModel
  /** Facts must make it true; one that is missing does not. */
  readonly when?: readonly AtomModel[]
  readonly facts?: KnownFacts
}

export interface WhoCanAnswer {
  /** Agents that can, in the order of the policy, agents made at run time last. */
  readonly can: readonly AgentAccess[]
  /** Proved unable. */
  readonly cannot: readonly string[]
  readonly unknown: readonly UnknownAccess[]
}

export interface AgentAccess {
  /** `runtime` for the agents that the API may make. */
  readonly agent: string
  readonly isRuntime: boolean
  /** Chains with at least one region, shortest first. */
  readonly chains: readonly ChainAccess[]
  /** So many delegators could give it through the API that only the first one is listed. */
  readonly isAbridged: boolean
}

export interface UnknownAccess {
  readonly agent: string
  readonly via: readonly string[]
  readonly why: string
}

/** Delegators up to which every chain through the API is listed. */
const MOST_ROOTS = 64

/** Asks about every agent, each with a budget of its own. */
export function whoCan(policy: PolicyUnderAnalysis, question: WhoCanQuestion): WhoCanAnswer {
  const can: AgentAccess[] = []
  const cannot: string[] = []
  const unknown: UnknownAccess[] = []
  const { model } = policy
  const roots = rootsFor(policy, question)
  const subjects = [
    ...model.agents.map(({ name }) => ({ name, isRuntime: false })),
    ...(model.boundary === undefined ? [] : [{ name: 'runtime', isRuntime: true }]),
  ]
  for (const { name, isRuntime } of subjects) {
    const found = policy.ask((inquiry) => {
      const known = question.facts && knownBox(question.facts, model, inquiry.universe)
      const asked = chainsOf(inquiry, name, isRuntime, (root) => roots.has(root))
      const chains: ChainAccess[] = []
      let isAbridged = false
      for (const chain of asked) {
        const query = queryOf(question, known, chain, inquiry)
        if (query === undefined) continue
        // One way through the API shows that there is one.
        isAbridged = roots.size > MOST_ROOTS && chains.some((one) => one.regions.length > 0 && isThroughApi(one.chain))
        if (isAbridged) break
        chains.push(accessRegions(policy, inquiry, chain, query))
      }
      return { kind: 'answered' as const, chains, isAbridged }
    })
    if (found.kind === 'unknown') {
      unknown.push({ agent: name, via: [], why: found.why })
      continue
    }
    const doubts = found.chains.flatMap(({ chain, doubts: whys }) =>
      whys.map((why) => ({ agent: name, via: namesAbove(chain), why })),
    )
    const chains = found.chains.filter(({ regions }) => regions.length > 0)
    unknown.push(...doubts)
    if (chains.length > 0) can.push({ agent: name, isRuntime, chains, isAbridged: found.isAbridged })
    else if (doubts.length === 0) cannot.push(name)
  }
  return { can, cannot, unknown }
}

/**
 * Declared agents that could give something of it through the API: they and the boundary have a grant whose scope meets the
 * question's. Of the others nothing can come.
 */
function rootsFor(policy: PolicyUnderAnalysis, { scope }: WhoCanQuestion): ReadonlySet<string> {
  const { model } = policy
  const meets = (grants: readonly GrantModel[]): boolean => {
    const met = policy.ask(({ universe }) => {
      const asked = scopeBox(scope, universe)
      const isMet = grants.some((grant) => {
        const own = scopeBox(grant, universe)
        return asked !== undefined && own !== undefined && intersectBoxes(asked, own, universe) !== undefined
      })
      return { kind: 'answered' as const, isMet }
    })
    // Nothing is ruled out by what is not known.
    return met.kind === 'unknown' || met.isMet
  }
  if (model.boundary === undefined || !meets(model.boundary.grants)) return new Set()
  const roles = new Map(model.roles.map((role, index) => [index, meets(role.grants)]))
  const roots = model.agents.filter(
    ({ mayDelegate = 0, grants, roles: held = [] }) =>
      mayDelegate > 0 && (held.some((role) => roles.get(role) === true) || meets(grants)),
  )
  return new Set(roots.map(({ name }) => name))
}

/** Every chain that ends at an agent; of `runtime`, those that the API may make. */
export function chainsOf(
  { chains }: Inquiry,
  agent: string,
  isRuntime: boolean,
  isRoot?: (root: string) => boolean,
): readonly Chain[] {
  return isRuntime ? [...chains.toAll({ isWanted: () => false, runtime: true })] : chains.to(agent, isRoot)
}

/** The delegators of a chain, root first. */
export function namesAbove({ principals }: Chain): readonly string[] {
  return principals.slice(0, -1).map(({ name }) => name)
}

/** Whether a hop or an agent of the chain is made through the API. */
export function isThroughApi({ principals, runtimeHops }: Chain): boolean {
  return runtimeHops.includes(true) || principals.some(({ isRuntime }) => isRuntime)
}

function queryOf(
  { scope, when = [] }: WhoCanQuestion,
  known: Box | undefined,
  chain: Chain,
  { universe }: Inquiry,
): Box | undefined {
  const subject: Subject = chain.principals.at(-1)?.subject ?? { kind: 'any', place: 'acting' }
  const asked = grantBox({ ...scope, when }, subject, universe)
  return asked && known !== undefined ? intersectBoxes(asked, known, universe) : asked
}
