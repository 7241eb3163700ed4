/** Why a policy does not count as signed; docs/signing.md says of each what to do. */
export type SigningFault =
  | 'unsigned'
  | 'bad-manifest'
  | 'foreign-key'
  | 'bad-signature'
  | 'too-few-signatures'
  | 'digest-mismatch'
  | 'stale-policy'
  | 'bad-key'
  | 'no-ed25519'
  | 'unverifiable'
