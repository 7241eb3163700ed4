/**
 * Door `kavachos/compiler`: text to model, model to image, image to module, and the reference evaluator.
 *
 * `parsePolicy` each file, `checkPolicy` all of them, `emitImage` of the model, `spliceModule` with the engine. Nothing here
 * reads a file: `kavach compile` does, and is these calls with the files around them.
 */

export { type Diagnostic, type PolicyFile, parsePolicy } from '../grammar/index.ts'
export { type CompiledRegex, compilePattern, compileRegex, type Dfa } from './algebra/index.ts'
export {
  addSignature,
  attachSignature,
  createManifest,
  decompileImage,
  digestOf,
  disassemble,
  emitAgentRecord,
  emitDelegationsRecord,
  emitImage,
  emitState,
  type ManifestParts,
  type Proofs,
  spliceModule,
} from './emit/index.ts'
export {
  type ArgumentSchema,
  type Catalog,
  type CatalogTool,
  type CheckOptions,
  type CheckResult,
  checkPolicy,
  type DecideTest,
  emitSourceMap,
  emitTypes,
  type LoadCatalog,
  meterKeys,
  type ParsedCatalog,
  parseCatalog,
  RUNTIME_TEST_STATE,
  type RuleHolder,
  type RuleOrigin,
  runTests,
  type ScalarType,
  type SourceMap,
  type TestRequest,
  type TestResult,
} from './front/index.ts'
export {
  type AgentModel,
  type ApprovalModel,
  type AtomModel,
  type BoundaryModel,
  type BudgetModel,
  type CidrLiteral,
  type DelegationModel,
  type ForbidModel,
  formatPattern,
  type GrantModel,
  type GuardrailLimitModel,
  type LimitModel,
  type LimitWindow,
  type LiteralFault,
  type NumberRoot,
  type Parsed,
  type PatternLiteral,
  type PolicyModel,
  type PrincipalType,
  parseCidr,
  parseHours,
  parseMoney,
  parsePattern,
  parseRegexBody,
  parseState,
  type RateModel,
  type RequireModel,
  type RoleModel,
  type ScopeModel,
  type WeekRange,
  weekRanges,
} from './model/index.ts'
export {
  createReference,
  type Reference,
  type ReferenceDecision,
  type ReferenceOutcome,
  type ReferenceReason,
  type ReferenceReservation,
  referenceFromText,
} from './reference/index.ts'
