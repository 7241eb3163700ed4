/** A policy as the analyses take it from the front end. */
import type { PolicyFile } from '../../grammar/index.ts'
import type { CheckResult } from '../front/index.ts'
import type { PolicyModel } from '../model/index.ts'

/** A checked policy without errors, and its files, sorted as `checkPolicy` had them. */
export interface AnalyzedPolicy extends Pick<CheckResult, 'map' | 'assertions' | 'catalogs' | 'diagnostics'> {
  readonly files: readonly PolicyFile[]
  readonly model: PolicyModel
}
