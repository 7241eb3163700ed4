/** Door of the audit log. */
export { appendRows, type LogHead } from './append.ts'
export { type EntryFacts, entryOf } from './entry.ts'
