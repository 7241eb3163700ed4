import { expect, test } from 'vitest'
import { createUniverse, EVERY_REQUEST, grantBox, type Subject } from '../../../compiler/algebra/index.ts'
import { createPoint } from '../../../compiler/analyze/explain-point.ts'
import { readRequest } from '../../../compiler/analyze/explain-request.ts'
import type { GrantModel } from '../../../compiler/model/index.ts'
import { modelOf } from './sound.ts'

const BOT: Subject = { kind: 'known', type: 'service', owner: 'team' }

function grantOf(clauses: string): GrantModel {
  const [grant] = modelOf(`service agent bot { allow ${clauses} }`).agents[0]?.grants ?? []
  if (grant === undefined) throw new TypeError('no grant')
  return grant
}

function pointOf(members: object) {
  const universe = createUniverse()
  const read = readRequest({ agent: 'bot', action: 'read', resource: 'x', ...members })
  if (!read.ok) throw new TypeError(read.message)
  const point = createPoint(read.facts, universe)
  const boxOf = (clauses: string) => grantBox(grantOf(clauses), BOT, universe) ?? EVERY_REQUEST
  return { point, boxOf }
}

test.each([
  ['ip in cidr [10.0.0.0/8]', { ip: '10.1.1.1' }, 'true'],
  ['not ip in cidr [10.0.0.0/8]', { ip: '10.1.1.1' }, 'false'],
  ['not ip in cidr [10.0.0.0/8]', {}, 'unknown'],
  ['time in hours mon 10:00-11:00', { now: '2026-01-05T10:59:59.999Z' }, 'true'],
  ['time in hours mon 10:00-11:00', { now: '2026-01-05T11:00:00Z' }, 'false'],
  ['time in hours thu 23:00-24:00', { now: '1960-06-30T23:30:00Z' }, 'true'],
  ['trust >= 0.1', { trust: 0.1 }, 'true'],
  ['trust <= 0.1', { trust: 0.1000000001 }, 'false'],
  ['cost <= 0', { cost: 1e-10 }, 'false'],
  ['args.n = 5', { args: { n: '5' } }, 'unknown'],
  ['args.n <= 5', { args: { n: 1e300 } }, 'false'],
  ['args.x in ["é"]', { args: { x: 'é' } }, 'true'],
  ['args.x in ["\\u{FFFD}"]', { args: { x: '\ufffd' } }, 'unknown'],
  ['len.x <= 1', { args: { x: '😀' } }, 'true'],
  ['len.x <= 1', { args: { x: 5 } }, 'unknown'],
  ['args.net in cidr [10.0.0.0/8]', { args: { net: '10.2.3.4' } }, 'true'],
  ['args.at in hours daily 00:00-24:00', { args: { at: 1.5 } }, 'unknown'],
  ['args.at in hours thu 00:00-24:00', { args: { at: 0 } }, 'true'],
  ['args.b = true', { args: { b: false } }, 'false'],
  ['args.a.b = true', { args: { a: { b: true } } }, 'true'],
  ['args.a.b = true', { args: { a: 3 } }, 'unknown'],
  ['args only [x]', { args: { x: 1 } }, 'true'],
  ['args only [x]', { args: { x: 1, y: null } }, 'false'],
  ['args only [x]', {}, 'unknown'],
  ['args only []', { args: {} }, 'true'],
  ['agent.type = service', {}, 'true'],
  ['agent.owner in ["other"]', {}, 'false'],
])('%s of %j is %s', (condition, members, value) => {
  const [atom] = grantOf(`read on x when ${condition}`).when ?? []
  if (atom === undefined) throw new TypeError('no atom')
  expect(pointOf(members).point.judge(atom, BOT)).toBe(value)
})

test('the ways into a box are the facts that it does not allow', () => {
  const { point, boxOf } = pointOf({ ip: '10.1.1.1', args: { x: 1, y: 2 } })
  expect(point.waysInto(boxOf('read on x when ip in cidr [10.0.0.0/8]'))).toEqual([[]])
  expect(point.waysInto(boxOf('read on x when ip in cidr [11.0.0.0/8] and trust >= 5'))).toEqual([['ip', 'trust']])
  expect(point.waysInto(boxOf('read on x when args only [x]'))).toEqual([['arg y']])
  expect(point.waysInto(boxOf('read on x when not args only [x, y]'))).toEqual([['extra']])
  expect(point.waysInto(boxOf('read on x needs approval by "boss" within 1h'))).toEqual([['approval']])
  expect(point.waysInto(boxOf('write on x'))).toEqual([])
})

test('a known time only becomes later, and an approval keeps its time', () => {
  const { point, boxOf } = pointOf({ now: 5_000_000, approvedBy: 'b', approvedAt: 4_000_000 })
  expect(point.within(boxOf('read on x when time in hours thu 00:00-01:00'), ['now'])?.get('now')).toBeDefined()
  expect(point.within(boxOf('read on x needs approval within 1h'), ['now'])).toBeDefined()
  // Thursday midnight is a week away, when the approval is old.
  expect(
    point.within(boxOf('read on x when time in hours thu 00:00-01:00 needs approval within 1h'), ['now']),
  ).toBeUndefined()
})
