/** Door of delegation. */
export { createDelegations, type DelegationFilter, type Delegations, type DelegationsApi } from './delegations.ts'
export type { NewDelegation } from './input.ts'
export type { Chain, Delegation, DelegationPage } from './view.ts'
