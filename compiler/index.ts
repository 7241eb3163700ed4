/** Door `kavachos/compiler`: text to model, model to image, image to module, and the reference evaluator. */
export type { PolicyModel } from './model/index.ts'
