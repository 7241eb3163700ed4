/** Entities of Cedar, in its JSON format. */
import type { AgentModel, PolicyModel } from '../../model/index.ts'

export interface CedarUid {
  readonly type: string
  readonly id: string
}

export type CedarValue = string | number | boolean | readonly CedarValue[] | { readonly [name: string]: CedarValue }

export interface CedarEntity {
  readonly uid: CedarUid
  readonly attrs: { readonly [name: string]: CedarValue }
  readonly parents: readonly CedarUid[]
}

/** The declared agents, by name, each below its roles. */
export function toAgents({ agents, roles }: PolicyModel): ReadonlyMap<string, CedarEntity> {
  return new Map(agents.map((agent) => [agent.name, toAgent(agent, roles)]))
}

function toAgent({ name, type, owner, roles = [] }: AgentModel, declared: PolicyModel['roles']): CedarEntity {
  const parents = roles.flatMap((index) => declared[index]?.name ?? []).map((role) => ({ type: 'Role', id: role }))
  return { uid: { type: 'Agent', id: name }, attrs: { type, ...(owner !== undefined && { owner }) }, parents }
}
