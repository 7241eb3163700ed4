/** Door of the analyses: what a policy means beyond its decisions, and to others. */
export type { CedarEntity, CedarUid, CedarValue } from './cedar/entity.ts'
export { type CedarExport, type CedarExportOptions, type CedarSkip, toCedar } from './cedar/export.ts'
export { type CedarRequest, toCedarRequest } from './cedar/request.ts'
export type { Counterexample, WitnessRequest, WitnessState } from './counterexample.ts'
export { type Proof, proveAssertion, type Refutation } from './prove.ts'
export { type AnalyzeOptions, analyze, type FoundAccess, type PolicyUnderAnalysis, type Unknown } from './subject.ts'
