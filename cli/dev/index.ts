/** Door `kavachos/dev`: policy text for a host while it is being written. Servers load what `kavach compile` wrote. */
export { type PolicyFindings, type PolicyWatch, type WatchPolicyOptions, watchPolicy } from './watch-policy.ts'
