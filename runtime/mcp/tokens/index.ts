/** Door of grants, codes and tokens. */
export type { Grant, GrantFilter, GrantPage, GrantRevocation, Grants } from './grants.ts'
export type {
  GrantHandler,
  NewCode,
  NewGrant,
  NewTokens,
  TokenAnswer,
  TokenPorts,
  TokenRequest,
  Tokens,
} from './tokens.ts'
