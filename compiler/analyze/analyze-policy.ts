/** Everything that is proved of a policy, in one call: what its delegations and assertions come to. */
import type { Diagnostic } from '../../grammar/index.ts'
import { inTextOrder } from '../front/index.ts'
import type { AnalyzedPolicy } from './analyzed-policy.ts'
import { analyzeAssertions, type ProvedAssertion } from './assertion-findings.ts'
import { analyzeDelegations, type ProvedDelegation } from './delegation-findings.ts'
import { lintPolicy } from './lints/all-lints.ts'
import { type AnalyzeOptions, analyze } from './subject.ts'

export interface AnalyzePolicyOptions extends AnalyzeOptions {
  /** Lints (KV4...) are errors. */
  readonly strict?: boolean
  /** `false` leaves the assertions out. */
  readonly assertions?: boolean
}

export interface PolicyAnalysis {
  /** In the order of the text. */
  readonly diagnostics: readonly Diagnostic[]
  readonly delegations: readonly ProvedDelegation[]
  readonly assertions: readonly ProvedAssertion[]
  /** Questions whose answer is *unknown*: the policy must not be taken for proved. */
  readonly unknown: number
}

/** Proves the delegations of a policy without errors, and its assertions; looks for rules that do nothing. */
export function analyzePolicy(policy: AnalyzedPolicy, options: AnalyzePolicyOptions = {}): PolicyAnalysis {
  const subject = analyze(policy.model, options)
  const { delegations, diagnostics: escalations } = analyzeDelegations(subject, policy)
  const { assertions, diagnostics: refutations } =
    options.assertions === false ? { assertions: [], diagnostics: [] } : analyzeAssertions(subject, policy)
  const lints = lintPolicy(subject, policy)
  const found = [...escalations, ...refutations, ...lints].map((diagnostic) =>
    options.strict === true && diagnostic.code.startsWith('KV4')
      ? { ...diagnostic, severity: 'error' as const }
      : diagnostic,
  )
  const unknown = [...delegations, ...assertions].filter(({ proof }) => proof.kind === 'unknown').length
  return { diagnostics: inTextOrder(policy.files, found), delegations, assertions, unknown }
}
