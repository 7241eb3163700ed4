import { expect, test } from 'vitest'
import { readRequest, unitsOf } from '../../../compiler/analyze/explain-request.ts'

const ASKED = { agent: 'a', action: 'read', resource: 'x:y' }

function faultOf(request: unknown): string | undefined {
  const read = readRequest(request)
  return read.ok ? undefined : read.message
}

test.each([
  [null, 'the request is no object'],
  [{ ...ASKED, agent: 'a:b' }, 'agent holds `:`'],
  [{ ...ASKED, action: undefined }, 'action is missing'],
  [{ ...ASKED, resource: 7 }, 'resource is no text'],
  [{ ...ASKED, resource: 'x::y' }, 'a segment of resource is empty'],
  [{ ...ASKED, resource: Array(33).fill('s').join(':') }, 'resource has more than 32 segments'],
  [{ ...ASKED, via: ['b', 'b'] }, '`b` stands in the chain twice'],
  [{ ...ASKED, via: ['a'] }, '`a` stands in the chain twice'],
  [{ ...ASKED, args: [] }, 'args is no object'],
  [{ ...ASKED, cost: '1' }, 'cost is no amount from 0 to 9000000000'],
  [{ ...ASKED, tenant: '' }, 'tenant is no text, or an empty one'],
  [{ ...ASKED, approvedBy: [''] }, 'approvedBy is no text, or an empty one'],
  [{ ...ASKED, readings: { used: { day: -1 } } }, 'readings.used.day is no amount'],
])('the member that makes it no request is named: %j', (request, message) => {
  expect(faultOf(request)).toBe(message)
})

test('null is absent, and what is malformed but no reason to refuse is unknown', () => {
  const read = readRequest({
    ...ASKED,
    ip: '10.0.0.01',
    now: 'soon',
    trust: '5',
    via: null,
    args: null,
    approvedAt: 'x',
  })
  expect(read).toMatchObject({
    ok: true,
    facts: { ip: undefined, now: undefined, trust: undefined, via: [], args: undefined, approvedAt: 'unreadable' },
  })
})

test('since of a hop is its own, else that of the request', () => {
  const read = readRequest({ ...ASKED, via: ['b', { agent: 'c', since: 5 }, { agent: 'd', since: 'x' }], since: 9 })
  expect(read).toMatchObject({
    ok: true,
    facts: {
      via: [
        { agent: 'b', since: 9 },
        { agent: 'c', since: 5 },
        { agent: 'd', since: undefined },
      ],
    },
  })
})

test.each([
  [3, 0, 3n],
  [2.5, 0, 3n],
  ['1.60', 9, 1_600_000_000n],
  [1e-10, 9, 1n],
  [1e21, 0, 10n ** 21n],
  [undefined, 9, 0n],
  ['1e3', 0, undefined],
  ['01', 0, undefined],
  [-1, 0, undefined],
  [true, 0, undefined],
])('a reading of %j in 10^-%i is rounded up', (amount, places, units) => {
  expect(unitsOf(amount, places)).toBe(units)
})
