/** Door `kavachos/engine`: loads decision modules and asks them. Nothing behind it has a dependency. */
export { type CallerFacts, callerText } from './caller-text.ts'
export type { CounterCharge, Counters } from './counters.ts'
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
export { createDigest, type Digest } from './digest.ts'
export type { DecideOptions, Engine, EngineOptions, Meters } from './engine.ts'
export { EngineError, type EngineErrorCode } from './engine-error.ts'
export { imageOfSource } from './image-of.ts'
export type {
  Flag,
  LiveDecideOptions,
  LiveEngine,
  LiveEngineOptions,
  PrincipalOrPair,
  RecordSource,
} from './live-engine.ts'
export { loadEngine, loadLiveEngine, openEngine } from './load.ts'
export type { EngineRequest, Readings, Window } from './request.ts'
export {
  loadSignedEngine,
  loadSignedLiveEngine,
  type ReloadSignedOptions,
  type SignedEngine,
  type SignedEngineOptions,
  type SignedLiveEngine,
} from './signed-engine.ts'
export { type PublicKey, readKey, type TrustedKey } from './signed-key.ts'
export {
  formatSignature,
  MAX_SIGNATURES,
  type Manifest,
  type ManifestSignature,
  type ProvedAssertion,
  parseSignature,
  type SignedManifest,
  toSignedBytes,
} from './signed-manifest.ts'
export { SIGNATURE_SECTION, splitModule } from './signed-module.ts'
export { type Trust, type VerifiedPolicy, type VerifyOptions, verifyPolicy } from './signed-policy.ts'
