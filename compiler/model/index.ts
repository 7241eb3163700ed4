/** Door of the model: literals and the policy as data. */

export type { AssertionModel, CanAssertion, EveryAssertion, Who, WithinAssertion } from './assertion.ts'
export { canonicalJson, canonicalText, MAX_JSON_LEVELS } from './canonical-json.ts'
export {
  type ParsedDecision,
  parseDecisionLine,
  type RecordedDecision,
  type RecordedHop,
  type RecordedReadings,
  type RecordedRequest,
  type Verdict,
} from './decision-log.ts'
export { heldGrants, roleGrants } from './held-grants.ts'
export { type JsonPlace, jsonPlace, StateFault } from './json-place.ts'
export { formatAddress, formatCidr, parseAddress, parseCidr } from './literals/address.ts'
export { formatHours, parseHours, weekRanges } from './literals/hours.ts'
export { isName, NAME_BYTES, nameFault } from './literals/name.ts'
export { formatDecimal, parseDecimal, parseInteger, parseMoney } from './literals/number.ts'
export { formatPattern, MAX_SEGMENTS, parsePattern } from './literals/pattern.ts'
export { parseRegex, parseRegexBody } from './literals/regex.ts'
export { formatString, parseString } from './literals/string.ts'
export { parseDuration, parseStamp } from './literals/time.ts'
export type {
  CidrLiteral,
  CodePointRange,
  DecimalLiteral,
  HoursRange,
  LiteralFault,
  Parsed,
  PatternLiteral,
  PatternPart,
  PatternSegment,
  RegexExpression,
  RegexLiteral,
  WeekRange,
} from './literals/values.ts'
export { isWellFormed } from './literals/well-formed.ts'
export { type ClauseIdentity, createMeterKeys } from './meter-key.ts'
export { editDistance, nearest } from './nearest.ts'
export {
  type AgentConstraints,
  createPermissionReader,
  type PermissionHolder,
  type PermissionReader,
} from './permission.ts'
export type {
  AgentModel,
  ApprovalModel,
  AtomModel,
  BoundaryModel,
  BudgetModel,
  DelegationModel,
  ForbidModel,
  GrantModel,
  GuardrailLimitModel,
  LimitModel,
  LimitWindow,
  NumberRoot,
  PolicyModel,
  PrincipalType,
  RateModel,
  RequireModel,
  RoleModel,
  ScopeModel,
} from './policy.ts'
export { sha256, toHex } from './sha256.ts'
export { type ParsedState, parseState, type RuntimeAgent, type RuntimeDelegation, type State } from './state.ts'
