/** Door of the algebra. */
export type { Dfa } from './dfa.ts'
