/**
 * Who can do something: every agent and every chain, declared or through the API, that may act for some facts.
 *
 * Whoever is listed has a request that the engine allowed; of whoever is not listed, and not unknown, it is proved that no
 * facts, approvals and readings let it.
 */
import { type Box, grantBox, intersectBoxes, type Subject } from '../algebra/index.ts'
import type { AtomModel, ScopeModel } from '../model/index.ts'
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
}

export interface UnknownAccess {
  readonly agent: string
  readonly via: readonly string[]
  readonly why: string
}

/** Asks about every agent, each with a budget of its own. */
export function whoCan(policy: PolicyUnderAnalysis, question: WhoCanQuestion): WhoCanAnswer {
  const can: AgentAccess[] = []
  const cannot: string[] = []
  const unknown: UnknownAccess[] = []
  const subjects = [
    ...policy.model.agents.map(({ name }) => ({ name, isRuntime: false })),
    ...(policy.model.boundary === undefined ? [] : [{ name: 'runtime', isRuntime: true }]),
  ]
  for (const { name, isRuntime } of subjects) {
    const found = policy.ask((inquiry) => {
      const known = question.facts && knownBox(question.facts, policy.model, inquiry.universe)
      const chains = chainsOf(inquiry, name, isRuntime).flatMap((chain) => {
        const query = queryOf(question, known, chain, inquiry)
        return query === undefined ? [] : [accessRegions(policy, inquiry, chain, query)]
      })
      return { kind: 'answered' as const, chains }
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
    if (chains.length > 0) can.push({ agent: name, isRuntime, chains })
    else if (doubts.length === 0) cannot.push(name)
  }
  return { can, cannot, unknown }
}

/** Every chain that ends at an agent; of `runtime`, those that the API may make. */
export function chainsOf({ chains }: Inquiry, agent: string, isRuntime: boolean): readonly Chain[] {
  return isRuntime ? [...chains.toAll({ isWanted: () => false, runtime: true })] : chains.to(agent)
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
