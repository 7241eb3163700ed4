/** Engines for the witnesses of a comparison: of the part of a policy that a chain's decisions depend on. */
import type { PolicyModel } from '../model/index.ts'
import { createReplayer, type Replayer } from './counterexample.ts'

/** Chains that have an engine of their own; for more of them the whole policy is the cheaper one. */
const MAX_PARTS = 48

/** Gives an engine that decides requests of the chain of `names` as the whole policy does. */
export function createPartReplayers(model: PolicyModel, whole: Replayer): (names: readonly string[]) => Replayer {
  const parts = new Map<string, Replayer>()
  return (names) => {
    if (model.agents.length <= names.length) return whole
    const key = JSON.stringify(names)
    const known = parts.get(key)
    if (known !== undefined) return known
    if (parts.size >= MAX_PARTS) return whole
    const replayer = createReplayer(partOf(model, new Set(names)))
    parts.set(key, replayer)
    return replayer
  }
}

/** The policy as if it declared these agents only; guardrails and the boundary are everybody's. */
export function partOf(model: PolicyModel, names: ReadonlySet<string>): PolicyModel {
  const agents = model.agents.filter(({ name }) => names.has(name))
  const roles = new Set(agents.flatMap((agent) => agent.roles ?? []))
  return {
    ...model,
    agents,
    roles: model.roles.map((role, index) => (roles.has(index) ? role : { ...role, grants: [] })),
    delegations: model.delegations.filter(({ from, to }) => names.has(from) && names.has(to)),
  }
}
