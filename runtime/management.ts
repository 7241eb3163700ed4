/** Agents of a project, managed from outside of a host: whoever runs one there notices before its next decision. */
import { type Agents, createAgents } from './agents/index.ts'
import { clearDenials } from './authorize/index.ts'
import { enforcedPolicy } from './policy/index.ts'
import type { ActivePolicy, Site } from './site.ts'

/** What `kavach.agents` has, without decisions. No policy is needed to suspend, only to make an agent. */
export function createManagement(site: Site): Agents {
  let policy: ActivePolicy | undefined
  const judging: Site = {
    ...site,
    policy: () => policy ?? site.policy(),
    change: (work) =>
      site.change(async (change) => {
        policy = await enforcedPolicy(change)
        return work(change)
      }),
  }
  return { ...agentsOf(site), create: agentsOf(judging).create }
}

function agentsOf(site: Site): Agents {
  return createAgents(site, { clearAnomaly: clearDenials }).api
}
