/** Door `kavachos`. */
export type { PolicyModel } from './compiler/model/index.ts'
