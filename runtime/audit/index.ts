/** Door of the audit log. */
export { appendRows, type LogHead } from './append.ts'
