import { expect, test } from 'vitest'
import {
  delegationRecord,
  emitAgent,
  lowerAgent,
  lowerAgentRow,
  lowerDelegations,
} from '../../../runtime/authority/index.ts'
import { KavachError } from '../../../runtime/errors.ts'
import type { Row } from '../../../runtime/tables.ts'
import { agentSite } from '../agents/site.ts'

const PERMISSION = { resource: 'a', actions: ['read'] }
const FACTS = {
  id: 'x',
  type: 'service',
  owner: null,
  expiresAt: null,
  permissions: [PERMISSION],
  constraints: null,
} as const

function rowOf(id: string, more: Partial<Row<'delegations'>> = {}): Row<'delegations'> {
  const permissions = JSON.stringify([PERMISSION])
  return {
    id,
    from: 'a',
    to: 'x',
    origin: 'runtime',
    permissions,
    depth: 1,
    expiresAt: null,
    createdAt: 0,
    revokedAt: null,
    through: null,
    named: null,
    ...more,
  }
}

test('the record of a row is that of the agent that was made', async () => {
  const { make, site } = agentSite()
  const id = await make({
    constraints: { maxCallsPerDay: 5, requireApprovalFor: ['a:read'] },
    expiresAt: '2027-01-01T00:00:00Z',
  })
  const row = await site.read((reader) => reader.get('agents', { id }))
  if (row === undefined) throw new TypeError('it was to be there')
  expect(emitAgent(lowerAgentRow(row))).toEqual(row.record)
})

test('what is wrong is an error with its path', () => {
  let caught: unknown
  try {
    lowerAgent({ ...FACTS, permissions: [PERMISSION, { ...PERMISSION, actions: ['a:b'] }] })
  } catch (error) {
    caught = error
  }
  if (!(caught instanceof KavachError)) throw new TypeError('it was to be refused')
  expect([caught.code, caught.message, caught.details]).toEqual([
    'KVCH_E_AGENT_INVALID',
    'permissions[1].actions[0]: the action holds `:`',
    { path: 'permissions[1].actions[0]' },
  ])
})

test('delegations of a pair are lowered in the order of their ids, without those that are revoked or the policy’s', () => {
  const rows = [rowOf('3', { depth: 3 }), rowOf('1'), rowOf('2', { revokedAt: 5 }), rowOf('4', { origin: 'policy' })]
  const lowered = lowerDelegations(rows, { id: 'x', constraints: null })
  expect(lowered.map(({ depth, grants }) => [depth, grants.map(({ id }) => id)])).toEqual([
    [1, [0]],
    [3, [1]],
  ])
})

test('the constraints of the receiver are those of what it is given, its limits excepted', () => {
  const constraints = JSON.stringify({
    maxCallsPerDay: 5,
    allowedHoursUTC: '09:00-18:00',
    requireApprovalFor: ['read'],
  })
  const [lowered] = lowerDelegations([rowOf('1')], { id: 'x', constraints })
  expect(
    lowered?.grants.map(({ limits, approval, when = [] }) => ({
      limits,
      approval,
      when: when.map(({ kind }) => kind),
    })),
  ).toEqual([{ limits: undefined, approval: {}, when: ['time-in'] }])
})

test('a pair without delegations that count has no record', () => {
  expect(delegationRecord([rowOf('2', { revokedAt: 5 })], { id: 'x', constraints: null })).toBeUndefined()
  expect(delegationRecord([rowOf('2')], { id: 'x', constraints: null })).toBeInstanceOf(Uint8Array)
})
