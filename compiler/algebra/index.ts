/** Door of the algebra: automata, sets of facts, boxes of requests, and what may be delegated. */

export { atomSets, instantsBefore, instantsFrom } from './atom-set.ts'
export {
  type AttenuationAnswer,
  type AttenuationQuestion,
  decideAttenuation,
  type HeldGrants,
  type Holding,
  type NearestHeld,
} from './attenuation.ts'
export {
  type Authority,
  createAuthority,
  type HoldingBounds,
  type LimitedHolding,
  type RuntimeAuthority,
} from './authority.ts'
export {
  type Box,
  EVERY_REQUEST,
  includesBox,
  intersectBoxes,
  meetsBox,
  piecesBeside,
  restrict,
  subtractBox,
  subtractBoxes,
} from './box.ts'
export { type Budget, createBudget, TooHard } from './budget.ts'
export { type DelegationAnswer, decideDelegation, type UnreachedLimit } from './delegation.ts'
export type { Dfa } from './dfa.ts'
export { approvalDimension, argumentDimension, argumentPath, everythingAt } from './dimension.ts'
export { type FactSet, type RangeSet, type SumSet, subtractSets, type TextSet } from './fact-set.ts'
export { type KeyCell, type KeySet, keysWithin } from './key-set.ts'
export { createLanguages, type Language, type Languages } from './language.ts'
export { type Caps, capsOf, impliedCaps, unreachedLimits, type WiderLimit, widerLimits } from './limits.ts'
export { minuteOfWeek } from './member.ts'
export { compilePattern, isSmallPattern } from './pattern.ts'
export { alternativeText, mayOverlap, scopesMayMeet, segmentAlternatives, segmentTexts } from './pattern-overlap.ts'
export { type BigRange, intersectRanges, mergeRanges, subtractRanges } from './ranges.ts'
export { type CompiledRegex, compileRegex } from './regex.ts'
export {
  acceptsResource,
  asksAboutSubject,
  forbidBoxes,
  grantBox,
  requireBoxes,
  restrictToPossible,
  restrictToTrue,
  type Subject,
  scopeBox,
  withApproval,
} from './rule-box.ts'
export { acceptsText } from './run.ts'
export {
  ABSENT,
  IS_APPROVED,
  IS_FALSE,
  IS_TRUE,
  MAX_COST_DOUBLED,
  MAX_DOUBLED,
  MAX_MS,
  MIN_MS,
  MINUTES_OF_WEEK,
  MISSING,
  NO_SUCH,
  NOT_APPROVED,
  OTHER,
  TYPE_BITS,
  UNREADABLE,
} from './specials.ts'
export { AutomatonTooLarge } from './table.ts'
export { createUniverse, QUESTION_STEPS, type Universe } from './universe.ts'
export { findWitness, type Witness, type WitnessHints, type WitnessPrincipal } from './witness.ts'
