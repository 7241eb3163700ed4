/** Door of the host. */

export type {
  Agent,
  AgentChanges,
  AgentFilter,
  AgentPage,
  Agents,
  AgentWithToken,
  IssuedToken,
  NewAgent,
} from './agents/index.ts'
export type { Approval as QueuedApproval, ApprovalsApi } from './approvals/index.ts'
export {
  type AuditApi,
  type AuditExport,
  type AuditFilter,
  type AuditProof,
  type AuditQuery,
  type AuditRow,
  checkHead,
  createAudit,
  createCheckpointer,
  EXPORT_FORMATS,
  entryOf,
  faultOfProof,
  type HeadCheck,
  keysOf,
  openNote,
  parseProof,
  proveFromBundle,
  splitNotes,
  type VerifyFinding,
  type VerifyReport,
  verifyBundle,
  verifyStore,
} from './audit/index.ts'
export {
  type Acting,
  actorOf,
  assertKnown,
  type Cover,
  coverOf,
  type HeldPermission,
  type Permission,
  readLimit,
  readReason,
} from './authority/index.ts'
export type { Possible, PossibleOptions, PossibleRequest } from './authorize/index.ts'
export { after, isPromise } from './awaitable.ts'
export { takeBytes } from './byte-pool.ts'
export type { Call } from './call.ts'
export {
  type Delegation,
  type Delegations,
  makeDelegation,
  type NewDelegation,
  revokeDelegation,
} from './delegation/index.ts'
export { toError } from './denial.ts'
export { explainAt, leadTo } from './docs-url.ts'
export {
  ERROR_CODES,
  KavachError,
  type KavachErrorBody,
  type KavachErrorCode,
  type KavachErrorDetails,
} from './errors.ts'
export {
  type AnyTool,
  createGuard,
  type Guard,
  type GuardContext,
  type Guarded,
  type GuardPorts,
  type Tool,
} from './guard.ts'
export { type Hashing, hashingOf } from './hashing.ts'
export { createHost, type Host, type SleepOptions } from './host.ts'
export {
  type AgentsApi,
  type Kavach,
  type OpenedHost,
  type OpenOptions,
  openHost,
  openKavach,
  type Surroundings,
} from './kavach.ts'
export {
  createKeys,
  KEY_SCOPES,
  type KeyPurpose,
  type KeyScope,
  type Keys,
  type ProjectKey,
  type SecretKeys,
} from './keys/index.ts'
export { createLogSite } from './log-site.ts'
export { type Maintenance, runTasks, startMaintenance, type Task } from './maintenance.ts'
export { createManagement } from './management.ts'
export { assertKnownOptions, assertOptionKind, countOption, failOption, type Members } from './option-checks.ts'
export type {
  AgentOptions,
  ApprovalOptions,
  Approver,
  AuditOptions,
  CheckpointOptions,
  CheckpointSigner,
  CheckpointSink,
  HostOptions,
  LimitOptions,
} from './options.ts'
export { verifyWebhook } from './outbox/index.ts'
export { pendingObject, type Shape } from './pending.ts'
export { type KeptPolicy, type PolicySource, type PolicyStatus, policyStatus, type ReadFile } from './policy/index.ts'
export { type RecordedDecisionParts, recordedDecision } from './recorded-decision.ts'
export type { AuthorizeRequest, AuthorizeResult, Completion, HostReason } from './request.ts'
export type { SeenSession, Session, SessionOptions, SessionPort, Sessions, VerifiedSession } from './sessions/index.ts'
export { auditIdOf, type Change, type Entry, type Json, type Site, seqOfAuditId } from './site.ts'
export type { Awaitable, Range, Reader, Store, Transaction } from './store.ts'
export {
  type Column,
  columnsOfIndex,
  type IndexName,
  isUniqueIndex,
  type Key,
  type KeyColumn,
  type Row,
  TABLES,
  type TableName,
} from './tables.ts'
export {
  ACCESS_TOKEN,
  AGENT_TOKEN,
  CODE_TOKEN,
  checkToken,
  createToken,
  hashToken,
  KEY_TOKEN,
  REFRESH_TOKEN,
  SECRET_TOKEN,
  TOKEN_PATTERN,
  type TokenPrefix,
} from './tokens/index.ts'
export { type ToolHints, type ToolMap, toolAction, toolResource } from './tool-action.ts'
export { ulid } from './ulid.ts'
export type { UsageCount, UsageFilter } from './usage/index.ts'
