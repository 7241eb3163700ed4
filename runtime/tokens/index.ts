/** Door of tokens: what agents, project keys and clients show to be known. */
export {
  ACCESS_TOKEN,
  AGENT_TOKEN,
  CODE_TOKEN,
  checkToken,
  createToken,
  hashToken,
  KEY_TOKEN,
  REFRESH_TOKEN,
  SECRET_TOKEN,
  TOKEN_PATTERN,
  type TokenPrefix,
} from './token.ts'
