import { expect, test } from 'vitest'
import { formTargetsOf } from '../../../../runtime/mcp/authorize/form-targets.ts'

test.each([
  [undefined, ['https:']],
  ['', ['https:']],
  ['https://a.example/cb', ['https:']],
  ['http://localhost:1/cb', ['https:', 'http:']],
  ['com.example.app:/cb', ['https:', 'com.example.app:']],
  ["x; script-src 'unsafe-inline':", ['https:']],
])('CSP: from %j a browser may go on to %j', (uri, targets) => expect(formTargetsOf(uri)).toEqual(targets))
