/** Door of the keys that sign access tokens. */
export { createSigningKeys, SIGNING_ALGORITHM, type SigningKeys } from './signing-keys.ts'
