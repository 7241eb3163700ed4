/** Door of delegation, and of what a decision needs of it. */
export { delegationRecord, incomingPaths, type Path } from '../authority/index.ts'
export {
  createDelegations,
  type DelegationFilter,
  type Delegations,
  makeDelegation,
  revokeDelegation,
} from './delegations.ts'
export type { NewDelegation } from './input.ts'
export type { Chain, Delegation, DelegationPage } from './view.ts'
