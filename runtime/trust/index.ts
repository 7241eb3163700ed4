/** Door of the trust in agents. */
export type { Factor, FactorName, TrustFacts, TrustScore } from './factors.ts'
export { scoreOf } from './factors.ts'
export { createTrust, type Trust, type TrustPorts } from './trust.ts'
