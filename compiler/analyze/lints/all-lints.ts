/** The lints that need proofs, in the order in which they run. */
import type { Diagnostic } from '../../../grammar/index.ts'
import type { AnalyzedPolicy } from '../analyzed-policy.ts'
import type { PolicyUnderAnalysis } from '../subject.ts'
import { lintDeniedGrants } from './denied-grants.ts'
import { lintDestructiveTools } from './destructive-tools.ts'
import { lintIdleConditions } from './idle-conditions.ts'
import { indexGrants } from './index-grants.ts'
import { holdersOf, type Lint, type LintContext } from './lint.ts'
import { lintShadowedGrants } from './shadowed-grants.ts'

const LINTS: readonly Lint[] = [lintShadowedGrants, lintDeniedGrants, lintIdleConditions, lintDestructiveTools]

/** What the lints of this folder say of a policy: warnings, each of them certain. */
export function lintPolicy(policy: PolicyUnderAnalysis, analyzed: AnalyzedPolicy): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = []
  const grants = indexGrants(analyzed)
  const context: LintContext = {
    policy,
    analyzed,
    holders: holdersOf(analyzed),
    report: (diagnostic) => diagnostics.push(diagnostic),
    nodeOf: ({ id }) => grants.get(id),
    ask: (question) => {
      const answer = policy.ask((inquiry) => ({ kind: 'answered' as const, value: question(inquiry) }))
      return answer.kind === 'answered' ? answer.value : undefined
    },
  }
  for (const lint of LINTS) lint(context)
  return diagnostics
}
