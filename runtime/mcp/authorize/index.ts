/** Door of the endpoints that people see. */
export { type AuthorizationEndpoints, authorizationEndpoints } from './endpoints.ts'
