/** Door of the keys that sign access tokens. */
export type { SigningKeys } from './signing-keys.ts'
