/** Door of the routes. */
export { agentRoutes } from './agents.ts'
export { approvalRoutes } from './approvals.ts'
export { auditRoutes } from './audit.ts'
export { decisionRoutes } from './decisions.ts'
export { delegationRoutes } from './delegations.ts'
export { healthRoutes } from './health.ts'
export { policyRoutes } from './policies.ts'
