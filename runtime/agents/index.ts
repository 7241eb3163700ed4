/** Door of agents. */
export {
  type AgentPorts,
  type Agents,
  type AgentsPart,
  createAgents,
  type ReasonOptions,
  type RevokedAgent,
  type RotateOptions,
  type SuspendAllOptions,
} from './agents.ts'
export type { AgentChanges, NewAgent } from './input.ts'
export type { AgentFilter } from './list.ts'
export { type SyncedAgents, type SyncOptions, syncPolicyAgents } from './policy-agents.ts'
export type { Agent, AgentPage, AgentWithToken, IssuedToken } from './view.ts'
