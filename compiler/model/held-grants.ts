/** What an agent holds itself. */
import type { AgentModel, GrantModel, PolicyModel } from './policy.ts'

/** The agent's own grants, then those of its roles; a grant that comes with several roles counts once. */
export function heldGrants({ roles }: Pick<PolicyModel, 'roles'>, agent: AgentModel): readonly GrantModel[] {
  return [...new Set([...agent.grants, ...roleGrants({ roles }, agent)])]
}

/** What comes to an agent with its roles, as often as it comes. */
export function roleGrants({ roles }: Pick<PolicyModel, 'roles'>, agent: AgentModel): readonly GrantModel[] {
  return (agent.roles ?? []).flatMap((role) => roles[role]?.grants ?? [])
}
