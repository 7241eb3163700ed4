/** What an agent can do: its regions along every chain, what was delegated to it, and what it may pass on. */
import { type Box, EVERY_REQUEST, scopeBox } from '../algebra/index.ts'
import type { DelegationModel, ScopeModel } from '../model/index.ts'
import type { PolicyUnderAnalysis } from './subject.ts'
import { accessRegions, type ChainAccess } from './what-can-region.ts'
import { chainsOf, isThroughApi, namesAbove, type UnknownAccess } from './who-can.ts'

export interface WhatCanQuestion {
  /** A declared agent, or `runtime`: those that the API may make. */
  readonly agent: string
  /** Only the chain through these delegators, root first; empty is the agent alone. Absent: every chain. */
  readonly via?: readonly string[]
  /** Only these actions and resources. */
  readonly scope?: ScopeModel
}

export interface WhatCanAnswer {
  /** Chains with at least one region, the agent alone first. */
  readonly chains: readonly ChainAccess[]
  /** Chains that were looked at, and give nothing. */
  readonly barren: readonly BarrenChain[]
  readonly unknown: readonly UnknownAccess[]
  readonly received: readonly DelegationModel[]
  readonly given: readonly DelegationModel[]
  /** Hops that may leave it; `undefined` when it says nothing, which is none as a root. */
  readonly mayDelegate: number | undefined
  /** Milliseconds since 1970. */
  readonly expiresAt: number | undefined
}

export interface BarrenChain {
  /** Delegators, root first. */
  readonly via: readonly string[]
  /** A hop or an agent of it would be made through the API. */
  readonly isThroughApi: boolean
}

/** `undefined` for an agent that the policy does not declare, or `runtime` without a boundary. */
export function whatCan(policy: PolicyUnderAnalysis, question: WhatCanQuestion): WhatCanAnswer | undefined {
  const { model } = policy
  const { agent: name, via, scope } = question
  const isRuntime = name === 'runtime'
  const agent = model.agents.find((declared) => declared.name === name)
  if (isRuntime ? model.boundary === undefined : agent === undefined) return undefined
  const found = policy.ask((inquiry) => {
    const query: Box | undefined = scope === undefined ? EVERY_REQUEST : scopeBox(scope, inquiry.universe)
    const asked = chainsOf(inquiry, name, isRuntime).filter(
      (chain) => via === undefined || isSame(namesAbove(chain), via),
    )
    return {
      kind: 'answered' as const,
      chains: query === undefined ? [] : asked.map((chain) => accessRegions(policy, inquiry, chain, query)),
    }
  })
  const chains = found.kind === 'unknown' ? [] : found.chains
  return {
    chains: chains.filter(({ regions }) => regions.length > 0),
    barren: chains
      .filter(({ regions, doubts }) => regions.length === 0 && doubts.length === 0)
      .map(({ chain }) => ({ via: namesAbove(chain), isThroughApi: isThroughApi(chain) })),
    unknown:
      found.kind === 'unknown'
        ? [{ agent: name, via: [], why: found.why }]
        : chains.flatMap(({ chain, doubts }) => doubts.map((why) => ({ agent: name, via: namesAbove(chain), why }))),
    received: model.delegations.filter(({ to }) => to === name),
    given: model.delegations.filter(({ from }) => from === name),
    mayDelegate: isRuntime ? model.boundary?.mayDelegate : agent?.mayDelegate,
    expiresAt: agent?.expiresAt,
  }
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, index) => name === b[index])
}
