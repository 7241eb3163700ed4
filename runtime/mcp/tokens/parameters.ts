/** Parameters that a request must have. */
import type { KavachErrorCode } from '../../index.ts'
import type { Form } from '../form.ts'
import { OAuthError } from '../oauth-error.ts'

/** @throws {OAuthError} `invalid_request` */
export function required(form: Form, name: string, code?: KavachErrorCode): string {
  const value = form.get(name)
  if (value === undefined) throw new OAuthError('invalid_request', `the parameter ${name} is missing`, { code })
  return value
}
