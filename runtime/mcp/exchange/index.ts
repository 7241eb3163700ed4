/** Door of token exchange and client credentials. */
export { createExchange } from './exchange.ts'
export { ACCESS_TOKEN_TYPE, AGENT_TOKEN_TYPE } from './parties.ts'
export { PERMISSION_DETAIL, type PermissionDetail } from './permission-details.ts'
