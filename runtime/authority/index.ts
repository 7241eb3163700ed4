/** Door of what agents hold: rows lowered for the engine and the algebra, chains, and permissions as they are held. */
export {
  authorityOf,
  type Closure,
  counts,
  countsUnnamed,
  delegationsFrom,
  delegationsTo,
  loadClosure,
} from './closure.ts'
export type { Constraints } from './constraints.ts'
export { type Cover, coverOf } from './cover.ts'
export { heldBy, readAgentConstraints, readPermissions } from './effective.ts'
export {
  type AgentConstraintsJson,
  createHoldings,
  type Held,
  type HeldPermission,
  type Holdings,
  type Permission,
} from './held.ts'
export { type Acting, actorOf, assertKnown, copyOf, readExpiry, readLimit, readMetadata, readReason } from './input.ts'
export {
  type AgentFacts,
  agentRecordOf,
  delegationRecord,
  emitAgent,
  lowerAgent,
  lowerAgentRow,
  lowerDelegations,
  lowerPermissions,
  type Receiver,
  refusing,
} from './lower.ts'
export { incomingPaths, MAX_HOPS, MAX_PATHS, type Path, type PathBounds } from './paths.ts'
export { hopsThrough, incomingThrough, loadHops, pathsThrough } from './through.ts'
