/** Door `kavachos/engine`: loads decision modules and asks them. Nothing behind it has a dependency. */
export type {
  Approval,
  Decision,
  Explanation,
  Meter,
  Outcome,
  PolicyIdentity,
  Reason,
  Reservation,
  RuleExplained,
} from './decision.ts'
export type { DecideOptions, Engine, EngineOptions, Meters } from './engine.ts'
export { EngineError, type EngineErrorCode } from './engine-error.ts'
export type { Flag, LiveDecideOptions, LiveEngine, PrincipalOrPair, RecordSource } from './live-engine.ts'
export { loadEngine, loadLiveEngine, openEngine } from './load.ts'
export type { EngineRequest, Readings, Window } from './request.ts'
