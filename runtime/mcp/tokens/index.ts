/** Door of grants, codes and tokens. */
export type { Grant, GrantFilter, GrantPage, GrantRevocation, Grants } from './grants.ts'
export { idOfJwt } from './issue.ts'
export {
  createTokens,
  type GrantHandler,
  type NewCode,
  type NewGrant,
  type NewTokens,
  type TokenAnswer,
  type TokenPorts,
  type TokenRequest,
  type Tokens,
} from './tokens.ts'
