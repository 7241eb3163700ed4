/** Door of the decision path. */
export { clearDenials } from './anomaly.ts'
export { type Authorizer, type AuthorizerPorts, createAuthorizer } from './authorizer.ts'
export { createPossible, type Possible, type PossibleOptions, type PossibleRequest } from './possible.ts'
export { codeOf, messageOf } from './reasons.ts'
