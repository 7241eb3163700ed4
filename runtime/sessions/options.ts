/** How people are known who were signed in elsewhere. */
import type { Awaitable } from '../store.ts'

export interface SessionOptions {
  /** The session of the application that signs people in: better-auth, Clerk, Auth.js or one of your own. */
  readonly port: SessionPort
  /** Days that a session may last, by its kind. Default 7 for `web`, 30 for `mobile`. */
  readonly lifetimeDays?: { readonly web?: number | undefined; readonly mobile?: number | undefined } | undefined
  /** Live sessions that a user may have. Default 5. */
  readonly maxPerUser?: number | undefined
  /** A session stays on the device on which it was first seen. Default true, where the port tells of devices. */
  readonly isDeviceBound?: boolean | undefined
  /** Sessions without a second factor are refused. Default false. */
  readonly isMfaRequired?: boolean | undefined
}

export interface SessionPort {
  /**
   * The session that this request shows. `undefined`: there is none. `'invalid'`: what it shows was tampered with, or is signed with
   * a key that is gone.
   */
  readonly session: (request: Request) => Awaitable<Session | 'invalid' | undefined>
  /**
   * The ids of all sessions of a user that still live. Asked when a user has as many as it may have, because nobody told us of those
   * that were ended.
   */
  readonly live?: ((userId: string) => Awaitable<readonly string[]>) | undefined
}

/** A session as its application knows it. */
export interface Session {
  /** Never kept: its SHA-256 is. */
  readonly id: string
  readonly userId: string
  /** For people. */
  readonly name?: string | undefined
  readonly issuedAt: Date
  /** Default `web`. */
  readonly kind?: SessionKind | undefined
  /** Whatever tells one device from another, such as the user agent. Its SHA-256 is kept. */
  readonly device?: string | undefined
  /** A second factor was shown. */
  readonly mfa?: boolean | undefined
}

export type SessionKind = 'web' | 'mobile'
