/** Door of the front end: from parsed files to a checked model. */
export {
  type ArgumentSchema,
  type Catalog,
  type CatalogTool,
  type ParsedCatalog,
  parseCatalog,
  type ScalarType,
  type ToolHints,
} from './catalog.ts'
export type { LoadCatalog } from './check/catalog-files.ts'
export { type CheckOptions, type CheckResult, checkPolicy } from './check-policy.ts'
export { emitTypes } from './emit-types.ts'
export { lineText } from './line-text.ts'
export type { LocatedAssertion } from './lower-assertion.ts'
export { meterKeys } from './meter-key.ts'
export { emitSourceMap, type RuleHolder, type RuleOrigin, type SourceMap } from './rules.ts'
export {
  type DecideTest,
  RUNTIME_TEST_STATE,
  runTests,
  type TestRequest,
  type TestResult,
} from './run-tests.ts'
export { inTextOrder } from './text-order.ts'
