/** Door of secrets and project keys. */
export {
  createKeys,
  KEY_SCOPES,
  type KeyScope,
  type Keys,
  type KeysPorts,
  type NewKey,
  type ProjectKey,
} from './project-keys.ts'
export { deriveKeys, type KeyPurpose, loadSecretKeys, type SecretKeys } from './secret.ts'
