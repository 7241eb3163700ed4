/** Door of the analyses: what a policy means beyond its decisions, and to others. */

export { type CallerFacts, callerText } from '../../engine-wasm/host/index.ts'
export { type AnalyzePolicyOptions, analyzePolicy, type PolicyAnalysis } from './analyze-policy.ts'
export type { AnalyzedPolicy } from './analyzed-policy.ts'
export { analyzeAssertions, type ProvedAssertion } from './assertion-findings.ts'
export { GENERATED_MARK, type ProposedTests, proposeTests, type Unnoticed } from './boundary-tests.ts'
export type { CedarEntity, CedarUid, CedarValue } from './cedar/entity.ts'
export { type CedarExport, type CedarExportOptions, type CedarSkip, toCedar } from './cedar/export.ts'
export { type CedarRequest, toCedarRequest } from './cedar/request.ts'
export type { Counterexample, WitnessRequest, WitnessState } from './counterexample.ts'
export {
  type CoveragePart,
  type CoverageScore,
  type CoveredPart,
  type CoveredSide,
  coverageOf,
  coverParts,
  partsOf,
} from './coverage.ts'
export { analyzeDelegations, type ProvedDelegation } from './delegation-findings.ts'
export { type DelegationProof, proveDelegation } from './delegation-proof.ts'
export { type DescribeOptions, describeBox, type Fact, factsText } from './describe.ts'
export type { Phrase } from './describe-phrase.ts'
export {
  describeApprovalClause,
  describeCondition,
  describeForbid,
  describeGrant,
  describeGuardrailLimit,
  describeLimit,
  describeRequire,
  describeScope,
} from './describe-rule.ts'
export { formatDuration, formatStamp } from './describe-value.ts'
export { type DiffedPolicy, type DiffOptions, diffPolicies, type PolicyDiff } from './diff.ts'
export type { Cause } from './diff-access.ts'
export type { LimitChange } from './diff-limits.ts'
export type { AgentChange, DepthChange, ExpiryChange } from './diff-members.ts'
export type { ToolChange } from './diff-tools.ts'
export { type ExplainOptions, explainRequest, type MeterExplained, type RequestExplanation } from './explain.ts'
export { type ReadRequest, type RequestFacts, readRequest } from './explain-request.ts'
export { type Mutant, mutantsOf } from './mutate.ts'
export type { ToldApart } from './mutate-apart.ts'
export {
  type JudgedMutant,
  judgeMutants,
  type MutationScore,
  type Question,
  questionsOf,
  scoreOf,
} from './mutate-run.ts'
export type { Place, WrittenPolicy } from './mutate-site.ts'
export { type Proof, proveAssertion, type Refutation } from './prove.ts'
export { type AdministratorOptions, administratorText } from './reason-text.ts'
export type { Region, RegionPart, RegionWitness, UnknownRegion } from './region.ts'
export { requestText } from './request-text.ts'
export { type AnalyzeOptions, analyze, type FoundAccess, type PolicyUnderAnalysis, type Unknown } from './subject.ts'
export { type Tightened, type TightenedGrant, type Tightening, tighten } from './tighten.ts'
export { type ConditionKeeper, createConditions, type SeenFacts } from './tighten-condition.ts'
export { type Generalise, MAX_VALUES } from './tighten-pattern.ts'
export { createUsage, type UsageKeeper } from './tighten-usage.ts'
export { type WhatCanAnswer, type WhatCanQuestion, whatCan } from './what-can.ts'
export type { AccessRegion, ChainAccess } from './what-can-region.ts'
export {
  type AgentAccess,
  isThroughApi,
  type UnknownAccess,
  type WhoCanAnswer,
  type WhoCanQuestion,
  whoCan,
} from './who-can.ts'
