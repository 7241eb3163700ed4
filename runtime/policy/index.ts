/** Door of the policies of a project. */
export { declareDelegations } from './declared-delegations.ts'
export { enforcedPolicy, type KeptPolicy, type PolicyStatus, policyStatus } from './enforced.ts'
export type { PolicySource, ReadFile } from './load.ts'
export {
  createPolicies,
  type Policies,
  type PolicyApi,
  type PolicyEvent,
  type PolicyIdentityOf,
  type PolicyPorts,
  type StageOptions,
} from './policies.ts'
