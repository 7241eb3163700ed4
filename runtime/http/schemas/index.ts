/** Door of the schemas: what the API takes and answers, and what its OpenAPI document says of it. */
export {
  agentChangesSchema,
  agentPageSchema,
  agentQuerySchema,
  agentSchema,
  agentWithTokenSchema,
  issuedTokenSchema,
  newAgentSchema,
  reasonBodySchema,
  revokedAgentSchema,
  rotateSchema,
  suspendAllSchema,
  suspendedSchema,
  trustSchema,
} from './agents.ts'
export {
  approvalPageSchema,
  approvalQuerySchema,
  approvalSchema,
  MAX_WAIT_MS,
  voteSchema,
  waitQuerySchema,
} from './approvals.ts'
export {
  auditPageSchema,
  auditProofSchema,
  auditQuerySchema,
  auditRowSchema,
  exportQuerySchema,
  usageQuerySchema,
  usageSchema,
  verifyReportSchema,
  verifySchema,
} from './audit.ts'
export { errorSchema, idSchema, policyIdentitySchema, schemas } from './common.ts'
export { authorizeSchema, completedSchema, completionSchema, decisionSchema, limitedSchema } from './decisions.ts'
export {
  chainsSchema,
  delegationPageSchema,
  delegationQuerySchema,
  delegationSchema,
  effectiveSchema,
  newDelegationSchema,
} from './delegations.ts'
export { documentSchema, rolloutSchema, stageQuerySchema, statusSchema } from './policies.ts'
