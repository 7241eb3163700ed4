/** Proofs of possession: a token that is bound to a key is worth nothing without it. @see RFC 9449 */

/** What a proof is held against. */
export interface DpopExpected {
  readonly method: string
  /** As configured, never as a request says. Query and fragment do not count. */
  readonly url: string
  /** The token that comes with the request; the proof must name it then. */
  readonly accessToken?: string | undefined
  /** Thumbprint of the key that it has to be. */
  readonly expectedJkt?: string | undefined
}

export interface Dpop {
  /**
   * The thumbprint of the key (RFC 7638) when the request has a good proof, nothing when it has none.
   *
   * @throws {OAuthError} `invalid_dpop_proof`, or `use_dpop_nonce` with a `DPoP-Nonce` header
   */
  readonly check: (request: Request, expected: DpopExpected) => Promise<string | undefined>
}
