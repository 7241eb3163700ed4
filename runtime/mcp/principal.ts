/** Whom an access token speaks for. */

export interface Principal {
  /** The agent that is asked about. */
  readonly agentId: string
  /** The delegation through which alone it acts; of a token that was exchanged. */
  readonly delegation?: string | undefined
  readonly grantId: string
  readonly clientId: string
  /** Absent for a client that speaks for itself. */
  readonly userId?: string | undefined
  /** As granted, without what they contain. */
  readonly scopes: readonly string[]
  /** URL of the server that the token is for. */
  readonly resource: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
  readonly issuedAt: number
  readonly actor?: Actor | undefined
  /** Thumbprint of the key that the token is bound to (RFC 9449). */
  readonly jkt?: string | undefined
}

/** The `act` claim: who acts, and for whom that one acts (RFC 8693 section 4.1). */
export interface Actor {
  readonly sub: string
  readonly act?: Actor | undefined
}
