/** Changes of one part of a model. Every other part stays the same object, so that what did not change is recognised. */
import type {
  AgentModel,
  BoundaryModel,
  DelegationModel,
  ForbidModel,
  GrantModel,
  GuardrailLimitModel,
  PolicyModel,
  RequireModel,
} from '../model/index.ts'

export type Edit = (model: PolicyModel) => PolicyModel

/** A part that takes the place of another; `undefined` takes it away. */
export type Change<T> = (part: T) => T | undefined

/** Changes a grant wherever it is held: a role's grant is one object in every role that reaches it. */
export function editGrant(id: number, change: Change<GrantModel>): Edit {
  return (model) => {
    const changed = new Map<GrantModel, GrantModel | undefined>()
    const once = (grant: GrantModel): GrantModel | undefined => {
      if (grant.id !== id) return grant
      if (!changed.has(grant)) changed.set(grant, change(grant))
      return changed.get(grant)
    }
    const within = <H extends { readonly grants: readonly GrantModel[] }>(holder: H): H => {
      const grants = replace(holder.grants, once)
      return grants === holder.grants ? holder : { ...holder, grants }
    }
    return {
      ...model,
      roles: replace(model.roles, within),
      agents: replace(model.agents, within),
      delegations: replace(model.delegations, within),
      ...(model.boundary && { boundary: within(model.boundary) }),
    }
  }
}

export function editForbid(id: number, change: Change<ForbidModel>): Edit {
  return (model) => ({ ...model, forbids: replace(model.forbids, (rule) => (rule.id === id ? change(rule) : rule)) })
}

export function editRequire(id: number, change: Change<RequireModel>): Edit {
  return (model) => ({ ...model, requires: replace(model.requires, (rule) => (rule.id === id ? change(rule) : rule)) })
}

export function editGuardrailLimit(id: number, change: Change<GuardrailLimitModel>): Edit {
  return (model) => ({ ...model, limits: replace(model.limits, (rule) => (rule.id === id ? change(rule) : rule)) })
}

export function editAgent(name: string, change: (agent: AgentModel) => AgentModel): Edit {
  return (model) => ({
    ...model,
    agents: replace(model.agents, (agent) => (agent.name === name ? change(agent) : agent)),
  })
}

/** `index` is its place in the model, which is that in the source. */
export function editDelegation(index: number, change: Change<DelegationModel>): Edit {
  return (model) => ({
    ...model,
    delegations: replace(model.delegations, (delegation, at) => (at === index ? change(delegation) : delegation)),
  })
}

export function editBoundary(change: (boundary: BoundaryModel) => BoundaryModel): Edit {
  return (model) => (model.boundary === undefined ? model : { ...model, boundary: change(model.boundary) })
}

/** The list with every item changed; the same list where nothing was. */
export function replace<T>(items: readonly T[], change: (item: T, index: number) => T | undefined): readonly T[] {
  let isChanged = false
  const changed = items.flatMap((item, index) => {
    const next = change(item, index)
    if (next !== item) isChanged = true
    return next === undefined ? [] : [next]
  })
  return isChanged ? changed : items
}

/** The list with the item at `index` replaced, or taken away by `undefined`. */
export function replaceAt<T>(items: readonly T[], index: number, item: T | undefined): readonly T[] {
  return replace(items, (other, at) => (at === index ? item : other))
}
