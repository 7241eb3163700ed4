/** Door of tokens: what agents and project keys show to be known. */
export {
  AGENT_TOKEN,
  checkToken,
  createToken,
  hashToken,
  KEY_TOKEN,
  TOKEN_PATTERN,
  type TokenPrefix,
} from './token.ts'
