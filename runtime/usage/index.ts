/** Door of usage. */
export { createUsage, type Usage, type UsageCount, type UsageFilter } from './usage.ts'
