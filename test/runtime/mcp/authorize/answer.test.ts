import { expect, test } from 'vitest'
import { answerUrl, errorParameters, redirectTo } from '../../../../runtime/mcp/authorize/answer.ts'
import { OAuthError } from '../../../../runtime/mcp/oauth-error.ts'

test.each([
  ['https://a.example/cb', 'https://a.example/cb?x=1&z=%26'],
  ['https://a.example/cb?', 'https://a.example/cb?x=1&z=%26'],
  ['https://a.example/cb?a=%2B', 'https://a.example/cb?a=%2B&x=1&z=%26'],
  ['https://a.example/cb?a&', 'https://a.example/cb?a&x=1&z=%26'],
  ['com.example.app:/cb', 'com.example.app:/cb?x=1&z=%26'],
])('OAuth 2.1 section 2.3: parameters stand behind %s as it is', (uri, answer) => {
  expect(answerUrl(uri, { x: '1', y: undefined, z: '&' })).toBe(answer)
})

test('OAuth 2.1 section 4.1.2.1: a description is ASCII without quotes and backslashes', () => {
  expect(errorParameters(new OAuthError('invalid_scope', 'no "ü"\\\n'))).toEqual({
    error: 'invalid_scope',
    error_description: "no '''''",
    kvch_code: undefined,
  })
})

test('cookies are set one by one', () => {
  const response = redirectTo('https://a.example/', ['a=1', 'b=2'])
  expect([response.status, response.headers.getSetCookie()]).toEqual([303, ['a=1', 'b=2']])
})
