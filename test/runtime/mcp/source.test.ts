import { expect, test } from 'vitest'
import { sourceOf } from '../../../runtime/mcp/source.ts'

test.each([
  ['192.0.2.1', '::ffff:192.0.2.1', true],
  ['192.0.2.1', '192.0.2.2', false],
  ['2001:db8::1', '2001:db8::ffff', true],
  ['2001:db8:0:0:1::', '2001:db8:0:1::', false],
  ['a socket', 'a socket', true],
  ['a socket', '', false],
])('that %s and %s are one source is %j', (a, b, isOne) => expect(sourceOf(a) === sourceOf(b)).toBe(isOne))

test('nothing is no source', () => expect(sourceOf(undefined)).toBe(undefined))
