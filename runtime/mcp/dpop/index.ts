/** Door of proofs of possession. */
export { createDpop, type Dpop, type DpopExpected, type DpopOptions } from './dpop.ts'
