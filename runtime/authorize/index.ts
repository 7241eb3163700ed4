/** Door of the decision path. */
export { clearDenials } from './anomaly.ts'
export { type Authorizer, type AuthorizerPorts, createAuthorizer } from './authorizer.ts'
export { codeOf, messageOf } from './reasons.ts'
