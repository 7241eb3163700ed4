/** Door of sessions. */
export type { Session, SessionKind, SessionOptions, SessionPort } from './options.ts'
export {
  createSessions,
  type SeenSession,
  type Sessions,
  type SessionsPart,
  type SessionsPorts,
  type VerifiedSession,
} from './sessions.ts'
