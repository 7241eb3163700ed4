/**
 * What a chain may do, as a person reads it: one region for each choice of grants, with the conditions of the grants, the
 * limits that are charged, the guardrails that take parts away, and a request that the engine allowed.
 */
import { type Box, intersectBoxes, scopeBox, subtractBoxes } from '../algebra/index.ts'
import type { GrantModel, GuardrailLimitModel, LimitModel } from '../model/index.ts'
import { type GuardBox, grantedTo, largestEstimate } from './access.ts'
import type { Chain } from './chain.ts'
import { type Counterexample, toRequest } from './counterexample.ts'
import { describeBox, type Fact } from './describe.ts'
import type { Inquiry, PolicyUnderAnalysis } from './subject.ts'

export interface AccessRegion {
  /** The grant of each factor, root first. */
  readonly grants: readonly GrantModel[]
  /** What the grants give, before guardrails. */
  readonly facts: readonly Fact[]
  /** Charged to every call, guardrails apart. */
  readonly limits: readonly LimitModel[]
  /** Top-level limits that a call in it can be charged to. */
  readonly guardrailLimits: readonly GuardrailLimitModel[]
  /** Guardrails that deny a part of it. */
  readonly except: readonly GuardBox['guard'][]
  /** A request in it, and the engine's word for it. */
  readonly example: Counterexample
}

export interface ChainAccess {
  readonly chain: Chain
  readonly regions: readonly AccessRegion[]
  /** Why something more could not be ruled out. */
  readonly doubts: readonly string[]
}

/** What a chain may do within `query`. Without regions and doubts it is proved that it may do nothing there. */
export function accessRegions(policy: PolicyUnderAnalysis, inquiry: Inquiry, chain: Chain, query: Box): ChainAccess {
  const { universe, guardrails } = inquiry
  const regions: AccessRegion[] = []
  const doubts: string[] = []
  for (const { box, grants, limits } of grantedTo(chain, query, universe)) {
    const denied = [...guardrails.deniedTo(chain, box), ...guardrails.unpayable(box, largestEstimate(grants))].filter(
      (denial) => intersectBoxes(denial.box, box, universe) !== undefined,
    )
    const left = subtractBoxes(
      [box],
      denied.map((denial) => denial.box),
      universe,
    )
    if (left.length === 0) continue
    const found = exampleIn(policy, inquiry, chain, left)
    if (found.example === undefined) {
      doubts.push(found.doubt)
      continue
    }
    const patterns = grants.flatMap((grant) => grant.patterns)
    const facts = describeBox(box, universe, { patterns })
    const guardrailLimits = policy.model.limits.filter((rule) => {
      const scope = scopeBox(rule, universe)
      return scope !== undefined && intersectBoxes(scope, box, universe) !== undefined
    })
    regions.push({ grants, facts, limits, guardrailLimits, except: guardsOf(denied), example: found.example })
  }
  return { chain, regions, doubts }
}

function exampleIn(
  { replayer, hints }: PolicyUnderAnalysis,
  { universe }: Inquiry,
  chain: Chain,
  boxes: readonly Box[],
): { readonly example: Counterexample } | { readonly example: undefined; readonly doubt: string } {
  let doubt = 'no concrete request was found for a case that could not be ruled out'
  for (const box of boxes) {
    const asked = toRequest(chain, box, universe, hints)
    if (asked === undefined) continue
    const { request, state } = asked
    const decision = replayer.decide(request, state)
    if (decision.allowed) return { example: { request, ...(state && { state }), decision } }
    doubt = `the engine denies ${JSON.stringify(request)} (${decision.reason}), which could not be ruled out`
  }
  return { example: undefined, doubt }
}

function guardsOf(denied: readonly GuardBox[]): readonly GuardBox['guard'][] {
  return [...new Set(denied.map(({ guard }) => guard))]
}
