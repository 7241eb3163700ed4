/** Door of the audit log. */
export { appendRows, type LogHead } from './append.ts'
export { createDecisionEntry, type DecisionEntryOptions, type DecisionFacts } from './decision-entry.ts'
export { type EntryFacts, entryOf } from './entry.ts'
export { AUDIT_KINDS, type AuditKind } from './kinds.ts'
