import { expect, it } from 'vitest'
import { requestText } from '../../../compiler/analyze/request-text.ts'

it('a request is one line: who, what, on what, and the facts that matter', () => {
  expect(requestText({ agent: 'a', action: 'read', resource: 'docs' })).toBe('a  read  docs')
  expect(requestText({ action: 'read', resource: 'docs' })).toBe('read  docs')
  expect(
    requestText({
      agent: 'c',
      via: ['a', 'b'],
      action: 'write',
      resource: 'docs:x',
      ip: '10.0.0.1',
      now: Date.UTC(2026, 3, 1, 10),
      args: { path: 'a b', n: 1 },
      trust: 50,
      cost: 0.5,
      approvedBy: ['boss', 'a "b"'],
      approvedAt: Date.UTC(2026, 3, 1, 9, 59, 59, 999),
    }),
  ).toBe(
    'c via a, b  write  docs:x  from 10.0.0.1 at 2026-04-01T10:00:00Z with {"path":"a b","n":1} trust 50 cost 0.5 USD ' +
      'approved by "boss" approved by "a \\"b\\"" approved at 2026-04-01T09:59:59.999Z',
  )
})

it('a time that is text already, or that no calendar reaches, stands as it is', () => {
  const at = (now: number | string) => requestText({ action: 'read', resource: 'x', now })
  expect(at('0000-01-01T00:00:00.000Z')).toBe('read  x  at 0000-01-01T00:00:00.000Z')
  expect(at(8.64e15)).toBe('read  x  at +275760-09-13T00:00:00Z')
  expect(at(8.64e15 + 1000)).toBe('read  x  at 8640000000001000')
})

it('what is not known is not shown, and a trust or cost of 0 is', () => {
  expect(requestText({ action: 'read', resource: 'x', trust: 0, cost: 0, approvedBy: [] })).toBe(
    'read  x  trust 0 cost 0 USD',
  )
})
