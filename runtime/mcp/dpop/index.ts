/** Door of proofs of possession. */
export type { Dpop, DpopExpected } from './dpop.ts'
