import { expect, test } from 'vitest'
import { KavachError } from '../../../runtime/index.ts'
import { OAuthError } from '../../../runtime/mcp/oauth-error.ts'
import { toOAuthError } from '../../../runtime/mcp/surprise.ts'

const told = (thrown: unknown) => {
  const warnings: string[] = []
  const { error, status, code, headers, message } = toOAuthError(thrown, (warning) => void warnings.push(warning))
  return { error, status, code, headers, message, warnings }
}

test('an error of the protocol is told as it is', () => {
  const error = new OAuthError('invalid_scope', 'no such scope')
  expect(toOAuthError(error, () => expect.fail('nobody has to be warned'))).toBe(error)
})

test('a store that does not answer and a rate are for later', () => {
  expect(told(new KavachError('KVCH_E_STORE_TIMEOUT', 'at /path', { retryAfter: 5 }))).toEqual({
    error: 'temporarily_unavailable',
    status: 503,
    code: 'KVCH_E_STORE_TIMEOUT',
    headers: { 'retry-after': '5' },
    message: 'the server cannot answer now; try again later',
    warnings: [],
  })
  expect(told(new KavachError('KVCH_E_RATE_USER_EXCEEDED', 'ann', { retryAfter: 9 }))).toMatchObject({
    error: 'temporarily_unavailable',
    status: 429,
    headers: { 'retry-after': '9' },
    warnings: [],
  })
})

test('whatever else is for the operator alone', () => {
  const details = { error: 'server_error', status: 500, headers: {}, message: 'the server failed' }
  expect(told(new KavachError('KVCH_E_POLICY_ENGINE', 'why'))).toEqual({
    ...details,
    code: 'KVCH_E_POLICY_ENGINE',
    warnings: ['the authorization server failed: why'],
  })
  for (const thrown of [new TypeError('why'), 'why']) {
    expect(told(thrown)).toEqual({ ...details, code: undefined, warnings: ['the authorization server failed: why'] })
  }
})
