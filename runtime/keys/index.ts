/** Door of secrets and project keys. */
export { deriveKeys, type KeyPurpose, loadSecretKeys, type SecretKeys } from './secret.ts'
