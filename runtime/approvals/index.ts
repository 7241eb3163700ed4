/** Door of the approvals. */
export {
  APPROVAL_CALLBACK,
  APPROVAL_WEBHOOK,
  type ApprovalFilter,
  type ApprovalPage,
  type Approvals,
  type ApprovalsApi,
  createApprovals,
  type Messages,
} from './approvals.ts'
export type { Need, Vote } from './ballot.ts'
export type { Decide } from './decide.ts'
export { type ApprovalAsked, approvedBy, type GrantedApproval, type Queue } from './queue.ts'
export type { Approval, ApprovalRequest } from './view.ts'
export type { WaitOptions } from './wait.ts'
